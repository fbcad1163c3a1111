"""Which line ends end what is read, and which are spaces. Knows nothing of words and models.

A text of lines is read in units, each of which ends in `<eos>`: messages, sentences, paragraphs.
Where lines are wrapped at a width, a line end inside of a paragraph is a space, or nothing.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from foreword.text.joints import UNSEEN, Hyphens, Joint, joint
from foreword.text.lines import LINE_ENDS, LONGEST_PIECE, Piece, pieces_of, with_newlines
from foreword.text.wrapping import NOTHING, PLAIN, LineBefore, Markup, look_at

Lines = Literal["sentence", "paragraph", "wrapped"]
"""What a line of a text is.

sentence: a sentence, a message, a verse. Each line end is an `<eos>`.
paragraph: a whole paragraph. Each line end is an `<eos>` too; a blank line is written between two.
wrapped: a part of a paragraph that was cut at a width. The paragraph's end is an `<eos>`: at a
    blank line, before what begins something new, and after a line that is far shorter than others.
"""

PARAGRAPH_END = "\u2029"
"""Unicode's paragraph separator, which ends a unit in every reading."""
_LINE = re.compile(r"(\f*[^\n\v\f\r\x85\u2028\u2029]*)(\r\n|[\n\v\f\r\x85\u2028\u2029]?)")
_END = re.compile(r"\r\n|[\n\v\f\r\x85\u2028\u2029]")
_ALWAYS_ENDS = frozenset("\v\f\u2028\u2029")
_ENDS_BY_ITSELF = re.compile(r"[\v\f\u2028\u2029]")
_FIRST_WORD = re.compile(r"\w*")
_PAGE = re.compile(r"([\n\r\x85])\f+")


@dataclass(frozen=True, slots=True)
class Known:
    """How far a text has been looked at, so that what stands before is not looked at again.

    Attributes:
        text: from the beginning up to the end of its last line that has ended.
        seen: what it is read as.
        line: what is known there.
    """

    text: str = ""
    seen: str = ""
    line: LineBefore = NOTHING


def as_units(
    text: str,
    markup: Markup,
    known: Known | None = None,
    *,
    end: str = "\n",
    is_start: bool = True,
    hyphens: Hyphens | None = None,
) -> tuple[str, Known]:
    r"""A text with a space for each line end inside of a unit; everything keeps its place.

    >>> as_units("Please let me know if you\nwant this.\n\nBye", PLAIN)[0]
    'Please let me know if you want this.\n\nBye'

    Args:
        text: to read.
        markup: of the document.
        known: of an earlier text, which may have begun in the same way.
        end: what ends a unit.
        is_start: whether the document begins with the text.
        hyphens: tells which hyphens at the ends of lines are no parts of words.

    Returns:
        The text as it is read, as long as before, and how far that is settled.
    """
    if known is None or not _goes_on_from(text, known):
        known = Known(line=LineBefore(is_first=is_start))
    parts, line, place, ended = [known.seen], known.line, len(known.text), ""
    settled = (place, 1, line, known.seen)  # its last part, to whose end the next line may change
    if place:
        ended = _END.match(text, place)[0]  # type: ignore[index]
        place += len(ended)
    while True:
        found = _LINE.match(text, place)
        assert found is not None
        content, stop = found[1].replace("\f", " "), found[2]
        step = look_at(markup, line, content, is_open=not stop)
        begun = content[step.skipped :]
        between, unread = end, " "
        if ended and step.goes_on and ended not in _ALWAYS_ENDS:
            between = " "
            found_joint = _joint_of(parts[-1], begun, hyphens, is_open=not stop)
            if not found_joint.spaced:
                between = unread = UNSEEN
                if found_joint.dropped:
                    parts[-1] = parts[-1][:-1] + UNSEEN
                bare = begun.lstrip()
                begun = UNSEEN * (len(begun) - len(bare)) + bare
        if ended:
            parts.append(unread * (len(ended) - 1) + between)
        parts += (unread * step.skipped, begun)
        if not stop:
            break
        line, ended, place = step.after, stop, found.end()
        settled = (found.end(1), len(parts), line, begun)
    upto, number, line, last = settled
    return "".join(parts), Known(text[:upto], "".join((*parts[: number - 1], last)), line)


