"""Remember texts while they are typed, so that a keystroke reads only its new word.

A text continues that of any typist with the same beginning; the answers are the same with or
without one. Belongs to one thread. Knows no requests.
"""

from collections import OrderedDict

from foreword.predictor.lockstep import Work
from foreword.predictor.next_letter import Letters
from foreword.predictor.predictor import Predictor
from foreword.predictor.suggest import Suggestion
from foreword.predictor.typist import Typist

MARKS = 8
"""States kept of each text; few, since a server has many texts, mostly typed at the end."""


class Typists:
    """The most recent typists of a model, by their texts. Holds users' texts in memory."""

    def __init__(self, predictor: Predictor, most: int) -> None:
        """Set the model, and the number of remembered typists."""
        self._predictor = predictor
        self._most = most
        self._by_beginning: OrderedDict[str, Typist] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_beginning)

    def suggesting(self, text: str, k: int) -> Work[list[Suggestion]]:
        """The work of `Predictor.suggest`."""
        typist = self._taken(text)
        suggestions = yield from typist.suggesting(text, k)
        self._keep(typist, text)
        return suggestions

    def lettering(self, text: str, *, ignore_case: bool) -> Work[Letters]:
        """The work of `Predictor.letters`."""
        typist = self._taken(text)
        letters = yield from typist.lettering(text, ignore_case=ignore_case)
        self._keep(typist, text)
        return letters

    def _taken(self, text: str) -> Typist:
        """Take out the typist of this text, or of the text one word before, or make a new one."""
        beginning, earlier = _beginnings(text)
        known = self._by_beginning
        typist = known.pop(beginning, None) or known.pop(earlier, None)
        return typist or self._predictor.typist(marks=MARKS)

    def _keep(self, typist: Typist, text: str) -> None:
        if self._most:
            self._by_beginning[_beginnings(text)[0]] = typist
            if len(self._by_beginning) > self._most:
                self._by_beginning.popitem(last=False)


def _beginnings(text: str) -> tuple[str, str]:
    """The text up to its last space, and the text up to the space before that.

    >>> _beginnings("I would li")
    ('I would ', 'I ')
    """
    end = _after_space(text, len(text))
    return text[:end], text[: _after_space(text, end - 1)] if end else ""


def _after_space(text: str, end: int) -> int:
    return max(text.rfind(" ", 0, max(end, 0)), text.rfind("\n", 0, max(end, 0))) + 1
