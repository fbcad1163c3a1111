"""`foreword export`: a model as an ONNX file, or for Keyman. No torch."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foreword.cli.arguments import Json, ModelFolder
from foreword.cli.console import interruptible, print_json, results, table_of
from foreword.errors import SettingsError
from foreword.exporting.export import export as run
from foreword.exporting.keyman import export_keyman

if TYPE_CHECKING:
    from foreword.exporting.network import Port


def export(
    folder: ModelFolder,
    out: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.")],
    best: Annotated[
        int | None,
        typer.Option(help="Return this many of the most probable words. Default: scores of all."),
    ] = None,
    vocabulary: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write the words to a text file, one per line."),
    ] = None,
    keyman: Annotated[
        bool,
        typer.Option("--keyman", help="Write a lexical model for Keyman, *.model.js, not ONNX."),
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False,
    as_json: Json = False,
) -> None:
    """Write one step of a model's network as an ONNX file, for other programs and languages.

    With --keyman, write the whole model for Keyman's on-screen keyboards.
    """
    left = f"nothing was written to {out}"
    if keyman:
        if best is not None or vocabulary is not None:
            raise SettingsError("--best and --vocabulary are for ONNX files; leave out --keyman")
        with interruptible(lambda: left):
            written = export_keyman(folder, out, overwrite=overwrite)
        if as_json:
            print_json({"path": str(written.path), "bytes": written.bytes})
            return
        results().print(table_of({"size": f"{written.bytes / 1e6:.1f} MB"}))
        return
    with interruptible(lambda: left):
        done = run(folder, out, best=best, vocabulary=vocabulary, overwrite=overwrite)
    if as_json:
        print_json({**asdict(done), "path": str(done.path)})
        return
    rows = {
        "layers": ", ".join(f"ONNX's {name}" for name in done.operators) or "the cell's equations",
        "weights": f"{done.weights}, {done.bytes / 1e6:.1f} MB",
        **{f"input {port.name}": _told(port) for port in done.inputs},
        **{f"output {port.name}": _told(port) for port in done.outputs},
    }
    results().print(table_of(rows))


def _told(port: "Port") -> str:
    return f"{port.dtype} ({', '.join(map(str, port.shape))})"
