"""An n-gram model as the predictor runs it: a state is the last n - 1 words. No torch."""

from collections.abc import Mapping, Sequence

import numpy as np

from foreword.ngrams.table import Table
from foreword.predictor.numpy_network import Array, Parts, likeliest


class NgramNetwork:
    """What `NumpyNetwork` does, by looking up. Its scores are log P."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self._table = Table.from_arrays(weights)

    def call_up(self) -> None:
        """Wakes no threads: there are none."""

    def advance(self, parts: Parts, word: int) -> Parts:
        """The parts after one more word id."""
        return (np.append(parts[0], word)[1:],)

    def advance_many(self, parts: Sequence[Parts], words: Sequence[int]) -> list[Parts]:
        """The same of many states, each with a word of its own."""
        return [self.advance(*one) for one in zip(parts, words, strict=True)]

    def scores(self, parts: Parts, ids: Array | None) -> Array:
        """Of all words as the next, or of some."""
        contexts = [part[-1] for part in self._table.contexts(parts[0][:, None])]
        if ids is None:
            return np.asarray(np.log(self._table.probabilities(contexts)[0]))
        repeated = [np.repeat(part, len(ids)) for part in contexts]
        shares, _ = self._table.probability_of(repeated, ids)
        return np.asarray(np.log(shares), dtype=np.float32)

    def best(
        self, parts: Parts, k: int, ids: Array | None, hidden: Sequence[int]
    ) -> list[tuple[int, float]] | None:
        """As `Engine.best`."""
        return likeliest(self.scores(parts, ids), k, ids, hidden)

    def best_many(
        self, parts: Sequence[Parts], k: int, ids: Sequence[Array | None], hidden: Sequence[int]
    ) -> list[list[tuple[int, float]] | None]:
        """The same of many states, each with ids of its own."""
        return [self.best(one, k, some, hidden) for one, some in zip(parts, ids, strict=True)]
