"""What a form of text is: how its beginning is recognised, and how passages are read out of it."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import IO

from foreword.errors import TextError
from foreword.text.decoding import characters
from foreword.text.lines import LineSplitter

LONGEST_LINE = 64 << 20
"""Characters. A form's line that is longer is refused rather than held in memory."""
ME = "me"
"""The speaker of a person's own messages, where an export does not name its owner."""

_INNER = re.compile("[ \t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
_CONTROLS = re.compile("[\0-\x08\x0e-\x1b\x7f\ufeff]")


@dataclass(frozen=True)
class Passage:
    """What becomes one line of text: a message, a paragraph, a cell.

    Attributes:
        text: line breaks in it are read as spaces.
        speaker: whose it is, where the form tells.
    """

    text: str
    speaker: str | None = None

    @property
    def line(self) -> str:
        """The text on one line, without control characters; empty where there is nothing."""
        if self.text.isprintable() and "  " not in self.text:  # as most are, which is soon told
            return self.text.strip(" ")
        text = _INNER.sub(" ", _CONTROLS.sub("", self.text)).strip(" ")
        if not text.isascii():
            # JSON may hold halves of letters, which no encoding can write.
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return text


@dataclass(frozen=True)
class Head:
    """How a file begins, which is what its form is recognised by.

    Attributes:
        name: of the file, in lower case, without its folder.
        data: its first bytes.
        text: the same as text; empty if they are none.
        whole: whether this is all of the file.
    """

    name: str
    data: bytes
    text: str
    whole: bool

    @property
    def lines(self) -> list[str]:
        """The lines that are not blank, but for the last if it is cut off."""
        lines = self.text.splitlines()
        whole = lines if self.whole else lines[:-1] or lines
        return [line for line in whole if line.strip()]

    def named(self, *endings: str) -> bool:
        """Whether the file's name ends so."""
        return self.name.endswith(endings)


@dataclass
class Account:
    """What came of reading a text.

    Attributes:
        kept: passages that became lines.
        speakers: how many passages each speaker has.
        left_out: what was read and left out, by its name in the plural, and how often.
        details: what else is to be said, such as which column was taken.
    """

    kept: int = 0
    speakers: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    details: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Opened:
    """A text to be read in some form.

    Attributes:
        name: for errors.
        open: a fresh stream of its bytes, unpacked; it can be sought in.
        encoding: of those bytes.
        column: of a table, where one was chosen.
        account: what a reader writes down, beside what it gives.
    """

    name: str
    open: Callable[[], IO[bytes]] = field(repr=False)
    encoding: str
    column: str | None = None
    account: Account = field(default_factory=Account)

    def characters(self) -> Iterator[str]:
        """The text in blocks.

        Raises:
            TextError: with line and byte, if it is none.
        """
        with closing(self.open()) as stream:
            yield from characters(self.name, self.encoding, stream)

    def lines(self) -> Iterator[str]:
        """The text's lines without their ends."""
        return lines_of(self.characters(), self.name)

    def damaged(self, why: object, kind: str) -> TextError:
        """The error for a file that begins as its form does, and then does not."""
        return TextError(
            f"{self.name}: cannot be read as {kind}: {why}. To read the file as it stands, add "
            "--as text"
        )


def lines_of(blocks: Iterable[str], name: str) -> Iterator[str]:
    """Lines of a text that comes in blocks.

    Raises:
        TextError: a line is too long to be held.
    """
    splitter = LineSplitter()
    for block in blocks:
        yield from splitter.lines(block)
        if len(splitter.rest) > LONGEST_LINE:
            raise TextError(
                f"{name}: has a line of over {LONGEST_LINE:,} characters, which is too long for "
                "its form. To read the file as it stands, add --as text"
            )
    if splitter.rest:
        yield splitter.rest


@dataclass(frozen=True)
class Form:
    """One form.

    Attributes:
        name: what `--as` takes.
        label: what people call a file of it.
        unit: of what its passages are, in the plural.
        left_out: what its reader never gives, in words.
        recognises: whether a file that begins so has this form.
        read: its passages, in order, in bounded memory.
        endings: of names, by which a folder's files of it are known.
        is_text: whether its files are characters, which have an encoding.
    """

    name: str
    label: str
    unit: str
    left_out: str
    recognises: Callable[[Head], bool]
    read: Callable[[Opened], Iterator[Passage]]
    endings: tuple[str, ...] = ()
    is_text: bool = True
