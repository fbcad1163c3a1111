"""The page to type in with a model as a folder for any web server: `foreword page`. No torch.

The page runs the model by the WebAssembly module in a worker of the browser.
"""

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from foreword.errors import SettingsError
from foreword.exporting.browser import MODULE, SCRIPT, model_files, package_file, unsupported
from foreword.folder.adopting import current, whole
from foreword.folder.claim import unless_replacing
from foreword.folder.files import read_bytes, writing
from foreword.folder.installed import find_folder
from foreword.folder.store import CARD, CONFIG, read_folder
from foreword.server.page_files import FILES, POLICY

INDEX, OFFLINE, MODEL = "index.html", "service-worker.js", "model"
COPIED = ("icon.svg", "style.css", "shared.js", "page.js", "worker.js")
"""The page's files that are written as they are."""
BEGINNING = "const SITE = "
"""How the script begins that keeps the page for use without a network."""


@dataclass(frozen=True)
class Site:
    """What was written.

    Attributes:
        path: the folder.
        model: the name of the model, which the page shows.
        files: the size of each file in bytes, by its path in the folder.
        checksum: the SHA-256 of all files. Browsers keep the page under it.
    """

    path: Path
    model: str
    files: Mapping[str, int]
    checksum: str


def write_site(folder: str | PathLike[str], out: str | PathLike[str]) -> Site:
    """Write a folder with the page to type in, a model, and the module that runs it.

    Any web server can serve the folder, under any path. The files in `out` are replaced at once.

    Args:
        folder: a model folder, or the name of an installed model.
        out: the folder to write, which the caller has claimed.

    Raises:
        SettingsError: the module does not run such a model.
        FolderError: the model cannot be read, the module is missing, or `out` cannot be written.
    """
    source = find_folder(folder)
    model = read_folder(source)
    what = unsupported(model.model, model.tokenizer.config)
    if what is not None:
        raise SettingsError(
            f"{source} is {what}, which the page cannot run in a browser. For a page with a "
            f"server: foreword serve {source}"
        )
    name = Path(folder).resolve().name
    files = {
        INDEX: _index(name),
        **{name: read_bytes(FILES / name) for name in COPIED},
        **{name: package_file(name) for name in (SCRIPT, MODULE)},
        **{f"{MODEL}/{name}": data for name, data in model_files(source).items()},
    }
    if (card := current(source, CARD)).exists():  # which may name a licence
        files[f"{MODEL}/{CARD}"] = read_bytes(card)
    script, checksum = _offline(files)
    files[OFFLINE] = script
    path = Path(out)
    with writing(path), whole(path) as draft:
        (draft / MODEL).mkdir()
        for file, data in files.items():
            (draft / file).write_bytes(data)
    return Site(path, name, {file: len(data) for file, data in files.items()}, checksum)


def refusal(folder: Path) -> str | None:
    """Why a folder may not be replaced by a page; None if it may. See `foreword.folder.claim`."""
    if (folder / CONFIG).exists():
        return "is a model folder: name another folder for the page"

    def is_site(folder: Path) -> bool:
        try:
            with (folder / OFFLINE).open(encoding="utf-8", errors="replace") as file:
                return file.read(len(BEGINNING)) == BEGINNING
        except OSError:
            return False

    return unless_replacing((INDEX, OFFLINE, SCRIPT, MODULE, MODEL, *COPIED), is_site, "page")(
        folder
    )


def _index(model: str) -> bytes:
    """Return the page, which names its model and may contact only its own server."""
    page = read_bytes(FILES / INDEX).decode()
    changes = {
        '<html lang="en">': f'<html lang="en" data-model="{html.escape(model)}">',
        '<meta charset="utf-8">': '<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
    }
    for before, after in changes.items():
        assert page.count(before) == 1
        page = page.replace(before, after)
    return page.encode()


def _offline(files: Mapping[str, bytes]) -> tuple[bytes, str]:
    """Return the script that keeps these files in the browser, and the checksum of all of them."""
    script = read_bytes(FILES / OFFLINE)
    total = hashlib.sha256(script)
    kept = []
    for name, data in files.items():
        digest = hashlib.sha256(data).digest()
        total.update(name.encode() + b"\0" + digest)
        # Some servers answer the name of the index by a redirect to its folder.
        path = "./" if name == INDEX else name
        kept.append([path, f"sha256-{base64.b64encode(digest).decode()}"])
    checksum = total.hexdigest()
    site = json.dumps({"checksum": checksum, "files": kept}, indent=1)
    return f"{BEGINNING}{site};\n".encode() + script, checksum
