"""Words that are never suggested: a list of offensive ones, and one's own. Knows no models."""

from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from foreword.text.case import USUAL_CASE, Case
from foreword.text.characters import folded


@cache
def offensive_words() -> frozenset[str]:
    """The kept list, folded: slurs and vulgar words of English (`offensive.txt`)."""
    text = files("foreword.predictor").joinpath("offensive.txt").read_text(encoding="utf-8")
    lines = (line.strip() for line in text.splitlines())
    return frozenset(line.casefold() for line in lines if line and not line.startswith("#"))


class Filter:
    """Which words are kept back, whatever their case; with a possessive or contracted end too.

    >>> Filter(blocked=["Moist"]).blocks("moist"), Filter(blocked=["moist"]).blocks("moisture")
    (True, False)
    """

    def __init__(
        self, *, offensive: bool = True, blocked: Iterable[str] = (), case: Case = USUAL_CASE
    ) -> None:
        """Sets the words.

        Args:
            offensive: keep those of the list back.
            blocked: more words.
            case: of their language.
        """
        own = frozenset(case.fold(folded(word)) for word in blocked)
        listed = offensive_words() if offensive else frozenset()
        self.words = listed | own if own else listed  # the list is one, however many type

    def blocks(self, fold: str) -> bool:
        """Whether a folded word is kept back."""
        return fold in self.words or ("'" in fold and fold.partition("'")[0] in self.words)
