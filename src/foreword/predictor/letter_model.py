"""Spell words outside the vocabulary letter by letter. Knows words; no texts and no networks."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import lru_cache
from heapq import heappop, heappush

import numpy as np

REMEMBERED = 1024
"""The number of contexts whose next letters are cached."""
OTHER = 1e-6
"""P of a character that no known word has, within a word outside the vocabulary."""
BITS = 60
"""Of the numbers of a context's letters and the next one, in the core."""
LONGEST = 32
"""The most letters of an ending."""


class LetterModel:
    """N-grams of letters, which spell words outside the vocabulary.

    They are counted from a list of words, each once. Source: Witten and Bell 1991, method C,
    interpolated down to equal shares of all characters.

    >>> model = LetterModel(["an", "and", "ant"])
    >>> shares = model.after("an")
    >>> round(float(sum(shares)), 6), max(zip(shares, [*model.alphabet, "the end"]))[1]
    (1.0, 'the end')

    Attributes:
        alphabet: the characters, sorted. The end of the word follows them in every distribution.
    """

    def __init__(self, words: Iterable[str], context: int = 2) -> None:
        """Count the letters of words.

        Args:
            words: the words.
            context: the number of letters on which the next one depends; fewer if the words have
                so many different ones that their numbers do not fit into `BITS` bits.
        """
        words = list(words)
        self.alphabet = "".join(sorted(set().union(*words)))
        self._position = {letter: n for n, letter in enumerate(self.alphabet + "\0")}
        context = min(context, BITS // len(self._position).bit_length() - 1)
        self._begin = "\0" * context
        padded = (f"{self._begin}{word}\0" for word in words)
        longest = Counter(
            word[at - context : at + 1] for word in padded for at in range(context, len(word))
        )
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for letters, count in longest.items():
            for start in range(context + 1):
                self._counts[letters[start:context]][letters[context]] += count
        self._after = lru_cache(maxsize=REMEMBERED)(self._smoothed)

    def after(self, prefix: str) -> np.ndarray:
        """Return P(next character | prefix, word outside the vocabulary), and P(end) as the last.

        A word has at least one character.
        """
        return self._after((self._begin + prefix)[len(prefix) :])

    def probability(self, prefix: str) -> float:
        """Return P(a word outside the vocabulary begins with a prefix)."""
        share = 1.0
        for at, letter in enumerate(prefix):
            position = self._position.get(letter)
            share *= OTHER if position is None else float(self.after(prefix[:at])[position])
        return share

    def endings(self, prefix: str, least: float) -> list[tuple[float, str]]:
        """Return the endings with P(ending | prefix) >= `least`, the likeliest first.

        An ending has a letter or more. Since a longer ending is never likelier than its beginning,
        the search finds all of them and need not look far.

        >>> LetterModel(["walking", "talking", "working"], context=3).endings("mil", 0.2)
        [(0.623..., 'king')]
        """
        # The likeliest first, then the shortest, then by the alphabet.
        queue = [(-1.0, 0, "", False)]
        whole: list[tuple[float, str]] = []
        while queue:
            share, length, ending, is_whole = heappop(queue)
            if is_whole:
                whole.append((-share, ending))
                continue
            shares = -share * self.after(prefix + ending)
            for position in np.flatnonzero(shares >= least).tolist():
                letter, following = self._letter(position), -float(shares[position])
                if not letter and ending:
                    heappush(queue, (following, length, ending, True))
                elif letter and length < LONGEST:
                    heappush(queue, (following, length + 1, ending + letter, False))
        return whole

    def _letter(self, position: int) -> str:
        """Return the letter at a position of `after`; "" for the end."""
        return self.alphabet[position : position + 1]

    def _smoothed(self, last: str) -> np.ndarray:
        shares = np.full(len(self._position), 1 / len(self._position))
        for length in range(len(last) + 1):
            if (counted := self._counts.get(last[len(last) - length :])) is not None:
                shares *= len(counted)  # as many as there are different letters
                shares[[self._position[letter] for letter in counted]] += list(counted.values())
                shares /= counted.total() + len(counted)
        if last == self._begin and len(shares) > 1:
            shares[-1] = 0
            shares /= shares.sum()
        shares.flags.writeable = False
        return shares
