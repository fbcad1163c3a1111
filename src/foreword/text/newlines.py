"""Which line ends end what is read, and which are spaces. Knows nothing of words and models.

A text of lines is read in units, each of which ends in `<eos>`: messages, sentences, paragraphs.
Where lines are wrapped at a width, a line end inside of a paragraph is a space.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from foreword.text.lines import LINE_ENDS, LONGEST_PIECE, Piece, pieces_of, with_newlines

Lines = Literal["sentence", "paragraph", "wrapped"]
"""What a line of a text is.

sentence: a sentence, a message, a verse. Each line end is an `<eos>`.
paragraph: a whole paragraph. Each line end is an `<eos>` too; a blank line is written between two.
wrapped: a part of a paragraph that was cut at a width. The paragraph's end is an `<eos>`: at a
    blank line, before what begins something new, and after a line that is far shorter than others.
"""

PARAGRAPH_END = "\u2029"
"""Unicode's paragraph separator, which ends a unit in every reading."""
SHORT = 40
"""A line of fewer characters was hardly cut at a width."""
NARROWEST = 30
"""No text is wrapped at fewer characters."""
LONGEST = 120
"""A line of more characters was not cut at a width."""
MARGIN = 4
"""A line that the next word would have fitted by so many characters was ended on purpose."""

_LINE = re.compile(r"(\f*[^\n\v\f\r\x85\u2028\u2029]*)(\r\n|[\n\v\f\r\x85\u2028\u2029]?)")
_END = re.compile(r"\r\n|[\n\v\f\r\x85\u2028\u2029]")
_ALWAYS_ENDS = frozenset("\v\f\u2028\u2029")
_ENDS_BY_ITSELF = re.compile(r"[\v\f\u2028\u2029]")
_PAGE = re.compile(r"([\n\r\x85])\f+")
_TERMINATED = re.compile(r"[.!?:…。！？؟।]['\"”’»)\]]*$")
_NUMBER = re.compile(r"\s*\(?(\d{1,3})[.)]\s+")
_FIRST_LETTER = re.compile(r"\w")
_SPACES = re.compile(r"\S")

BULLET = r"[-*+•‣◦▪][ \t]+"
RULE = r"([-=*_~+#.])[ \t]?(?:\1[ \t]?){2,}$"


@dataclass(frozen=True)
class Markup:
    """How a kind of document shows that something new begins. Patterns see a line without indent.

    Attributes:
        begins: a line that begins so begins something new. What matches is no text.
        alone: a line that begins so has nothing to do with the lines around it.
        breaks: a line that ends so is ended on purpose.
        leader: what may stand before the text of each line, such as the marks of a quotation or of
            a comment. A line goes on with the one before it only if both have the same.
        needs_leader: lines without a leader never go on with one another, as those of code.
        subject: the first line stands alone, as that of a commit message.
        headers: as in mail, lines up to the first blank one stand alone if the first is a header.
        front: the same as `verbatim`, of a document's first line alone.
        verbatim: lines between two that begin so, each with the same marks, stand alone.
        by_look: whether a line goes on shows in the lengths of lines and how they begin and end.
        indents: a line that is indented further than the one before it begins something new.
        keeps_markers: what matches `begins` is text after all.
    """

    begins: re.Pattern[str] = re.compile(BULLET)
    alone: re.Pattern[str] = re.compile(RULE)
    breaks: re.Pattern[str] | None = None
    leader: re.Pattern[str] | None = re.compile(r"\s*(?:>[ ]?)+")
    needs_leader: bool = False
    subject: bool = False
    headers: re.Pattern[str] | None = None
    front: re.Pattern[str] | None = None
    verbatim: re.Pattern[str] | None = None
    by_look: bool = False
    indents: bool = True
    keeps_markers: bool = False


PLAIN = Markup(begins=re.compile(rf"{BULLET}|\|"), by_look=True, keeps_markers=True)
"""Text without any markup, wrapped at a width."""


