"""Split characters into lines. Knows nothing of bytes, encodings and files.

This module alone defines what ends a line: a carriage return, a line feed, both together, and the
other line ends of the Unicode Standard (section 5.8, "Newline Guidelines"): VT, FF, NEL, U+2028 and
U+2029. `str.splitlines` would also split at the separators FS, GS and RS.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LONGEST_PIECE = 1 << 20
"""The number of characters after which a line is cut into pieces."""
LINE_ENDS = "\n\v\f\r\x85\u2028\u2029"
"""The characters that end a line. CR followed by LF is one line end."""

_UNUSUAL = re.compile("[\v\f\r\x85\u2028\u2029]")
_AS_NEWLINE = {ord(end): "\n" for end in LINE_ENDS}


@dataclass(frozen=True)
class Piece:
    """A line without its line end, or a part of a line of over a million characters."""

    text: str
    ends_line: bool


def with_newlines(text: str) -> str:
    r"""Return the text with a newline for each line end; offsets and length stay the same.

    >>> with_newlines("one\r\ntwo\rthree")
    'one \ntwo\nthree'
    """
    if _UNUSUAL.search(text) is None:
        return text
    return text.replace("\r\n", " \n").translate(_AS_NEWLINE)


class LineSplitter:
    """Splits text in blocks into lines, each returned as soon as its line end arrives."""

    def __init__(self) -> None:
        self._held = ""
        self._after_return = False

    def lines(self, block: str) -> list[str]:
        r"""Return the lines that end in this block, without their line ends.

        >>> splitter = LineSplitter()
        >>> splitter.lines("one\r"), splitter.lines("\ntwo\nthr"), splitter.rest
        (['one'], ['two'], 'thr')
        """
        if not block:
            return []
        if self._after_return and block[0] == "\n":
            block = block[1:]  # the line feed of a line end that two blocks share
            self._after_return = False
            return self.lines(block)
        self._after_return = block[-1] == "\r"
        if _UNUSUAL.search(block) is not None:
            block = block.replace("\r\n", "\n").translate(_AS_NEWLINE)
        *lines, self._held = (self._held + block).split("\n")
        return lines

    @property
    def rest(self) -> str:
        """The text after the last line end so far."""
        return self._held

    def take(self, characters: int) -> str:
        """Remove and return the first characters of the rest, as a piece of their line."""
        taken, self._held = self._held[:characters], self._held[characters:]
        return taken


class LineCount:
    r"""Counts ended lines as editors do: `\n`, `\r\n` and `\r` end one.

    >>> count = LineCount()
    >>> count.add("one\r")
    >>> count.add("\ntwo\n")
    >>> count.ended
    2
    """

    def __init__(self) -> None:
        self.ended = 0
        self._after_return = False

    def add(self, text: str) -> None:
        """Count the line ends in the text that follows."""
        self.ended += self.ending_in(text)
        if text:
            self._after_return = text[-1] == "\r"

    def ending_in(self, text: str) -> int:
        """Return the number of lines that would end in the text that follows."""
        shared = self._after_return and text.startswith("\n")
        return text.count("\n") + text.count("\r") - text.count("\r\n") - shared


def pieces_of(blocks: Iterable[str]) -> Iterator[Piece]:
    """Yield the lines of a text in blocks of any size, in bounded memory."""
    splitter = LineSplitter()
    for block in blocks:
        for line in splitter.lines(block):
            yield Piece(line, ends_line=True)
        while len(splitter.rest) > LONGEST_PIECE:
            cut = _place_to_cut(splitter.rest[:LONGEST_PIECE])
            yield Piece(splitter.take(cut), ends_line=False)
    if splitter.rest:
        yield Piece(splitter.rest, ends_line=True)


def _place_to_cut(text: str) -> int:
    """Return where the last word begins, so that a cut keeps words whole, or the end."""
    if text[-1].isspace():
        return len(text)
    return len(text) - len(text.rsplit(maxsplit=1)[-1]) or len(text)
