"""Decide whether two lines of a wrapped paragraph are joined with a space.

They are joined without one in scripts that set none between words (CSS Text Level 3, section 4.1.3,
for Chinese and Japanese), and where a hyphen split a word. The words of the text itself, or of a
vocabulary, decide whether the hyphen belongs to the word.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from foreword.text.segments import is_unspaced

UNSEEN = "\u2064"
"""Placeholder for dropped characters between two joined lines, which keeps offsets unchanged."""
COMMON = 30
"""A split word does not continue with one of this many most frequent words: `two-` and `and`."""
SURE = 0.95
"""The share of split words among a text's known hyphens from which unknown ones are splits too."""

_HYPHENS = "‐\xad¬-"
_ALWAYS_SPLIT = frozenset("\xad¬")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_LEFT = re.compile(
    rf"(?:^|(?<=[^\w]))(?P<word>[\w'’{_HYPHENS}]*?(?P<part>[^\W_]+))(?P<hyphen>[{_HYPHENS}])$"
)
_RIGHT = re.compile(rf"(?P<part>[^\W_]+(?:['’][^\W\d_]+)*)(?P<rest>[{_HYPHENS}]\w)?")
_COMPOUND = re.compile(r"(?<!\w)(?=([^\W\d_]+)[-‐]([^\W\d_]+))")
_NEXT = re.compile(r"[^\W\d_][-‐] +([^\W\d_]+)")


class Joint(NamedTuple):
    """How a line continues the line before it.

    Attributes:
        dropped: the number of characters to drop at the end of the line before.
        spaced: whether a space stands between the two lines.
    """

    dropped: int
    spaced: bool


SPACED = Joint(0, spaced=True)


class Hyphens:
    """Decides by known words which hyphens at the ends of lines do not belong to a word.

    >>> hyphens = Hyphens(Counter(["committee", "self-aware", "com", "self", "aware"]))
    >>> hyphens.joint("the commit-", "tee"), hyphens.joint("be self-", "aware")
    (Joint(dropped=1, spaced=False), Joint(dropped=0, spaced=False))
    """

    def __init__(
        self,
        counts: Counter[str],
        after_hyphen: Collection[str] = (),
        common: Collection[str] = (),
        split: float | None = None,
    ) -> None:
        """Store the known words.

        Args:
            counts: of words, and of pairs of words joined by a hyphen, in lower case.
            after_hyphen: words after a hyphen and a space: `and` of `two- and three-fold`.
            common: the most frequent words.
            split: the share of known hyphens at line ends that only split a word; None if unknown.
        """
        self._counts = counts
        self._after_hyphen = frozenset(after_hyphen)
        self._common = frozenset(common)
        self._split = split

    def joint(self, before: str, after: str) -> Joint | None:
        """Return how two lines are joined if the first ends in the hyphen of a word; else None."""
        left, right = _LEFT.search(before[-80:]), _RIGHT.match(after)
        if left is None or right is None or not _has_case(left["part"][-1] + right["part"][0]):
            return None
        if left["hyphen"] in _ALWAYS_SPLIT:
            return Joint(1, spaced=False)
        is_split = self._is_split(left, right)
        if is_split is not None:
            return Joint(int(is_split), spaced=False)
        first, second = left["part"].lower(), right["part"].lower()
        is_part = left["word"] != left["part"] or right["rest"] is not None  # state-of- the-art
        if not is_part and (second in self._after_hyphen or second in self._common):
            return SPACED
        known = bool(self._counts[first] and self._counts[second])
        usual = 0.5 if self._split is None else self._split
        return Joint(int(not is_part and (usual >= (SURE if known else 0.5))), spaced=False)

    def _is_split(self, left: re.Match[str], right: re.Match[str]) -> bool | None:
        """Whether the hyphen only splits the word; None if no known word shows it."""
        first, second = left["part"], right["part"]
        if not (first.isalpha() and second[0].isalpha()):
            return False  # 20-30
        if second[0].isupper() and not first.isupper():
            return False  # Anglo-American
        whole = self._counts[(first + second).lower()]
        compound = self._counts[f"{first}-{second}".lower()]
        return whole >= compound if whole or compound else None