class _Line(NamedTuple):
    """What is known of the lines so far.

    Attributes:
        text: of the last line; None where nothing goes on with it.
        leader: of the last line, without spaces.
        width: of the last line, in characters.
        indent: of the last line.
        in_item: whether its unit began with a marker.
        in_numbers: whether that was a number.
        short: how many lines, up to the last, were short.
        widest: of all lines that may have been cut at a width.
        fence: what ends the lines that stand alone; empty where they do not.
        is_first: whether there was none yet.
    """

    text: str | None = None
    leader: str = ""
    width: int = 0
    indent: int = 0
    in_item: bool = False
    in_numbers: bool = False
    short: int = 0
    widest: int = 0
    fence: str = ""
    is_first: bool = True


_NOTHING = _Line()


class _Step(NamedTuple):
    """Whether a line goes on with that before it, characters of it that are no text, and after."""

    goes_on: bool
    skipped: int
    after: _Line


_BLANK = "\n"
"""A fence that a blank line ends."""


def _step(markup: Markup, before: _Line, line: str, *, is_open: bool) -> _Step:
    """Looks at one more line.

    Args:
        markup: of the document.
        before: what is known.
        line: without its end.
        is_open: it has no end yet: it is the one that is being typed.
    """
    found = markup.leader.match(line) if markup.leader is not None else None
    lead = found[0] if found is not None else ""
    leader = "".join(lead.split())
    if markup.needs_leader:  # of a comment: /** and * are one
        leader = leader.lstrip("/")[:1] or leader[:1]
    content = _SPACES.search(line, len(lead))
    start = content.start() if content is not None else len(line)
    text = line[start:].rstrip()
    width = len(line.rstrip())
    widest = max(before.widest, width) if width <= LONGEST else before.widest
    alone = _Line(fence=before.fence, widest=widest, is_first=False)
    if before.fence:
        ends = not text if before.fence == _BLANK else text.startswith(before.fence)
        return _Step(False, 0, alone._replace(fence="") if ends and not is_open else alone)
    for opening in (markup.verbatim, markup.front if before.is_first else None):
        if opening is not None and (fence := opening.match(text)) is not None:
            return _Step(False, 0, alone._replace(fence=fence[1]))
    if before.is_first and markup.headers is not None and markup.headers.match(text):
        return _Step(False, 0, alone._replace(fence=_BLANK))
    if before.is_first and markup.subject:
        return _Step(False, 0, alone)
    may_go_on = before.text is not None and (
        leader == before.leader if leader or not is_open or text else True
    )
    if markup.needs_leader and not (leader or before.leader):
        may_go_on = False
    if not text:
        if not is_open:
            return _Step(False, len(lead), alone)
        goes_on = may_go_on and not (markup.by_look and _ends_by_look(before, ""))
        return _Step(goes_on, len(lead), alone)
    if markup.alone.match(text):
        marks = markup.alone.match(text)
        assert marks is not None
        return _Step(False, start + (0 if markup.keeps_markers else marks.end()), alone)
    after = _Line(
        text=text,
        leader=leader,
        width=width,
        indent=start,
        short=before.short + 1 if width < SHORT else 0,
        widest=widest,
        is_first=False,
    )
    if markup.breaks is not None and markup.breaks.search(line):
        after = after._replace(text=None)
    skipped = len(lead)
    number = _NUMBER.match(text)
    if number is not None and not (
        number[1] == "1" or before.in_numbers or before.text is None or leader != before.leader
    ):
        number = None  # as "in the year⏎12. After", which is no list
    marker = number or markup.begins.match(text)
    if marker is not None:
        after = after._replace(
            in_item=True, in_numbers=number is not None, short=min(after.short, 1)
        )
        return _Step(False, skipped if markup.keeps_markers else start + marker.end(), after)
    goes_on = may_go_on
    if goes_on and markup.indents and start > before.indent + 1 and not before.in_item:
        goes_on = False
    if goes_on and markup.by_look and _ends_by_look(before, text):
        goes_on = False
    if goes_on:
        indent = min(start, before.indent) if not before.in_item else start
        after = after._replace(in_item=before.in_item, in_numbers=before.in_numbers, indent=indent)
    else:
        skipped = 0 if markup.keeps_markers else skipped
        if not may_go_on:
            after = after._replace(short=min(after.short, 1))
    return _Step(goes_on, skipped, after)


