"""A text that an editor sends in pieces: lines, edits, and positions in an editor's units.

Knows neither protocol messages nor models. pygls keeps documents too, but takes more characters
for line ends than the protocol does, and reads all lines again at every key.
"""

import re
from bisect import bisect_left
from typing import Literal, NamedTuple

from foreword.predictor.reading import readable

Encoding = Literal["utf-8", "utf-16", "utf-32"]
"""The units in which an editor counts the columns of a line."""

_LINE = re.compile(r"[^\r\n]++(?:\r\n|\r|\n)?|\r\n|\r|\n")
_UNIT = {"utf-8": 1, "utf-16": 2, "utf-32": 4}
_CODEC = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}


class Position(NamedTuple):
    """A position as editors send it: both from 0, the column in units of the encoding."""

    line: int
    column: int


class Document:
    r"""A text that is edited.

    Positions outside of it are moved to the nearest ones inside; lone surrogates become U+FFFD.

    >>> document = Document("so\nI 😀 it", "utf-16")
    >>> document.before(Position(1, 5))
    'so\nI 😀 '
    >>> document.replace(Position(1, 2), Position(1, 4), "like")
    >>> document.before(Position(9, 9))
    'so\nI like it'
    """

    def __init__(self, text: str, encoding: Encoding, language: str = "plaintext") -> None:
        """Take a text, the units in which its editor counts, and its language as named by LSP."""
        self.encoding = encoding
        self.language = language
        self._lines = _lines(readable(text))
        self._known = _Known(0, 0, 0)
        self._offsets = [0]  # the known offsets of lines, in characters

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self._lines)

    def before(self, position: Position) -> str:
        """Return the text before a position."""
        line, index = self._inside(position)
        return "".join(self._lines[:line]) + self._lines[line][:index]

    def end_before(self, position: Position, stride: int) -> tuple[str, bool]:
        """Return the text before a position, or its end if it has 2 x `stride` characters or more.

        The end begins at the first line after the last multiple of `stride` that leaves at least
        `stride` characters, or inside a long line, so that it stays the same for many keys.

        Returns:
            The text, and whether it is complete.
        """
        line, index = self._inside(position)
        length = self._offset(line) + index
        if length < 2 * stride:
            return "".join(self._lines[:line]) + self._lines[line][:index], True
        cut = (length // stride - 1) * stride
        first = bisect_left(self._offsets, cut, 0, line + 1)
        skipped = 0
        if first > line or self._offsets[first] > cut + stride // 2:
            first -= 1
            skipped = cut - self._offsets[first]
            space = self._lines[first].find(" ", skipped, skipped + stride // 2)
            skipped = max(skipped, space + 1)
        if first == line:
            return self._lines[line][skipped:index], False
        between = "".join(self._lines[first + 1 : line])
        return self._lines[first][skipped:] + between + self._lines[line][:index], False

    def after(self, position: Position) -> str:
        """Return the text after a position in its line, without the line end."""
        line, index = self._inside(position)
        return self._lines[line].rstrip("\r\n")[index:]

    def nearest(self, position: Position) -> Position:
        """Return a position, moved to the nearest one inside the text."""
        line, index = self._inside(position)
        return Position(line, self._column(line, index))

    def replace(self, start: Position, end: Position, text: str) -> None:
        """Replace the text from start to end."""
        first, left = self._inside(start)
        last, right = self._inside(end)
        if (last, right) < (first, left):
            last, right = first, left
        lines = self._lines
        # Text before the edit stays unchanged.
        self._inside(start)
        if self._known[:2] != (first, left):
            self._known = _Known(0, 0, 0)
        if first == last and "\n" not in text and "\r" not in text:
            # Usually a key: the rest of the line stays unchanged, however long it is.
            line = lines[first]
            lines[first] = f"{line[:left]}{readable(text)}{line[right:]}"
            del self._offsets[first + 1 :]
            return
        edited = lines[first][:left] + readable(text) + lines[last][right:]
        # The adjacent lines too: \r of one and \n of the next may have become one line end.
        low, high = max(0, first - 1), last + 2
        whole = "".join([*lines[low:first], edited, *lines[last + 1 : high]])
        merged = _lines(whole)
        if high < len(lines):
            merged.pop()  # the empty line at the end, as more lines follow
        lines[low:high] = merged
        del self._offsets[low + 1 :]

    def _offset(self, line: int) -> int:
        """Return the offset at which a line begins, in characters."""
        offsets = self._offsets
        for known in range(len(offsets) - 1, line):
            offsets.append(offsets[known] + len(self._lines[known]))
        return offsets[line]

    def _inside(self, position: Position) -> tuple[int, int]:
        """Return a line and an index in it."""
        if position.line >= len(self._lines):
            return len(self._lines) - 1, len(self._lines[-1])
        line = max(0, position.line)
        text, column = self._lines[line], max(0, position.column)
        end = len(text)
        while end and text[end - 1] in "\r\n":
            end -= 1
        if text.isascii() or self.encoding == "utf-32":
            return line, min(column, end)
        return line, self._index(line, column, end)

    def _index(self, line: int, column: int, end: int) -> int:
        """Return the index of a column, counted from the last position requested in the line."""
        known = self._known
        index, units_before = (known.at, known.units) if known.line == line else (0, 0)
        text, ahead = self._lines[line], column - units_before
        if ahead >= 0 or column < -ahead:
            if ahead < 0:
                index, units_before, ahead = 0, 0, column
            # A character has at least one unit.
            piece = text[index : min(end, index + ahead)]
            character = index + _fitting(piece, ahead, self.encoding)
            column = units_before + units(text[index:character], self.encoding)
        else:
            piece = text[max(0, index + ahead) : index]
            kept = _fitting(piece, units(piece, self.encoding) + ahead, self.encoding)
            character = index - len(piece) + kept
            column = units_before - units(piece[kept:], self.encoding)
        self._known = _Known(line, character, column)
        return character

    def _column(self, line: int, index: int) -> int:
        """Return the column of a position that was just requested."""
        if self._lines[line].isascii() or self.encoding == "utf-32":
            return index
        if self._known[:2] == (line, index):
            return self._known.units
        return units(self._lines[line][:index], self.encoding)


class _Known(NamedTuple):
    """A position in a line that is not ASCII: its index, and the units before it."""

    line: int
    at: int
    units: int


def _fitting(text: str, most: int, encoding: Encoding) -> int:
    """Return how many whole characters at the beginning of a text have no more units than this."""
    coded = text.encode(_CODEC[encoding])[: most * _UNIT[encoding]]
    return len(coded.decode(_CODEC[encoding], errors="ignore"))


def units(text: str, encoding: Encoding) -> int:
    """Return the length of a text in an editor's units.

    >>> units("I 😀", "utf-16"), units("I 😀", "utf-8")
    (4, 6)
    """
    if text.isascii():
        return len(text)
    return len(text.encode(_CODEC[encoding])) // _UNIT[encoding]


def _lines(text: str) -> list[str]:
    """Return lines with their line ends; the last has none, and may be empty."""
    lines = _LINE.findall(text)
    if not lines or lines[-1].endswith(("\r", "\n")):
        lines.append("")
    return lines
