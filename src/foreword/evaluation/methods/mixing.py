"""Mixtures of opinions on each word, and their best weights. Knows numbers alone."""

import numpy as np

ROUNDS = 200
LEAST = 500
"""Words that a group needs for weights of its own."""


def mixed(shares: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """P of each word by the mixture, (N,).

    Args:
        shares: (K, N), P of each word by each of K; NaN by one that has no opinion there, whose
            weight then goes to the first, which always has one.
        weights: (K,) for all words, or (K, N).
    """
    shares = np.where(np.isnan(shares), shares[0], shares)
    each = weights if weights.ndim == 2 else weights[:, None]
    mixture: np.ndarray = (each * shares).sum(axis=0)
    return mixture


def best_weights(shares: np.ndarray) -> np.ndarray:
    """The weights (K,), which sum to 1, that give the words of a text the most probability.

    By expectation maximisation (Jelinek & Mercer 1980): the likelihood is concave in the weights.
    """
    shares = np.where(np.isnan(shares), shares[0], shares)
    weights = np.full(len(shares), 1.0 / len(shares))
    for _ in range(ROUNDS):
        parts = weights[:, None] * shares
        weights = (parts / parts.sum(axis=0)).mean(axis=1)
    return weights


def best_weights_by_group(shares: np.ndarray, groups: np.ndarray, count: int) -> np.ndarray:
    """As `best_weights`, for each of the groups 0 to `count` - 1 that words are in, (K, count).

    A group of few words takes the weights that suit all.
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
    """Exp of the mean of -log P."""
    return float(np.exp(-np.log(shares).mean()))
