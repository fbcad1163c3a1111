"""`foreword keystrokes`: how many keys a model's suggestions save. No torch."""

import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from foreword.cli.arguments import Chats, Json, ModelFolder
from foreword.cli.console import print_json, results
from foreword.cli.texts import reads_texts
from foreword.cli.watch import Watch
from foreword.errors import SettingsError
from foreword.evaluation.keypad import KeypadReport, measure_keypad
from foreword.evaluation.keystrokes import Case, KeystrokeReport, SimulatedTypist, simulate
from foreword.evaluation.letters import LetterReport, measure_letters
from foreword.evaluation.suggester import (
    LearningSuggester,
    Suggester,
    TranslationSuggester,
    Vocabulary,
)
from foreword.predictor.mixed_typist import MixedTypist
from foreword.predictor.personal.personal import Personal
from foreword.predictor.predictor import Predictor, load
from foreword.text.choice import ReadingOptions
from foreword.text.corpus import chat_source
from foreword.text.decoding import UNICODE
from foreword.text.newlines import whole_units
from foreword.text.pairs.reading import read_pairs
from foreword.text.sources import read_sources
from foreword.translator.translator import Translator


@reads_texts
def keystrokes(
    folder: ModelFolder,
    text: Annotated[
        list[str] | None,
        typer.Argument(
            help="Messages, one per line: files, folders, globs, gzip files, or - for "
            "standard input."
        ),
    ] = None,
    chats: Chats = None,
    pairs: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Type the translations of these sentence pairs with a translation model: two "
            "files line by line (--pairs test.de test.en), or files that hold both languages.",
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="With --pairs: type the same translations with this next-word model too.",
        ),
    ] = None,
    slots: Annotated[int, typer.Option(min=1, help="Number of visible suggestions.")] = 3,
    ghost: Annotated[
        bool,
        typer.Option(
            "--ghost",
            help="With --pairs: the typist also sees the translation to its end, and takes it "
            "whole when it is right.",
        ),
    ] = False,
    acceptance: Annotated[
        int, typer.Option(min=0, max=1, help="Number of keys that accepting a suggestion costs.")
    ] = 1,
    automatic_space: Annotated[
        bool,
        typer.Option(
            "--automatic-space/--no-automatic-space",
            help="Whether an accepted word brings a space, which a following mark removes.",
        ),
    ] = True,
    case: Annotated[
        Case, typer.Option(help="Whether a suggestion must also have the right case.")
    ] = "ignored",
    repeats: Annotated[
        bool,
        typer.Option(
            "--repeats/--no-repeats",
            help="Whether visible suggestions that were not accepted are shown again within "
            "a word.",
        ),
    ] = True,
    learn: Annotated[
        bool,
        typer.Option(
            "--learn",
            help="Type everything again with a personal layer that learns each message after "
            "it is typed.",
        ),
    ] = False,
    phrases: Annotated[
        bool,
        typer.Option(
            "--phrases",
            help="Type everything again with the words and phrases that together save the most "
            "keys.",
        ),
    ] = False,
    beside: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="DIR",
            help="Type everything again with words of this model too, a folder or an installed "
            "model, for texts that mix languages; repeat it for more.",
        ),
    ] = None,
    letters: Annotated[
        bool,
        typer.Option(
            "--letters",
            help="Also measure the probabilities of letters: bits per character, and the steps of "
            "a scanning keyboard.",
        ),
    ] = False,
    keypad: Annotated[
        bool,
        typer.Option(
            "--keypad",
            help="Also type with the digits 2 to 9: how often the intended word comes first, and "
            "keystrokes per character.",
        ),
    ] = False,
    messages: Annotated[
        int | None, typer.Option(min=1, help="Use only this many messages, sampled by --seed.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the sample.")] = 1,
    *,
    reading: ReadingOptions,
    as_json: Json = False,
) -> None:
    """Measure how many keys a typist saves by the model's suggestions.

    The simulated typist makes no mistakes and accepts a suggestion as soon as it saves keys.
    """
    typist = SimulatedTypist(slots, ghost, acceptance, automatic_space, case, repeats)
    if pairs:
        if text or chats or learn or phrases or beside or letters or keypad:
            raise SettingsError(
                "--pairs cannot be combined with a TEXT, --chats, --learn, --phrases, --with, "
                "--letters or --keypad"
            )
        with Watch() as watch:
            reports = _of_pairs(folder, pairs, against, typist, messages, seed, reading, watch)
        _show(reports, typist, as_json=as_json)
        return
    if against is not None or ghost:
        raise SettingsError("--against and --ghost are for translation models: give --pairs")
    if bool(text) == (chats is not None):
        raise SettingsError("give a TEXT to type, or --chats valid or --chats test, not both")
    model = load(folder)
    if chats:
        sources = [chat_source(chats)]
    else:
        with Watch() as watch:
            sources = read_sources(
                text or (),
                model.tokenizer.config,
                words=model.tokenizer.words,
                say=watch.note,
                progress=watch.text_progress,
                **reading,
            )
    units = [unit for source in sources for unit in whole_units(source.read())]
    drawn = [units[n] for n in _drawn(units, messages, seed)]
    reports = {"": simulate(Suggester(model), drawn, typist, spacing=model.tokenizer.spacing)}
    if phrases:
        longer = Suggester(model, phrase_slots=slots)
        reports["phrases"] = simulate(longer, drawn, typist, spacing=model.tokenizer.spacing)
    if beside:
        mixed = Suggester(MixedTypist([model, *map(load, beside)]))
        name = f"with {' and '.join(beside)}"
        reports[name] = simulate(mixed, drawn, typist, spacing=model.tokenizer.spacing)
    if learn:
        reports["learning as it goes"] = _learning(model, drawn, typist)
    spelled = measure_letters(model.typist(), drawn) if letters else None
    dialled = measure_keypad(Vocabulary(model), drawn) if keypad else None
    _show(reports, typist, spelled, dialled, as_json=as_json)


