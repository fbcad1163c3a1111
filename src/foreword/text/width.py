"""Finds out whether the lines of a text were wrapped at a width. Knows no words."""

import itertools
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from foreword.errors import SettingsError
from foreword.text.corpus import Source
from foreword.text.joints import HyphenCounter, ends_in_hyphen
from foreword.text.lines import Piece
from foreword.text.newlines import Lines
from foreword.text.segments import is_unspaced
from foreword.text.tokenizer import TokenizerConfig
from foreword.text.wrapping import (
    LONGEST,
    SHORT,
    columns,
    ends_a_sentence,
    first_word_columns,
)

MOST_LINES = 4_000
MOST_CHARACTERS = 400_000
"""So much of a text is looked at, from its beginning."""
FEWEST_PAIRS = 12
"""Of lines that stand one after the other: fewer tell nothing."""
MOST_SHORT = 0.8
"""Of the lines of wrapped text, so many are no longer than a width may be, since tables may be
longer; and so many have several words, or no spaces between words."""
SLACK = 0.9
"""A line that reaches so much of the width with the first word of the next is full: people add and
take away words, and do not wrap the whole paragraph again each time."""
FULL, MIDST, SMALL = 0.7, 0.5, 0.3
"""In wrapped text, of the pairs so many are full. Of the full ones, so many are in the midst of a
sentence, and in so many of these the second line begins with a small letter, if it has case."""


def settled(
    sources: Sequence[Source],
    lines: Lines | None,
    config: TokenizerConfig | None = None,
    say: Callable[[str], None] | None = None,
    words: Collection[str] = (),
) -> list[Source]:
    """The same texts, each with what its lines are.

    Args:
        sources: the texts.
        lines: what was told; None: found out from the lengths of each text's lines. Those that a
            reader has made of messages or paragraphs stay as they are.
        config: of the model that reads them, whose lines those of a text are that is too short to
            tell; None: lines are sentences then.
        say: is told what was found out.
        words: of that model's vocabulary, which tell the parts of words that were split by a hyphen
            at the end of a line, besides the text's own.

    Raises:
        TextError: a text cannot be read.
    """
    usual: Lines = "sentence" if config is None else config.lines
    if config is not None and config.words == "spaces":
        if lines not in (None, "sentence"):
            raise SettingsError(
                "each line of text that is cut already (pretokenised) counts one <eos>: lines "
                f"must be sentence, not {lines}"
            )
        return list(sources)
    if lines is not None:
        told = [s if s.is_formed else replace(s, lines=lines) for s in sources]
        return _with_hyphens(told, words, say)
    found = _widths(sources)
    wrapped = [
        (source, width.columns)
        for source, width in zip(sources, found, strict=True)
        if width.columns is not None
    ]
    if wrapped and say is not None:
        source, columns = wrapped[0]
        what = (
            f"{source.name} is wrapped at {columns} columns: its"
            if len(sources) == 1
            else f"{len(wrapped):,} of {len(sources):,} texts are wrapped, {source.name} at "
            f"{columns} columns: their"
        )
        say(
            f"{what} lines are read as parts of paragraphs, which end at blank lines "
            "(--lines sentence: each line ends by itself)"
        )
    settled = [
        source if source.is_formed else replace(source, lines=_lines(width, usual))
        for source, width in zip(sources, found, strict=True)
    ]
    return _with_hyphens(settled, words, say)


def _with_hyphens(
    sources: list[Source], words: Collection[str], say: Callable[[str], None] | None
) -> list[Source]:
    """The same texts; those that are wrapped know which hyphens at line ends belong to no word."""
    wrapped = [s for s in sources if s.lines == "wrapped" and not s.is_formed]
    lines = (replace(source, lines="sentence") for source in wrapped)
    if not any(ends_in_hyphen(piece.text) for source in lines for piece in source.read()):
        return sources
    counter = HyphenCounter(words)
    for source in wrapped:
        for piece in replace(source, lines="sentence").read():
            counter.add(piece.text)
        counter.add("")
    hyphens = counter.found()
    joined = list(counter.joined(hyphens))
    if joined and say is not None:
        first, second = (part.split() for part in joined[0])
        what = "1 word was" if len(joined) == 1 else f"{len(joined):,} words were"
        say(
            f"{what} put together that a hyphen had split at the end of a line, such as "
            f"“{first[-1]}” and “{second[0]}”"
        )
    return [replace(s, hyphens=hyphens) if s.lines == "wrapped" else s for s in sources]


