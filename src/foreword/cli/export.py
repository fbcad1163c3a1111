"""`foreword export`: a model as an ONNX file. No torch."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foreword.cli.arguments import Json, ModelFolder
from foreword.cli.console import interruptible, print_json, results, table_of
from foreword.exporting.export import export as run

if TYPE_CHECKING:
    from foreword.exporting.network import Port


def export(
    folder: ModelFolder,
    out: Annotated[Path, typer.Argument(metavar="FILE", help="The ONNX file to write.")],
    best: Annotated[
        int | None,
        typer.Option(help="Return this many of the most probable words. Default: scores of all."),
    ] = None,
    vocabulary: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write the words to a text file, one per line."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False,
    as_json: Json = False,
) -> None:
    """Write one step of a model's network as an ONNX file, for other programs and languages."""
    with interruptible(lambda: f"nothing was written to {out}"):
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
