"""Words that are never suggested: offensive ones, and a user's own. Knows no models."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from foreword.text.case import USUAL_CASE, Case
from foreword.text.characters import folded


@cache
def offensive_words() -> frozenset[str]:
    """Return the list of English slurs and vulgar words (`offensive.txt`), folded."""
    text = Path(__file__).with_name("offensive.txt").read_text(encoding="utf-8")
    lines = (line.strip() for line in text.splitlines())
    return frozenset(line.casefold() for line in lines if line and not line.startswith("#"))


class Filter:
    """Withholds words in any case, and with a possessive or contracted ending.

    >>> Filter(blocked=["Moist"]).blocks("moist"), Filter(blocked=["moist"]).blocks("moisture")
    (True, False)
    """

    def __init__(
        self, *, offensive: bool = True, blocked: Iterable[str] = (), case: Case = USUAL_CASE
    ) -> None:
        """Set the words.

        Args:
            offensive: whether to withhold the offensive words.
            blocked: further words.
            case: the case rules of their language.
        """
        own = frozenset(case.fold(folded(word)) for word in blocked)
        listed = offensive_words() if offensive else frozenset()
        self.words = listed | own if own else listed  # users without own words share one set

    def blocks(self, fold: str) -> bool:
        """Whether a folded word is withheld."""
        return fold in self.words or ("'" in fold and fold.partition("'")[0] in self.words)
