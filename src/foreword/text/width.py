"""Decide whether the lines of a text were wrapped at a width. Knows no words."""

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
"""The number of characters at the beginning of a text that are examined."""
FEWEST_PAIRS = 12
"""The least number of pairs of consecutive lines from which anything is concluded."""
MOST_SHORT = 0.8
"""The share of the lines of wrapped text that must not exceed the longest width, since tables may;
and the share that must have several words, or be in a script without spaces."""
SLACK = 0.9
"""A line is full if it would reach this share of the width with the first word of the next line:
people add and remove words without wrapping the whole paragraph again."""
FULL, MIDST, SMALL = 0.7, 0.5, 0.3
"""In wrapped text, the least share of pairs that are full; the least share of the full ones that
break within a sentence; and of these, the least share whose second line begins with a small letter,
of those that begin with a letter that has case."""


def settled(
    sources: Sequence[Source],
    lines: Lines | None,
    config: TokenizerConfig | None = None,
    say: Callable[[str], None] | None = None,
    words: Collection[str] = (),
) -> list[Source]:
    """Return the same texts, with the kind of lines of each.

    Args:
        sources: the texts.
        lines: what a line is, if it was given; None: decided by the lengths of each text's lines.
            Lines that a reader made from messages or paragraphs stay as they are.
        config: the configuration of the model that reads the texts, which decides for texts that
            are too short; None: their lines are sentences.
        say: called with a sentence about what was decided.
        words: the words of the model's vocabulary, which help to recognise words that were split by
            a hyphen at the end of a line.

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
        with_lines = [s if s.is_formed else replace(s, lines=lines) for s in sources]
        return _with_hyphens(with_lines, words, say)
    widths = _widths(sources)
    wrapped = [
        (source, width.columns)
        for source, width in zip(sources, widths, strict=True)
        if width.columns is not None
    ]
    if wrapped and say is not None:
        source, columns = wrapped[0]
        subject = (
            f"{source.name} is wrapped at {columns} columns: its"
            if len(sources) == 1
            else f"{len(wrapped):,} of {len(sources):,} texts are wrapped, {source.name} at "
            f"{columns} columns: their"
        )
        say(
            f"{subject} lines are read as parts of paragraphs, which end at blank lines "
            "(--lines sentence: each line ends by itself)"
        )
    settled = [
        source if source.is_formed else replace(source, lines=_lines(width, usual))
        for source, width in zip(sources, widths, strict=True)
    ]
    return _with_hyphens(settled, words, say)


def _with_hyphens(
    sources: list[Source], words: Collection[str], say: Callable[[str], None] | None
) -> list[Source]:
    """Give wrapped texts the knowledge which hyphens at line ends do not belong to a word."""
    wrapped = [s for s in sources if s.lines == "wrapped" and not s.is_formed]
    lines = (replace(source, lines="sentence") for source in wrapped)
    if not any(ends_in_hyphen(piece.text) for source in lines for piece in source.read()):
        return sources
    counter = HyphenCounter(words)
    for source in wrapped:
        for piece in replace(source, lines="sentence").read():
            counter.add(piece.text)
        counter.add("")
    hyphens = counter.hyphens()
    joined = list(counter.joined(hyphens))
    if joined and say is not None:
        first, second = (part.split() for part in joined[0])
        subject = "1 word was" if len(joined) == 1 else f"{len(joined):,} words were"
        say(
            f"{subject} put together that a hyphen had split at the end of a line, such as "
            f"“{first[-1]}” and “{second[0]}”"
        )
    return [replace(s, hyphens=hyphens) if s.lines == "wrapped" else s for s in sources]


def _widths(sources: Sequence[Source]) -> list["Width"]:
    """Return each text's width; texts too short to tell are examined together, like notes."""
    widths = [_MADE if source.is_formed else width_of(source.read()) for source in sources]
    short = [source for source, width in zip(sources, widths, strict=True) if not width.is_known]
    if len(short) > 1:
        blank = [Piece("", ends_line=True)]
        pieces = (itertools.chain(source.read(), blank) for source in short)
        together = width_of(itertools.chain.from_iterable(pieces))
        widths = [width if width.is_known else together for width in widths]
    return widths


def lines_of(sources: Sequence[Source]) -> Lines:
    """Return what the lines of most of the text are, by the sizes of its files.

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
    """What the lengths of lines show.

    Attributes:
        columns: the width at which lines were wrapped; None if they were not or nothing is known.
        is_known: whether there were enough lines to decide.
    """

    columns: int | None
    is_known: bool


_MADE = Width(None, is_known=True)
"""The width of lines that a reader made."""


def width_of(pieces: Iterable[Piece]) -> Width:
    r"""Return the width at which the lines of a text were wrapped.

    Lines were wrapped if hardly any had room for the first word of the next one, most of them end
    within a sentence, and the next lines begin with small letters.

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
    # The very longest lines may be addresses and tables.
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
    """Yield the first lines, without trailing spaces."""
    characters = 0
    for piece in itertools.islice(pieces, MOST_LINES):
        yield piece.text.rstrip()
        characters += len(piece.text)
        if characters > MOST_CHARACTERS:
            return
