"""`foreword compare`: every architecture on one text, with one budget, in a table and a picture."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from foreword.cli.console import (
    errors,
    interruptible,
    loading_torch,
    print_json,
    print_note,
    results,
)
from foreword.cli.options import takes_settings
from foreword.cli.watch import Watch
from foreword.errors import SettingsError, did_you_mean
from foreword.folder.adopting import current
from foreword.folder.claim import claimed, refuse_unclaimable, unless_replacing
from foreword.training.leaves import LeavesWithoutEnd
from foreword.training.settings import ENDS

FILES = ("table.csv", "curves.csv", "comparison.png")
"""What is written."""


@takes_settings(
    *("pretokenised", "vocab_size"),
    *("embedding_size", "dropout", "learning_rate", "seed", "threads"),
    instead={
        **dict.fromkeys(ENDS, "--minutes"),
        "model": "--model",
        "hidden_size": "--parameters",
    },
)
def compare(
    text: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files, folders, globs, gzip files, or -. Default: the chats that come with "
            "the package."
        ),
    ] = None,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="DIR", help="Folder for the plot and the CSV files."),
    ] = Path("comparison"),
    minutes: Annotated[
        float,
        typer.Option(min=0.0, help="Minutes for all architectures together, in equal shares."),
    ] = 16.0,
    models: Annotated[
        list[str] | None,
        typer.Option("--model", help="Compare only this architecture; repeat it for more."),
    ] = None,
    parameters: Annotated[
        int | None,
        typer.Option(help="Number of parameters of each model. Default: a suitable LSTM's."),
    ] = None,
    valid: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="Text to validate on.")
    ] = None,
    *,
    leaves: LeavesWithoutEnd,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Train every architecture with the same parameters and time, and compare them."""
    allowed = unless_replacing(FILES, _is_comparison, "compare")
    refuse_unclaimable(out, "compare", allowed)  # before PyTorch is loaded
    with loading_torch():
        from foreword.comparison.compare import (
            ARCHITECTURES,
            COMPARED,
            refuse_too_little,
        )
        from foreword.comparison.compare import compare as run
        from foreword.comparison.writing import write

    unknown = sorted(set(models or ()) - set(ARCHITECTURES))
    if unknown:
        raise SettingsError(
            f"there is no model {unknown[0]!r}; the models are {', '.join(ARCHITECTURES)}."
            f"{did_you_mean(unknown[0], ARCHITECTURES)}"
        )
    known = [name for name in ARCHITECTURES if name in (models or COMPARED)]
    refuse_too_little(minutes, known)
    claim = claimed(out, "compare", allowed, print_note)
    with interruptible(lambda: f"nothing was written to {out}"), claim, Watch() as watch:
        comparison = run(
            text or (),
            minutes=minutes,
            models=known,
            parameters=parameters,
            valid=valid or (),
            report=watch,
            scratch=out,
            **leaves,
        )
        name = ", ".join(Path(t).name for t in text) if text else "the carried chats"
        written = write(comparison, out, name, print_note)
    if as_json:
        print_json(
            {"rows": [asdict(r) for r in comparison.rows], "files": [str(p) for p in written]}
        )
    else:
        table = Table(box=None, pad_edge=False)
        table.add_column("model", style="cyan", no_wrap=True)
        for heading in ("perplexity", "top 1", "top 3", "words/s", "words seen", "parameters"):
            table.add_column(heading, justify="right")
        for r in sorted(comparison.rows, key=lambda r: r.perplexity):
            figures = (f"{r.perplexity:.1f}", f"{r.top1:.1%}", f"{r.top3:.1%}")
            sizes = (f"{r.words_per_second:,.0f}", f"{r.words_seen:,}", f"{r.parameters:,}")
            table.add_row(r.model, *figures, *sizes)
        results().print(table)
        errors.print("written: " + ", ".join(str(p) for p in written))
    if comparison.stopped:
        raise typer.Exit(130)


def _is_comparison(folder: Path) -> bool:
    """Whether a folder's curves are those of a comparison."""
    try:
        with current(folder, "curves.csv").open("rb") as file:
            return file.read(64).startswith(b"model,words_seen,seconds,perplexity")
    except OSError:
        return False
