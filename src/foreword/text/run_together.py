"""Find words of a vocabulary that are two words without the space between them: alot, thankyou.

Such a word is far rarer than the two words in sequence, and stands between the same words as they
do. Compounds that are written in both ways (hangout, everyday) are hardly rarer, or are used
otherwise. Needs the text itself, as ids.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from foreword.text.case import Case
from foreword.text.tokenizer import SPECIAL

READ = 8_000_000
"""The number of words of the text that are examined."""
SHORTEST = 4
LEAST = 5
"""How often the word must occur so that its neighbours show its use."""
RARER = 8
"""How many times more frequent the two words must be."""
THRESHOLD = 2.5
"""The least log odds, see `_log_odds`."""
NEIGHBOURS, SMOOTHING = 2000, 5.0
"""The number of frequent words that are distinguished as neighbours, and the weight of their
frequencies in the whole text beside the counts next to the two words.
"""


def find(words: Sequence[str], ids: np.ndarray, case: Case) -> dict[str, str]:
    """Return the words that are two run together, each with these two, separated by a space.

    Args:
        words: the vocabulary by id, the most frequent first.
        ids: the text.
        case: the case rules of its language.
    """
    first: dict[str, int] = {}
    one_case = np.array(
        [first.setdefault(case.fold(word), index) for index, word in enumerate(words)]
    )
    text = one_case[np.asarray(ids[:READ], dtype=np.int64)]
    count = np.bincount(text, minlength=len(words))
    candidates = np.array(list(_candidates(first, count)), dtype=np.int64).reshape(-1, 3)
    if not len(candidates):
        return {}
    keys, where = np.unique(candidates[:, 1] * len(words) + candidates[:, 2], return_inverse=True)
    pairs = text[:-1] * len(words) + text[1:]
    at = np.minimum(np.searchsorted(keys, pairs), len(keys) - 1)
    often = np.bincount(at[keys[at] == pairs], minlength=len(keys))[where]
    usual = _shares(text) + 1e-9
    joined_words: dict[int, str] = {}
    for (joined, a, b), together in zip(candidates.tolist(), often.tolist(), strict=True):
        if together < RARER * count[joined]:
            continue
        of_one = _beside(text, np.flatnonzero(text == joined), 1)
        of_two = _beside(text, np.flatnonzero(pairs == a * len(words) + b), 2)
        odds = math.log(together / count[joined]) + sum(
            _log_odds(one, two, usual) for one, two in zip(of_one, of_two, strict=True)
        )
        if odds >= THRESHOLD:
            joined_words[joined] = f"{words[a]} {words[b]}"
    return {
        word: joined_words[index]
        for word, index in zip(words, one_case.tolist(), strict=True)
        if index in joined_words
    }


def _candidates(first: dict[str, int], count: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """Yield the ids of words that consist of two other words, with these."""
    for fold, index in first.items():
        if index < len(SPECIAL) or len(fold) < SHORTEST or not fold.isalpha():
            continue
        if count[index] < LEAST:
            continue
        for k in range(1, len(fold)):
            a, b = first.get(fold[:k], 0), first.get(fold[k:], 0)
            if min(a, b) >= len(SPECIAL):
                yield index, a, b


def _beside(text: np.ndarray, begins: np.ndarray, length: int) -> list[np.ndarray]:
    """Return the words before and after each position at which `length` words begin."""
    return [text[np.maximum(begins - 1, 0)], text[np.minimum(begins + length, len(text) - 1)]]


def _shares(text: np.ndarray) -> np.ndarray:
    counts = np.bincount(np.minimum(text, NEIGHBOURS), minlength=NEIGHBOURS + 1)
    return np.asarray(counts / max(len(text), 1))


def _log_odds(one: np.ndarray, two: np.ndarray, usual: np.ndarray) -> float:
    """Return the mean of ln(P(neighbour | two words) / P(neighbour)) over a word's neighbours."""
    expected = (_shares(two) * len(two) + SMOOTHING * usual) / (len(two) + SMOOTHING)
    return float((_shares(one) * np.log(expected / usual)).sum())