def _show(
    reports: Mapping[str, KeystrokeReport],
    typist: SimulatedTypist,
    letters: LetterReport | None = None,
    keypad: KeypadReport | None = None,
    *,
    as_json: bool,
) -> None:
    """Print reports; in JSON, the later ones under the first words of their names."""
    if as_json:
        records: dict[str, Mapping[str, str | int | float | bool]] = {
            name.partition(" ")[0]: report.record() for name, report in reports.items()
        }
        if letters is not None:
            records["letters"] = letters.record()
        if keypad is not None:
            records["keypad"] = keypad.record()
        print_json({**records.pop(next(iter(records))), **records})
    else:
        table = _table(reports)
        for name, figures in {**_letter_rows(letters), **_keypad_rows(keypad)}.items():
            table.add_row(name, figures)
        results().print(table)
        results().print(f"typist: {typist.assumptions()}", style="dim", highlight=False)


def _of_pairs(
    folder: Path,
    files: Sequence[str],
    against: Path | None,
    typist: SimulatedTypist,
    messages: int | None,
    seed: int,
    reading: ReadingOptions,
    watch: Watch,
) -> dict[str, KeystrokeReport]:
    """Type translations given their sources, without them, and with a next-word model."""
    translator = Translator.load(folder)
    stored = translator.folder
    languages = (stored.source_language, stored.target_language)
    test = read_pairs(
        files,
        languages=languages if all(languages) else None,
        encoding=reading.get("encoding") or UNICODE,
    )
    watch.note(test.note)
    sources, targets = list(test.sources), list(test.targets)
    drawn = _drawn(targets, messages, seed)

    def progress(typed: int) -> None:
        watch.text_progress("typing", typed, len(drawn))

    def type_all(sources: Mapping[int, str]) -> KeystrokeReport:
        suggester = TranslationSuggester(translator)
        typed = suggester.typed((sources[n], targets[n]) for n in drawn)
        return simulate(suggester, typed, typist, progress=progress)

    reports = {
        "with the source": type_all({n: sources[n] for n in drawn}),
        "without the source": type_all(dict.fromkeys(drawn, "")),
    }
    if against is not None:
        model = load(against)
        alone = [targets[n] for n in drawn]
        reports["against the next-word model"] = simulate(
            Suggester(model),
            alone,
            replace(typist, ghost=False),
            spacing=model.tokenizer.spacing,
            progress=progress,
        )
    return reports


def _learning(model: Predictor, lines: Sequence[str], typist: SimulatedTypist) -> KeystrokeReport:
    with (
        tempfile.TemporaryDirectory() as empty,
        Personal.open(Path(empty) / "personal.db", model.tokenizer, create=True) as personal,
    ):
        return simulate(
            LearningSuggester(model, personal),
            lines,
            typist,
            spacing=model.tokenizer.spacing,
            learn=True,
        )


def _drawn(lines: Sequence[str], messages: int | None, seed: int) -> list[int]:
    """The positions of a sample of the lines that are not blank, in their order."""
    numbers = [n for n, line in enumerate(lines) if line and not line.isspace()]
    if messages is None or messages >= len(numbers):
        return numbers
    return sorted(random.Random(seed).sample(numbers, messages))


def _table(reports: Mapping[str, KeystrokeReport]) -> Table:
    """Print a column for each report."""
    table = Table(box=None, show_header=len(reports) > 1, pad_edge=False)
    table.add_column(style="cyan", no_wrap=True)
    for name in reports:
        table.add_column(name)
    columns = [_rows(report) for report in reports.values()]
    for name in columns[0]:
        table.add_row(name, *(column[name] for column in columns))
    return table


def _rows(report: KeystrokeReport) -> dict[str, str]:
    record, tally = report.record(), report.tally
    return {
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


def _letter_rows(report: LetterReport | None) -> dict[str, str]:
    if report is None:
        return {}
    record = report.record()
    impossible = f", {report.impossible:,} of them impossible" if report.impossible else ""
    return {
        "letters": f"{record['bits_per_character']:.2f} bits per character, of "
        f"{report.characters:,} characters with line ends{impossible}",
        "row-column scanning": f"{record['scan_steps_per_character']:.2f} steps per character, "
        f"{record['fixed_layout_scan_steps_per_character']:.2f} in a fixed layout, of "
        f"{report.side} rows and columns",
    }


def _keypad_rows(report: KeypadReport | None) -> dict[str, str]:
    if report is None:
        return {}
    record = report.record()
    return {
        "digits 2 to 9": f"the intended word comes first for {record['first']:.1%} of "
        f"{report.words:,} words ({record['known']:.1%} known), "
        f"{record['first_by_frequency']:.1%} by frequency alone",
        "keys per character": f"{record['keystrokes_per_character']:.3f}, "
        f"{record['keystrokes_per_character_by_frequency']:.3f} by frequency alone",
    }
