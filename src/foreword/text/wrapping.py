"""Decide whether a line continues the line before it, which was wrapped, or begins something new.

Documents with markup show it by their marks (`Markup`), plain texts by the lengths of their lines.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from foreword.text.joints import ends_in_hyphen
from foreword.text.segments import is_unspaced

SHORT = 40
"""The number of columns below which a line was hardly wrapped."""
NARROWEST = 30
"""The least width at which text is wrapped."""
LONGEST = 120
"""The number of columns above which a line was not wrapped."""
MARGIN = 4
"""The number of columns by which the next word must have fitted for a line end to be intended."""

_TERMINATED = re.compile(r"[.!?:…。！？：؟।]['\"”’»)\]」』）】]*$")
# Letters that take two columns, and combining marks, which take none.
_WIDE = re.compile(
    "[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60"
    "\uffe0-\uffe6\U0001f300-\U0001faff\U00020000-\U0003fffd]"
)
_NO_WIDTH = re.compile("[\u0300-\u036f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u200b-\u200f\xad]")
WORD_COLUMNS = 8
"""The assumed width of a word of Thai, Lao, Khmer or Burmese, whose end only a dictionary knows."""
_NUMBER = re.compile(r"\s*\(?(\d{1,3})[.)]\s+")
_FIRST_LETTER = re.compile(r"\w")
_SPACES = re.compile(r"\S")

BULLET = r"[-*+•‣◦▪][ \t]+"
RULE = r"([-=*_~+#.])[ \t]?(?:\1[ \t]?){2,}$"


@dataclass(frozen=True)
class Markup:
    """How a kind of document shows that a new unit begins. Patterns match a line without indent.

    Attributes:
        begins: the beginning of a line that starts a new unit; the match is not text.
        alone: the beginning of a line that is independent of the lines around it.
        breaks: the end of a line whose line end is intended.
        leader: what may precede the text of each line, such as quotation or comment marks. A line
            continues the one before it only if both have the same leader.
        needs_leader: whether lines without a leader, such as code, never continue one another.
        subject: whether the first line stands alone, as in a commit message.
        headers: if the first line matches, the lines up to the first blank one are headers, as in
            mail, and stand alone.
        front: like `verbatim`, but only at the document's first line.
        verbatim: the beginning of a fence; lines between two equal fences stand alone.
        by_look: whether the lengths, ends and beginnings of lines decide which ones continue.
        indents: whether a line that is indented further than the one before begins a new unit.
        keeps_markers: whether the match of `begins` is text after all.
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
"""Text without markup, wrapped at a width."""


