"""A text field of an application, and a typist that knows some words. Both know no input method."""

from collections import deque
from collections.abc import Sequence

from foreword.input_method.keys import BACKSPACE, Key
from foreword.input_method.method import (
    SURROUNDING_TEXT,
    Action,
    Commit,
    Delete,
    Habits,
    InputMethod,
    Learn,
    Show,
)
from foreword.predictor.suggest import Suggestion

ALT, CONTROL, SHIFT = 1 << 3, 1 << 2, 1 << 0
ENTER, ESCAPE, LEFT, DEAD_ACUTE = 0xFF0D, 0xFF1B, 0xFF51, 0xFE51
WORDS = ("the", "like", "likely", "to", ",", "cat")


class Words:
    """Suggests its words: those that begin as typed, and "the" for "teh".

    With phrases, each word is suggested with "the" after it.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []

    def suggest(self, text: str, k: int = 3, *, phrases: bool = False) -> list[Suggestion]:
        self.asked.append(text)
        typed = text[len(text.rstrip("abcdefghijklmnopqrstuvwxyz")) :]
        if typed == "teh":
            return [Suggestion("the", 1.0, "the", 3)]
        if not typed and text.endswith(" "):
            words = [Suggestion(word, 1.0, word, int(word == ",")) for word in WORDS]
        else:
            fitting = [word for word in WORDS if word.startswith(typed) and word != typed]
            words = [Suggestion(word, 1.0, word, len(typed)) for word in fitting]
        if phrases:
            words = [Suggestion(f"{w} the", p, f"{t} the", n) for w, p, t, n in words]
        return words[:k]


class Application:
    """A text field: does what keys and an input method say, and shows its text after each change.

    Args:
        method: the input method.
        text: what stands in the field; the cursor is at its end.
        shows_text: whether it tells the input method what stands there.
        is_late: whether it does so only when `show` is called.
    """

    def __init__(
        self,
        method: InputMethod,
        text: str = "",
        *,
        shows_text: bool = True,
        is_late: bool = False,
    ) -> None:
        self.method = method
        self.text, self.cursor = text, len(text)
        self.shown: tuple[str, ...] = ()
        self.learned: list[str] = []
        self._shows_text, self._is_late = shows_text, is_late
        self._unshown: deque[tuple[str, int]] = deque()
        method.be_told_capabilities(SURROUNDING_TEXT if shows_text else 0)
        self.obey(method.enter())
        self._changed()

    def obey(self, actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case Commit(text):
                    self.insert(text)
                case Delete(count):
                    assert self._shows_text, "an application without this cannot delete"
                    assert count <= self.cursor
                    self.text = self.text[: self.cursor - count] + self.text[self.cursor :]
                    self.cursor -= count
                    self._changed()
                case Show(words):
                    self.shown = words
                case Learn(text):
                    self.learned.append(text)

    def insert(self, text: str) -> None:
        self.text = self.text[: self.cursor] + text + self.text[self.cursor :]
        self.cursor += len(text)

    def key(self, symbol: int, state: int = 0, character: str = "", types: str = "") -> bool:
        """Press a key, which the input method gets first; return whether that used it.

        Args:
            symbol, state, character: the key.
            types: what the application writes for it, if not the character.
        """
        is_used, actions = self.method.press(Key(symbol, 0, state, character))
        self.obey(actions)
        if not is_used:
            if symbol == BACKSPACE and self.cursor:
                self.text = self.text[: self.cursor - 1] + self.text[self.cursor :]
                self.cursor -= 1
            elif symbol == LEFT and self.cursor:
                self.cursor -= 1
            elif symbol == ENTER:
                self.insert("\n")
            elif types or not state:
                self.insert(types or character)
        self._changed()
        return is_used

    def type(self, text: str) -> None:
        for character in text:
            self.key(ord(character), character=character)

    def backspace(self) -> None:
        self.key(BACKSPACE)

    def take(self, rank: int) -> bool:
        """Press Alt with a digit, from 1."""
        return self.key(ord(str(rank)), state=ALT, character=str(rank))

    def paste(self, text: str) -> None:
        """Press Ctrl+V."""
        self.key(ord("v"), state=CONTROL, types=text)

    def show(self) -> None:
        """Show the input method the oldest text that it has not been shown."""
        if self._unshown:
            text, cursor = self._unshown.popleft()
            self.obey(self.method.be_shown(text, cursor, cursor))

    def _changed(self) -> None:
        if self._shows_text:
            self._unshown.append((self.text, self.cursor))
        if not self._is_late:
            self.show()


def application(
    text: str = "",
    *,
    shows_text: bool = True,
    is_late: bool = False,
    phrases: bool = False,
    learns: bool = False,
) -> Application:
    """An application with an input method of some words."""
    method = InputMethod(Words(), Habits(k=3, phrases=phrases, learns=learns))
    return Application(method, text, shows_text=shows_text, is_late=is_late)
