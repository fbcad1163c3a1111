"""The known content of the text field that has the focus. Knows no keys and no models.

An application that shows its text to input methods does so after each change, often some keys
later. In other applications, only the text typed since the field got the focus or the cursor was
moved is known.
"""

import re
from dataclasses import dataclass, replace

from foreword.predictor.reading import common_length

A_KEY = 2
"""The most characters that a key may add unannounced: a dead key with a letter, an emoji."""
MOST_WAITING = 64
"""The largest number of keys by which an application may be late."""

_WORD_BEGUN = re.compile(r"[\w'’-]+\Z")
_WORD_GOES_ON = re.compile(r"\A[\w'’-]+")


@dataclass(frozen=True)
class Field:
    r"""The text around the cursor, as far as it is known.

    >>> field = Field().typed("I would ").typed("li")
    >>> field.replaced(2, "like").text
    'I would like'
    >>> field.shown("So I would ", "").text
    'So I would li'

    Attributes:
        text: the text before the cursor, with all that was typed.
        own: the number of characters at its end that the user typed or accepted.
        after: the text after the cursor.
        is_shown: whether the application has shown its text since the focus came.
        is_selected: whether a part of the text is selected, which the next character replaces.
        waiting: earlier versions of `text`, from the one last shown on, since the application may
            be late.
    """

    text: str = ""
    own: int = 0
    after: str = ""
    is_shown: bool = False
    is_selected: bool = False
    waiting: tuple[str, ...] = ()

    @property
    def is_inside_word(self) -> bool:
        """Whether letters follow the cursor."""
        return self.after[:1].isalnum()

    def typed(self, text: str) -> "Field":
        """Return the field after a text was typed."""
        return self.replaced(0, text)

    def replaced(self, count: int, text: str) -> "Field":
        """Return the field after the last characters were replaced by a text."""
        kept = self.text[: len(self.text) - count]
        between = (kept,) if count and text else ()  # the text is deleted before it is written
        return replace(
            self,
            text=kept + text,
            own=max(0, self.own - count) + len(text),
            is_selected=False,
            waiting=(*self.waiting, self.text, *between)[-MOST_WAITING:],
        )

    def erased(self) -> "Field":
        """Return the field after the backspace key."""
        return self.replaced(0 if self.is_selected else min(1, len(self.text)), "")

    def moved(self) -> "Field":
        """Return the field after the cursor was moved, or a command has changed the text.

        The new content is known once the application shows it.
        """
        return replace(self, waiting=()) if self.is_shown else Field()

    def disowned(self) -> "Field":
        """Return the field whose text so far is no longer the user's own."""
        return replace(self, own=0)

    def shown(
        self, before: str, after: str, *, is_selected: bool = False, was_typed: bool = False
    ) -> "Field":
        """Return the field as its application shows it.

        Applications show the whole text, or the line with the cursor. So a line that continues the
        known text leaves the lines before it as they are known.

        Args:
            before: the text before the cursor.
            after: the text after it, or after the selection.
            is_selected: whether a part of the text is selected.
            was_typed: whether a key was pressed since it was last shown. Only text that this added
                is the user's own.
        """
        shown = replace(self, after=after, is_shown=True, is_selected=is_selected)
        known = (*self.waiting, self.text)
        for index, text in enumerate(known):
            if _is_end(before, text):  # the keys pressed since are still on their way
                return replace(shown, waiting=known[index:-1])
        if not self.is_shown:
            return self._first_shown(before, shown)
        start, kept = self._common_with(before)
        removed, added = len(self.text) - start - kept, len(before) - kept
        is_own = added == 0 or (was_typed and added <= A_KEY)
        own = max(0, self.own - removed) + added if is_own else 0
        return replace(shown, text=self.text[:start] + before, own=own, waiting=())

    def _first_shown(self, before: str, shown: "Field") -> "Field":
        """Return the field with the text before the first key."""
        known = (*self.waiting, self.text)
        for index in reversed(range(len(known))):
            if before.endswith(known[index]):
                earlier = before[: len(before) - len(known[index])]
                waiting = tuple(earlier + text for text in known[index:-1])
                return replace(shown, text=earlier + self.text, waiting=waiting)
        return replace(shown, text=before, own=0, waiting=())

    def _common_with(self, before: str) -> tuple[int, int]:
        """Return where a shown text begins in the known one, and how much of it is equal."""
        starts = sorted({0, self.text.rfind("\n") + 1})
        common = [(start, common_length(self.text[start:], before)) for start in starts]
        return max(common, key=lambda pair: pair[1])

    def own_text(self, *, is_finished: bool) -> str:
        """Return the text that the user has written, in whole words.

        Args:
            is_finished: whether the last word is whole.
        """
        start = len(self.text) - self.own
        own = self.text[start:]
        if self.text[:start][-1:].isalnum():
            own = _WORD_GOES_ON.sub("", own)
        return own if is_finished else _WORD_BEGUN.sub("", own)


def _is_end(before: str, text: str) -> bool:
    """Whether a shown text is all of a known one, or its last line or lines."""
    if not text.endswith(before):
        return False
    earlier = text[: len(text) - len(before)]
    return not earlier or earlier.endswith("\n")
