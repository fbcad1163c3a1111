"""The options of all verbs that take texts, on how to read them."""

from typing import Annotated, Any

import typer

from foreword.cli.signature import with_options
from foreword.text.choice import ReadingSettings
from foreword.text.newlines import Lines

PANEL = "Text"


def _option(help: str, *names: str, metavar: str | None = None) -> Any:  # noqa: A002
    return typer.Option(*names, help=help, metavar=metavar, rich_help_panel=PANEL)


OPTIONS: dict[str, Any] = {
    "encoding": Annotated[str | None, _option("Encoding of text that is not Unicode.")],
    "lines": Annotated[
        Lines | None,
        _option(
            "What a line is: a sentence or message, a paragraph, or a part of one that was wrapped "
            "at a width. Default: detected from the lengths of the lines."
        ),
    ],
    "read_as": Annotated[
        str | None,
        _option(
            "Format of the text: whatsapp, telegram, mbox, csv, html and so on, or text for plain "
            "text. Default: detected from its content.",
            "--as",
            metavar="FORM",
        ),
    ],
    "speaker": Annotated[
        str | None,
        _option(
            "Read only this person's messages of chats and mail. An unknown name lists the "
            "known ones.",
            metavar="NAME",
        ),
    ],
    "column": Annotated[
        str | None,
        _option("Column of a table, or of JSON, that holds the text.", metavar="NAME"),
    ],
    "mend": Annotated[
        bool | None,
        _option(
            "Repair letters that were decoded wrongly before the text was saved, such as donâ€™t.",
            "--mend",
        ),
    ],
}
"""All of them, by the names that `foreword.text.choice.ReadingSettings` has."""
assert set(OPTIONS) == set(ReadingSettings.__dataclass_fields__)


reads_texts = with_options("reading", OPTIONS)
"""Replaces a verb's parameter `reading` by these options."""
