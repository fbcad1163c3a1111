"""Which words begin with some letters. Knows a list of words; nothing of models or texts."""

import bisect
from collections.abc import Collection, Sequence
from functools import cached_property

import numpy as np


class Prefixes:
    """A sorted vocabulary, in which the words of one beginning are a range.

    >>> Prefixes(["Like", "likely", "like", "mat"]).ids("li").tolist()
    [2, 1]
    """

    def __init__(self, words: Sequence[str], hidden: Collection[int] = ()) -> None:
        """Sorts words whose ids are their places.

        Args:
            words: the vocabulary.
            hidden: ids that are never found.
        """
        self._words = {index: word for index, word in enumerate(words) if index not in hidden}
        self._exact = _table(self._words)

    def ids(self, prefix: str) -> np.ndarray:
        """Ids of the words that begin with a prefix; if none does, in any case of letters."""
        exact = _range(self._exact, prefix)
        return exact if len(exact) else _range(self._folded, prefix.casefold())

    @cached_property
    def _folded(self) -> "_Table":
        return _table({index: word.casefold() for index, word in self._words.items()})


_Table = tuple[list[str], np.ndarray]


def _table(keys: dict[int, str]) -> _Table:
    order = sorted(keys, key=keys.__getitem__)
    return [keys[index] for index in order], np.array(order, dtype=np.int64)


def _range(table: _Table, prefix: str) -> np.ndarray:
    words, ids = table
    first = bisect.bisect_left(words, prefix)
    last = bisect.bisect_right(words, prefix, lo=first, key=lambda word: word[: len(prefix)])
    return ids[first:last]
