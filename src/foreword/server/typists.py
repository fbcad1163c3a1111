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

    def suggesting(self, text: str, k: int, *, phrases: bool) -> Work[list[Suggestion]]:
        """The work of `Predictor.suggest`."""
        beginning, typist = self._taken(text)
        suggestions = yield from typist.suggesting(text, k, phrases=phrases)
        self._keep(beginning, typist)
        return suggestions

    def lettering(self, text: str, *, ignore_case: bool) -> Work[Letters]:
        """The work of `Predictor.letters`."""
        beginning, typist = self._taken(text)
        letters = yield from typist.lettering(text, ignore_case=ignore_case)
        self._keep(beginning, typist)
        return letters

    def _taken(self, text: str) -> tuple[str, Typist]:
        """Take out the typist of this text, or of the text one word before, or make a new one.

        Returns:
            The text up to its last space, by which the typist is kept, and the typist.
        """
        beginning = _beginning(text, len(text))
        known = self._by_beginning
        typist = known.pop(beginning, None)
        if typist is None and beginning:
            typist = known.pop(_beginning(text, len(beginning) - 1), None)
        return beginning, typist or self._predictor.typist(marks=MARKS)

    def _keep(self, beginning: str, typist: Typist) -> None:
        if self._most:
            self._by_beginning[beginning] = typist
            if len(self._by_beginning) > self._most:
                self._by_beginning.popitem(last=False)


def _beginning(text: str, end: int) -> str:
    """The text up to the last space before an offset.

    >>> _beginning("I would li", 10)
    'I would '
    """
    return text[: max(text.rfind(" ", 0, end), text.rfind("\n", 0, end)) + 1]