class LineBefore(NamedTuple):
    """The state after the lines so far.

    Attributes:
        text: the last line; None if no line can continue it.
        leader: the leader of the last line, without spaces.
        width: the columns of the last line.
        indent: the columns of its indent.
        in_item: whether its unit began with a marker.
        in_numbers: whether that marker was a number.
        short: the number of consecutive short lines up to the last.
        widest: the width of the widest line that may have been wrapped.
        fence: what ends the lines that stand alone; empty outside of them.
        is_first: whether no line has been seen.
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


NOTHING = LineBefore()


class LineStep(NamedTuple):
    """Whether a line continues the one before, its characters that are no text, the new state."""

    goes_on: bool
    skipped: int
    after: LineBefore


_BLANK = "\n"
"""The fence that a blank line ends."""


def look_at(markup: Markup, before: LineBefore, line: str, *, is_open: bool) -> LineStep:
    """Process one more line.

    Args:
        markup: the document's markup.
        before: the state after the lines before.
        line: the line, without its line end.
        is_open: whether the line has no end yet, since it is being typed.
    """
    leader_match = markup.leader.match(line) if markup.leader is not None else None
    lead = leader_match[0] if leader_match is not None else ""
    leader = "".join(lead.split())
    if markup.needs_leader:  # /** and * belong to one comment
        leader = leader.lstrip("/")[:1] or leader[:1]
    content = _SPACES.search(line, len(lead))
    start = content.start() if content is not None else len(line)
    text = line[start:].rstrip()
    width = columns(line.rstrip())
    widest = max(before.widest, width) if width <= LONGEST else before.widest
    alone = LineBefore(fence=before.fence, widest=widest, is_first=False)
    if before.fence:
        ends = not text if before.fence == _BLANK else text.startswith(before.fence)
        return LineStep(False, 0, alone._replace(fence="") if ends and not is_open else alone)
    for opening in (markup.verbatim, markup.front if before.is_first else None):
        if opening is not None and (fence := opening.match(text)) is not None:
            return LineStep(False, 0, alone._replace(fence=fence[1]))
    if before.is_first and markup.headers is not None and markup.headers.match(text):
        return LineStep(False, 0, alone._replace(fence=_BLANK))
    if before.is_first and markup.subject:
        return LineStep(False, 0, alone)
    may_go_on = before.text is not None and (
        leader == before.leader if leader or not is_open or text else True
    )
    if markup.needs_leader and not (leader or before.leader):
        may_go_on = False
    if not text:
        if not is_open:
            return LineStep(False, len(lead), alone)
        goes_on = may_go_on and not (markup.by_look and _ends_by_look(before, ""))
        return LineStep(goes_on, len(lead), alone)
    if markup.alone.match(text):
        marks = markup.alone.match(text)
        assert marks is not None
        return LineStep(False, start + (0 if markup.keeps_markers else marks.end()), alone)
    after = LineBefore(
        text=text,
        leader=leader,
        width=width,
        indent=columns(line[:start]),
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
        number = None  # as in "in the year⏎12. After", which is not a list
    marker = number or markup.begins.match(text)
    if marker is not None:
        after = after._replace(
            in_item=True, in_numbers=number is not None, short=min(after.short, 1)
        )
        return LineStep(False, skipped if markup.keeps_markers else start + marker.end(), after)
    goes_on = may_go_on
    if goes_on and markup.indents and after.indent > before.indent + 1 and not before.in_item:
        goes_on = False
    if goes_on and markup.by_look and _ends_by_look(before, text):
        goes_on = False
    if goes_on:
        indent = after.indent if before.in_item else min(after.indent, before.indent)
        after = after._replace(in_item=before.in_item, in_numbers=before.in_numbers, indent=indent)
    else:
        skipped = 0 if markup.keeps_markers else skipped
        if not may_go_on:
            after = after._replace(short=min(after.short, 1))
    return LineStep(goes_on, skipped, after)


def ends_a_sentence(line: str) -> bool:
    """Whether a line ends with a sentence mark, perhaps followed by quotation marks."""
    return _TERMINATED.search(line) is not None


def columns(text: str) -> int:
    """Return the width of a text in columns of a screen.

    >>> columns("width"), columns("宽度")
    (5, 4)
    """
    if text.isascii():
        return len(text)
    return len(text) + len(_WIDE.findall(text)) - len(_NO_WIDTH.findall(text))


def first_word_columns(text: str) -> int:
    """Return the columns of the unbreakable beginning of a text: a word or Chinese character."""
    word = text.split(maxsplit=1)[0] if text else ""
    if word.isascii() or not is_unspaced(word):
        return columns(word)
    for index, character in enumerate(word):
        if is_unspaced(character):
            own = 2 if _WIDE.match(character) else WORD_COLUMNS
            return columns(word[:index]) + (own if index == 0 else 0)
    return columns(word)


def _ends_by_look(before: LineBefore, text: str) -> bool:
    """Whether the last line ends its unit, judged by its length and the text of the next line."""
    assert before.text is not None
    if before.width > LONGEST:
        return True
    if ends_in_hyphen(before.text):
        return False
    word = first_word_columns(text)
    if before.width + 1 + word + MARGIN > max(before.widest, NARROWEST):
        return False  # the line was full
    terminated = ends_a_sentence(before.text)
    if before.width >= SHORT:
        return terminated and bool(text)
    if before.short > 1 or terminated:
        return True
    first = _FIRST_LETTER.search(text)
    return first is not None and (first[0].isupper() or first[0].isdigit())
