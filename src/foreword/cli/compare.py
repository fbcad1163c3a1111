"""`foreword compare`: every architecture on one text, with one budget, in a table and a picture."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from foreword.cells import registry
from foreword.cli.arguments import Json, TextsOrChats, ValidPairs
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
from foreword.folder.claim import Refusal, claimed, refuse_unclaimable, unless_replacing
from foreword.folder.translation import ATTENTIONS
from foreword.training.leaves import LeavesWithoutEnd
from foreword.training.settings import ENDS

if TYPE_CHECKING:
    from foreword.comparison.pairs import PairRow

FILES = ("table.csv", "curves.csv", "comparison.png")
"""The files that are written."""


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
    text: TextsOrChats = None,
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
    pairs: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Compare translation models on sentence pairs: two files line by line, or files "
            "that hold both languages. Default models: rnn, lstm and gru.",
        ),
    ] = None,
    valid_pairs: ValidPairs = None,
    attention: Annotated[
        list[str] | None,
        typer.Option(help="Attention of the translation models; repeat it. Default: all kinds."),
    ] = None,
    *,
    leaves: LeavesWithoutEnd,
    as_json: Json = False,
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
        from foreword.comparison.pairs import CELLS
        from foreword.comparison.writing import write

    unknown = sorted(set(models or ()) - set(ARCHITECTURES))
    if unknown:
        raise SettingsError(
            f"there is no model {unknown[0]!r}; the models are {', '.join(ARCHITECTURES)}."
            f"{did_you_mean(unknown[0], ARCHITECTURES)}"
        )
    if pairs:
        if text or valid:
            raise SettingsError("give texts or pairs to compare models on, not both")
        cells = [name for name in registry.MODELS if name in (models or CELLS)]
        kinds = attention or list(ATTENTIONS)
        for given, names, of in (
            (models or [], registry.MODELS, "cell"),
            (kinds, ATTENTIONS, "attention"),
        ):
            if wrong := sorted(set(given) - set(names)):
                raise SettingsError(
                    f"there is no {of} {wrong[0]!r} for translation; there are {', '.join(names)}"
                )
        _compare_pairs(
            out, minutes, cells, kinds, parameters, pairs, valid_pairs or [], leaves, allowed,
            as_json=as_json,
        )  # fmt: skip
        return
    if attention or valid_pairs:
        raise SettingsError("--attention and --valid-pairs are for translation: give --pairs")
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


def _compare_pairs(
    out: Path,
    minutes: float,
    cells: list[Any],
    attentions: list[Any],
    parameters: int | None,
    pairs: list[str],
    valid_pairs: list[str],
    leaves: LeavesWithoutEnd,
    allowed: Refusal,
    *,
    as_json: bool,
) -> None:
    """Compare translation models on pairs."""
    from foreword.comparison.compare import refuse_too_little
    from foreword.comparison.pairs import compare_pairs
    from foreword.comparison.writing import write

    refuse_too_little(minutes, [cell for cell in cells for _ in attentions])
    claim = claimed(out, "compare", allowed, print_note)
    with interruptible(lambda: f"nothing was written to {out}"), claim, Watch() as watch:
        comparison = compare_pairs(
            pairs,
            minutes=minutes,
            models=cells,
            attentions=attentions,
            parameters=parameters,
            valid_pairs=valid_pairs,
            report=watch,
            scratch=out,
            **leaves,
        )
        written = write(comparison, out, ", ".join(Path(file).name for file in pairs), print_note)
    rows = comparison.rows
    if as_json:
        print_json({"rows": [asdict(r) for r in rows], "files": [str(p) for p in written]})
    else:
        results().print(_table_of_pairs(rows))
        errors.print("written: " + ", ".join(str(p) for p in written))
    if comparison.stopped:
        raise typer.Exit(130)


def _table_of_pairs(rows: Sequence["PairRow"]) -> Table:
    """Return the table of translation models, the best first; it fits in 80 columns."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("cell", "attention"):
        table.add_column(heading, style="cyan", no_wrap=True, vertical="bottom")
    headings = ("BLEU", "chrF2", "perplexity", "sub-\nwords/s", "sub-\nwords", "parameters")
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for r in sorted(rows, key=lambda r: r.perplexity):
        quality = ("" if of is None else f"{of:.1f}" for of in (r.bleu, r.chrf))
        seen = f"{r.words_seen / 1e6:.2f} M"
        sizes = (f"{r.words_per_second:,.0f}", seen, f"{r.parameters:,}")
        table.add_row(r.model, r.attention, *quality, f"{r.perplexity:.2f}", *sizes)
    return table


def _is_comparison(folder: Path) -> bool:
    """Whether a folder's curves are those of a comparison."""
    try:
        with current(folder, "curves.csv").open("rb") as file:
            return file.read(64).startswith(b"model,words_seen,seconds,perplexity")
    except OSError:
        return False
