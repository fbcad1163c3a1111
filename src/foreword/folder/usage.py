"""Vectors of how words are used, from a model's weights, and the misspellings they reveal."""

from collections.abc import Mapping

import numpy as np

from foreword.text import run_together
from foreword.text.misspellings import OF_NETWORKS, OF_NGRAMS, find
from foreword.text.tokenizer import Tokenizer

Array = np.ndarray

NEIGHBOURS = 128
"""Number of the commonest words whose counts beside a word make its vector in n-gram models."""


def vectors_of_use(weights: Mapping[str, Array]) -> Array | None:
    """A vector for each word, (V, d): words that are used similarly have similar vectors.

    A network has learned such vectors. Those of an n-gram model are computed from its pairs of
    words: the square roots of the probabilities of the commonest words after and before a word, so
    that a dot product is Bhattacharyya's coefficient. None if the model has no pairs.

    Args:
        weights: by name; the scales of int8 weights are not needed, since they change no angle.
    """
    if "embedding.weight" in weights:
        return weights["embedding.weight"]
    if "ngrams.2.keys" not in weights:
        return None
    keys, shares = weights["ngrams.2.keys"], weights["ngrams.2.shares"]
    words = weights["ngrams.1.shares"]
    V = len(words)
    d = min(NEIGHBOURS, V)
    vectors = np.zeros((V, 2 * d), dtype=np.float32)
    first, second = keys // V, keys % V
    after = second < d
    vectors[first[after], second[after]] = shares[after]
    before = first < d
    vectors[second[before], d + first[before]] = shares[before] * words[first[before]]
    left = vectors[:, d:]
    left /= np.maximum(left.sum(axis=1, keepdims=True), 1e-30)
    return np.asarray(np.sqrt(vectors))


def misspellings_of(
    tokenizer: Tokenizer, weights: Mapping[str, Array], text: Array | None = None
) -> dict[str, str]:
    """The misspellings in a model's vocabulary, and the intended words.

    Args:
        tokenizer: the vocabulary.
        weights: the model's, by name.
        text: the training text as ids, which shows words that were run together; without it, none
            are found.
    """
    words, case = tokenizer.words, tokenizer.case
    two = {} if text is None else run_together.find(words, text, case)
    vectors = vectors_of_use(weights)
    if vectors is None:
        return two
    rule = OF_NETWORKS if "embedding.weight" in weights else OF_NGRAMS
    slips = find(words, vectors, case, rule)
    return {wrong: two.get(meant, meant) for wrong, meant in slips.items()} | two
