"""Which words of a text are abbreviated: those that a point nearly always follows.

After Kiss & Strunk, Unsupervised Multilingual Sentence Boundary Detection (2006): a word is told by
how much likelier a point is after it than after others, how short it is, and how seldom it stands
without one. What begins after the point is told by the case of the next word. Knows no models.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from foreword.visible import is_plain

Abbreviations = Mapping[str, tuple[int, int]]
"""Words, folded by `str.casefold`, and how often a sentence went on after the point, and began.
Where a name follows, it is taken to go on."""

LONGEST, MOST = 12, 256
"""Letters of an abbreviation; how many are kept."""
ENOUGH = 3
"""Times that a word must have been seen with a point within a sentence."""
THRESHOLD = 0.3
"""Of Kiss and Strunk's score."""
SURE = 0.99
"""P(a point | an abbreviation), in their test of likelihoods."""
MOSTLY = 0.8
"""The largest share of times that a sentence begins after an abbreviation's point."""

# A point where a line ends tells nothing.
_LAST = re.compile(r"[^\W\d_]*+\.[\"'”’)\s]*+$")
_WORD = re.compile(r"[^\W\d_]++(?:\.(?!\.))?")
_FOLLOWED = re.compile(rf"\b([^\W\d_]{{2,{LONGEST}}})\.(?:\s+(\w+)|([,;:)]))")


class AbbreviationCounter:
    """Counts words with and without points, line by line."""

    def __init__(self) -> None:
        self._words: Counter[str] = Counter()
        self._next: Counter[tuple[str, str]] = Counter()

    def add(self, line: str) -> None:
        """Counts a line."""
        if "." not in line:
            self._words.update(_WORD.findall(line))
            return
        self._words.update(_WORD.findall(_LAST.sub("", line)))
        self._next.update((m[1].casefold(), m[2] or m[3]) for m in _FOLLOWED.finditer(line))

    def merge(self, other: "AbbreviationCounter") -> None:
        """Adds the counts of another part of the text."""
        self._words.update(other._words)
        self._next.update(other._next)

    def found(self) -> dict[str, tuple[int, int]]:
        """The commonest abbreviations."""
        pointed: Counter[str] = Counter()
        plain: Counter[str] = Counter()
        small: Counter[str] = Counter()
        for word, count in self._words.items():
            fold = word.casefold()
            if word[-1] == ".":
                pointed[fold[:-1]] += count
            else:
                plain[fold] += count
                small[fold] += count if word.islower() else 0
        followers: dict[str, Counter[str]] = {}
        for (word, after), count in self._next.items():
            followers.setdefault(word, Counter())[after] += count
        share = pointed.total() / max(pointed.total() + plain.total(), 1)
        found: dict[str, tuple[int, int]] = {}
        for word, count in pointed.most_common():
            if len(found) == MOST or count < ENOUGH:
                break
            if word not in followers or score(count, plain[word], len(word), share) < THRESHOLD:
                continue
            names = within = begun = 0
            for after, times in followers[word].items():
                fold = after.casefold()
                if not after[0].isupper():
                    within += times
                elif 4 * small[fold] > plain[fold]:
                    begun += times
                else:
                    names += times
            # Names may follow anything; a word that only sentences follow is no abbreviation.
            if names + within >= ENOUGH and begun <= MOSTLY / (1 - MOSTLY) * (names + within):
                found[word] = (names + within, begun)
        return found


def score(pointed: int, plain: int, length: int, share: float) -> float:
    """Kiss and Strunk's score of a word.

    Args:
        pointed: times with a point.
        plain: times without one.
        length: its letters.
        share: of all words that a point follows.
    """
    usual = pointed * math.log(max(share, 1e-9)) + plain * math.log(max(1 - share, 1e-9))
    sure = pointed * math.log(SURE) + plain * math.log(1 - SURE)
    return 2 * (sure - usual) * math.exp(-length) * float(max(length, 2)) ** -plain


def checked(found: Any) -> dict[str, tuple[int, int]]:
    """Abbreviations of a file, each part checked.

    Raises:
        ValueError, TypeError, AttributeError: they are none.
    """
    if len(found) > MOST:
        raise ValueError(f"abbreviations: there are over {MOST}")
    for word, counts in found.items():
        if not (0 < len(word) <= LONGEST and word.isalpha() and is_plain(word)):
            raise ValueError(f"abbreviations: {word[:LONGEST]!r} is no word")
        if len(counts) != 2 or any(type(count) is not int or count < 0 for count in counts):
            raise ValueError(f"abbreviations: {word!r} must have two whole numbers, 0 or more")
    return {word: (counts[0], counts[1]) for word, counts in found.items()}
