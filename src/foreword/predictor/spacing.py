"""Put words and marks after a text with the right spaces. Knows no models."""

import re

from foreword.text.characters import folded
from foreword.text.lines import LINE_ENDS
from foreword.text.segments import is_unspaced
from foreword.text.spacing import (
    CLOSES,
    NO_SPACE_AFTER,
    NO_SPACE_BEFORE,
    OPENS,
    USUAL,
    GapPosition,
    Spacing,
    closes_pair,
    is_mark,
)

__all__ = ["NO_SPACE_AFTER", "NO_SPACE_BEFORE", "Line", "attaches_left", "join"]

SEEN = 64
"""The number of characters at the end of a text that decide whether a space is due."""
SURE = 0.05
"""A mark that has a space before it less often than this removes an existing one."""

_LAST_CHUNK = re.compile(r"\S*\Z")
_MARK_AT_END = re.compile(r"([^\w\s])\1*+\Z")
_ADDRESS = re.compile(
    r"\W*(?:www\.|(?:https?|ftp|file|mailto):|[a-z]+://|[\w.+-]+@)", re.IGNORECASE
)
_STYLED = re.compile(
    r"[^\W\d_]['’ʼ][^\W\d_]|[\u05d0-\u05ea]\"[\u05d0-\u05ea](?!\w)|\.\.\.|--|[…—–\"“”„]"
)
_INITIAL = re.compile(r"(?<![^\W_])[^\W\d_]\.\Z")
_OF_ADDRESSES = frozenset(".:/-?&=#@%+~")


def attaches_left(word: str) -> bool:
    """Whether a word takes no space before it: a closing mark or a run of one.

    >>> attaches_left("!!!!"), attaches_left("("), attaches_left("it's")
    (True, False, False)
    """
    return set(word) <= NO_SPACE_BEFORE


def takes_space_away(mark: str, spacing: Spacing = USUAL) -> bool:
    """Whether a mark removes the space that was inserted with the word before it.

    >>> takes_space_away("."), takes_space_away("-"), takes_space_away("it")
    (True, False, False)
    """
    share, _ = _before(mark, quoting=True, spacing=spacing)
    return is_mark(mark) and share < SURE


class Line:
    """The line being written, with the spaces due and whether a quotation is open."""

    def __init__(self, text: str, *, in_print: bool, spacing: Spacing = USUAL) -> None:
        self.in_print = in_print
        self.quoting = False
        self._spacing = spacing
        self._style = spacing.style
        for match in _STYLED.finditer(text):
            mark, spaced = folded(match[0], spacing.marks), not text[: match.start()][-1:].strip()
            self._style = self._style.after(match[0], mark, quoting=self.quoting, spaced=spaced)
            self.quoting = self.quoting != (mark == '"')
        self._end = text[-SEEN:]

    def append(self, word: str) -> str:
        """Return the word, after a space if one is due."""
        space = ""
        if self._end and not self._end[-1].isspace():
            space = " "
            if self.in_print:
                space = _gap(self._end, word, quoting=self.quoting, spacing=self._spacing)
        spaced = not (self._end + space)[-1:].strip()
        written = self._style.written(word, quoting=self.quoting, spaced=spaced)
        self.quoting = self.quoting != (word == '"')
        text = space + (written if self.in_print else word)
        self._end = (self._end + text)[-SEEN:]
        return text

    def end(self) -> str:
        """Return a line end, and begin another line."""
        self.quoting, self._end = False, ""
        return "\n"


def join(
    before: str, word: str, *, quoting: bool, in_print: bool, spacing: Spacing = USUAL
) -> tuple[int, str]:
    """Return how many characters to remove from a text, and what to append, to add a word.

    A mark without a space before it removes the one space that was inserted with the word before.
    What the user typed without a space continues without one after a joining mark.

    >>> join("I would", "like", quoting=False, in_print=True)
    (0, ' like')
    >>> join("I would ", ".", quoting=False, in_print=True)
    (1, '.')
    >>> join("by self-", "awareness", quoting=False, in_print=True)
    (0, 'awareness')

    Args:
        before: the end of the text, up to `SEEN` characters.
        word: a word or a mark.
        quoting: whether a quotation in straight marks is open in the line.
        in_print: whether marks attach to words; otherwise all are set apart.
        spacing: the spacing of the model.
    """
    last = before[-1:]
    if not last or last in LINE_ENDS:
        return 0, word
    if not in_print:
        return 0, word if last.isspace() else " " + word
    if not last.isspace():
        return 0, _gap(before, word, quoting=quoting, spacing=spacing) + word
    if last != " " or len(before) < 2 or before[-2].isspace():
        return 0, word
    # The space may have been inserted with the word before it.
    share, space = _before(word, quoting=quoting, spacing=spacing)
    if share < SURE:
        return 1, word
    return (1, space + word) if share > 0.5 and space != " " else (0, word)


def _gap(before: str, word: str, *, quoting: bool, spacing: Spacing) -> str:
    """Return the space, or nothing, between a text that does not end in one and a word."""
    share, space = _before(word, quoting=quoting, spacing=spacing)
    if share < 0.5 or (is_unspaced(before[-1]) and is_unspaced(word[0])):
        return ""
    mark_match = _MARK_AT_END.search(before)
    if mark_match is None or not is_mark(mark_match[0]):
        return space
    mark, text = folded(mark_match[0], spacing.marks), before[: mark_match.start()]
    chunk = _LAST_CHUNK.search(before)
    glued = "" if chunk is None else chunk[0]
    if set(mark) <= _OF_ADDRESSES and _ADDRESS.match(glued):
        return ""
    if mark == ":" and text[-1:].isdigit() and word[:1].isdigit():
        return ""
    if mark == "." and _INITIAL.search(before) and _is_initial(word, like=text[-1]):
        return ""  # the S of U.S
    if closes_pair(mark, glued):
        return space
    if mark == '"':
        # “ after a space opens, and after a word closes what „ opened.
        is_open = quoting or (mark_match[0] == "“" and not text[-1:].strip())
        mark = OPENS if is_open else CLOSES
    follows_word = text[-1:].isalnum() and mark != OPENS
    if not follows_word and text and not text[-1:].isspace() and not set(mark) <= NO_SPACE_AFTER:
        follows_word = True  # a mark after a mark
    position: GapPosition = "after_word" if follows_word else "after_space"
    if mark == "'" and not follows_word:
        return ""
    return spacing.space("after", mark) if spacing.share(position, mark) >= 0.5 else ""


def _is_initial(word: str, like: str) -> bool:
    return len(word) == 1 and word.isalpha() and word.isupper() == like.isupper()


def space_share(word: str, *, quoting: bool, spacing: Spacing = USUAL) -> float:
    """Return how often a space stands before a word or a mark: 1 for words."""
    return _before(word, quoting=quoting, spacing=spacing)[0]


def _before(word: str, *, quoting: bool, spacing: Spacing) -> tuple[float, str]:
    """Return how often a space stands before a word, and which one."""
    if not is_mark(word):
        return 1.0, " "
    if word == '"':
        word = CLOSES if quoting else OPENS
    return spacing.share("before", word), spacing.space("before", word)
