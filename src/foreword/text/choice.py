"""How texts are to be read: what every verb and function that takes texts can be told of them."""

from dataclasses import dataclass
from typing import TypedDict

from foreword.text.decoding import UNICODE
from foreword.text.newlines import Lines


class ReadingOptions(TypedDict, total=False):
    """Keywords of all functions that take texts. Those of `Choice`, with its defaults."""

    encoding: str
    read_as: str | None
    speaker: str | None
    column: str | None
    lines: Lines | None
    mend: bool


@dataclass(frozen=True)
class Choice:
    """How texts are to be read.

    Attributes:
        encoding: of those that are not Unicode.
        read_as: the form of all of them, such as whatsapp; None: each one's own, by its content.
        speaker: only what this person says, of texts that name who says what.
        column: that holds the text, of tables.
        lines: what a line is; None: found out from the lengths of each text's lines.
        mend: decode anew what was decoded wrongly before the text was saved (`donâ€™t`).
    """

    encoding: str = UNICODE
    read_as: str | None = None
    speaker: str | None = None
    column: str | None = None
    lines: Lines | None = None
    mend: bool = False
