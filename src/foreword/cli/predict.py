"""`foreword predict`: the likeliest next words, or completions of an unfinished one. No torch."""

import sys
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from foreword.cli.arguments import JsonLines
from foreword.cli.console import input_lines, print_json, results
from foreword.cli.notes import ReadingNotes, as_a_text, tell_of_empty, tell_of_untrained
from foreword.cli.personal import opened
from foreword.errors import FolderError, SettingsError
from foreword.folder.installed import installed_models, only_model
from foreword.predictor.mixed_typist import typist_of
from foreword.predictor.next_letter import Letters
from foreword.predictor.predictor import load
from foreword.predictor.suggest import Suggestion
from foreword.visible import shown

Words = Annotated[int, typer.Option("-k", "--words", min=1, help="Number of words to show.")]
Phrases = Annotated[
    bool,
    typer.Option(
        "--phrases", help="Suggest the words and phrases that together save the most keys."
    ),
]
Tolerant = Annotated[
    bool,
    typer.Option(
        "--tolerant",
        help="Also consider slips: one wrong, missing or additional letter, or two swapped.",
    ),
]
NoFilter = Annotated[bool, typer.Option("--no-filter", help="Suggest offensive words too.")]
Block = Annotated[
    list[str] | None,
    typer.Option("--block", metavar="WORD", help="Never suggest this word; repeat it for more."),
]
PersonalFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Personal file whose words are suggested too.")
]

Beside = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        metavar="DIR",
        help="Also suggest words of this model, a folder or an installed model, for texts that "
        "mix languages; repeat it for more.",
    ),
]


def predict(
    folder: Annotated[
        str,
        typer.Argument(
            metavar="DIR",
            help="Model folder or name of an installed model. Without TEXT, a value with "
            "spaces is the TEXT for the installed model.",
        ),
    ],
    texts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TEXT",
            help="The text so far. Default, and with -: lines of standard input.",
        ),
    ] = None,
    k: Words = 5,
    complete: Annotated[
        bool | None,
        typer.Option(
            "--complete/--next",
            help="Treat the last word as unfinished or as finished. Default: weigh both by their "
            "probabilities.",
        ),
    ] = None,
    phrases: Phrases = False,
    tolerant: Tolerant = False,
    no_filter: NoFilter = False,
    block: Block = None,
    personal: PersonalFile = None,
    beside: Beside = None,
    interactive: Annotated[
        bool, typer.Option("--interactive", "-i", help="Predict while you type.")
    ] = False,
    letters: Annotated[
        bool,
        typer.Option(
            "--letters",
            help="Show the k most probable next characters instead of words; with --json, all.",
        ),
    ] = False,
    as_json: JsonLines = False,
) -> None:
    """Predict the likeliest next words, and completions of an unfinished last word.

    "I would li" is completed, "I would like" gets a next word, and "can" gets both: a next word,
    and the completion "can't".
    """
    text = " ".join(texts) if texts else None
    if text is None and not interactive and " " in folder and not Path(folder).exists():
        folder, text = only_model(), folder
    try:
        predictor = load(folder)
    except FolderError as error:
        if Path(folder).exists():
            raise
        given = [folder, *(texts or [])]
        raise FolderError(as_a_text(str(error), "predict", given)) from error
    layer = opened(personal, predictor.tokenizer, read_only=True) if personal else None
    models = [predictor, *map(load, beside or ())]
    typist = typist_of(
        models, tolerant=tolerant, layer=layer, offensive=no_filter, blocked=block or ()
    )
    if layer is not None and personal is not None:
        tell_of_empty(layer, personal, folder)
    for model, name in zip(models, [folder, *(beside or ())], strict=True):
        tell_of_untrained(model, name)
    if letters and (interactive or complete is not None or phrases or beside):
        raise SettingsError(
            "--letters cannot be combined with --interactive, --complete, --next, --phrases or "
            "--with"
        )
    if interactive:
        if not sys.stdin.isatty():
            raise SettingsError("--interactive needs a terminal; without one, pipe lines in")
        from foreword.cli.typing_prompt import type_along

        type_along(typist, k, phrases=phrases)
        return
    reading = ReadingNotes()
    for line in input_lines() if text is None or text == "-" else [text]:
        if letters:
            show_letters(line, predictor.letters(line), k, as_json=as_json)
            continue
        typist.forget()  # each line is a text of its own
        suggestions = typist.suggest(line, k, complete=complete, phrases=phrases)
        show(line, suggestions, as_json=as_json)
        if not beside:
            reading.add(predictor, line, [suggestion.word for suggestion in suggestions])
    reading.tell(predictor, folder if folder in installed_models() else Path(folder).name)


def show(text: str, predictions: list[Suggestion], *, as_json: bool) -> None:
    """Prints one text's predictions."""
    if as_json:
        print_json({"text": text, "predictions": [p._asdict() for p in predictions]})
        return
    _print_title(text)
    if not predictions:
        results().print("  (no word that the model knows begins so)")
    _print_bars([(shown(p.word), p.probability) for p in predictions])


def show_letters(text: str, letters: Letters, k: int, *, as_json: bool) -> None:
    """Prints the k most probable next characters of one text, or all as JSON."""
    if as_json:
        record = {"text": text, "letters": dict(letters), "end_of_word": letters.end_of_word}
        print_json(record)
        return
    _print_title(text)
    names = {" ": "(space)", "\n": "(line end)"}
    _print_bars([(names.get(c) or shown(c), letters[c]) for c in islice(letters, k)])


def _print_title(text: str) -> None:
    results().print(text if text.strip() else "(the beginning of a text)", style="bold")


def _print_bars(shares: list[tuple[str, float]]) -> None:
    """Prints names with their probabilities, and a bar for each."""
    widest = max((len(name) for name, _ in shares), default=0)
    top = max((share for _, share in shares), default=1.0)
    for name, share in shares:
        bar = "█" * max(1, round(24 * share / top)) if top > 0 else ""
        results().print(f"  {name:<{widest}}  {share:6.1%}  {bar}")
