"""Logs of IRC, as irssi, WeeChat, HexChat, mIRC and ZNC write them."""

import re
from collections.abc import Iterator

from foreword.text.forms.form import Form, Head, Opened, Passage

_TIME = r"\[?(?:\d{4}-\d\d-\d\d[T ]|[A-Z][a-z]{2} \d\d )?\d{1,2}:\d\d(?::\d\d)?\]?"
_SAID = re.compile(rf"{_TIME}\s+<\s?[@+%&~!]?(?P<name>[^\s<>]{{1,40}})>\s(?P<text>.*)")
_SAID_IN_TABS = re.compile(rf"{_TIME}\t[@+%&~!]?(?P<name>[^\s<>]{{1,40}})\t(?P<text>.*)")
_NOTE = re.compile(
    rf"{_TIME}\s+(?:-!-|\*+|-->|<--|--|--- |=!=)\s?|--- (?:Log|Day)|\*\*\*\* (?:BEGIN|END)"
)
_FORMATTING = re.compile("\x03(?:\\d{1,2}(?:,\\d{1,2})?)?|[\x02\x0f\x11\x16\x1d-\x1f]")
_NO_NAMES = frozenset({"*", "-->", "<--", "--", "=!=", " "})


def _said(line: str) -> re.Match[str] | None:
    found = _SAID.match(line) or _SAID_IN_TABS.match(line)
    return None if found is None or found["name"] in _NO_NAMES else found


def _recognises(head: Head) -> bool:
    lines = head.lines[:200]
    said = sum(_said(line) is not None for line in lines)
    known = said + sum(_said(line) is None and _NOTE.match(line) is not None for line in lines)
    return said >= 2 and known >= 0.9 * len(lines)


def _read(text: Opened) -> Iterator[Passage]:
    for line in text.lines():
        found = _said(line)
        if found is not None:
            yield Passage(_FORMATTING.sub("", found["text"]), found["name"])
        elif line.strip():
            text.account.left_out["notes"] += 1


IRC = Form(
    "irc",
    "IRC log",
    "messages",
    "times, names, actions and notes of who comes and goes",
    _recognises,
    _read,
)
