"""P(word) by how lately it was used: a decaying cache (Clarkson and Robinson 1997). Knows ids."""

import numpy as np

REMEMBERED = 1_000
"""Words."""
HALF_LIFE = 200.0
"""Words after which a use counts half."""


def recency_shares(recent: np.ndarray, vocab_size: int) -> np.ndarray:
    """Shares of each word by its latest uses, (vocab_size,); sums to 1, or 0 if there are none.

    Args:
        recent: ids of the words used last, the latest at the end.
        vocab_size: ids are below.
    """
    ages = np.arange(len(recent), 0, -1)
    shares: np.ndarray = np.bincount(
        recent, weights=0.5 ** (ages / HALF_LIFE), minlength=vocab_size
    )
    return shares / shares.sum() if len(recent) else shares
