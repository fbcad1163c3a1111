"""How words and marks follow a text: with which spaces between. Knows no models."""

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
"""Characters at the end of a text that tell whether a space is due."""
SURE = 0.05
"""A mark has a space before it less often than that: it takes one away that is there."""

_LAST_CHUNK = re.compile(r"\S*\Z")
_MARK_AT_END = re.compile(r"([^\w\s])\1*+\Z")
_ADDRESS = re.compile(
    r"\W*(?:www\.|(?:https?|ftp|file|mailto):|[a-z]+://|[\w.+-]+@)", re.IGNORECASE
)
_STYLED = re.compile(
    r"[^\W\d_]['’ʼ][^\W\d_]|[\u05d0-\u05ea]\"[\u05d0-\u05ea](?!\w)|\.\.\.|--|[…—–\"“”„]"
)
_OF_ADDRESSES = frozenset(".:/-?&=#@%+~")


def attaches_left(word: str) -> bool:
    """Whether no space stands before a word: a mark that ends something, or a run of it.

    >>> attaches_left("!!!!"), attaches_left("("), attaches_left("it's")
    (True, False, False)
    """
    return set(word) <= NO_SPACE_BEFORE


def takes_space_away(mark: str, spacing: Spacing = USUAL) -> bool:
    """Whether a mark after a word takes away the space that came with the word.

    >>> takes_space_away("."), takes_space_away("-"), takes_space_away("it")
    (True, False, False)
    """
    share, _ = _before(mark, quoting=True, spacing=spacing)
    return is_mark(mark) and share < SURE


class Line:
    """The line that is being written: where spaces are due, and whether a quotation is open."""

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
        """The word, after a space where one belongs."""
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
        """The line's end; another begins."""
        self.quoting, self._end = False, ""
        return "\n"


def join(
    before: str, word: str, *, quoting: bool, in_print: bool, spacing: Spacing = USUAL
) -> tuple[int, str]:
    """How a whole word follows a text: characters to take away, and what then to append.

    A mark that attaches to the left takes the one space away that came with the word before it.
    What the user has typed without a space goes on without one after a mark that joins.

    >>> join("I would", "like", quoting=False, in_print=True)
    (0, ' like')
    >>> join("I would ", ".", quoting=False, in_print=True)
    (1, '.')
    >>> join("by self-", "awareness", quoting=False, in_print=True)
    (0, 'awareness')

    Args:
        before: the end of the text: the last `SEEN` characters, where there are so many.
        word: a word or a mark.
        quoting: whether the line has an open quotation in straight marks.
        in_print: whether marks attach to words; else all are set apart.
        spacing: of the model.
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
    # One space, which may have come with the word before.
    share, space = _before(word, quoting=quoting, spacing=spacing)
    if share < SURE:
        return 1, word
    return (1, space + word) if share > 0.5 and space != " " else (0, word)


def _gap(before: str, word: str, *, quoting: bool, spacing: Spacing) -> str:
    """The space between a text that does not end in one and a word; or nothing."""
    share, space = _before(word, quoting=quoting, spacing=spacing)
    if share < 0.5 or (is_unspaced(before[-1]) and is_unspaced(word[0])):
        return ""
    found = _MARK_AT_END.search(before)
    if found is None or not is_mark(found[0]):
        return space
    mark, text = folded(found[0], spacing.marks), before[: found.start()]
    chunk = _LAST_CHUNK.search(before)
    glued = "" if chunk is None else chunk[0]
    if set(mark) <= _OF_ADDRESSES and _ADDRESS.match(glued):
        return ""
    if mark == ":" and text[-1:].isdigit() and word[:1].isdigit():
        return ""
    if closes_pair(mark, glued):
        return space
    if mark == '"':
        # “ after a space opens, and after a word it closes what „ opened.
        is_open = quoting or (found[0] == "“" and not text[-1:].strip())
        mark = OPENS if is_open else CLOSES
    follows_word = text[-1:].isalnum() and mark != OPENS
    if not follows_word and text and not text[-1:].isspace() and not set(mark) <= NO_SPACE_AFTER:
        follows_word = True  # a mark after a mark
    place: GapPosition = "after_word" if follows_word else "after_space"
    if mark == "'" and not follows_word:
        return ""
    return spacing.space("after", mark) if spacing.share(place, mark) >= 0.5 else ""


def _before(word: str, *, quoting: bool, spacing: Spacing) -> tuple[float, str]:
    """How often a space stands before a word, and which."""
    if not is_mark(word):
        return 1.0, " "
    if word == '"':
        word = CLOSES if quoting else OPENS
    return spacing.share("before", word), spacing.space("before", word)
