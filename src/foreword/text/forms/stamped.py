"""Read chats and transcripts of other programs: each message stands beside or below its time.

Zoom, QQ, WeChat, Discord, Steam and services that write down speech have no form of their own here,
but their texts share a few. Dates without a time, as in diaries, show no such form.
"""

import re
from collections import Counter
from collections.abc import Iterator

from foreword.text.forms.form import Form, Head, Opened, Passage

_DATE = r"(?:\d{1,4}[-./]\d{1,2}[-./]\d{1,4},?[ T\t]+)?"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?(?:[ \u202f]?[AaPp]\.?[Mm]\.?)?"
_STAMP = rf"(?:\[{_DATE}{_CLOCK}\]|\({_DATE}{_CLOCK}\)|{_DATE}{_CLOCK})"
_NAME = r"(?P<name>[^\W\d_][^:\n]{0,59}?)"
_BESIDE = (
    rf"{_STAMP}[ \t]+(?:-[ \t]+)?(?:From[ \t]+)?{_NAME}[ \t]*:[ \t]+(?P<text>.*)",
    rf"{_NAME}[ \t]+{_STAMP}[ \t]*:[ \t]+(?P<text>.*)",
)
_ABOVE = (
    rf"{_STAMP}[ \t]+(?:-[ \t]+)?(?:From[ \t]+)?{_NAME}(?:[ \t]*\(\d+\))?:?$",
    rf"{_NAME}[ \t]+{_STAMP}:?$",
    rf"{_STAMP}$",
)
_NAME_FIRST = re.compile(_ABOVE[1])
_KINDS = tuple(map(re.compile, (*_BESIDE, *_ABOVE)))
_TO = re.compile(r"[ \t]+[Tt]o[ \t]+\S.*$")  # Zoom: to Everyone
LEAST, BESIDE, ABOVE = 5, 0.6, 0.25
"""The least number of stamps, and the least share of the lines that have a message beside the
stamp, or below it."""
NAMES = 0.5
"""The largest number of different names, relative to the number of stamps."""


def _match(kind: re.Pattern[str], line: str) -> re.Match[str] | None:
    match = kind.match(line.strip())
    if match is None or kind != _NAME_FIRST:
        return match
    # "See you at 10:30" is not a name and a time.
    return None if any(word[0].islower() for word in match["name"].split()) else match


def _kind(lines: list[str]) -> re.Pattern[str] | None:
    for index, kind in enumerate(_KINDS):
        stamps = [match for line in lines if (match := _match(kind, line))]
        least = BESIDE if index < len(_BESIDE) else ABOVE
        names = Counter(match.groupdict().get("name") for match in stamps)
        if len(stamps) >= max(LEAST, least * len(lines)) and len(names) <= NAMES * len(stamps):
            return kind
    return None


def _recognises(head: Head) -> bool:
    return _kind(head.lines[:200]) is not None


def _read(text: Opened) -> Iterator[Passage]:
    first = [line for _, line in zip(range(400), text.lines(), strict=False) if line.strip()]
    kind = _kind(first[:200])
    if kind is None:
        raise text.damaged("no form of time stamps is the commonest", "a chat with time stamps")
    name: str | None = None
    parts: list[str] | None = None  # None before the first stamp: titles and notices
    for line in text.lines():
        match = _match(kind, line)
        if match is None:
            if parts is not None:
                parts.append(line.strip())
            continue
        if parts:
            yield Passage("\n".join(parts), name)
        fields = match.groupdict()
        name = _TO.sub("", fields["name"]).strip() if "name" in fields else None
        parts = [fields["text"]] if "text" in fields else []
    if parts:
        yield Passage("\n".join(parts), name)


STAMPED = Form(
    "stamped", "chat or transcript with time stamps", "messages", "time stamps and names",
    _recognises, _read,
)  # fmt: skip
