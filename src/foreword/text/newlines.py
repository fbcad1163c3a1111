"""Decide which line ends end a unit and which are spaces. Knows nothing of words and models.

A text is read in units, each of which ends in `<eos>`: messages, sentences or paragraphs. If lines
are wrapped at a width, a line end inside a paragraph is a space, or nothing.
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
paragraph: a whole paragraph. Each line end is an `<eos>`; a blank line is written between two.
wrapped: a part of a paragraph that was cut at a width. An `<eos>` stands at the end of a paragraph:
    at a blank line, before a list item and the like, and after a line that is far shorter than
    others.
"""

PARAGRAPH_END = "\u2029"
"""Unicode's paragraph separator, which ends a unit whatever the lines are."""
_LINE = re.compile(r"(\f*[^\n\v\f\r\x85\u2028\u2029]*)(\r\n|[\n\v\f\r\x85\u2028\u2029]?)")
_END = re.compile(r"\r\n|[\n\v\f\r\x85\u2028\u2029]")
_ALWAYS_ENDS = frozenset("\v\f\u2028\u2029")
_ENDS_BY_ITSELF = re.compile(r"[\v\f\u2028\u2029]")
_FIRST_WORD = re.compile(r"\w*")
_PAGE = re.compile(r"([\n\r\x85])\f+")


@dataclass(frozen=True, slots=True)
class Known:
    """The part of a text that has been processed, so that it is not processed again.

    Attributes:
        text: the text up to the end of its last completed line.
        seen: the same part as it is read.
        line: the state after that line.
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
    r"""Return a text with a space for each line end inside a unit; all offsets stay the same.

    >>> as_units("Please let me know if you\nwant this.\n\nBye", PLAIN)[0]
    'Please let me know if you want this.\n\nBye'

    Args:
        text: the text.
        markup: how the document shows that a new paragraph begins.
        known: the state returned for an earlier text, which may have the same beginning.
        end: the character for the end of a unit.
        is_start: whether the document begins with the text.
        hyphens: decides which hyphens at the ends of lines are not part of a word.

    Returns:
        The text as it is read, of the same length, and the state to pass with the next text.
    """
    if known is None or not _goes_on_from(text, known):
        known = Known(line=LineBefore(is_first=is_start))
    parts, line, position, ended = [known.seen], known.line, len(known.text), ""
    settled = (position, 1, line, known.seen)  # the next line may change the end of the last part
    if position:
        ended = _END.match(text, position)[0]  # type: ignore[index]
        position += len(ended)
    while True:
        line_match = _LINE.match(text, position)
        assert line_match is not None
        content, line_end = line_match[1].replace("\f", " "), line_match[2]
        step = look_at(markup, line, content, is_open=not line_end)
        content_read = content[step.skipped :]
        between, unread = end, " "
        if ended and step.goes_on and ended not in _ALWAYS_ENDS:
            between = " "
            line_joint = _joint_of(parts[-1], content_read, hyphens, is_open=not line_end)
            if not line_joint.spaced:
                between = unread = UNSEEN
                if line_joint.dropped:
                    parts[-1] = parts[-1][:-1] + UNSEEN
                bare = content_read.lstrip()
                content_read = UNSEEN * (len(content_read) - len(bare)) + bare
        if ended:
            parts.append(unread * (len(ended) - 1) + between)
        parts += (unread * step.skipped, content_read)
        if not line_end:
            break
        line, ended, position = step.after, line_end, line_match.end()
        settled = (line_match.end(1), len(parts), line, content_read)
    upto, number, line, last = settled
    return "".join(parts), Known(text[:upto], "".join((*parts[: number - 1], last)), line)


def _joint_of(before: str, after: str, hyphens: Hyphens | None, *, is_open: bool) -> Joint:
    """Return how a line continues the one before; a hyphen waits for the end of its word."""
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
    """Join pieces of lines to pieces of units, with `ends_line` where a unit ends.

    Two lines stay two pieces if a space separates them, and become one otherwise.
    """
    line = LineBefore()
    held: str | None = None
    is_part = False  # whether the piece is a part of a line that is too long to be wrapped
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
            line_joint = joint(before, after, hyphens)
            if not line_joint.spaced:
                held, line = before[: len(before) - line_joint.dropped] + after, step.after
                continue
        if held is not None:
            yield Piece(held, ends_line=not step.goes_on)
        held, line = text, step.after
    if held is not None:
        yield Piece(held, ends_line=True)


def with_blank_lines(blocks: Iterable[str]) -> Iterator[str]:
    """Yield blocks with a blank line in place of each character that always ends a unit."""
    after_end = True
    for block in blocks:
        if block:
            if after_end:
                block = block.removeprefix("\f")  # a new page, perhaps inside a paragraph
            after_end = block[-1:] in LINE_ENDS
            block = _PAGE.sub(r"\1", block)
            block = _ENDS_BY_ITSELF.sub("\n\n", block)
        yield block


def cut(blocks: Iterable[str], lines: Lines, hyphens: Hyphens | None = None) -> Iterator[Piece]:
    """Yield the pieces of a text in blocks, with `ends_line` where a unit ends.

    Args:
        blocks: the characters, cut anywhere.
        lines: what a line of the text is.
        hyphens: tells which hyphens at the ends of wrapped lines are not part of a word.
    """
    if lines == "wrapped":
        return unit_pieces(pieces_of(with_blank_lines(blocks)), PLAIN, hyphens)
    return pieces_of(blocks)


def whole_units(pieces: Iterable[Piece]) -> Iterator[str]:
    """Yield each unit as one line; a unit longer than a piece may be is yielded in parts."""
    parts: list[str] = []
    for piece in pieces:
        parts.append(piece.text)
        if piece.ends_line or sum(map(len, parts)) > LONGEST_PIECE:
            yield " ".join(parts)
            parts = []
    if parts:
        yield " ".join(parts)


def in_units(text: str, lines: Lines, hyphens: Hyphens | None = None) -> str:
    """Return a text as a model reads it: a newline where a unit ends, with all offsets unchanged.

    Args:
        text: the text.
        lines: what a line of the text is.
        hyphens: see `as_units`.
    """
    return as_units(text, PLAIN, hyphens=hyphens)[0] if lines == "wrapped" else with_newlines(text)
