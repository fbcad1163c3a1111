"""How texts are read: the options of every command and function that takes texts."""

from dataclasses import dataclass
from typing import TypedDict

from foreword.text.decoding import UNICODE
from foreword.text.newlines import Lines


class ReadingOptions(TypedDict, total=False):
    """Keywords of all functions that take texts; `ReadingSettings` explains them."""

    encoding: str
    read_as: str | None
    speaker: str | None
    column: str | None
    lines: Lines | None
    mend: bool


@dataclass(frozen=True)
class ReadingSettings:
    """How texts are read.

    Attributes:
        encoding: the encoding of texts that are not Unicode.
        read_as: the format of all texts, such as whatsapp; None: decided by the content.
        speaker: read only the messages of this person; None: those of everybody.
        column: the column of a table that holds the text.
        lines: what a line of a text is; None: decided by the lengths of each text's lines.
        mend: repair letters that were decoded wrongly before the text was saved (`donâ€™t`).
    """

    encoding: str = UNICODE
    read_as: str | None = None
    speaker: str | None = None
    column: str | None = None
    lines: Lines | None = None
    mend: bool = False