def ends_a_sentence(line: str) -> bool:
    """Whether a line ends with a mark that ends a sentence, and quotation marks perhaps."""
    return _TERMINATED.search(line) is not None


def _ends_by_look(before: _Line, text: str) -> bool:
    """Whether the last line ends something, before one that begins with this text, if any."""
    assert before.text is not None
    if before.width > LONGEST:
        return True
    word = text.split(maxsplit=1)[0] if text else ""
    if before.width + 1 + len(word) + MARGIN > max(before.widest, NARROWEST):
        return False  # the line was full
    terminated = ends_a_sentence(before.text)
    if before.width >= SHORT:
        return terminated and bool(word)
    if before.short > 1 or terminated:
        return True
    first = _FIRST_LETTER.search(text)
    return first is not None and (first[0].isupper() or first[0].isdigit())


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
    line: _Line = _NOTHING


def as_units(
    text: str,
    markup: Markup,
    known: Known | None = None,
    *,
    end: str = "\n",
    is_start: bool = True,
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

    Returns:
        The text as it is read, as long as before, and how far that is settled.
    """
    if known is None or not _goes_on_from(text, known):
        known = Known(line=_Line(is_first=is_start))
    parts, line, place, ended = [known.seen], known.line, len(known.text), ""
    settled = (place, 1, line)
    if place:
        ended = _END.match(text, place)[0]  # type: ignore[index]
        place += len(ended)
    while True:
        found = _LINE.match(text, place)
        assert found is not None
        content, stop = found[1].replace("\f", " "), found[2]
        step = _step(markup, line, content, is_open=not stop)
        if ended:
            goes_on = step.goes_on and ended not in _ALWAYS_ENDS
            parts.append(" " * (len(ended) - 1) + (" " if goes_on else end))
        parts += (" " * step.skipped, content[step.skipped :])
        if not stop:
            break
        line, ended, place = step.after, stop, found.end()
        settled = (found.end(1), len(parts), line)
    upto, number, line = settled
    return "".join(parts), Known(text[:upto], "".join(parts[:number]), line)


def _goes_on_from(text: str, known: Known) -> bool:
    return (
        known.text != ""
        and text.startswith(known.text)
        and _END.match(text, len(known.text)) is not None
    )


def unit_pieces(pieces: Iterable[Piece], markup: Markup) -> Iterator[Piece]:
    """Pieces of units, of pieces of lines: `ends_line` is true where a unit ends."""
    line = _Line()
    held: str | None = None
    is_part = False  # of a line longer than any that was cut at a width
    for piece in pieces:
        if is_part or not piece.ends_line:
            if held is not None:
                yield Piece(held, ends_line=not is_part)
            held, is_part, line = piece.text, not piece.ends_line, _Line(is_first=False)
            continue
        step = _step(markup, line, piece.text, is_open=False)
        if held is not None:
            yield Piece(held, ends_line=not step.goes_on)
        held, line = piece.text[step.skipped :], step.after
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


def cut(blocks: Iterable[str], lines: Lines) -> Iterator[Piece]:
    """Pieces of a text that comes in blocks: `ends_line` is true where a unit ends.

    Args:
        blocks: of characters, cut anywhere.
        lines: what the text's lines are.
    """
    if lines == "wrapped":
        return unit_pieces(pieces_of(with_blank_lines(blocks)), PLAIN)
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


def in_units(text: str, lines: Lines) -> str:
    """A text as a model reads it: a newline where a unit ends, all at its place.

    Args:
        text: to read.
        lines: what its lines are.
    """
    return as_units(text, PLAIN)[0] if lines == "wrapped" else with_newlines(text)
