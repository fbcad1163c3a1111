"""The vocabulary in alphabetical order, case aside. Knows words; no models, no texts."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache, partial

import numpy as np

from foreword.text.characters import stand_ins

FAR_COMMONER = 4
"""A form with a capital is the word's own if it is so many times commoner than lower case."""

_LAST = "\U0010ffff"


class Lexicon:
    """Words by their letters: those of one beginning are a range, the forms of one word a group.

    >>> lexicon = Lexicon(["<unk>", "<eos>", "Like", "likely", "like", "mat"], hidden=2)
    >>> low, high = lexicon.range("li")
    >>> lexicon.ids[low:high].tolist(), lexicon.forms("like")
    ([2, 4, 3], [2, 4])
    >>> lexicon.beginning("li").tolist(), lexicon.beginning("LI").tolist()
    ([4, 3], [2, 4, 3])

    Attributes:
        words: by id.
        folds: each word's `str.casefold`, by id.
        sorted_folds: the folds in order; `ids` are in the same order.
        longest: letters of the longest word.
    """

    def __init__(
        self, words: Sequence[str], *, hidden: int, known: Mapping[str, int] | None = None
    ) -> None:
        """Sorts the words.

        Args:
            words: by id, the commonest first.
            hidden: so many of the first ids are no words, and never found.
            known: the words' ids, where such a mapping is there already.
        """
        self.words = tuple(words)
        self.folds = tuple(_fold(word) for word in words)
        order = sorted(range(hidden, len(words)), key=self.folds.__getitem__)
        self.sorted_folds = [self.folds[index] for index in order]
        self.ids = np.array(order, dtype=np.int64)
        self.ids.flags.writeable = False
        self.longest = max(map(len, self.sorted_folds), default=0)
        self._hidden = hidden
        self._known = known or {word: index for index, word in enumerate(words)}
        # Letters at each word's beginning that are as in its fold; of most words all.
        self._plain = np.full(len(order), np.iinfo(np.int32).max, dtype=np.int32)
        for place, index in enumerate(order):
            if self.folds[index] != self.words[index]:
                self._plain[place] = _in_common(self.folds[index], self.words[index])
        # Everyone types the same few beginnings, and looking one up is 30 comparisons of strings.
        # (A cache of a method of ours would hold us in a cycle.)
        self._range = lru_cache(maxsize=4096)(partial(_range, self.sorted_folds))

    def range(self, prefix: str) -> tuple[int, int]:
        """Where the words stand that begin with a folded prefix: [low, high)."""
        if len(prefix) > self.longest:  # not worth remembering
            return _range(self.sorted_folds, prefix)
        return self._range(prefix)

    def end(self, prefix: str, low: int, high: int) -> int:
        """Where those end that begin with a prefix, given that [low, high) holds them."""
        return _end(self.sorted_folds, prefix, low, high)

    def beginning(self, prefix: str) -> np.ndarray:
        """Ids of the words that begin with letters in this case; if none does, in any case."""
        fold = prefix.casefold()
        low, high = self.range(fold)
        ids = self.ids[low:high]
        if prefix == fold:
            exact = ids[self._plain[low:high] >= len(prefix)]
        else:
            found = [index for index in ids.tolist() if self.words[index].startswith(prefix)]
            exact = np.array(found, dtype=np.int64)
        return exact if len(exact) else ids

    def forms(self, fold: str) -> list[int]:
        """Ids of the words that are the same but for case, the commonest first."""
        low = bisect_left(self.sorted_folds, fold)
        high = low
        while high < len(self.sorted_folds) and self.sorted_folds[high] == fold:
            high += 1
        return list(map(int, self.ids[low:high]))

    def has_own_capital(self, fold: str) -> bool:
        """Whether a word is written with a capital anywhere (Paris, I), not in some places only.

        Frequency is about 1/rank (Zipf), and the vocabulary is in the order of frequency.
        """
        forms = self.forms(fold)
        lower = self.id_of(fold)
        return bool(forms) and (lower is None or forms[0] * FAR_COMMONER <= lower)

    def id_of(self, word: str) -> int | None:
        """A word's id, in this case of letters; None if it is none."""
        index = self._known.get(word, -1)
        return index if index >= self._hidden else None

    def stand_in(self, word: str) -> int | None:
        """The id of what a word that the vocabulary lacks is read as; None if there is nothing.

        The commonest of its forms in other cases; of a mark, the likeliest other spelling; or else
        the commonest of the words that it is without their apostrophes.

        >>> Lexicon(["<unk>", "<eos>", "don't", "snow"], hidden=2).stand_in("Snow")
        3
        >>> Lexicon(["<unk>", "<eos>", "don't", "snow"], hidden=2).stand_in("Dont")
        2
        """
        fold = word.casefold()
        forms = self.forms(fold)
        if forms:
            return forms[0]
        for mark in stand_ins(word):
            if (index := self.id_of(mark)) is not None:
                return index
        return self._without_apostrophes.get(fold)

    @cached_property
    def _without_apostrophes(self) -> dict[str, int]:
        """Folds of words that have apostrophes, less these: the id of the commonest."""
        found: dict[str, int] = {}
        for index in range(self._hidden, len(self.folds)):
            if "'" in self.folds[index]:
                found.setdefault(self.folds[index].replace("'", ""), index)
        found.pop("", None)
        return found


class RareWords:
    """Words beyond the vocabulary, which have letters and no probabilities.

    >>> RareWords(["Matterhorn", "matting"]).beginning("matt", 5)
    ['Matterhorn', 'matting']
    """

    def __init__(self, words: Sequence[str]) -> None:
        """Takes words in the order of `str.casefold`."""
        self._words = words
        self._folds = [_fold(word) for word in words]

    def __len__(self) -> int:
        return len(self._words)

    def beginning(self, fold: str, most: int) -> list[str]:
        """The first words, at most so many, that begin with a folded prefix and have more."""
        found: list[str] = []
        for place in range(bisect_left(self._folds, fold), len(self._folds)):
            if len(found) == most or not self._folds[place].startswith(fold):
                break
            if self._folds[place] != fold:
                found.append(self._words[place])
        return found


def _range(folds: Sequence[str], prefix: str) -> tuple[int, int]:
    low = bisect_left(folds, prefix)
    return low, _end(folds, prefix, low, len(folds))


def _end(folds: Sequence[str], prefix: str, low: int, high: int) -> int:
    bound = prefix.rstrip(_LAST)  # nothing is greater than the last character
    if not bound:
        return high
    return bisect_left(folds, bound[:-1] + chr(ord(bound[-1]) + 1), low, high)


def _in_common(a: str, b: str) -> int:
    """How many letters two words have in common from their beginning."""
    return next((k for k, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(b))


def _fold(word: str) -> str:
    folded = word.casefold()
    return word if folded == word else folded  # most are; kept once
