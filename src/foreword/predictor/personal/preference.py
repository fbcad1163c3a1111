"""Tell which words a person prefers, by how often people use them. Knows counts, not texts.

A word that came c times where E times were expected is as probable as the network says, times

    max(1, (c + E + K) / (2 E + K)),

which is the mean rate of a Poisson process relative to the expected one, under a Gamma prior of
mean 1 that counts as E + K expected words. Scaling a model's probabilities by such ratios is
unigram rescaling (Kneser, Peters and Klakow 1997, "Language model adaptation using dynamic
marginals"). E follows from the word's rank in the model's vocabulary, which is sorted by frequency:
by Mandelbrot's law P(rank) is proportional to 1 / (rank + SHIFT).
"""

import numpy as np

from foreword.text.tokenizer import SPECIAL

K = 0.2
"""The expected words that the prior counts as, at least; a word used once gains at most a factor
of (1 + K) / K, which is 6."""
SHIFT = 2.7


def factors(counts: np.ndarray, ids: np.ndarray, vocab_size: int, words: int) -> np.ndarray:
    """Return the factor of each word, (N,) float64, 1 or more.

    Args:
        counts: (N,) how often the person used each word.
        ids: (N,) their ids in the model's vocabulary, which begins with the special words.
        vocab_size: the number of words in it, special ones included.
        words: the number of words that the person wrote in all.
    """
    if not len(ids):
        return np.ones(0)
    ranks = np.arange(1, max(vocab_size - len(SPECIAL), 1) + 1)
    shares = 1 / (ranks + SHIFT)
    expected = words * shares[ids - len(SPECIAL)] / shares.sum()
    raised: np.ndarray = np.maximum(1.0, (counts + expected + K) / (2 * expected + K))
    return raised
