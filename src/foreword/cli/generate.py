"""`foreword generate`: continues a text, word by word as it is drawn. No torch."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from foreword.cli.arguments import Json, ModelName
from foreword.cli.console import input_lines, print_json
from foreword.cli.notes import as_a_text
from foreword.errors import FolderError
from foreword.predictor.generate import generate as continuation
from foreword.predictor.predictor import load
from foreword.visible import shown_lines


def generate(
    folder: ModelName,
    opening: Annotated[
        str, typer.Argument(help="The text to continue; - reads it from standard input.")
    ] = "",
    words: Annotated[
        int, typer.Option("--words", "-n", min=1, help="Largest number of words to add.")
    ] = 40,
    temperature: Annotated[
        float,
        typer.Option(min=0.0, help="Divide the logits by this; 0 takes the most probable word."),
    ] = 0.8,
    top_k: Annotated[
        int | None, typer.Option(min=1, help="Sample from the k most probable words.")
    ] = None,
    top_p: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Sample from the most probable words that together have this probability.",
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed; equal seeds sample equal words.")] = None,
    lines: Annotated[
        bool, typer.Option("--lines", help="Continue after the end of a line.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Continue a text."""
    try:
        predictor = load(folder)
    except FolderError as error:
        if Path(folder).exists():
            raise
        given = [folder, opening] if opening else [folder]
        raise FolderError(as_a_text(str(error), "generate", given)) from error
    if opening == "-":
        opening = "\n".join(input_lines())
    pieces = continuation(
        predictor,
        opening,
        max_words=words,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        seed=seed,
        stop_at_eos=not lines,
    )
    if as_json:
        print_json({"opening": opening, "continuation": "".join(pieces)})
        return
    sys.stdout.write(shown_lines(opening))
    for piece in pieces:
        sys.stdout.write(shown_lines(piece))
        sys.stdout.flush()
    sys.stdout.write("\n")
