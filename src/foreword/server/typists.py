"""Remember texts while they are typed, so that a keystroke reads only its new word.

A text continues that of any typist with the same beginning; the answers are the same with or
without one. Belongs to one thread. Knows no requests.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from foreword.predictor.lockstep import Work
from foreword.predictor.mixed_typist import MixedTypist
from foreword.predictor.next_letter import Letters
from foreword.predictor.suggest import Suggestion
from foreword.predictor.typist import Typist

MARKS = 8
"""States kept of each text; few, since a server has many texts, mostly typed at the end."""

AnyTypist = TypeVar("AnyTypist", Typist, MixedTypist)


class RecentTypists(Generic[AnyTypist]):
    """The most recent typists of a model or a mixture, by their texts. Holds users' texts."""

    def __init__(self, make: Callable[[], AnyTypist], most: int) -> None:
        """Set what makes a typist, and the number of remembered ones."""
        self._make: Callable[[], AnyTypist] = make
        self._most = most
        self._by_beginning: OrderedDict[str, AnyTypist] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_beginning)

    def suggesting(self, text: str, k: int, *, phrases: bool) -> Work[list[Suggestion]]:
        """The work of `Typist.suggest`."""
        beginning, typist = self._taken(text)
        suggestions = yield from typist.suggesting(text, k, phrases=phrases)
        self._keep(beginning, typist)
        return suggestions

    def _taken(self, text: str) -> tuple[str, AnyTypist]:
        """Take out the typist of this text, or of the text one word before, or make a new one.

        Returns:
            The text up to its last space, by which the typist is kept, and the typist.
        """
        beginning = _beginning(text, len(text))
        known = self._by_beginning
        typist = known.pop(beginning, None)
        if typist is None and beginning:
            typist = known.pop(_beginning(text, len(beginning) - 1), None)
        return beginning, typist or self._make()

    def _keep(self, beginning: str, typist: AnyTypist) -> None:
        if self._most:
            self._by_beginning[beginning] = typist
            if len(self._by_beginning) > self._most:
                self._by_beginning.popitem(last=False)


class Typists(RecentTypists[Typist]):
    """The most recent typists of one model, which have letters too."""

    def lettering(self, text: str, *, ignore_case: bool) -> Work[Letters]:
        """The work of `Predictor.letters`."""
        beginning, typist = self._taken(text)
        letters = yield from typist.lettering(text, ignore_case=ignore_case)
        self._keep(beginning, typist)
        return letters


def _beginning(text: str, end: int) -> str:
    """The text up to the last space before an offset.

    >>> _beginning("I would li", 10)
    'I would '
    """
    return text[: max(text.rfind(" ", 0, end), text.rfind("\n", 0, end)) + 1]
