"""Run an n-gram model in the predictor: its state is the last n - 1 words. No torch."""

from collections.abc import Mapping

import numpy as np

from foreword.ngrams.table import NgramTable
from foreword.predictor.numpy_network import Array, ByScores, Parts


class NgramNetwork(ByScores):
    """The tables of an n-gram model, whose scores are ln P."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self._table = NgramTable.from_arrays(weights)

    def advance(self, parts: Parts, word: int) -> Parts:
        """Return the parts of the state after one more word id."""
        return (np.append(parts[0], word)[1:],)

    def scores(self, parts: Parts, ids: Array | None) -> Array:
        """Return the scores of all words as the next, or of those in `ids`."""
        contexts = [part[-1] for part in self._table.contexts(parts[0][:, None])]
        if ids is None:
            return np.asarray(np.log(self._table.probabilities(contexts)[0]))
        repeated = [np.repeat(part, len(ids)) for part in contexts]
        shares, _ = self._table.probability_of(repeated, ids)
        return np.asarray(np.log(shares), dtype=np.float32)
