"""The meaning of a keyboard's keys for an input method. Knows no text.

Key symbols and masks are those of X and IBus (`keysymdef.h`, `ibustypes.h`).
"""

import unicodedata
from dataclasses import dataclass
from typing import Literal

Modifier = Literal["alt", "control", "super"]
KeyChoice = Literal["alt", "control", "super", "function"]
"""The keys that accept suggestions: a digit with a modifier, or F1 to F9."""
MOST = 9
"""The largest number of suggestions that have a key."""

BACKSPACE, TAB, ESCAPE = 0xFF08, 0xFF09, 0xFF1B
ENTER = frozenset((0xFF0D, 0xFF8D, 0xFE34))
"""Return, and Enter of the number pad and of ISO keyboards."""
MODIFIERS = frozenset((*range(0xFFE1, 0xFFEF), *range(0xFE01, 0xFE14), 0xFF7E, 0xFF7F))
"""Shift, Control, Alt, Super, AltGr, the locks: they do nothing alone."""
COMPOSING = frozenset((0xFF20, *range(0xFE50, 0xFE94)))
"""The Compose key and dead keys, whose characters the application makes."""

_DIGITS = {base + digit: digit - 1 for base in (0x30, 0xFFB0) for digit in range(1, MOST + 1)}
_FIRST_FUNCTION_KEY = 0xFFBE
_FIRST_DIGIT_CODE = 2
_SHIFT, _RELEASE = 1 << 0, 1 << 30
# X sets several of them for one key: Meta with Alt, Hyper with Super.
_MASKS: dict[Modifier, int] = {
    "alt": 1 << 3 | 1 << 28,
    "control": 1 << 2,
    "super": 1 << 6 | 1 << 26 | 1 << 27,
}


@dataclass(frozen=True)
class Key:
    """A key that was pressed or released.

    Attributes:
        symbol: its X key symbol.
        code: its number on the keyboard, as the Linux kernel counts.
        state: the mask of the modifiers held.
        character: what it types; empty for a key that types nothing.
    """

    symbol: int
    code: int = 0
    state: int = 0
    character: str = ""

    @property
    def is_release(self) -> bool:
        """Whether the key was released."""
        return bool(self.state & _RELEASE)

    @property
    def is_typing(self) -> bool:
        """Whether the key types a character: no-break spaces too, and no line ends."""
        typed = self.character
        return bool(typed) and (typed.isprintable() or unicodedata.category(typed) == "Zs")

    @property
    def held(self) -> frozenset[Modifier]:
        """The modifiers that turn a key into a command; Shift and AltGr give another character."""
        return frozenset(name for name, mask in _MASKS.items() if self.state & mask)


@dataclass(frozen=True)
class TakingKeys:
    """The keys that accept a suggestion.

    Attributes:
        choice: the keys for each of them.
        is_tab_used: whether Tab takes the first.

    >>> keys = TakingKeys("alt", is_tab_used=False)
    >>> keys.rank(Key(0x32, code=3, state=1 << 3)), keys.rank(Key(0x32, code=3, character="2"))
    (1, None)
    """

    choice: KeyChoice = "alt"
    is_tab_used: bool = False

    def rank(self, key: Key) -> int | None:
        """Return the suggestion that a key accepts, from 0; None if it accepts none.

        A digit is also recognised by its position on the keyboard, since French layouts have it on
        Shift.
        """
        if key.state & _SHIFT:
            return None
        if self.is_tab_used and key.symbol == TAB and not key.held:
            return 0
        if self.choice == "function":
            rank = key.symbol - _FIRST_FUNCTION_KEY
            return rank if not key.held and 0 <= rank < MOST else None
        if key.held != {self.choice}:
            return None
        if key.symbol in _DIGITS:
            return _DIGITS[key.symbol]
        rank = key.code - _FIRST_DIGIT_CODE
        return rank if 0 <= rank < MOST else None

    def labels(self, count: int) -> tuple[str, ...]:
        """Return the labels of the first suggestions; only the first names Alt.

        >>> TakingKeys("alt").labels(3), TakingKeys("function").labels(2)
        (('Alt+1.', '2.', '3.'), ('F1.', 'F2.'))
        """
        if self.choice == "function":
            return tuple(f"F{rank}." for rank in range(1, count + 1))
        modifier = {"alt": "Alt", "control": "Ctrl", "super": "Super"}[self.choice]
        return (f"{modifier}+1.", *(f"{rank}." for rank in range(2, count + 1)))[:count]