def _widths(sources: Sequence[Source]) -> list["Width"]:
    """Of each text; those that are too short to tell anything are looked at together, as notes."""
    found = [_MADE if source.is_formed else width_of(source.read()) for source in sources]
    short = [source for source, width in zip(sources, found, strict=True) if not width.is_known]
    if len(short) > 1:
        blank = [Piece("", ends_line=True)]
        pieces = (itertools.chain(source.read(), blank) for source in short)
        together = width_of(itertools.chain.from_iterable(pieces))
        found = [width if width.is_known else together for width in found]
    return found


def lines_of(sources: Sequence[Source]) -> Lines:
    """What the lines of most of a text are, by the sizes of its files.

    >>> lines_of([])
    'sentence'
    """
    sizes: Counter[Lines] = Counter()
    for source in sources:
        sizes[source.lines] += 1 if source.size is None else source.size
    return max(sizes, key=lambda lines: sizes[lines], default="sentence")


def _lines(width: "Width", usual: Lines) -> Lines:
    if width.columns is not None:
        return "wrapped"
    return "sentence" if width.is_known and usual == "wrapped" else usual


class Width(NamedTuple):
    """What the lengths of lines tell.

    Attributes:
        columns: the width that lines were wrapped at; None if they were not, or nothing tells.
        is_known: whether there were lines enough to tell.
    """

    columns: int | None
    is_known: bool


_MADE = Width(None, is_known=True)
"""Of lines that a reader has made."""


def width_of(pieces: Iterable[Piece]) -> Width:
    r"""The width that the lines of a text were wrapped at.

    That shows where nearly no line could have taken the first word of the next one, most lines end
    in the midst of a sentence, and the next lines begin with small letters.

    >>> width_of([Piece(line, ends_line=True) for line in ["Hello", "How are you?"] * 50])
    Width(columns=None, is_known=True)
    """
    lines = list(_first(pieces))
    pairs = [
        (before, after.lstrip())
        for before, after in itertools.pairwise(lines)
        if before and after and _indent(after) <= _indent(before)
    ]
    lengths = sorted(columns(line) for line in lines if line)
    short = [length for length in lengths if length <= LONGEST]
    if len(short) < MOST_SHORT * len(lengths):
        return Width(None, is_known=len(lengths) >= FEWEST_PAIRS)
    if len(pairs) < FEWEST_PAIRS:
        return Width(None, is_known=False)
    # The very longest may be addresses and tables.
    width = short[int(0.98 * (len(short) - 1))]
    several = sum(" " in after or is_unspaced(after) for _, after in pairs)
    if width < SHORT or several < MOST_SHORT * len(pairs):
        return Width(None, is_known=True)
    full = [
        (before, after)
        for before, after in pairs
        if columns(before) + 1 + first_word_columns(after) > SLACK * width
    ]
    midst = [after for before, after in full if not ends_a_sentence(before)]
    cased = [after for after in midst if after[0].lower() != after[0].upper()]
    small = [after for after in cased if after[0].islower()]
    is_wrapped = (
        len(full) >= FULL * len(pairs)
        and len(midst) >= MIDST * len(full)
        and len(small) >= SMALL * len(cased)
    )
    return Width(width if is_wrapped else None, is_known=True)


def _indent(line: str) -> int:
    return columns(line[: len(line) - len(line.lstrip())])


def _first(pieces: Iterable[Piece]) -> Iterator[str]:
    """The first lines, without the spaces at their ends."""
    characters = 0
    for piece in itertools.islice(pieces, MOST_LINES):
        yield piece.text.rstrip()
        characters += len(piece.text)
        if characters > MOST_CHARACTERS:
            return
