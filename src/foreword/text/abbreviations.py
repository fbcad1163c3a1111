"""Find the abbreviations of a text: words that a full stop nearly always follows.

After Kiss & Strunk, Unsupervised Multilingual Sentence Boundary Detection (2006): a word is an
abbreviation if it is short, rarely stands without a full stop, and has one far more often than
other words do. The case of the next word shows whether a sentence begins after the full stop. This
module knows no models.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from foreword.visible import is_plain

Abbreviations = Mapping[str, tuple[int, int]]
"""Each abbreviation, folded by `str.casefold`, and two counts: how often the sentence went on after
the full stop, and how often a new one began. A name after it counts as the sentence going on."""

LONGEST, MOST = 12, 256
"""The letters of the longest abbreviation, and the number of abbreviations that are kept."""
ENOUGH = 3
"""The number of times that a word must have been seen with a full stop within a sentence."""
THRESHOLD = 0.3
"""The least score, after Kiss and Strunk, of an abbreviation."""
SURE = 0.99
"""P(full stop | abbreviation) in their likelihood ratio."""
MOSTLY = 0.8
"""The largest share of the full stops after an abbreviation that may end a sentence."""

# A full stop at the end of a line does not show whether a sentence continues.
_LAST = re.compile(r"[^\W\d_]*+\.[\"'”’)\s]*+$")
_WORD = re.compile(r"[^\W\d_]++(?:\.(?!\.))?")
_FOLLOWED = re.compile(rf"\b([^\W\d_]{{2,{LONGEST}}})\.(?:\s+(\w+)|([,;:)]))")


class AbbreviationCounter:
    """Counts words with and without a full stop, line by line."""

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

    def abbreviations(self) -> dict[str, tuple[int, int]]:
        """Return the most frequent abbreviations."""
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
        abbreviations: dict[str, tuple[int, int]] = {}
        for word, count in pointed.most_common():
            if len(abbreviations) == MOST or count < ENOUGH:
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
            # Names may follow anything; a word after which only sentences begin is no abbreviation.
            if names + within >= ENOUGH and begun <= MOSTLY / (1 - MOSTLY) * (names + within):
                abbreviations[word] = (names + within, begun)
        return abbreviations


def score(pointed: int, plain: int, length: int, share: float) -> float:
    """Return Kiss and Strunk's score of a word.

    Args:
        pointed: how often the word has a full stop.
        plain: how often it has none.
        length: the number of its letters.
        share: the share of all words that have a full stop.
    """
    usual = pointed * math.log(max(share, 1e-9)) + plain * math.log(max(1 - share, 1e-9))
    sure = pointed * math.log(SURE) + plain * math.log(1 - SURE)
    return 2 * (sure - usual) * math.exp(-length) * float(max(length, 2)) ** -plain


def checked_abbreviations(abbreviations: Any) -> dict[str, tuple[int, int]]:
    """Return the abbreviations that a file holds, after checking each part.

    Raises:
        ValueError, TypeError, AttributeError: the value holds something else.
    """
    if len(abbreviations) > MOST:
        raise ValueError(f"abbreviations: there are over {MOST}")
    for word, counts in abbreviations.items():
        if not (0 < len(word) <= LONGEST and word.isalpha() and is_plain(word)):
            raise ValueError(f"abbreviations: {word[:LONGEST]!r} is no word")
        if len(counts) != 2 or any(type(count) is not int or count < 0 for count in counts):
            raise ValueError(f"abbreviations: {word!r} must have two whole numbers, 0 or more")
    return {word: (counts[0], counts[1]) for word, counts in abbreviations.items()}
