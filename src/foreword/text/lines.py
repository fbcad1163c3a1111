"""Characters cut into lines. Knows nothing of bytes, encodings and files.

What ends a line is told here and nowhere else: a carriage return, a line feed, both together, and
what the Unicode Standard (section 5.8, "Newline Guidelines") counts besides: VT, FF, NEL, U+2028
and U+2029. `str.splitlines` would take the separators FS, GS and RS too.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LONGEST_PIECE = 1 << 20
"""The length in characters at which a line is cut into pieces."""
LINE_ENDS = "\n\v\f\r\x85\u2028\u2029"
"""Characters that end a line. CR and LF, in this order, are one end."""

_UNUSUAL = re.compile("[\v\f\r\x85\u2028\u2029]")
_AS_NEWLINE = {ord(end): "\n" for end in LINE_ENDS}


@dataclass(frozen=True)
class Piece:
    """A line without its end; or, of a line of over a million characters, a part."""

    text: str
    ends_line: bool


def with_newlines(text: str) -> str:
    r"""The text with a newline for each line end, at the same places: its length stays.

    >>> with_newlines("one\r\ntwo\rthree")
    'one \ntwo\nthree'
    """
    if _UNUSUAL.search(text) is None:
        return text
    return text.replace("\r\n", " \n").translate(_AS_NEWLINE)


class LineSplitter:
    """Cuts a text into lines that comes in blocks, each line as soon as its end is there."""

    def __init__(self) -> None:
        self._held = ""
        self._after_return = False

    def lines(self, block: str) -> list[str]:
        r"""The lines that end in a block, without their ends.

        >>> splitter = LineSplitter()
        >>> splitter.lines("one\r"), splitter.lines("\ntwo\nthr"), splitter.rest
        (['one'], ['two'], 'thr')
        """
        if not block:
            return []
        if self._after_return and block[0] == "\n":
            block = block[1:]  # the second half of an end that two blocks share
            self._after_return = False
            return self.lines(block)
        self._after_return = block[-1] == "\r"
        if _UNUSUAL.search(block) is not None:
            block = block.replace("\r\n", "\n").translate(_AS_NEWLINE)
        *lines, self._held = (self._held + block).split("\n")
        return lines

    @property
    def rest(self) -> str:
        """What stands after the last line end so far."""
        return self._held

    def take(self, characters: int) -> str:
        """The first characters of the rest, which are a part of their line from now on."""
        taken, self._held = self._held[:characters], self._held[characters:]
        return taken


class LineCount:
    r"""How many lines have ended, as editors count them: `\n`, `\r\n` and `\r` end one.

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
        """Counts the ends in what follows."""
        self.ended += self.ending_in(text)
        if text:
            self._after_return = text[-1] == "\r"

    def ending_in(self, text: str) -> int:
        """How many lines more would end, with what follows."""
        shared = self._after_return and text.startswith("\n")
        return text.count("\n") + text.count("\r") - text.count("\r\n") - shared


def pieces_of(blocks: Iterable[str]) -> Iterator[Piece]:
    """The lines of a text that comes in blocks, cut anywhere, in bounded memory."""
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
    """Where the text's last word begins, so that a cut there leaves all words whole; or its end."""
    if text[-1].isspace():
        return len(text)
    return len(text) - len(text.rsplit(maxsplit=1)[-1]) or len(text)
