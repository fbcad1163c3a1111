"""Run a network together with n-grams, whose state is the last n - 1 words. No torch."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from foreword import compiled
from foreword.errors import FolderError
from foreword.ngrams.mixture import NgramMixture
from foreword.predictor.compiled_network import CompiledNetwork
from foreword.predictor.numpy_network import Array, ByScores, NumpyNetwork, Parts


class MixedNetwork(ByScores):
    """A network whose scores are mixed with those of n-grams.

    Attributes:
        network: the network. Its parts of the state come first, and the words are the last part.
        ngrams: the n-grams.
        native: the n-grams in C++; None without a compiled module.
    """

    def __init__(self, network: CompiledNetwork | NumpyNetwork, ngrams: NgramMixture) -> None:
        self.network = network
        self.ngrams = ngrams
        self.native = ngrams_in_c(ngrams)

    def advance(self, parts: Parts, word: int) -> Parts:
        """Return the parts of the state after one more word id."""
        return (*self.network.advance(parts[:-1], word), np.append(parts[-1], word)[1:])

    def advance_many(self, parts: Sequence[Parts], words: Sequence[int]) -> list[Parts]:
        """Return the result of `advance` for each state with a word of its own."""
        after = self.network.advance_many([before[:-1] for before in parts], words)
        return [
            (*inner, np.append(before[-1], word)[1:])
            for inner, before, word in zip(after, parts, words, strict=True)
        ]

    def call_up(self) -> None:
        """Wake the threads that share long work."""
        self.network.call_up()

    def scores(self, parts: Parts, ids: Array | None) -> Array:
        """Return the scores of all words as the next, or of those in `ids`."""
        scores = self.network.scores(parts[:-1], ids)
        if self.native is None:
            return self.ngrams.mixed(scores, parts[-1], ids)
        chosen = None if ids is None else np.ascontiguousarray(ids, dtype=np.int64)
        self.native.mix(parts[-1], chosen, scores)
        return scores

    def best(
        self, parts: Parts, k: int, ids: Array | None, hidden: Sequence[int]
    ) -> list[tuple[int, float]] | None:
        """Return the result of `Engine.best`; None if scores overflow."""
        if not isinstance(self.network, CompiledNetwork):
            return super().best(parts, k, ids, hidden)
        return self.network.best_of_scores(self.scores(parts, ids), k, ids, hidden)


def ngrams_in_c(ngrams: NgramMixture) -> Any | None:
    """Return the n-grams in C++; None without a compiled module.

    Raises:
        FolderError: the arrays do not belong together.
    """
    if not compiled.has("Ngrams"):
        return None
    try:
        return compiled.part("Ngrams")(dict(ngrams.arrays))
    except compiled.part("core").Error as error:
        raise FolderError(str(error)) from None
