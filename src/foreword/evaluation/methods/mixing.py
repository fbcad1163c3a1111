"""Mix probabilities of each word, and find the best weights. Knows only numbers."""

import numpy as np

ROUNDS = 200
LEAST = 500
"""The least number of words of a group with weights of its own."""


def mixed(shares: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return P of each word by the mixture, (N,).

    Args:
        shares: (K, N), P of each word by each of K parts; NaN where a part has no opinion, whose
            weight then goes to the first part, which always has one.
        weights: (K,) for all words, or (K, N).
    """
    shares = np.where(np.isnan(shares), shares[0], shares)
    each = weights if weights.ndim == 2 else weights[:, None]
    mixture: np.ndarray = (each * shares).sum(axis=0)
    return mixture


def best_weights(shares: np.ndarray) -> np.ndarray:
    """Return the weights (K,), which sum to 1, that maximise the probability of a text.

    By expectation maximisation (Jelinek & Mercer 1980): the likelihood is concave in the weights.
    """
    shares = np.where(np.isnan(shares), shares[0], shares)
    weights = np.full(len(shares), 1.0 / len(shares))
    for _ in range(ROUNDS):
        parts = weights[:, None] * shares
        weights = (parts / parts.sum(axis=0)).mean(axis=1)
    return weights


def best_weights_by_group(shares: np.ndarray, groups: np.ndarray, count: int) -> np.ndarray:
    """Return `best_weights` for each group of words, 0 to `count` - 1, (K, count).

    A group of few words has the weights that suit all words.
    """
    everywhere = best_weights(shares)
    return np.stack(
        [
            best_weights(shares[:, groups == g]) if (groups == g).sum() >= LEAST else everywhere
            for g in range(count)
        ],
        axis=1,
    )


def perplexity(shares: np.ndarray) -> float:
    """Return exp of the mean of -log P."""
    return float(np.exp(-np.log(shares).mean()))
