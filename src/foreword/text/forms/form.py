"""Define a form, which is a format of text: how to recognise it and extract its passages."""

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
"""The number of characters of a line above which a file is refused rather than held in memory."""
ME = "me"
"""The speaker of the owner's messages, where an export does not name its owner."""

_INNER = re.compile("[ \t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
_CONTROLS = re.compile("[\0-\x08\x0e-\x1b\x7f\ufeff]")


@dataclass(frozen=True)
class Passage:
    """The content of one line of text: a message, a paragraph, a cell.

    Attributes:
        text: the content; line breaks in it are read as spaces.
        speaker: the author, where the format names one.
    """

    text: str
    speaker: str | None = None

    @property
    def line(self) -> str:
        """The text on one line, without control characters; it may be empty."""
        if self.text.isprintable() and "  " not in self.text:  # a fast check that most pass
            return self.text.strip(" ")
        text = _INNER.sub(" ", _CONTROLS.sub("", self.text)).strip(" ")
        if not text.isascii():
            # JSON may hold lone surrogates, which no encoding can write.
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return text


@dataclass(frozen=True)
class Head:
    """The beginning of a file, by which its format is recognised.

    Attributes:
        name: the file name in lower case, without its folder.
        data: the first bytes.
        text: the same, decoded; empty if they are binary.
        whole: whether this is the whole file.
    """

    name: str
    data: bytes
    text: str
    whole: bool

    @property
    def lines(self) -> list[str]:
        """The lines that are not blank, without a last one that is cut off."""
        lines = self.text.splitlines()
        whole = lines if self.whole else lines[:-1] or lines
        return [line for line in whole if line.strip()]

    def named(self, *endings: str) -> bool:
        """Whether the file name has one of these endings."""
        return self.name.endswith(endings)


@dataclass
class Account:
    """What the reading of a text counted.

    Attributes:
        kept: the number of passages that became lines.
        speakers: the number of passages of each speaker.
        left_out: the number of omitted items by kind, named in the plural.
        details: further facts to report, such as the chosen column.
    """

    kept: int = 0
    speakers: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    details: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Opened:
    """A text to be read in some format.

    Attributes:
        name: the name for errors.
        open: returns a new, seekable stream of the decompressed bytes.
        encoding: the encoding of the bytes.
        column: the chosen column of a table.
        account: counts to which a reader adds.
    """

    name: str
    open: Callable[[], IO[bytes]] = field(repr=False)
    encoding: str
    column: str | None = None
    account: Account = field(default_factory=Account)

    def characters(self) -> Iterator[str]:
        """Yield the text in blocks.

        Raises:
            TextError: the bytes cannot be decoded; names the line and byte.
        """
        with closing(self.open()) as stream:
            yield from characters(self.name, self.encoding, stream)

    def lines(self) -> Iterator[str]:
        """Yield the text's lines without their line ends."""
        return lines_of(self.characters(), self.name)

    def damaged(self, why: object, kind: str) -> TextError:
        """Return the error for a file that has the beginning of its format but not the rest."""
        return TextError(
            f"{self.name}: cannot be read as {kind}: {why}. To read the file as it stands, add "
            "--as text"
        )


def lines_of(blocks: Iterable[str], name: str) -> Iterator[str]:
    """Yield the lines of a text in blocks.

    Raises:
        TextError: a line is too long to be held in memory.
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
    """A format of text.

    Attributes:
        name: the name for `--as`.
        label: what people call such a file.
        unit: what its passages are, in the plural.
        left_out: a description of what is never read.
        recognises: whether a file with this beginning has this format.
        read: yields the passages in order, in bounded memory.
        endings: the file name endings by which files in a folder are recognised.
        is_text: whether the files are characters, which have an encoding.
    """

    name: str
    label: str
    unit: str
    left_out: str
    recognises: Callable[[Head], bool]
    read: Callable[[Opened], Iterator[Passage]]
    endings: tuple[str, ...] = ()
    is_text: bool = True
