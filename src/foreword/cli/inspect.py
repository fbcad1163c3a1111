"""`foreword inspect`: gates, memory and gradients of a model on a text, as a page to look at."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from foreword.cli.arguments import Json, ModelFolder
from foreword.cli.console import (
    errors,
    input_lines,
    interruptible,
    loading_torch,
    print_json,
    print_note,
    results,
    table_of,
)
from foreword.errors import MissingExtraError, SettingsError
from foreword.folder.claim import claimed, refuse_unclaimable, unless_replacing

if TYPE_CHECKING:
    from foreword.inspect import Inspection


def inspect(
    folder: ModelFolder,
    text: Annotated[
        str | None, typer.Argument(help="The text. Default, and with -: standard input.")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder for the page, the figures and the numbers.")
    ] = Path("inspection"),
    words: Annotated[int, typer.Option(min=1, max=2000, help="Number of words to show.")] = 500,
    skip: Annotated[int, typer.Option(min=0, help="Number of words to read before those.")] = 0,
    beside: Annotated[
        list[Path] | None,
        typer.Option(help="Show the gradients of another model folder too; repeatable."),
    ] = None,
    drop: Annotated[
        list[int] | None,
        typer.Option(help="Compare with a run without the word of this number; repeatable."),
    ] = None,
    replace: Annotated[
        list[str] | None,
        typer.Option(
            metavar="N=WORD", help="Compare with a run with another word in its place; repeatable."
        ),
    ] = None,
    reset: Annotated[
        list[int] | None,
        typer.Option(
            help="Compare with a run that forgets everything before this word; repeatable."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Look inside a model: gates, memory, gradients through time, what led to each prediction.

    Words are counted from 1; the default second runs drop, replace and reset where it matters.
    """
    refuse_unclaimable(out, "inspect", _refusal)  # before PyTorch is loaded
    with loading_torch():
        from foreword.inspect import Change, inspection

    changes = [
        *(Change("dropped", at) for at in drop or ()),
        *(Change("replaced", *_replacement(wish)) for wish in replace or ()),
        *(Change("reset", at) for at in reset or ()),
    ]
    whole = "\n".join(input_lines()) if text is None or text == "-" else text
    left = f"nothing was written to {out}"
    with interruptible(lambda: left), errors.status("reading, tracing, differentiating"):
        inspected = inspection(
            folder, whole, words=words, skip=skip, beside=beside or (), changes=changes or None
        )
    missing = None
    claim = claimed(out, "inspect", _refusal, print_note)
    with interruptible(lambda: left), claim, errors.status("writing"):
        try:
            inspected.write(out)
        except MissingExtraError as error:
            missing = str(error)
    if missing is not None:
        errors.print(f"no figures: {missing}")
    page = out / "index.html"
    if as_json:
        print_json({"page": str(page), **_summary(inspected)})
        return
    rows = {name: _shown(value) for name, value in _summary(inspected).items() if value != []}
    results().print(table_of(rows))
    results().print(f"Open {page}", soft_wrap=True)


def _refusal(folder: Path) -> str | None:
    """Refuses model folders, and folders with files that Foreword has not written."""
    if (folder / "config.json").exists():
        return "is a model folder: name another folder for the inspection"
    mine = ("index.html", "figures", "numbers")

    def is_inspection(folder: Path) -> bool:
        return (folder / "numbers" / "words.csv").is_file()

    return unless_replacing(mine, is_inspection, "inspect")(folder)


def _replacement(text: str) -> tuple[int, str]:
    """The number of a word, and the word that replaces it."""
    number, sign, word = text.partition("=")
    if not sign or not number.strip().isdecimal() or not word:
        raise SettingsError(
            f"--replace takes the number of a word and another, 5=cat, not {text!r}"
        )
    return int(number), word


def _summary(inspected: "Inspection") -> dict[str, Any]:
    document = inspected.document()
    summary: dict[str, Any] = {
        "words": len(document["words"]) - 1,
        "perplexity of this text": document["perplexity"],
    }
    for layer in document["layers"]:
        longest = [unit for unit in layer["ranking"][:3] if unit["time_constant"] is not None]
        name = f"layer {layer['layer'] + 1} holds longest"
        if longest:
            units = [f"unit {u['unit']} ({u['time_constant']:.3g} words)" for u in longest]
            summary[name] = ", ".join(units)
    if document["gradients"] is not None:
        own = document["gradients"]["curves"][0]
        summary["gradient below 1 % after"] = (
            f"more than {document['gradients']['window'] - 1} words"
            if own["vanishes"] is None
            else f"{own['vanishes']} words"
        )
    summary["notes"] = document["notes"]
    return summary


def _shown(value: Any) -> str:
    return "\n".join(value) if isinstance(value, list) else str(value)
