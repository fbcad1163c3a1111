"""`foreword page`: the page to type in as a folder, with a model and without a server. No torch."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from foreword.cli.arguments import Json, ModelName
from foreword.cli.console import interruptible, print_json, print_note, results, table_of
from foreword.folder.claim import claimed
from foreword.server.site import refusal, write_site


def page(
    folder: ModelName,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder to write the page to.")
    ] = Path("site"),
    as_json: Json = False,
) -> None:
    """Write a page to type in that needs no Foreword server: the model runs in the browser."""
    left = f"nothing was written to {out}"
    with interruptible(lambda: left), claimed(out, "page", refusal, print_note):
        site = write_site(folder, out)
    size = sum(site.files.values())
    if as_json:
        document = {"page": str(site.path), "model": site.model, "checksum": site.checksum}
        print_json({**document, "bytes": size, "files": dict(site.files)})
        return
    rows = {
        "model": site.model,
        "size": f"{size / 1e6:.1f} MB in {len(site.files)} files",
    }
    results().print(table_of(rows))
    where = shlex.quote(str(site.path))
    print_note(f"to try it: python -m http.server --bind 127.0.0.1 --directory {where}")