def _joint_of(before: str, after: str, hyphens: Hyphens | None, *, is_open: bool) -> Joint:
    """How a line goes on with the one before it; at a hyphen only once its first word has ended."""
    after = after.lstrip()
    if is_open and _FIRST_WORD.fullmatch(after) is not None:
        hyphens = None
    return joint(before, after, hyphens)


def _goes_on_from(text: str, known: Known) -> bool:
    return (
        known.text != ""
        and text.startswith(known.text)
        and _END.match(text, len(known.text)) is not None
    )


def unit_pieces(
    pieces: Iterable[Piece], markup: Markup, hyphens: Hyphens | None = None
) -> Iterator[Piece]:
    """Pieces of units, of pieces of lines: `ends_line` is true where a unit ends.

    Two lines are two pieces where a space parts them, and one where none does.
    """
    line = LineBefore()
    held: str | None = None
    is_part = False  # of a line longer than any that was cut at a width
    for piece in pieces:
        if is_part or not piece.ends_line:
            if held is not None:
                yield Piece(held, ends_line=not is_part)
            held, is_part, line = piece.text, not piece.ends_line, LineBefore(is_first=False)
            continue
        step = look_at(markup, line, piece.text, is_open=False)
        text = piece.text[step.skipped :]
        if held is not None and step.goes_on and len(held) < LONGEST_PIECE:
            before, after = held.rstrip(), text.lstrip()
            found = joint(before, after, hyphens)
            if not found.spaced:
                held, line = before[: len(before) - found.dropped] + after, step.after
                continue
        if held is not None:
            yield Piece(held, ends_line=not step.goes_on)
        held, line = text, step.after
    if held is not None:
        yield Piece(held, ends_line=True)


def with_blank_lines(blocks: Iterable[str]) -> Iterator[str]:
    """A text in blocks in which a blank line stands where a character ends a unit by itself."""
    after_end = True
    for block in blocks:
        if block:
            if after_end:
                block = block.removeprefix("\f")  # a new page, inside of a paragraph perhaps
            after_end = block[-1:] in LINE_ENDS
            block = _PAGE.sub(r"\1", block)
            block = _ENDS_BY_ITSELF.sub("\n\n", block)
        yield block


def cut(blocks: Iterable[str], lines: Lines, hyphens: Hyphens | None = None) -> Iterator[Piece]:
    """Pieces of a text that comes in blocks: `ends_line` is true where a unit ends.

    Args:
        blocks: of characters, cut anywhere.
        lines: what the text's lines are.
        hyphens: tells which hyphens at the ends of wrapped lines are no parts of words.
    """
    if lines == "wrapped":
        return unit_pieces(pieces_of(with_blank_lines(blocks)), PLAIN, hyphens)
    return pieces_of(blocks)


def whole_units(pieces: Iterable[Piece]) -> Iterator[str]:
    """Each unit as one line; what is longer than a piece may be, in parts."""
    parts: list[str] = []
    for piece in pieces:
        parts.append(piece.text)
        if piece.ends_line or sum(map(len, parts)) > LONGEST_PIECE:
            yield " ".join(parts)
            parts = []
    if parts:
        yield " ".join(parts)


def in_units(text: str, lines: Lines, hyphens: Hyphens | None = None) -> str:
    """A text as a model reads it: a newline where a unit ends, all at its place.

    Args:
        text: to read.
        lines: what its lines are.
        hyphens: see `as_units`.
    """
    return as_units(text, PLAIN, hyphens=hyphens)[0] if lines == "wrapped" else with_newlines(text)
