"""An n-gram model as the predictor runs it: a state is the last n - 1 words. No torch."""

from collections.abc import Mapping

import numpy as np

from foreword.ngrams.table import Table
from foreword.predictor.numpy_network import Array, ByScores, Parts


class NgramNetwork(ByScores):
    """The tables of an n-gram model. Its scores are log P."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self._table = Table.from_arrays(weights)

    def advance(self, parts: Parts, word: int) -> Parts:
        """The parts after one more word id."""
        return (np.append(parts[0], word)[1:],)

    def scores(self, parts: Parts, ids: Array | None) -> Array:
        """Of all words as the next, or of some."""
        contexts = [part[-1] for part in self._table.contexts(parts[0][:, None])]
        if ids is None:
            return np.asarray(np.log(self._table.probabilities(contexts)[0]))
        repeated = [np.repeat(part, len(ids)) for part in contexts]
        shares, _ = self._table.probability_of(repeated, ids)
        return np.asarray(np.log(shares), dtype=np.float32)
