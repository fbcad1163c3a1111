"""Decide at every key what to show, what to write and what to learn. Knows no bus.

It receives the events of a text field, and returns actions for the application and the panel.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from foreword.input_method.field import Field
from foreword.input_method.keys import (
    BACKSPACE,
    COMPOSING,
    ENTER,
    ESCAPE,
    MODIFIERS,
    Key,
    TakingKeys,
)
from foreword.predictor.reading import common_length
from foreword.predictor.suggest import Suggestion
from foreword.text.segments import is_unspaced
from foreword.text.spacing import NO_SPACE_AFTER

SPARE = 8
"""The number of additional words requested where some cannot be offered."""
SURROUNDING_TEXT = 1 << 5
"""The capability of applications that show their text (IBusCapabilite)."""
OF_WORDS = frozenset((0, 1, 7))
"""The purposes of fields in which words are suggested: free text, letters, names. Not those for
numbers, addresses, terminals, passwords and PINs (IBusInputPurpose)."""
SECRET = 1 << 11 | 1 << 12
"""The hints that a text is private, or hidden (IBusInputHints)."""


class Commit(NamedTuple):
    """Write a text at the cursor."""

    text: str


class Delete(NamedTuple):
    """Delete `count` characters before the cursor."""

    characters: int


class Show(NamedTuple):
    """Show suggestions beside the cursor, each after the label of its key; none hides them."""

    words: tuple[str, ...]
    labels: tuple[str, ...]


HIDE = Show((), ())


class Learn(NamedTuple):
    """Learn a text that the user has written."""

    text: str


class Ask(NamedTuple):
    """Ask the application for the text around the cursor."""


Action = Commit | Delete | Show | Learn | Ask


class Suggesting(Protocol):
    """What suggests: a `Typist`."""

    def suggest(self, text: str, k: int = 3, *, phrases: bool = False) -> list[Suggestion]:
        """Return the k most probable words at the end of a text, or words and phrases."""
        ...


@dataclass(frozen=True)
class Habits:
    """The settings of a user.

    Attributes:
        k: the largest number of suggestions.
        keys: the keys that take them.
        phrases: whether phrases are suggested beside words.
        learns: whether what is written is learned.
    """

    k: int = 5
    keys: TakingKeys = field(default_factory=TakingKeys)
    phrases: bool = False
    learns: bool = False


class InputMethod:
    """Serves the text field that has the focus.

    Keys pass on to the application, which writes what they type. The space after an accepted word
    is written only when the next word begins, so that marks can follow it directly and nothing has
    to be deleted.
    """

    def __init__(self, typist: Suggesting, habits: Habits) -> None:
        """Take the typist, and the user's settings."""
        self._typist = typist
        self._habits = habits
        self._field = Field()
        self._is_open = True
        self._shows_text = False
        self._is_due = False  # a space, before the next word
        self._is_put_away = False
        self._has_typed = False  # since the application last showed its text
        self._offered: tuple[Suggestion, ...] = ()

    # What happens in the application

    def enter(self) -> list[Action]:
        """Begin with the field that gets the focus."""
        self._begin()
        return [*self._hide(), Ask()]

    def leave(self) -> list[Action]:
        """End with the field that loses the focus, or with the input method."""
        learned = self._learned(is_finished=False)
        self._begin()
        return [*learned, *self._hide()]

    def reset(self) -> list[Action]:
        """Forget the typed text, if the application has moved the cursor and shows no text."""
        if self._field.is_shown:
            return []
        self._begin()
        return self._hide()

    def be_told_capabilities(self, capabilities: int) -> list[Action]:
        """Receive the capabilities of the application (IBusCapabilite)."""
        self._shows_text = bool(capabilities & SURROUNDING_TEXT)
        return []

    def be_told_content(self, purpose: int, hints: int) -> list[Action]:
        """Receive the purpose of the field (IBusInputPurpose, IBusInputHints)."""
        self._is_open = purpose in OF_WORDS and not hints & SECRET
        if self._is_open:
            return []
        self._begin()
        return self._hide()

    def be_shown(self, text: str, cursor: int, anchor: int) -> list[Action]:
        """Receive the text around the cursor.

        Args:
            text: the whole text, or a part of it.
            cursor: the offset of the cursor, in characters.
            anchor: the offset of the other end of the selection.
        """
        if not (self._is_open and self._shows_text):
            return []
        before, after = text[: min(cursor, anchor)], text[max(cursor, anchor) :]
        known, was_typed = self._field, self._has_typed
        self._field = known.shown(before, after, is_selected=cursor != anchor, was_typed=was_typed)
        self._has_typed = was_typed and bool(self._field.waiting)
        if self._field.text != known.text:
            self._is_due = False
            return self._suggested() if was_typed else self._hide()
        if was_typed and not known.is_shown:
            return self._suggested()  # corrections too, as the text can be deleted
        if self._field.is_inside_word or self._field.is_selected:
            return self._hide()
        return []

    def press(self, key: Key) -> tuple[bool, list[Action]]:
        """Receive a key; return whether it is used here and does not go to the application."""
        if not self._is_open or key.is_release or key.symbol in MODIFIERS:
            return False, []
        rank = self._habits.keys.rank(key)
        if rank is not None and rank < len(self._offered):
            return True, self.take(rank)
        if key.symbol in ENTER:
            return False, self._end_line(is_command=bool(key.held))
        if key.held:
            return False, self._move()
        if key.symbol == BACKSPACE:
            self._field, self._is_due, self._has_typed = self._field.erased(), False, True
            return False, self._suggested()
        if key.symbol == ESCAPE:
            self._is_put_away = True
            return False, self._hide()
        if key.symbol in COMPOSING:
            self._has_typed = True
            return False, [] if self._field.is_shown else self._move()
        if not key.is_typing:
            return False, self._move()
        return self._type(key.character)

    def take(self, rank: int) -> list[Action]:
        """Write a suggestion, counted from 0, and suggest what may follow it."""
        if rank >= len(self._offered):
            return []
        text = self._field.text
        accepted = self._offered[rank].accepted(self._context)
        kept = common_length(text, accepted)
        removed, added = len(text) - kept, accepted[kept:]
        self._field = self._field.replaced(removed, added)
        self._is_due = _takes_space_after(accepted)
        self._has_typed = True
        written: list[Action] = [Delete(removed)] if removed else []
        return [*written, *([Commit(added)] if added else []), *self._suggested()]

    # What follows from it

    @property
    def _context(self) -> str:
        """The text that is suggested for, with the space that is due."""
        return self._field.text + " " if self._is_due else self._field.text

    def _begin(self) -> None:
        self._field = Field()
        self._is_due = self._is_put_away = self._has_typed = False

    def _type(self, character: str) -> tuple[bool, list[Action]]:
        begins_word = character.isalnum() or character in NO_SPACE_AFTER
        is_spaced = self._is_due and begins_word
        self._is_due, self._has_typed = False, True
        if character.isspace():
            self._is_put_away = False
        written = f" {character}" if is_spaced else character
        self._field = self._field.typed(written)
        commits: list[Action] = [Commit(written)] if is_spaced else []
        return is_spaced, [*commits, *self._suggested()]

    def _end_line(self, *, is_command: bool) -> list[Action]:
        """End a line. With a modifier, Enter often sends a text, and writes nothing."""
        learned = self._learned(is_finished=True)
        self._is_due = self._is_put_away = self._has_typed = False
        if is_command:
            self._field = self._field.moved()
        else:
            self._field = self._field.typed("\n").disowned()
        return [*learned, *self._hide()]

    def _move(self) -> list[Action]:
        self._field, self._is_due = self._field.moved(), False
        return self._hide()

    def _suggested(self) -> list[Action]:
        """Suggest for the text as it is now."""
        known = self._field
        if self._is_put_away or known.is_inside_word or known.is_selected:
            return self._hide()
        k = self._habits.k if known.is_shown else self._habits.k + SPARE
        offered: Sequence[Suggestion] = self._typist.suggest(
            self._context, k, phrases=self._habits.phrases
        )
        if not known.is_shown:  # nothing can be deleted
            offered = [suggestion for suggestion in offered if self._extends(suggestion)]
        if not offered:
            return self._hide()
        self._offered = tuple(offered[: self._habits.k])
        words = tuple(suggestion.word for suggestion in self._offered)
        return [Show(words, self._habits.keys.labels(len(words)))]

    def _extends(self, suggestion: Suggestion) -> bool:
        return suggestion.accepted(self._context).startswith(self._field.text)

    def _hide(self) -> list[Action]:
        if not self._offered:
            return []
        self._offered = ()
        return [HIDE]

    def _learned(self, *, is_finished: bool) -> list[Action]:
        """Learn what the user has written in the field, if it is known to be that."""
        known = self._field
        self._field = known.disowned()
        if not (self._habits.learns and self._is_open and known.is_shown):
            return []
        text = known.own_text(is_finished=is_finished)
        return [Learn(text)] if any(map(str.isalpha, text)) else []


def _takes_space_after(text: str) -> bool:
    """Whether a space follows before the next word.

    >>> [_takes_space_after(text) for text in ("like", "(", "天气", "like.")]
    [True, False, False, True]
    """
    last = text[-1:]
    return not (last.isspace() or last in NO_SPACE_AFTER or is_unspaced(last))
