"""Read IRC logs, as irssi, WeeChat, HexChat, mIRC and ZNC write them."""

import re
from collections.abc import Iterator

from foreword.text.forms.form import Form, Head, Opened, Passage

_TIME = r"\[?(?:\d{4}-\d\d-\d\d[T ]|[A-Z][a-z]{2} \d\d )?\d{1,2}:\d\d(?::\d\d)?\]?"
_MESSAGE = re.compile(rf"{_TIME}\s+<\s?[@+%&~!]?(?P<name>[^\s<>]{{1,40}})>\s(?P<text>.*)")
_MESSAGE_IN_TABS = re.compile(rf"{_TIME}\t[@+%&~!]?(?P<name>[^\s<>]{{1,40}})\t(?P<text>.*)")
_NOTE = re.compile(
    rf"{_TIME}\s+(?:-!-|\*+|-->|<--|--|--- |=!=)\s?|--- (?:Log|Day)|\*\*\*\* (?:BEGIN|END)"
)
_FORMATTING = re.compile("\x03(?:\\d{1,2}(?:,\\d{1,2})?)?|[\x02\x0f\x11\x16\x1d-\x1f]")
_NO_NAMES = frozenset({"*", "-->", "<--", "--", "=!=", " "})


def _message(line: str) -> re.Match[str] | None:
    match = _MESSAGE.match(line) or _MESSAGE_IN_TABS.match(line)
    return None if match is None or match["name"] in _NO_NAMES else match


def _recognises(head: Head) -> bool:
    lines = head.lines[:200]
    messages = sum(_message(line) is not None for line in lines)
    known = messages + sum(
        _message(line) is None and _NOTE.match(line) is not None for line in lines
    )
    return messages >= 2 and known >= 0.9 * len(lines)


def _read(text: Opened) -> Iterator[Passage]:
    for line in text.lines():
        message = _message(line)
        if message is not None:
            yield Passage(_FORMATTING.sub("", message["text"]), message["name"])
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
