"""Read Viber's exports of chats: a table of date, time, name, number and text, or lines of text."""

import csv
import re
from collections.abc import Iterator

from foreword.text.forms.form import Form, Head, Opened, Passage

_DATE = r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?(?:\s?[AaPp]\.?[Mm]\.?)?"
_ROW = re.compile(rf'"?{_DATE}"?([,;\t])\s?"?{_CLOCK}"?\1')
_LINE = re.compile(rf"\[ {_DATE},?\s+{_CLOCK} \]\s*(?P<name>[^:]{{1,80}}):(?:\s(?P<text>.*)|$)")
_NUMBER = re.compile(r"\+?[\d\s()-]{0,20}$")
_NOTE = re.compile(
    r"(?:photo|video|sticker|voice|location|contact|file|gif) message$|missed call$|"
    r"https?://\S+$", re.IGNORECASE,
)  # fmt: skip


def _recognises(head: Head) -> bool:
    lines = [line.lstrip("\ufeff") for line in head.lines[:200]]
    if not lines or not (_LINE.match(lines[0]) or _is_row(lines[0])):
        return False
    return sum(bool(_LINE.match(line) or _is_row(line)) for line in lines) >= 0.3 * len(lines)


def _is_row(line: str) -> bool:
    match = _ROW.match(line)
    fields = next(csv.reader([line], delimiter=match[1]), []) if match is not None else []
    return len(fields) >= 5 and _NUMBER.match(fields[3].strip()) is not None


def _read(text: Opened) -> Iterator[Passage]:
    lines = (line.lstrip("\ufeff") for line in text.lines())
    first = next(lines, "")
    row = _ROW.match(first)

    def all_lines() -> Iterator[str]:
        yield first
        yield from lines

    messages = _of_lines(all_lines()) if row is None else _of_rows(all_lines(), row[1])
    for name, content in messages:
        if _NOTE.match(content.strip()):
            text.account.left_out["notes"] += 1
        else:
            yield Passage(content, name.strip())


def _of_rows(lines: Iterator[str], delimiter: str) -> Iterator[tuple[str, str]]:
    ended = (f"{line}\n" for line in lines)
    for fields in csv.reader(ended, delimiter=delimiter):
        if len(fields) >= 5:
            yield fields[2], delimiter.join(fields[4:])


def _of_lines(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    name, parts = "", [""]
    for line in lines:
        match = _LINE.match(line)
        if match is None:
            parts.append(line)
            continue
        if name:
            yield name, "\n".join(parts)
        name, parts = match["name"], [match["text"] or ""]
    if name:
        yield name, "\n".join(parts)


VIBER = Form(
    "viber", "Viber export", "messages", "time stamps, names, numbers and media notes",
    _recognises, _read,
)  # fmt: skip