def _has_case(text: str) -> bool:
    """Whether all letters have case: scripts without case split no words by hyphens."""
    return all(letter.lower() != letter.upper() for letter in text if letter.isalpha())


def hyphens_of_vocabulary(words: Iterable[str]) -> Hyphens:
    """Return what a vocabulary, most frequent words first, shows about hyphens."""
    counts: Counter[str] = Counter()
    common: list[str] = []
    for word in words:
        if word.isalpha():
            counts[word.lower()] += 1
            if len(common) < COMMON:
                common.append(word.lower())
    return Hyphens(counts, common=common)


class HyphenCounter:
    """Counts the words of a text with wrapped lines, line by line."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        """Start with the words of a vocabulary, to which the text's own words are added."""
        self._counts = Counter(word.lower() for word in words if word.isalpha())
        self._after_hyphen: set[str] = set()
        self._splits: list[tuple[str, str]] = []
        self._before = ""

    def add(self, line: str) -> None:
        """Count the words of a line, except those that may be parts of a split word."""
        line = line.strip()
        words = [word.lower() for word in _WORD.findall(line)]
        if self._before and words:
            self._splits.append((self._before, line[:80]))
            words = words[1:]
        self._before = line[-80:] if _LEFT.search(line[-80:]) is not None else ""
        if self._before and words:
            words.pop()
        self._counts.update(words)
        if "-" in line or "‐" in line:
            self._counts.update(f"{a}-{b}".lower() for a, b in _COMPOUND.findall(line))
            self._after_hyphen.update(word.lower() for word in _NEXT.findall(line))

    def hyphens(self) -> Hyphens:
        """Return what the counted words show about hyphens."""
        common = [word for word, _ in self._counts.most_common(COMMON)]
        first = Hyphens(self._counts, self._after_hyphen, common)
        splits = [
            is_split
            for before, after in self._splits
            if (left := _LEFT.search(before)) is not None
            and (right := _RIGHT.match(after)) is not None
            and left["hyphen"] not in _ALWAYS_SPLIT
            and left["part"].isalpha()
            and right["part"][0].islower()
            and (is_split := first._is_split(left, right)) is not None
        ]
        share = sum(splits) / len(splits) if splits else None
        return Hyphens(self._counts, self._after_hyphen, common, share)

    def joined(self, hyphens: Hyphens) -> Iterator[tuple[str, str]]:
        """Yield the ends and beginnings of lines that are joined to one word without its hyphen."""
        for before, after in self._splits:
            joint = hyphens.joint(before, after)
            if joint is not None and joint.dropped:
                yield before, after


def ends_in_hyphen(line: str) -> bool:
    """Whether a line ends in the hyphen of a word."""
    line = line.rstrip()
    return line[-1:] in _HYPHENS and bool(line) and _LEFT.search(line[-80:]) is not None


def joint(before: str, after: str, hyphens: Hyphens | None) -> Joint:
    """Return how two lines of a paragraph are joined.

    >>> joint("今天天气", "很好", None).spaced, joint("the", "cat", None).spaced
    (False, True)

    Args:
        before: the first line, without trailing spaces.
        after: the second line, without leading spaces; it may still be empty.
        hyphens: the known words; None if hyphens are not examined.
    """
    if not before:
        return SPACED
    if before[-1] in _HYPHENS:
        hyphen_joint = hyphens.joint(before, after) if hyphens is not None else None
        return SPACED if hyphen_joint is None else hyphen_joint
    if before[-1].isascii() or not _sets_no_space(before[-1]):
        return SPACED
    return Joint(0, spaced=bool(after) and not _sets_no_space(after[0]))


def _sets_no_space(character: str) -> bool:
    """Whether a character belongs to a script without spaces between words, or is a mark of one."""
    if is_unspaced(character):
        return True
    is_wide = unicodedata.east_asian_width(character) in "WF"
    return is_wide and unicodedata.category(character)[0] in "PN"
