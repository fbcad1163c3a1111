"""Read messages of an iPhone or Mac, as the program imessage-exporter writes them as text.

A message is its time, its sender and its text, each on lines of their own, and a blank line. A
reply appears twice: indented beneath the message it answers, and at its own time.
"""

import itertools
import re
from collections.abc import Iterable, Iterator

from foreword.text.forms.form import ME, Form, Head, Opened, Passage

_TIME = r"[A-Z][a-z]{2} \d{2}, \d{4} [ \d]\d:\d{2}:\d{2} [AP]M"
_BEGIN = re.compile(rf"{_TIME}(?: \(Read by .{{1,80}} after .{{1,80}}\))?\s*$")
_ANNOUNCED = re.compile(rf"{_TIME} (?!\(Read)\S.*$")
_EDITED = re.compile(rf"(?:{_TIME}|Edited .{{1,60}} later:) (?P<text>.*)")
_REACTIONS = ("Tapbacks:", "Reactions:")
_NOTE = re.compile(
    r"This message responded to an earlier message\.$|Sent with [A-Z][\w ]{2,30}$|"
    r"(?:You|They|.{1,40}) (?:unsent|deleted) (?:a|this) message(?: part)?.{0,60}$|"
    r"Attachment missing!$|Unable to format app message|SharePlay Message$|"
    r"Handwritten messages are not yet supported!$|.{1,40} message:$"
)
_FILE = re.compile(
    r"(?:~?/|[A-Z]:\\|attachments/).{0,300}\.\w{2,5}$|\S{1,120}\.(?:heic|HEIC|jpe?g|png|mov|MOV|caf|pluginPayloadAttachment)$"
)


def _recognises(head: Head) -> bool:
    lines = head.text.removeprefix("\ufeff").splitlines()[:400]
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is None or not (_BEGIN.match(lines[first]) or _ANNOUNCED.match(lines[first])):
        return False
    return any(
        _BEGIN.match(line) and after.strip() and not _BEGIN.match(after)
        for line, after in itertools.pairwise(lines)
    )


def _read(text: Opened) -> Iterator[Passage]:
    message: list[str] = []
    after_blank = True
    for line in text.lines():
        if after_blank and (_BEGIN.match(line) or _ANNOUNCED.match(line)):
            yield from _passage(message, text)
            message = [line]
        else:
            message.append(line)
        after_blank = not line.strip()
    yield from _passage(message, text)


def _passage(message: list[str], text: Opened) -> Iterator[Passage]:
    if len(message) < 2 or _ANNOUNCED.match(message[0]):
        if any(line.strip() for line in message):
            text.account.left_out["service messages"] += 1
        return
    sender, content = message[1].strip(), list(_content(message[2:]))
    if content:
        yield Passage("\n".join(content), ME if sender == "Me" else sender)
    else:
        text.account.left_out["media without words"] += 1


def _content(lines: Iterable[str]) -> Iterator[str]:
    """Yield the content of a message; of an edited one, its last version."""
    edited = ""
    reacting = False
    for line in lines:
        reacting = (reacting and bool(line.strip())) or line.strip() in _REACTIONS
        if reacting or line.startswith("    "):
            continue
        if change := _EDITED.match(line):
            edited = change["text"]
        elif line.strip() and not _NOTE.match(line.strip()) and not _FILE.match(line.strip()):
            if edited:
                edited = f"{edited}\n{line}"
            else:
                yield line
    if edited:
        yield edited


IMESSAGE = Form(
    "imessage",
    "iMessage export",
    "messages",
    "times, names, reactions and files",
    _recognises,
    _read,
)
