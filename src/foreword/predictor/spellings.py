"""Sum the probabilities of words by their next letter. Knows spellings, but no models and no texts.

A vocabulary word is typed as it is spelled, or with a capital, or in capitals. A word outside the
vocabulary is one of the rare words, or is spelled letter by letter by the `LetterModel`.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache, partial

import numpy as np

from foreword.text.case import Case

REMEMBERED = 1024
"""The number of prefixes whose next letters are cached."""
LISTED = 0.5
"""The share of P(<unk>) that is given in equal parts to the listed rare words, if there are any."""
OTHER = 1e-6
"""P of a character that no word of the vocabulary has, within a word outside the vocabulary."""

Branches = tuple[int, int, str, np.ndarray]
"""A range of sorted spellings, their next characters, and where each begins; see `_branches`."""


class LetterModel:
    """Spells words outside the vocabulary: a trigram model of letters, smoothed by Witten and Bell.

    It is counted from a list of words, each once. Source: Witten and Bell 1991, method C,
    interpolated down to equal shares of all characters.

    >>> model = LetterModel(["an", "and", "ant"])
    >>> shares = model.after("an")
    >>> round(float(sum(shares)), 6), max(zip(shares, [*model.alphabet, "the end"]))[1]
    (1.0, 'the end')

    Attributes:
        alphabet: the characters, sorted. The end of the word follows them in every distribution.
    """

    def __init__(self, words: Iterable[str]) -> None:
        padded = (f"\0\0{word}\0" for word in words)
        triples = Counter(word[at - 2 : at + 1] for word in padded for at in range(2, len(word)))
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for triple, count in triples.items():
            for start in (0, 1, 2):
                counts[triple[start:2]][triple[2]] += count
        self.alphabet = "".join(sorted(set(counts.get("", ())) - {"\0"}))
        self._position = {letter: n for n, letter in enumerate(self.alphabet + "\0")}
        self._counts = {
            context: (
                np.array([self._position[letter] for letter in letters]),
                np.array(list(letters.values()), dtype=np.float64),
            )
            for context, letters in counts.items()
        }
        self._after = lru_cache(maxsize=REMEMBERED)(self._smoothed)

    def after(self, prefix: str) -> np.ndarray:
        """Return P(next character | prefix, word outside the vocabulary), and P(end) as the last.

        A word has at least one character.
        """
        return self._after(("\0\0" + prefix)[-2:])

    def probability(self, prefix: str) -> float:
        """Return P(a word outside the vocabulary begins with a prefix)."""
        share = 1.0
        for at, letter in enumerate(prefix):
            position = self._position.get(letter)
            share *= OTHER if position is None else float(self.after(prefix[:at])[position])
        return share

    def _smoothed(self, last: str) -> np.ndarray:
        shares = np.full(len(self._position), 1 / len(self._position))
        for length in (0, 1, 2):
            if (counted := self._counts.get(last[2 - length :])) is not None:
                positions, counts = counted
                shares *= len(counts)  # as many as there are different letters
                shares[positions] += counts
                shares /= counts.sum() + len(counts)
        if last == "\0\0" and len(shares) > 1:
            shares[-1] = 0
            shares /= shares.sum()
        shares.flags.writeable = False
        return shares


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
