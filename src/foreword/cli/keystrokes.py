"""`foreword keystrokes`: what a typist saves by a model's suggestions. No torch."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from foreword.cli.console import print_json, results
from foreword.errors import SettingsError
from foreword.evaluation.keystrokes import Case, KeystrokeReport, Typist, simulate
from foreword.evaluation.suggester import Suggester
from foreword.predictor.predictor import load
from foreword.text.corpus import chat_source, find_sources


def keystrokes(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A model folder.")],
    text: Annotated[
        list[str] | None,
        typer.Argument(
            help="Messages, one a line: files, folders, globs, gzip, or - for standard input."
        ),
    ] = None,
    chats: Annotated[
        Literal["train", "valid", "test"] | None,
        typer.Option(help="Instead of TEXT, a part of the carried chats."),
    ] = None,
    slots: Annotated[int, typer.Option(min=1, help="Suggestions in sight.")] = 3,
    acceptance: Annotated[
        int, typer.Option(min=0, max=1, help="Keys that taking a suggestion costs.")
    ] = 1,
    automatic_space: Annotated[
        bool,
        typer.Option(
            "--automatic-space/--no-automatic-space",
            help="A word that is taken brings its space, which a mark after it takes away.",
        ),
    ] = True,
    case: Annotated[
        Case, typer.Option(help="Whether a suggestion must be right in upper and lower case too.")
    ] = "ignored",
    repeats: Annotated[
        bool,
        typer.Option(
            "--repeats/--no-repeats",
            help="Show again, within a word, what was in sight and not taken.",
        ),
    ] = True,
    messages: Annotated[
        int | None, typer.Option(min=1, help="Only so many messages, drawn by --seed.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the draw.")] = 1,
    encoding: Annotated[str, typer.Option(help="Of the text.")] = "utf-8",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell how many keys a typist saves by the model's suggestions.

    Simulates one who makes no mistakes and takes a suggestion as soon as it saves keys.
    """
    if bool(text) == (chats is not None):
        raise SettingsError("give a TEXT to type, or --chats valid or --chats test, not both")
    typist = Typist(slots, acceptance, automatic_space, case, repeats)
    suggester = Suggester(load(folder))
    sources = [chat_source(chats)] if chats else find_sources(text or (), encoding=encoding)
    lines = [piece.text for source in sources for piece in source.read()]
    report = simulate(suggester, _drawn(lines, messages, seed), typist)
    if as_json:
        print_json(report.record())
    else:
        results().print(_table(report))
        results().print(f"typist: {typist.assumptions()}", style="dim", highlight=False)


def _drawn(lines: Sequence[str], messages: int | None, seed: int) -> Sequence[str]:
    """So many lines that are not blank, in their order."""
    lines = [line for line in lines if not line.isspace() and line]
    if messages is None or messages >= len(lines):
        return lines
    return [lines[i] for i in sorted(random.Random(seed).sample(range(len(lines)), messages))]


def _table(report: KeystrokeReport) -> Table:
    record, tally = report.record(), report.tally
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column()
    rows = {
        "typed": f"{tally.messages:,} messages, {tally.words:,} words, "
        f"{tally.characters:,} characters with {tally.keys:,} keys",
        "keystroke savings": f"{tally.savings:.1%}, of {report.ceiling:.1%} with an oracle",
        "next word": f"{record['top1']:.1%} top 1, {record['top3']:.1%} top 3",
        "mean reciprocal rank": f"{record['mean_reciprocal_rank']:.3f}",
        "words taken": f"{record['words_accepted']:.1%}, "
        f"{record['words_before_first_letter']:.1%} before their first letter",
        "one suggestion": f"{record['median_microseconds']:,.0f} µs median, "
        f"{record['p99_microseconds']:,.0f} µs at the 99th percentile",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    return table
