"""Estimate how frequent words and beginnings of words are in a model's language. Knows no contexts.

Models of different languages are compared by these estimates, which take no network.
"""

import math
from bisect import bisect_left

import numpy as np

from foreword.predictor.candidates import HIDDEN, LISTED
from foreword.predictor.lexicon import HEAD, Lexicon, RareWords
from foreword.predictor.reading import A_LETTER
from foreword.text.tokenizer import Tokenizer

UNKNOWN = 0.02
"""P(a word is outside the vocabulary); a typical share of such words in messages."""


class WordFrequencies:
    """P(word) by Zipf's law: frequency is about 1/rank, and a vocabulary is sorted by frequency.

    Words outside the vocabulary share `UNKNOWN`: each rare word has an equal part, and any other
    word `A_LETTER` for each letter. Source: Zipf 1949, Human behavior and the principle of least
    effort.
    """

    def __init__(self, tokenizer: Tokenizer, lexicon: Lexicon, rare: RareWords) -> None:
        """Take the words of a model."""
        self._tokenizer, self._lexicon, self._rare = tokenizer, lexicon, rare
        ranks = np.arange(1, len(lexicon.words) - len(HIDDEN) + 1)
        self._shares = np.zeros(len(lexicon.words))
        self._shares[len(HIDDEN) :] = (1 - UNKNOWN) / ranks / (1 / ranks).sum()
        sorted_shares = self._shares[lexicon.ids]
        # The words of a beginning stand side by side: their sum is the difference of two.
        self._sums: list[float] = [0.0, *sorted_shares.cumsum().tolist()]
        self._words: dict[str, float] = {}
        for fold, share in zip(lexicon.sorted_folds, sorted_shares.tolist(), strict=True):
            self._words[fold] = self._words.get(fold, 0.0) + share

    def share(self, piece: str, is_unfinished: bool = False) -> tuple[float, bool]:
        """Return ln P(a piece of text between two spaces), and whether all its words are known.

        A piece may hold several words, such as `l'homme`: their probabilities are multiplied.
        Marks and numbers are left out, since they belong to all languages. Words count in any case.

        Args:
            piece: text without spaces.
            is_unfinished: whether a word at its end may go on: its P is then the sum over all words
                that begin so.
        """
        total, known, unknown = 0.0, 0, 0
        for word in self._tokenizer.split(piece):
            if not any(map(str.isalpha, word.text)):
                continue
            fold = self._lexicon.fold(word.text)
            goes_on = is_unfinished and word.end == len(piece)
            share = self._of_beginning(fold) if goes_on else self._of_word(fold)
            if share > 0:
                known += 1
                total += math.log(share)
            else:
                unknown += 1
                total += math.log(UNKNOWN) + len(fold) * math.log(A_LETTER)
        return total, known > 0 and not unknown

    def _of_word(self, fold: str) -> float:
        """Return P(word), 0 if it is unknown."""
        share = self._words.get(fold, 0.0)
        if share == 0.0 and self._lexicon.has(fold):  # apostrophes or accents were not typed
            share = float(self._shares[self._lexicon.readings(fold)].sum())
        if share == 0.0 and self._rare.has(fold):
            share = UNKNOWN * LISTED / len(self._rare)
        return share

    def _of_beginning(self, fold: str) -> float:
        """Return P(a word of the vocabulary begins so)."""
        # The ranges of a few letters are cached, and those of more letters lie within.
        low, high = self._lexicon.range(fold[:HEAD])
        if len(fold) > HEAD:
            low = bisect_left(self._lexicon.sorted_folds, fold, low, high)
            high = self._lexicon.end(fold, low, high)
        if low < high:
            return self._sums[high] - self._sums[low]
        ids, weights = self._lexicon.begun(fold)  # apostrophes or accents were not typed
        shares = self._shares[ids]
        return float((shares if weights is None else shares * weights).sum())
