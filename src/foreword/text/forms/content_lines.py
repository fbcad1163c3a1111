"""Read what people wrote into calendars (iCalendar, RFC 5545) and address books (vCard, RFC 6350).

Both are content lines: a name, parameters, a colon and a value; a line that begins with a space
continues the one before.
"""

import quopri
import re
from collections.abc import Iterable, Iterator

from foreword.text.forms.form import Form, Head, Opened, Passage

_LINE = re.compile(
    r"(?:[\w-]+\.)?([A-Za-z][\w-]*)((?:;[^:;=\"]*(?:=(?:\"[^\"]*\"|[^:;\"])*)?)*):(.*)"
)
_ESCAPED = re.compile(r"\\(.)")


def _form(
    name: str, label: str, unit: str, left_out: str, begins: str, kept: frozenset[str], ending: str
) -> Form:
    """Return the form of files that begin with a component, whose prose is in some properties."""

    def recognises(head: Head) -> bool:
        lines = head.lines
        return bool(lines) and lines[0].lstrip("\ufeff").strip().upper() == f"BEGIN:{begins}"

    def read(text: Opened) -> Iterator[Passage]:
        for line in _unfolded(text.lines()):
            match = _LINE.match(line)
            if match is None or match[1].upper() not in kept:
                continue
            value = match[3]
            if "QUOTED-PRINTABLE" in match[2].upper():
                value = quopri.decodestring(value.encode("utf-8", "replace")).decode(
                    "utf-8", "replace"
                )
            for paragraph in _ESCAPED.sub(_character, value).splitlines():
                if any(map(str.isalpha, paragraph)):
                    yield Passage(paragraph)

    return Form(name, label, unit, left_out, recognises, read, (ending,))


def _character(match: re.Match[str]) -> str:
    return "\n" if match[1] in "nN" else match[1]


def _unfolded(lines: Iterable[str]) -> Iterator[str]:
    """Join continued lines: after a space, or after "=" in quoted-printable."""
    whole = ""
    for line in lines:
        if whole and line[:1] in (" ", "\t"):
            whole += line[1:]
        elif whole.endswith("=") and "QUOTED-PRINTABLE" in whole[:200].upper():
            whole = whole[:-1] + line
        else:
            yield whole
            whole = line
    yield whole


ICALENDAR = _form(
    "icalendar", "calendar", "entries", "times, places, addresses and rules", "VCALENDAR",
    frozenset({"SUMMARY", "DESCRIPTION", "COMMENT"}), ".ics",
)  # fmt: skip
VCARD = _form(
    "vcard", "address book", "entries", "numbers, addresses, dates and pictures", "VCARD",
    frozenset({"FN", "NOTE", "ORG", "TITLE", "ROLE", "NICKNAME"}), ".vcf",
)  # fmt: skip
