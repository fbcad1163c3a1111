"""`foreword evaluate`: how well a model predicts a text."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from foreword.cli.console import print_json, results
from foreword.cli.info import evaluation_rows, table_of
from foreword.cli.watch import Watch
from foreword.errors import SettingsError


def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A model folder.")],
    text: Annotated[
        list[str] | None,
        typer.Argument(help="Files, folders, globs, gzip, or - for standard input."),
    ] = None,
    chats: Annotated[
        Literal["train", "valid", "test"] | None,
        typer.Option(help="Instead of TEXT, a part of the carried chats."),
    ] = None,
    reset: Annotated[
        Literal["never", "sentence"],
        typer.Option(help="never: state carried through the text; sentence: reset at each line."),
    ] = "never",
    encoding: Annotated[str, typer.Option(help="Of the text.")] = "utf-8",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure perplexity and accuracies on a text that the model was not trained on."""
    if bool(text) == (chats is not None):
        raise SettingsError(
            "give a TEXT to evaluate on, or --chats valid or --chats test, not both"
        )
    from foreword.evaluation.evaluate import evaluate as measure

    with Watch() as watch:
        found = measure(
            folder,
            text or (),
            chats=chats,
            reset=reset,
            encoding=encoding,
            progress=watch.text_progress,
        )
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        results().print(table_of(evaluation_rows(found)))
