"""Arguments and options that several verbs share."""

from pathlib import Path
from typing import Annotated, Literal

import typer

ModelFolder = Annotated[Path, typer.Argument(metavar="DIR", help="A model folder.")]
ModelName = Annotated[
    str, typer.Argument(metavar="DIR", help="A model folder, or an installed model's name.")
]
Texts = Annotated[
    list[str] | None,
    typer.Argument(help="Files, folders, globs, gzip files, or - for standard input."),
]
TextsOrChats = Annotated[
    list[str] | None,
    typer.Argument(
        help="Files, folders, globs, gzip files, or -. Default: the chats that come with the "
        "package."
    ),
]
Chats = Annotated[
    Literal["train", "valid", "test"] | None,
    typer.Option(help="Use a part of the carried chats instead of TEXT."),
]
Valid = Annotated[
    list[str] | None,
    typer.Option(metavar="FILE", help="Text to validate on. Default: the last part of the text."),
]
ValidPairs = Annotated[list[str] | None, typer.Option(metavar="FILE", help="Pairs to validate on.")]
Recipe = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|FILE",
        help="Settings from a recipe, which options and --set override; see `foreword recipes`.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
JsonOutcome = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")]
JsonLines = Annotated[bool, typer.Option("--json", help="Print JSON, one line per text.")]
