"""How each word is used, as a vector from a model's weights, and which are misspellings by that."""

from collections.abc import Mapping

import numpy as np

from foreword.text.misspellings import OF_NETWORKS, OF_NGRAMS, find
from foreword.text.tokenizer import Tokenizer

Array = np.ndarray

NEIGHBOURS = 128
"""The commonest words: how often each stands beside a word is that word's vector in n-grams."""


def vectors_of_use(weights: Mapping[str, Array]) -> Array | None:
    """A vector for each word, (V, d): words that are used alike have alike ones.

    A network has learned such vectors. Of an n-gram model they are made of its pairs of words: the
    roots of the probabilities of the commonest words after a word and before it, whose product is
    Bhattacharyya's coefficient. None if there are no pairs.

    Args:
        weights: by their names; int8 ones without their scales, which change no angle.
    """
    if "embedding.weight" in weights:
        return weights["embedding.weight"]
    if "ngrams.2.keys" not in weights:
        return None
    keys, shares = weights["ngrams.2.keys"], weights["ngrams.2.shares"]
    words = weights["ngrams.1.shares"]
    V = len(words)
    d = min(NEIGHBOURS, V)
    found = np.zeros((V, 2 * d), dtype=np.float32)
    first, second = keys // V, keys % V
    after = second < d
    found[first[after], second[after]] = shares[after]
    before = first < d
    found[second[before], d + first[before]] = shares[before] * words[first[before]]
    left = found[:, d:]
    left /= np.maximum(left.sum(axis=1, keepdims=True), 1e-30)
    return np.asarray(np.sqrt(found))


def misspellings_of(tokenizer: Tokenizer, weights: Mapping[str, Array]) -> dict[str, str]:
    """Misspellings in a model's vocabulary, and the words that are meant."""
    vectors = vectors_of_use(weights)
    if vectors is None:
        return {}
    rule = OF_NETWORKS if "embedding.weight" in weights else OF_NGRAMS
    return find(tokenizer.words, vectors, tokenizer.case, rule)
