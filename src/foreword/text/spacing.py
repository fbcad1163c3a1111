"""Where there are spaces around marks, and which marks end sentences: usually, or in a text.

The counts of a training text are stored beside the vocabulary. Knows nothing of models.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Literal

from foreword.errors import FolderError
from foreword.text.abbreviations import AbbreviationCounter, Abbreviations, checked_abbreviations
from foreword.text.characters import OWN, folded
from foreword.text.model_files import RESTORE, versioned
from foreword.text.style import PLAIN_STYLE, Style, StyleCounter, style_of
from foreword.visible import is_plain, shown

NO_SPACE_BEFORE = frozenset(".,!?;:)]}%'’”…。，、！？；：）」』】》") | {"...", "!!", "??"}
"""Marks before which most languages set no space."""
NO_SPACE_AFTER = frozenset("([{“‘¿¡$£€#@（「『【《")
"""Marks after which most languages set no space."""
OPENS, CLOSES = "“", "”"
"""The marks as which straight quotation marks are counted."""

VERSION = 1
BLOCK_CHARACTERS = 1 << 15
MOST_BLOCKS = 128
"""The number of blocks that are counted, spread over the whole text."""
CAPITALS_SHARE = 0.125
"""The share of each block from which capitals within sentences are counted."""
MOST_MARKS = 256
"""The number of marks that are kept."""
LONGEST_MARK = 8
"""The number of characters of the longest run of one mark that is counted."""
ENOUGH = 5
"""The number of times that a mark must have been seen in a position before the text decides."""
ENOUGH_SENTENCES = 20

# Not inside words and numbers: don't, 10:30.
_MARK = re.compile(r"(?!(?<=\w)'\w|(?<=\d)[.,:]\d)([^\w\s])\1*+")
_CAPITAL_WITHIN = re.compile(r"\w ([^\W\d_])")
_USUAL_ENDS = frozenset(".!?。！？।॥؟۔։።")
_PAIRED = frozenset("*~`|")

GapPosition = Literal["before", "after_word", "after_space"]
"""Before a mark that follows a word; after a mark that follows a word; after a mark that follows a
space or begins a line."""
_POSITIONS: tuple[GapPosition, ...] = ("before", "after_word", "after_space")


@dataclass(frozen=True)
class Mark:
    """The counts of one mark: how often it has no space, and how often one, in each position.

    Attributes:
        before, after_word, after_space: (without space, with space); see `GapPosition`.
        space_before, space_after: the most frequent space character on that side.
        ends: whether sentences end in the mark; None if the text does not show it.
    """

    before: tuple[int, int] = (0, 0)
    after_word: tuple[int, int] = (0, 0)
    after_space: tuple[int, int] = (0, 0)
    space_before: str = " "
    space_after: str = " "
    ends: bool | None = None


@dataclass(frozen=True)
class Spacing:
    """Where spaces stand around marks.

    >>> spacing = Spacing()
    >>> spacing.share("before", "?"), spacing.share("after_word", "-"), spacing.ends("?")
    (0.0, 0.0, True)

    Attributes:
        marks: the counts of a text; marks without counts follow custom.
        style: the typographic marks that the text has in place of plain ones.
        abbreviations: words after whose full stop a sentence may continue.
    """

    marks: Mapping[str, Mark] = field(default_factory=dict)
    style: Style = PLAIN_STYLE
    abbreviations: Abbreviations = field(default_factory=dict)

    def share(self, position: GapPosition, mark: str) -> float:
        """Return the share of cases, 0 to 1, in which a space stands in a position.

        Args:
            position: see `GapPosition`.
            mark: one mark, or a run of it; straight quotation marks are given as `OPENS` and
                `CLOSES`.
        """
        for known in (mark, mark[:1]):
            nothing, space = getattr(self.marks.get(known), position, (0, 0))
            if nothing + space >= ENOUGH:
                return float(space / (nothing + space))
        if unicodedata.east_asian_width(mark[0]) in "WF":  # full-width marks include their space
            return 0.0
        if position == "before":
            return 0.0 if set(mark) <= NO_SPACE_BEFORE else 1.0
        if position == "after_word":
            return 1.0 if set(mark) <= NO_SPACE_BEFORE or _is_currency(mark) else 0.0
        return 0.0 if set(mark) <= NO_SPACE_AFTER else 1.0

    def space(self, side: Literal["before", "after"], mark: str) -> str:
        """Return the space character on a side of a mark: a plain or a non-breaking one."""
        known = self.marks.get(mark) or self.marks.get(mark[:1])
        if known is None:
            return " "
        return known.space_before if side == "before" else known.space_after

    def ends(self, mark: str) -> bool:
        """Whether a sentence ends in a mark."""
        known = self.marks.get(mark)
        if known is not None and known.ends is not None:
            return known.ends
        return set(mark) <= _USUAL_ENDS and (mark[:1] != "." or len(mark) == 1)

    def to_json(self) -> str:
        """Return the content of `spacing.json`."""
        lines = [f"{_json(name)}: {_json(vars(mark))}" for name, mark in sorted(self.marks.items())]
        style = self.style.options()
        head = f'"style": {_json(style)}, ' if style else ""
        if self.abbreviations:
            head += f'"abbreviations": {_json(dict(sorted(self.abbreviations.items())))},\n'
        return f'{{"version": {VERSION}, {head}"marks": {{\n' + ",\n".join(lines) + "\n}}\n"

    @classmethod
    def from_json(cls, text: str, *, path: str) -> "Spacing":
        """Read what `to_json` wrote.

        Raises:
            FolderError: the text is anything else; names the file at `path`.
        """
        document = versioned(text, path, VERSION)
        try:
            return cls(
                _marks(document),
                style_of(document.get("style", {})),
                checked_abbreviations(document.get("abbreviations", {})),
            )
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise FolderError(f"{path} cannot be used: {error}. {RESTORE}") from error


USUAL = Spacing()


@lru_cache(maxsize=1 << 10)
def is_mark(word: str) -> bool:
    """Whether a word is punctuation or a sign, and no letter, digit or emoji.

    >>> is_mark("..."), is_mark("it"), is_mark("😀")
    (True, False, False)
    """
    kind = unicodedata.category(word[0]) if word else "L"
    return kind[0] == "P" or kind in ("Sm", "Sc", "Sk")


def _is_currency(mark: str) -> bool:
    return unicodedata.category(mark[0]) == "Sc"


def closes_pair(mark: str, chunk: str) -> bool:
    """Whether a mark closes what the same mark opened in a chunk without spaces, as in *so*."""
    return mark[0] in _PAIRED and chunk.startswith(mark) and chunk.count(mark[0]) > len(mark)


class SpacingCounter:
    """Counts where spaces stand, line by line, in bounded time and memory.

    A text is counted in blocks. Whenever there are too many, every second block is dropped, and
    half as many of the following ones are counted. So all parts of a text have the same weight,
    since its end may be of another kind than its beginning.
    """

    def __init__(self) -> None:
        self._blocks: list[_Block] = []
        self._seen = 0
        self._every = 1  # one block in this many is counted

    def add(self, line: str) -> None:
        """Count a line, if its block is counted."""
        block, inside = divmod(self._seen, BLOCK_CHARACTERS)
        self._seen += len(line) + 1
        if block % self._every:
            return
        index = block // self._every
        if index >= MOST_BLOCKS:
            self._blocks = self._blocks[::2]
            self._every *= 2
            if block % self._every:
                return
            index = block // self._every
        while len(self._blocks) <= index:
            self._blocks.append(_Block())
        begins = inside < BLOCK_CHARACTERS * CAPITALS_SHARE
        self._blocks[index].add(line, capitals=begins)

    def spacing(self, vocabulary: Collection[str] = ()) -> Spacing:
        """Return the spacing that the counts show.

        Args:
            vocabulary: the vocabulary; marks of `OWN` in it stand for themselves.
        """
        whole = _Block()
        for block in self._blocks:
            whole.merge(block)
        style = whole.style.style()
        if "–" in vocabulary:
            style = replace(style, short_dash="-")
        return Spacing(whole.marks(), style, whole.abbreviations.abbreviations())


class _Block:
    """The counts of a part of a text."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._capitals: Counter[tuple[str, bool]] = Counter()
        self.style = StyleCounter()
        self.abbreviations = AbbreviationCounter()

    def merge(self, other: "_Block") -> None:
        """Add the counts of another part."""
        self._counts.update(other._counts)
        self._capitals.update(other._capitals)
        self.style.merge(other.style)
        self.abbreviations.merge(other.abbreviations)

    def add(self, line: str, *, capitals: bool) -> None:
        """Count a line.

        Args:
            line: the line.
            capitals: whether to count capitals within sentences too.
        """
        self.style.add(line)
        line = folded(line.strip(), OWN)
        self.abbreviations.add(line)
        if line and (line[0].isupper() or line[0].islower()):
            self._capitals["\n", line[0].isupper()] += 1
        if capitals:
            for letter_match in _CAPITAL_WITHIN.finditer(line):
                self._capitals["", letter_match[1].isupper()] += 1
        quoting = False
        for match in _MARK.finditer(line):
            mark = match[0]
            if mark == '"':
                quoting = not quoting
                mark = OPENS if quoting else CLOSES
            if is_mark(mark) and len(mark) <= LONGEST_MARK:
                self._count(mark, line, match.start(), match.end())

    def _count(self, mark: str, line: str, start: int, end: int) -> None:
        before, after = line[start - 1 : start], line[end : end + 1]
        follows_word = before.isalnum()
        if before.isspace() or follows_word:
            space = before if before.isspace() else ""
            # Only a mark after a word counts as having a space before it; emoticons do not.
            is_ended = not after or after.isspace() or mark not in NO_SPACE_BEFORE
            if is_ended and (follows_word or line[start - 2 : start - 1].isalnum()):
                self._counts[mark, "before", space] += 1
        if after.isspace():
            following = line[end + 1 : end + 2]
            if following.isupper() or following.islower():
                self._capitals[mark, following.isupper()] += 1
        elif not after.isalnum():
            return
        space = after if after.isspace() else ""
        if follows_word:
            self._counts[mark, "after_word", space] += 1
        elif before == "" or before.isspace():
            self._counts[mark, "after_space", space] += 1

    def marks(self) -> dict[str, Mark]:
        """Return the most frequent marks with their counts."""
        totals: Counter[str] = Counter()
        for (mark, _, _), count in self._counts.items():
            totals[mark] += count
        names = [mark for mark, count in totals.most_common(MOST_MARKS) if count >= ENOUGH]
        return {name: self._of(name) for name in names}

    def _of(self, mark: str) -> Mark:
        spaces_at = {position: self._spaces(mark, position) for position in _POSITIONS}
        counts = {
            position: (spaces[""], sum(spaces.values()) - spaces[""])
            for position, spaces in spaces_at.items()
        }
        return Mark(
            **counts,
            space_before=_commonest(spaces_at["before"]),
            space_after=_commonest(spaces_at["after_word"] + spaces_at["after_space"]),
            ends=self._ends(mark),
        )

    def _spaces(self, mark: str, position: GapPosition) -> Counter[str]:
        return Counter(
            {
                space: count
                for (name, counted_position, space), count in self._counts.items()
                if name == mark and counted_position == position
            }
        )

    def _ends(self, mark: str) -> bool | None:
        """Whether the word after a mark has a capital as often as one that begins a line."""
        if mark in NO_SPACE_AFTER or unicodedata.category(mark[0]) in ("Ps", "Pi"):
            return None
        after, at_start, within = (self._share_of_capitals(key) for key in (mark, "\n", ""))
        if after is None or at_start is None or within is None or at_start - within < 0.2:
            return None
        return (after - within) / (at_start - within) >= 0.5

    def _share_of_capitals(self, key: str) -> float | None:
        capital, small = self._capitals[key, True], self._capitals[key, False]
        total = capital + small
        return capital / total if total >= ENOUGH_SENTENCES else None


