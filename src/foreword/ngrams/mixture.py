"""Mix the scores of a network with n-grams. Knows ids, not words.

The mixture is log-linear (Klakow 1998, "Log-linear interpolation of language models"), with
weights that depend on how much of the context the n-grams know:

    score(w) = (1 - b_k) z_w + b_k ln q(w | the last words)

z are the network's scores, q the n-grams' probabilities, and k the number of words of the longest
context that some n-gram continues, 0 to n - 1. A softmax then gives probabilities, of all words or
of some.
"""

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from foreword.errors import FolderError
from foreword.ngrams.compact import LOGS, compact, expanded
from foreword.ngrams.counts import Array
from foreword.ngrams.table import NgramTable

LONGEST = 16
"""The most words of an n-gram."""
WEIGHTS = "weights"
"""The name of the mixture's weights b, (n,) float32, among the arrays."""


class NgramMixture:
    """N-grams in compact form, and their weights beside a network. Immutable.

    Attributes:
        arrays: those of `foreword.ngrams.compact`, and `weights`, (n,) float32: b for each
            length of the known context.
    """

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        """Take the arrays.

        Raises:
            FolderError: there are no weights from 0 to 1, one for each length, or no words.
        """
        self.arrays = arrays
        weights = arrays.get(WEIGHTS)
        lengths = len(arrays) // 4 + 1
        if weights is None or weights.dtype != np.float32 or weights.shape != (lengths,):
            raise FolderError(f"the n-grams lack {WEIGHTS}, {lengths} numbers of float32")
        if lengths > LONGEST:
            raise FolderError(f"the n-grams have {lengths} words, but at most {LONGEST} are used")
        if not ((weights >= 0) & (weights <= 1)).all():
            raise FolderError(f"{WEIGHTS} of the n-grams are not between 0 and 1")
        if LOGS not in arrays:
            raise FolderError(f"the n-grams lack {LOGS}")
        self.weights = weights

    @classmethod
    def of(cls, table: NgramTable, weights: Array) -> "NgramMixture":
        """Return the mixture of a table with weights b, (n,)."""
        return cls({**compact(table), WEIGHTS: np.asarray(weights, dtype=np.float32)})

    @property
    def order(self) -> int:
        """The number of words of the longest n-grams, n."""
        return len(self.weights)

    @property
    def count(self) -> int:
        """The number of n-grams of two words and more."""
        return sum(len(self.arrays[f"{length}.words"]) for length in range(2, self.order + 1))

    @property
    def vocab_size(self) -> int:
        """V, the number of words."""
        return len(self.arrays[LOGS])

    @cached_property
    def table(self) -> NgramTable:
        """The table.

        Raises:
            FolderError: the arrays do not belong together.
        """
        return expanded({k: array for k, array in self.arrays.items() if k != WEIGHTS})

    def mixed(self, scores: Array, last: Array, ids: Array | None) -> Array:
        """Return the scores of a mixture.

        Args:
            scores: the network's, of all words or of `ids`.
            last: (n - 1,) the ids of the last words.
            ids: the words that are scored; None: all.
        """
        contexts = [part[-1] for part in self.table.contexts(last[:, None])]
        b = self.weights[self.table.known(contexts)[0]]
        q = self.table.probabilities(contexts)[0]
        with np.errstate(over="ignore", invalid="ignore"):
            mixed = (1 - b) * scores + b * np.log(q if ids is None else q[ids])
        return np.asarray(mixed, dtype=np.float32)
