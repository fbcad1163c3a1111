"""Slips of the finger: words that begin as typed but for one edit. Knows letters; no models."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from foreword.predictor.lexicon import Lexicon

SHORTEST, SHORTEST_FOR_FIRST = 2, 3
"""Letters that must be typed before any edit, and one of the first letter, is thought of."""
LONGEST = 32

# P(this slip | the word meant) at one place, beside 1 for what is typed right. A guess: one or two
# slips in a hundred letters in all. The first of each pair is the likelier.
NEIGHBOUR, ELSEWHERE = 4e-3, 2e-4  # another key instead
TWICE, MISSING = 3e-3, 1e-3  # a letter left out; a double one is the likelier
TRANSPOSED = 3e-3
BESIDE, EXTRA = 3e-3, 5e-4  # a letter too much: its neighbour's key or its own twice

WHOLE = 4
"""A word of which all letters stand there, but for a slip, is so many times likelier meant than a
longer one: whoever means that one has as many places more to stop at."""


class Layout:
    """Which keys lie side by side."""

    def __init__(self, rows: Sequence[str]) -> None:
        """Lays keys out.

        Args:
            rows: from above, each shifted to the right by half a key from the one above it.
        """
        at = {c: (x + y / 2, y) for y, row in enumerate(rows) for x, c in enumerate(row)}
        self._near = {
            a: frozenset(
                b
                for b, (right, down) in at.items()
                if b != a and abs(right - x) <= 1 and abs(down - y) <= 1
            )
            for a, (x, y) in at.items()
        }

    def are_near(self, a: str, b: str) -> bool:
        """Whether a finger may hit b for a.

        >>> QWERTY.are_near("i", "o"), QWERTY.are_near("i", "k"), QWERTY.are_near("i", "a")
        (True, True, False)
        """
        return b in self._near.get(a, ())


QWERTY = Layout(["qwertyuiop", "asdfghjkl", "zxcvbnm"])
QWERTZ = Layout(["qwertzuiopü", "asdfghjklöä", "yxcvbnm"])
AZERTY = Layout(["azertyuiop", "qsdfghjklm", "wxcvbn"])


@dataclass(frozen=True)
class Near:
    """Words that begin nearly as typed: a range of the lexicon, and how likely the slip is."""

    low: int
    high: int
    weight: float


def one_edit(lexicon: Lexicon, typed: str, layout: Layout = QWERTY) -> Iterator[Near]:
    """Words whose beginning is one edit away: a letter inserted, deleted, replaced or transposed.

    Walks down the sorted words along the typed letters and tries, at each place, only letters
    that words have there. Ranges may overlap; a word's best weight counts.

    Args:
        lexicon: the words.
        typed: folded letters; fewer than `SHORTEST` or more than `LONGEST` have no neighbours.
        layout: of the keys.
    """
    n = len(typed)
    if not SHORTEST <= n <= LONGEST:
        return
    folds = lexicon.sorted_folds
    low, high = 0, len(folds)  # of the words that begin with typed[:place]
    for place in range(n):
        before, rest = typed[:place], typed[place + 1 :]
        if place > 0:
            low, high = lexicon.range(before)
            if low == high:
                return
        if place > 0 or n >= SHORTEST_FOR_FIRST:
            yield from _at(lexicon, typed, place, low, high, layout)
            if rest:
                first = typed[place]
                doubled = place > 0 and (
                    first == typed[place - 1] or layout.are_near(typed[place - 1], first)
                )
                weight = BESIDE if doubled or layout.are_near(rest[0], first) else EXTRA
                yield from _found(lexicon, before + rest, weight)
                if rest[0] != first:
                    swapped = before + rest[0] + first + rest[1:]
                    yield from _found(lexicon, swapped, TRANSPOSED)
    # A letter too much at the end: of a whole word only, or all that begin so would be found.
    low, high = lexicon.range(typed[:-1])
    end = low
    while end < high and folds[end] == typed[:-1]:
        end += 1
    if end > low:
        near = typed[-1] == typed[-2] or layout.are_near(typed[-2], typed[-1])
        yield Near(low, end, BESIDE if near else EXTRA)


def _at(
    lexicon: Lexicon, typed: str, place: int, low: int, high: int, layout: Layout
) -> Iterator[Near]:
    """Another letter at a place, instead of the typed one or before it."""
    folds, before, this = lexicon.sorted_folds, typed[:place], typed[place]
    at = low
    while at < high:
        if len(folds[at]) == place:  # the word ends here
            at += 1
            continue
        letter = folds[at][place]
        end = lexicon.end(before + letter, at, high)
        if letter != this:
            weight = NEIGHBOUR if layout.are_near(letter, this) else ELSEWHERE
            yield from _found(lexicon, before + letter + typed[place + 1 :], weight)
        weight = TWICE if place > 0 and letter == typed[place - 1] else MISSING
        if before + letter + typed[place:] != typed:
            yield from _found(lexicon, before + letter + typed[place:], weight)
        at = end


def _found(lexicon: Lexicon, prefix: str, weight: float) -> Iterator[Near]:
    low, high = lexicon.range(prefix)
    if low < high:
        yield Near(low, high, weight)
        whole = bisect_right(lexicon.sorted_folds, prefix, low, high)
        if whole > low:
            yield Near(low, whole, weight * WHOLE)


def stem(lexicon: Lexicon, typed: str) -> tuple[int, int]:
    """Words that share the longest beginning with typed letters, of two letters and half of them.

    >>> lexicon = Lexicon(["walk", "walking", "wander"], hidden=0)
    >>> low, high = stem(lexicon, "walked")
    >>> [lexicon.words[index] for index in lexicon.ids[low:high]]
    ['walk', 'walking']
    """
    shortest = max(2, (len(typed) + 1) // 2)
    for length in range(min(len(typed), lexicon.longest), shortest - 1, -1):
        low, high = lexicon.range(typed[:length])
        if low < high:
            return low, high
    return 0, 0