def _is_space(text: str) -> bool:
    """Whether a text is one space or tab, and neither a line end nor a control character."""
    return text == "\t" or (len(text) == 1 and unicodedata.category(text) == "Zs")


def _commonest(spaces: Counter[str]) -> str:
    seen = Counter({space: count for space, count in spaces.items() if _is_space(space)})
    return seen.most_common(1)[0][0] if seen.total() >= ENOUGH else " "


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _marks(document: Any) -> dict[str, Mark]:
    """Return the marks of the file."""
    version, keys = document.get("version"), {*document} - {"style", "abbreviations"}
    if type(version) is not int or version != VERSION or keys != {"version", "marks"}:
        raise ValueError(f"its keys must be version, which is {VERSION}, and marks")
    return {name: _mark(name, values) for name, values in document["marks"].items()}


def _mark(name: str, values: Any) -> Mark:
    """Return a mark of the file, after checking each part."""
    if (
        not name
        or len(name) > LONGEST_MARK
        or not is_plain(name)
        or set(values) != {*_POSITIONS, "space_before", "space_after", "ends"}
    ):
        raise ValueError(f"{shown(name[:LONGEST_MARK])!r} is no mark, or its keys are others")
    for position in _POSITIONS:
        counts = values[position]
        if len(counts) != 2 or any(type(count) is not int or count < 0 for count in counts):
            raise ValueError(f"{name!r}: {position} must be two whole numbers, 0 or more")
    for side in ("space_before", "space_after"):
        if type(values[side]) is not str or not _is_space(values[side]):
            raise ValueError(f"{name!r}: {side} must be a space, not {values[side]!r:.40}")
    if not any(values["ends"] is known for known in (True, False, None)):
        raise ValueError(f"{name!r}: ends must be true, false or null")
    counts = {position: tuple(values[position]) for position in _POSITIONS}
    return Mark(**{**values, **counts})


def counted(lines: Iterable[str]) -> Spacing:
    """Return the spacing of some lines."""
    counter = SpacingCounter()
    for line in lines:
        counter.add(line)
    return counter.spacing()
