"""Misspellings in a vocabulary: rare words one slip away from a far commoner word like them.

A text that people wrote has becuase and wierd, often enough to be among its words. They are told
from real words that are one slip away from a commoner one (form and from, tow and two) by how
words are used: the model has learned nearly the same vector for a misspelling and for the word
that is meant. Knows words and their similarity; no texts.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

Similarity = Callable[[int, int], float]
"""The cosine of the model's vectors of two words, by their ids."""

SHORTEST = 3
COMMONER = 2
"""The word that is meant is so many times commoner, at least."""
UNLIKE = -0.1
"""Words that are used so differently are not taken for one, however similar their letters."""
MEANT = 4000
"""Of words that have another letter or one more, only so many of the commonest may be meant."""

_BLANK = "\0"

# A logistic regression on the pairs of a vocabulary of everyday English, against lists of
# misspellings and of English words: ln of P(misspelling) / P(a word of its own).
_NONE, _SIMILAR, _COMMONER, _LETTER, _MOST_LETTERS = -9.4, 6.0, 1.3, 0.85, 10
_SWAPPED = _DOUBLED = 0.0
_UNDOUBLED = _MISSING = -1.7
_EXTRA, _OTHER = -3.5, -4.3
_THRESHOLD = 1.1  # P = 0.75


class Misspellings:
    """What a word of a vocabulary is a misspelling of. Found when first asked, and remembered."""

    def __init__(self, folds: Sequence[str], hidden: int, similarity: Similarity) -> None:
        """Takes the words.

        Args:
            folds: the words, folded, the commonest first.
            hidden: so many of the first are no words.
            similarity: of two of them.
        """
        self._folds = folds
        self._first: dict[str, int] = {}
        for index in range(hidden, len(folds)):
            self._first.setdefault(folds[index], index)
        self._shorter: dict[str, int] = {}
        self._blanked: dict[str, int] = {}
        self._similarity = similarity
        self._meant: dict[int, int | None] = {}

    def meant(self, index: int) -> int | None:
        """The id of the word that is meant by a misspelling; None for a word of its own."""
        if index not in self._meant:
            if not self._shorter:
                self._prepare()
            self._meant[index] = self._find(index)
        return self._meant[index]

    def _prepare(self) -> None:
        """Sorts common words by what they are without one of their letters."""
        for fold, index in islice(self._first.items(), MEANT):
            if len(fold) >= SHORTEST and fold.isalpha():
                for i in range(1, len(fold) - 1):
                    self._shorter.setdefault(fold[:i] + fold[i + 1 :], index)
                    self._blanked.setdefault(fold[:i] + _BLANK + fold[i + 1 :], index)

    def _find(self, index: int) -> int | None:
        fold = self._folds[index]
        own = self._first.get(fold, index)
        if len(fold) < SHORTEST or not fold.replace("'", "").isalpha():
            return None
        best: tuple[float, int] = (_THRESHOLD, -1)
        size = _LETTER * min(len(fold), _MOST_LETTERS)
        for kind, meant in self._one_slip_away(fold):
            if meant is None or meant == own or meant * COMMONER > own:
                continue
            score = _NONE + kind + size + _COMMONER * math.log(own / max(meant, 1))
            if score + _SIMILAR > best[0]:
                similarity = self._similarity(index, meant)
                if similarity > UNLIKE:
                    best = max(best, (score + _SIMILAR * similarity, meant))
        if best[1] < 0:
            return None
        further = self.meant(best[1])  # definatley is one slip away from definately
        return best[1] if further is None else further

    def _one_slip_away(self, fold: str) -> Iterator[tuple[float, int | None]]:
        """Kinds of slips, and the ids of words that would be meant by them.

        The first and the last letter stay, but for a swap, since endings make other words: cat and
        cats. So do apostrophes; and l is doubled, and u stands after o, in British English.
        """
        first, n = self._first.get, len(fold)
        for i in range(n - 1):
            if fold[i] != fold[i + 1]:
                yield _SWAPPED, first(fold[:i] + fold[i + 1] + fold[i] + fold[i + 2 :])
        for i in range(1, n):
            doubles = fold[i] == fold[i - 1]
            if fold[i - 1] not in "l'" and not doubles:
                yield _DOUBLED, first(fold[:i] + fold[i - 1] + fold[i:])
            is_british = "ll" in fold[i - 1 : i + 2] or fold[i - 1 : i + 1] == "ou"
            if i < n - 1 and fold[i] != "'" and not is_british:
                yield _UNDOUBLED if doubles else _EXTRA, first(fold[:i] + fold[i + 1 :])
            elif i == n - 1 and doubles:
                yield _UNDOUBLED, first(fold[:i])
        yield _MISSING, self._shorter.get(fold)
        for i in range(1, n - 1):
            if fold[i] not in "'sz":
                yield _OTHER, self._blanked.get(fold[:i] + _BLANK + fold[i + 1 :])
