"""Write a model as a lexical model for Keyman keyboards: `foreword export --keyman`. No torch."""

import base64
import json
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from foreword.errors import SettingsError
from foreword.exporting.browser import MODULE, model_files, package_file, unsupported
from foreword.exporting.files import refuse_existing
from foreword.folder.files import atomic_write, read_bytes
from foreword.folder.installed import find_folder
from foreword.folder.store import read_folder

SCRIPT = Path(__file__).parent / "keyman.js"
"""The model's code, which `page/library/keyman.ts` is built to."""
ENDING = ".model.js"
"""How Keyman names files of lexical models."""


@dataclass(frozen=True)
class KeymanModel:
    """What was written.

    Attributes:
        path: the file.
        bytes: its size.
    """

    path: Path
    bytes: int


def export_keyman(
    folder: str | PathLike[str], out: str | PathLike[str], *, overwrite: bool = False
) -> KeymanModel:
    """Write a lexical model for Keyman: a script with the model and the module that runs it.

    Args:
        folder: a model folder, or the name of an installed model.
        out: the file to write, `AUTHOR.LANGUAGE.NAME.model.js`.
        overwrite: whether to replace an existing file.

    Raises:
        SettingsError: the module does not run such a model, the file has another ending, or it
            exists.
        FolderError: the model cannot be read, or the file cannot be written.
    """
    path = Path(out)
    if not path.name.endswith(ENDING):
        raise SettingsError(
            f"{path}: Keyman's models are named AUTHOR.LANGUAGE.NAME{ENDING}, such as "
            f"me.en.notes{ENDING}"
        )
    refuse_existing(path, overwrite=overwrite)
    source = find_folder(folder)
    model = read_folder(source)
    tokenizer = model.tokenizer.config
    what = unsupported(model.model, tokenizer)
    if what is not None:
        raise SettingsError(f"{source} is {what}, which cannot run in Keyman")
    files = {name: _base64(data) for name, data in model_files(source).items()}
    document = {
        "module": _base64(package_file(MODULE)),
        "files": files,
        "language": tokenizer.language or None,
    }
    # In a function, since other models may be loaded in the same worker.
    data = (
        f"(function () {{\nconst FOREWORD = {json.dumps(document)};\n".encode()
        + read_bytes(SCRIPT)
        + b"})();\n"
    )
    atomic_write(path, data)
    return KeymanModel(path, len(data))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
