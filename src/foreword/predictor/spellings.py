"""Sum the probabilities of words by their next letter. Knows spellings, but no models and no texts.

A vocabulary word is typed as it is spelled, or with a capital, or in capitals. A word outside the
vocabulary is one of the rare words, or is spelled letter by letter by the `LetterModel`.
"""

from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache, partial

import numpy as np

from foreword.predictor.letter_model import LetterModel
from foreword.text.case import Case

REMEMBERED = 1024
"""The number of prefixes whose next letters are cached."""
LISTED = 0.5
"""The share of P(<unk>) that is given in equal parts to the listed rare words, if there are any."""

Branches = tuple[int, int, str, np.ndarray]
"""A range of sorted spellings, their next characters, and where each begins; see `_branches`."""


class Spellings:
    """The ways in which words are typed, sorted by letters.

    >>> spellings = Spellings(["<unk>", "<eos>", "an", "at"], [], hidden=2, case=Case())
    >>> shares = np.array([0, 0, 0.75, 0.25])
    >>> spellings.branching("a", shares, (1.0, 0.0, 0.0))
    ({'n': 0.75, 't': 0.25}, 0.0)
    """

    def __init__(
        self,
        words: Sequence[str],
        rare: Sequence[str],
        *,
        hidden: int,
        case: Case,
        ignore_case: bool = False,
    ) -> None:
        """Sort the words.

        Args:
            words: the words by id.
            rare: the rare words.
            hidden: the number of first ids that are not typed.
            case: the case rules of the language.
            ignore_case: whether words are typed in lower case alone, which is then the only kind.
        """
        first_rare = len(words)
        typed = [*enumerate(words[hidden:], hidden), *enumerate(rare, first_rare)]
        if ignore_case:
            spelled = sorted((case.lower(word), index, 0) for index, word in typed)
        else:
            spelled = sorted(
                (spelling, index, kind)
                for index, word in typed
                for kind, spelling in enumerate((word, case.capitalised(word), case.upper(word)))
            )
        self._sorted = [spelling for spelling, _, _ in spelled]
        self._ids = np.array([index for _, index, _ in spelled], dtype=np.int32)
        self._kinds = np.array([kind for _, _, kind in spelled], dtype=np.int8)
        self._branches = lru_cache(maxsize=REMEMBERED)(partial(_branches, self._sorted))
        self._rare = len(rare)
        counted = {case.lower(word) if ignore_case else word for _, word in typed}
        self.unlisted = LetterModel(word for word in counted if any(map(str.isalnum, word)))
        """Spells the words and numbers that are neither in the vocabulary nor among the rare
        words."""

    def shared(self, shares: np.ndarray, unknown: float) -> tuple[np.ndarray, float]:
        """Return P of all words, rare ones after the vocabulary, and P of an unlisted word.

        Args:
            shares: P(word) by id, (V,).
            unknown: P(a word outside the vocabulary).
        """
        listed = LISTED * unknown if self._rare else 0.0
        each = np.full(self._rare, listed / max(self._rare, 1))
        return np.concatenate([shares, each]), unknown - listed

    def branching(
        self, prefix: str, shares: np.ndarray, kinds: tuple[float, ...]
    ) -> tuple[dict[str, float], float]:
        """Return P(prefix and next character) by character, and P(the prefix is the whole word).

        Args:
            prefix: the letters typed so far.
            shares: P(word), from `shared`.
            kinds: P of a word being typed as spelled, with a capital, in capitals; or of the only
                kind.
        """
        low, high, letters, starts = self._branches(prefix)
        if low == high:
            return {}, 0.0
        weights = shares[self._ids[low:high]] * np.array(kinds)[self._kinds[low:high]]
        whole = float(weights[: starts[0] if len(starts) else None].sum())
        if not letters:
            return {}, whole
        sums = np.add.reduceat(weights, starts)
        return dict(zip(letters, sums.tolist(), strict=True)), whole


def _branches(spellings: Sequence[str], prefix: str) -> Branches:
    """Return the range of the spellings with a prefix, split by the character after it."""
    low = bisect_left(spellings, prefix)
    length, letters, starts = len(prefix), [], []
    at = low
    while at < len(spellings) and spellings[at] == prefix:
        at += 1
    high = at
    while high < len(spellings) and spellings[high].startswith(prefix):
        letter = spellings[high][length]
        letters.append(letter)
        starts.append(high - low)
        # The next spelling that begins otherwise.
        begun = prefix + letter
        high = bisect_left(spellings, True, high, key=lambda word: not word.startswith(begun))
    return low, high, "".join(letters), np.array(starts, dtype=np.intp)
