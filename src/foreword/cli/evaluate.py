"""`foreword evaluate`: how well a model predicts a text."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.table import Table

from foreword.cli.arguments import Chats, Json, ModelFolder, Texts
from foreword.cli.console import print_json, results, table_of
from foreword.cli.info import evaluation_rows, translation_rows
from foreword.cli.texts import reads_texts
from foreword.cli.watch import Watch
from foreword.errors import SettingsError
from foreword.text.choice import ReadingOptions

if TYPE_CHECKING:
    from foreword.folder.config import LengthMeasure

_METHODS = "Methods (perplexity alone, the state carried)"


@reads_texts
def evaluate(
    folder: ModelFolder,
    text: Texts = None,
    chats: Chats = None,
    pairs: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Measure a translation model: two files line by line (--pairs test.de test.en), "
            "or files that hold both languages.",
        ),
    ] = None,
    beams: Annotated[
        int, typer.Option(help="Hypotheses of the search that translates the pairs.", min=1, max=64)
    ] = 4,
    calibrate: Annotated[
        bool,
        typer.Option(
            "--calibrate",
            help="Fit the confidences of the translation model on these pairs, and keep that in "
            "DIR. Use the pairs that it was validated on.",
        ),
    ] = False,
    reliability: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draw how often translated words were right, by their confidence: a PNG, SVG or "
            "PDF file.",
        ),
    ] = None,
    by_length: Annotated[
        bool,
        typer.Option(
            "--by-length",
            help="Measure BLEU by the length of the source too, and how much of the gradient of "
            "the last target word reaches the first source word.",
        ),
    ] = False,
    reset: Annotated[
        Literal["never", "sentence"],
        typer.Option(
            help="never: carry the state through the text; sentence: reset it at each line."
        ),
    ] = "never",
    *,
    reading: ReadingOptions,
    device: Annotated[
        str, typer.Option(help="Device to run on: cpu, cuda, cuda:1 and so on.")
    ] = "cpu",
    as_json: Json = False,
    tune: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Text on which the temperature, all weights, and the options below that are "
            "`tune` are chosen.",
            rich_help_panel=_METHODS,
        ),
    ] = None,
    temperature: Annotated[
        float | None, typer.Option(help="Divide the logits by this.", rich_help_panel=_METHODS)
    ] = None,
    cache: Annotated[
        str | None,
        typer.Option(
            metavar="THETA,WINDOW[,WEIGHT]",
            help="Mix in a continuous cache of this theta and window, or tune them.",
            rich_help_panel=_METHODS,
        ),
    ] = None,
    dynamic: Annotated[
        str | None,
        typer.Option(
            metavar="RATE,DECAY[,SEGMENT]",
            help="Continue learning from the text by SGD of this rate and decay, or tune "
            "them by the RMS rule.",
            rich_help_panel=_METHODS,
        ),
    ] = None,
    ngram: Annotated[
        Path | None,
        typer.Option(
            "--with",
            metavar="DIR",
            help="Mix in an n-gram model of the same vocabulary.",
            rich_help_panel=_METHODS,
        ),
    ] = None,
    ngram_weight: Annotated[
        float | None,
        typer.Option(
            "--with-weight",
            help="Weight of the n-gram model without --tune. Default: 0.3.",
            rich_help_panel=_METHODS,
        ),
    ] = None,
) -> None:
    """Measure perplexity and accuracies on a text that the model was not trained on."""
    if pairs:
        _pairs(
            folder, pairs, text, chats, beams, device, reading, reliability,
            calibrate=calibrate, by_length=by_length, as_json=as_json,
        )  # fmt: skip
        return
    if calibrate or reliability or by_length:
        raise SettingsError(
            "--calibrate, --reliability and --by-length are for translation models: give --pairs"
        )
    if bool(text) == (chats is not None):
        raise SettingsError(
            "give a TEXT to evaluate on, or --chats valid or --chats test, not both"
        )
    if any(option is not None for option in (tune, temperature, cache, dynamic, ngram)):
        if not text or reset != "never":
            raise SettingsError("methods need a TEXT, and a state that is carried through it")
        _methods(
            folder, text, tune or [], temperature, cache, dynamic, ngram, ngram_weight,
            reading, device, as_json,
        )  # fmt: skip
        return
    from foreword.evaluation.evaluate import evaluate as measure

    with Watch() as watch:
        evaluation = measure(
            folder,
            text or (),
            chats=chats,
            reset=reset,
            say=watch.note,
            device=device,
            progress=watch.text_progress,
            **reading,
        )
    if as_json:
        print_json(evaluation.model_dump(mode="json"))
    else:
        results().print(table_of(evaluation_rows(evaluation)))


def _pairs(
    folder: Path,
    pairs: list[str],
    text: list[str] | None,
    chats: Any,
    beams: int,
    device: str,
    reading: ReadingOptions,
    reliability: Path | None,
    *,
    calibrate: bool,
    by_length: bool,
    as_json: bool,
) -> None:
    from foreword.evaluation.evaluate import evaluate as measure
    from foreword.evaluation.reliability_plot import plot_reliability

    with Watch() as watch:
        evaluation = measure(
            folder,
            text or (),
            chats=chats,
            pairs=pairs,
            beams=beams,
            calibrate=calibrate,
            by_length=by_length,
            device=device,
            say=watch.note,
            progress=watch.text_progress,
            **reading,
        )
    if reliability is not None:
        plot_reliability(evaluation.reliability, reliability, evaluation.text)
    if as_json:
        print_json(evaluation.model_dump(mode="json"))
    else:
        results().print(table_of(translation_rows(evaluation)))
        if evaluation.by_length:
            results().print(_table_of_lengths(evaluation.by_length))


def _table_of_lengths(measures: Sequence["LengthMeasure"]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("source words", "pairs", "BLEU", "gradient at the first word", "its share"):
        table.add_column(heading, justify="right")
    for row in measures:
        table.add_row(
            row.words,
            f"{row.pairs:,}",
            f"{row.bleu:.1f}",
            f"{row.gradient:.2e}",
            f"{row.share:.2%}",
        )
    return table


def _methods(
    folder: Path,
    text: list[str],
    tune: list[str],
    temperature: float | None,
    cache: str | None,
    dynamic: str | None,
    ngram: Path | None,
    ngram_weight: float | None,
    reading: ReadingOptions,
    device: str,
    as_json: bool,
) -> None:
    from foreword.evaluation.methods.dynamic import Dynamic
    from foreword.evaluation.methods.measure import measure
    from foreword.evaluation.methods.plan import Cache

    of_cache = _numbers("--cache", cache, "THETA,WINDOW[,WEIGHT], as 15,2000,0.2")
    of_dynamic = _numbers("--dynamic", dynamic, "RATE,DECAY[,SEGMENT], as 0.1,0.002,20")
    learns = Dynamic(of_dynamic[0], of_dynamic[1]) if of_dynamic else None
    if learns is not None and len(of_dynamic) > 2:
        learns = replace(learns, segment=int(of_dynamic[2]))
    weights: dict[str, Any] = {"cache_weight": of_cache[2]} if len(of_cache) > 2 else {}
    if ngram_weight is not None:
        weights["ngram_weight"] = ngram_weight
    with Watch() as watch:
        result = measure(
            folder,
            text,
            temperature=temperature,
            cache=Cache(of_cache[0], int(of_cache[1])) if of_cache else None,
            dynamic=learns,
            ngram=ngram,
            tune=tune,
            tune_cache=cache == "tune",
            tune_dynamic=dynamic == "tune",
            say=watch.note,
            device=device,
            progress=watch.text_progress,
            **reading,
            **weights,
        )
    if as_json:
        print_json(asdict(result))
        return
    table = Table(box=None, pad_edge=False, title=f"{result.text}, {result.words:,} words")
    table.add_column("model", style="cyan", no_wrap=True)
    table.add_column("perplexity", justify="right")
    table.add_column("adapting", justify="right")
    table.add_column("with")
    for column in result.columns:
        figure = f"{column.perplexity:.2f}"
        shown = {k: v for k, v in column.settings.items() if k != "gate"}
        settings = ", ".join(f"{name} {value}" for name, value in shown.items())
        table.add_row(column.name, *(("", figure) if column.adapts else (figure, "")), settings)
    results().print(table)


def _numbers(option: str, given: str | None, form: str) -> list[float]:
    """The two or three numbers of an option; None if it is missing or will be tuned."""
    if given is None or given == "tune":
        return []
    try:
        numbers = [float(part) for part in given.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (2, 3) or not all(0 < number < float("inf") for number in numbers):
        raise SettingsError(f"{option} takes tune, or {form}; not {given!r}")
    return numbers
