"""The options by which any verb that takes texts is told how to read them."""

from typing import Annotated

import typer

from foreword.cli.console import errors
from foreword.text.newlines import Lines

PANEL = "Text"

Encoding = Annotated[str, typer.Option(help="Of text that is not Unicode.", rich_help_panel=PANEL)]
TextLines = Annotated[
    Lines | None,
    typer.Option(help="What a line of the text is. Default: found out from their lengths."),
]
ReadAs = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="FORM",
        help="Read the text as whatsapp, telegram, mbox, csv, html or another form, or as text: as "
        "it stands. Default: by its content.",
        rich_help_panel=PANEL,
    ),
]
Speaker = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Take only what this person says, of chats and mail. A name that is not there lists "
        "those that are.",
        rich_help_panel=PANEL,
    ),
]
Column = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Of a table or of JSON: the column that holds the text.",
        rich_help_panel=PANEL,
    ),
]


def tell(note: str) -> None:
    """Prints what was read and how, on standard error."""
    errors.print(note, markup=False, soft_wrap=True)
