"""P(word) by recent use: a decaying cache (Clarkson and Robinson 1997). Knows ids."""

import numpy as np

REMEMBERED = 1_000
"""The number of latest words that are remembered."""
HALF_LIFE = 200.0
"""The number of words after which a use counts half."""


def recency_shares(recent: np.ndarray, vocab_size: int) -> np.ndarray:
    """Return the share of each word in recent use, (vocab_size,); sums to 1, or 0 without words.

    Args:
        recent: the ids of the latest words, the last one at the end.
        vocab_size: the number of ids.
    """
    ages = np.arange(len(recent), 0, -1)
    shares: np.ndarray = np.bincount(
        recent, weights=0.5 ** (ages / HALF_LIFE), minlength=vocab_size
    )
    return shares / shares.sum() if len(recent) else shares
