"""Find words that begin as typed except for one typing slip. Knows letters; no models."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

from foreword.predictor.letters import without_accents
from foreword.predictor.lexicon import Lexicon
from foreword.text.misspellings import SHORTEST_TWICE, distance, frame

SHORTEST, SHORTEST_FOR_FIRST = 2, 3
"""The least number of typed letters for which slips are considered, and slips of the first one."""
LONGEST = 32

# P(this slip | the intended word) at one position, relative to 1 for correct typing. An estimate:
# one or two slips in a hundred letters. The first of each pair is the more likely case.
NEIGHBOUR, ELSEWHERE = 4e-3, 2e-4  # another key is hit: a neighbouring one, or any other
TWICE, MISSING = 3e-3, 1e-3  # a letter is left out: of a double one, or any other
TRANSPOSED = 3e-3
BESIDE, EXTRA = 3e-3, 5e-4  # an additional letter: a neighbouring key or a repetition, or any other

TWO = 1e-4  # two slips of the commonest kinds in a whole word
WHOLE = 4
"""How many times more likely a word whose letters are all typed, except for a slip, is intended
than a longer one, which has as many more positions at which typing can stop."""
ENDING = 1e-2
"""The factor for a slip in the last letter of a whole word, where another ending of a word that the
vocabulary lacks is more likely: railroads is not railroad."""


class Layout:
    """Tells which keys are neighbours.

    Attributes:
        rows: the rows of keys, from the top.
    """

    def __init__(self, rows: Sequence[str]) -> None:
        """Set the keys.

        Args:
            rows: the rows from the top, each shifted to the right by half a key from the one above.
        """
        self.rows = list(rows)
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
        """Whether a finger may hit b instead of a.

        >>> QWERTY.are_near("i", "o"), QWERTY.are_near("i", "k"), QWERTY.are_near("i", "a")
        (True, True, False)
        """
        return b in self._near.get(a, ())


QWERTY = Layout(["qwertyuiop", "asdfghjkl", "zxcvbnm"])
QWERTZ = Layout(["qwertzuiopü", "asdfghjklöä", "yxcvbnm"])
AZERTY = Layout(["azertyuiop", "qsdfghjklm", "wxcvbn"])


@dataclass(frozen=True)
class Near:
    """Words that begin nearly as typed: a range of the lexicon, and the probability of the slip."""

    low: int
    high: int
    weight: float


def one_edit(lexicon: Lexicon, typed: str, layout: Layout = QWERTY) -> Iterator[Near]:
    """Yield words whose beginning is one insertion, deletion, replacement or swap away.

    Follows the typed letters through the sorted words and tries, at each position, only letters
    that words have in it. Ranges may overlap; the best weight of a word counts.

    Args:
        lexicon: the words.
        typed: folded letters; fewer than `SHORTEST` or more than `LONGEST` have no neighbours.
        layout: the layout of the keys.
    """
    n = len(typed)
    if not SHORTEST <= n <= LONGEST:
        return
    folds = lexicon.sorted_folds
    low, high = 0, len(folds)  # the range of the words that begin with typed[:position]
    for position in range(n):
        before, rest = typed[:position], typed[position + 1 :]
        if position > 0:
            low, high = lexicon.range(before)
            if low == high:
                return
        if position > 0 or n >= SHORTEST_FOR_FIRST:
            yield from _other_letter(lexicon, typed, position, low, high, layout)
            if rest:
                first = typed[position]
                doubled = position > 0 and (
                    first == typed[position - 1] or layout.are_near(typed[position - 1], first)
                )
                weight = BESIDE if doubled or layout.are_near(rest[0], first) else EXTRA
                yield from _near_words(lexicon, before + rest, weight)
                if rest[0] != first:
                    swapped = before + rest[0] + first + rest[1:]
                    yield from _near_words(lexicon, swapped, TRANSPOSED)
    # An additional letter at the end counts only after a whole word, or too many would match.
    low, high = lexicon.range(typed[:-1])
    end = low
    while end < high and folds[end] == typed[:-1]:
        end += 1
    if end > low:
        near = typed[-1] == typed[-2] or layout.are_near(typed[-2], typed[-1])
        yield Near(low, end, WHOLE * (BESIDE if near else EXTRA))


def two_edits(lexicon: Lexicon, typed: str) -> Iterator[Near]:
    """Yield words of which typed letters are two common slips away: tommorow of tomorrow.

    Vowels are wrong, missing or too many, or letters are doubled or not.
    """
    if not SHORTEST_TWICE <= len(typed) <= LONGEST:
        return
    for position in lexicon.framed(frame(typed)):
        if distance(typed, lexicon.sorted_folds[position]) == 2:
            yield Near(position, position + 1, TWO)


def whole_words(lexicon: Lexicon, typed: str) -> dict[int, float]:
    """Return the words that folded letters may be with a slip, by id, with P(typed | word).

    >>> lexicon = Lexicon(["going", "Going", "goings", "gong"], hidden=0)
    >>> whole_words(lexicon, "goign")
    {0: 0.003, 1: 0.003}
    """
    if not SHORTEST_FOR_FIRST <= len(typed) <= LONGEST:
        return {}
    edited: list[str] = []
    for position in range(len(typed) + 1):
        before, rest = typed[:position], typed[position:]
        if not lexicon.may_begin(before):
            break
        after = rest[1:]
        edited += (before + after, before + after[:1] + rest[:1] + after[1:])
        for letter in lexicon.letters:
            if lexicon.may_begin(begun := before + letter):
                edited += (begun + rest, begun + after)
    plain = without_accents(typed)  # an accent that was typed is no slip
    words = (fold for fold in lexicon.known(edited) if without_accents(fold) != plain)
    weights = {fold: _weight(typed, fold) for fold in words}
    for near in two_edits(lexicon, typed):
        weights[lexicon.sorted_folds[near.low]] = near.weight
    return {
        index: weight
        for fold, weight in sorted(weights.items(), key=itemgetter(1))
        for index in map(lexicon.meant, (*lexicon.forms(fold), *lexicon.readings(fold).tolist()))
    }


def _weight(typed: str, word: str) -> float:
    """Return P(typed | a word that is one edit away)."""
    same = (k for k, (a, b) in enumerate(zip(typed, word, strict=False)) if a != b)
    at = next(same, min(len(typed), len(word)))
    this, before, after = typed[at : at + 1], typed[at - 1 : at], typed[at + 1 : at + 2]
    if len(word) > len(typed):
        weight = TWICE if word[at] == before else MISSING
    elif len(word) < len(typed):
        is_near = this == before or QWERTY.are_near(before, this) or QWERTY.are_near(after, this)
        weight = BESIDE if is_near else EXTRA
    elif typed[at + 1 :] == word[at + 1 :]:
        weight = NEIGHBOUR if QWERTY.are_near(word[at], this) else ELSEWHERE
    else:
        weight = TRANSPOSED
    return weight * (ENDING if at + 1 >= max(len(typed), len(word)) else 1)


def _other_letter(
    lexicon: Lexicon, typed: str, position: int, low: int, high: int, layout: Layout
) -> Iterator[Near]:
    """Yield words with another letter at a position, replacing the typed one or before it."""
    folds, before, this = lexicon.sorted_folds, typed[:position], typed[position]
    index = low
    while index < high:
        if len(folds[index]) == position:  # the word ends here
            index += 1
            continue
        letter = folds[index][position]
        end = lexicon.end(before + letter, index, high)
        if letter != this:
            weight = NEIGHBOUR if layout.are_near(letter, this) else ELSEWHERE
            yield from _near_words(lexicon, before + letter + typed[position + 1 :], weight)
        weight = TWICE if position > 0 and letter == typed[position - 1] else MISSING
        if before + letter + typed[position:] != typed:
            yield from _near_words(lexicon, before + letter + typed[position:], weight)
        index = end


def _near_words(lexicon: Lexicon, prefix: str, weight: float) -> Iterator[Near]:
    low, high = lexicon.range(prefix)
    if low < high:
        yield Near(low, high, weight)
        whole = bisect_right(lexicon.sorted_folds, prefix, low, high)
        if whole > low:
            yield Near(low, whole, weight * WHOLE)


def stem(lexicon: Lexicon, typed: str) -> tuple[int, int]:
    """Return the words with the longest common beginning, of two letters and half of them.

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
