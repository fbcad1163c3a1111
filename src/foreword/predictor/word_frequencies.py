"""Estimate how frequent words and beginnings of words are in a model's language. Knows no contexts.

Two models of different languages are compared by these estimates, since they take no network.
"""

import math
from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np

from foreword.predictor.candidates import HIDDEN, LISTED
from foreword.predictor.lexicon import Lexicon, RareWords
from foreword.predictor.reading import A_LETTER
from foreword.text.tokenizer import Tokenizer

UNKNOWN = 0.02
"""P(a word is outside the vocabulary); a typical share of such words in messages."""
MOST_RARE = 16
"""The largest number of rare words that are counted for a beginning."""
REMEMBERED = 4096
"""The number of cached words and beginnings."""

Share = tuple[float, bool]
"""The natural logarithm of a probability, and whether the vocabulary has the word."""


class WordFrequencies:
    """P(word) by Zipf's law: frequency is about 1/rank, and a vocabulary is sorted by frequency.

    Words outside the vocabulary share `UNKNOWN`, of which each rare word has an equal part and any
    other word `A_LETTER` for each letter. Source: Zipf 1949, Human behavior and the principle of
    least effort.
    """

    def __init__(self, tokenizer: Tokenizer, lexicon: Lexicon, rare: RareWords) -> None:
        """Take the words of a model."""
        ranks = np.arange(1, len(lexicon.words) - len(HIDDEN) + 1)
        shares = np.zeros(len(lexicon.words))
        shares[len(HIDDEN) :] = (1 - UNKNOWN) / ranks / (1 / ranks).sum()
        # A cached method would keep this object alive in a reference cycle.
        self._share: Callable[[str, bool], Share] = lru_cache(maxsize=REMEMBERED)(
            partial(_share, tokenizer, lexicon, rare, shares)
        )

    def share(self, piece: str, *, is_unfinished: bool = False) -> Share:
        """Return ln P(a piece of text between two spaces), and whether all its words are known.

        A piece may hold several words, such as `l'homme`: their probabilities are multiplied.
        Marks and numbers are left out, since they belong to all languages.

        Args:
            piece: text without spaces.
            is_unfinished: whether a word at its end may go on: P is then the sum over all words
                that begin so.
        """
        return self._share(piece, is_unfinished)


def _share(
    tokenizer: Tokenizer,
    lexicon: Lexicon,
    rare: RareWords,
    shares: np.ndarray,
    piece: str,
    is_unfinished: bool,
) -> Share:
    total, known, unknown = 0.0, 0, 0
    for word in tokenizer.split(piece):
        if not any(map(str.isalpha, word.text)):
            continue
        fold = lexicon.fold(word.text)
        if is_unfinished and word.end == len(piece):
            share = _of_beginning(lexicon, rare, shares, fold)
        else:
            share = _of_word(lexicon, rare, shares, word.text, fold)
        if share > 0:
            known += 1
            total += math.log(share)
        else:
            unknown += 1
            total += math.log(UNKNOWN) + len(word.text) * math.log(A_LETTER)
    return total, known > 0 and not unknown


def _of_word(lexicon: Lexicon, rare: RareWords, shares: np.ndarray, word: str, fold: str) -> float:
    """Return P(word), 0 if it is unknown."""
    ids = lexicon.readings(word)
    if len(ids):
        return float(shares[ids].sum())
    return UNKNOWN * LISTED / len(rare) if rare.has(fold) else 0.0


def _of_beginning(lexicon: Lexicon, rare: RareWords, shares: np.ndarray, fold: str) -> float:
    """Return P(a word begins so), 0 if no known word does."""
    ids, weights = lexicon.begun(fold)
    begun = shares[ids] if weights is None else shares[ids] * weights
    listed = len(rare.beginning(fold, MOST_RARE))
    return float(begun.sum()) + UNKNOWN * LISTED * listed / max(1, len(rare))
