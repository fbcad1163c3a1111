"""Read the XML of SMS Backup & Restore: text messages, and the text of multimedia messages."""

import re
from collections.abc import Iterable, Iterator, Mapping

from foreword.text.forms.form import ME, Form, Head, Opened, Passage
from foreword.text.forms.xml_stream import NotXmlError, events

_PAIR = re.compile(r"&#(5[56]\d{3});&#(5[67]\d{3});")
_REFERENCE = re.compile(r"&#(\d{1,7});")
_UNENDED = re.compile(r"(?:&#(?:55[2-9]\d\d|56[0-2]\d\d|563[01]\d);)?(?:&#?\d{0,7})?$")
"""A character reference, or the first of two, that is cut off at the end of a block."""
_SENT = frozenset({"2", "4", "5", "6"})  # Android's numbers: sent, outbox, failed, queued
_DRAFT = "3"


def _recognises(head: Head) -> bool:
    return re.search(r"<smses[\s>]", head.text[:4096]) is not None


def _read(text: Opened) -> Iterator[Passage]:
    speaker = ""
    try:
        for event in events(_mended(text.characters())):
            if event.kind != "begin":
                continue
            if event.name in ("sms", "mms"):
                speaker = _speaker(event.name, event.has)
                if not speaker:
                    text.account.left_out["drafts"] += 1
            content = ""
            if event.name == "sms":
                content = event.has.get("body", "")
            elif event.name == "part" and event.has.get("ct") == "text/plain":
                content = event.has.get("text", "")
            elif event.name == "part" and event.has.get("ct") != "application/smil":
                text.account.left_out["pictures and other media"] += 1
            if speaker and content.strip() and content != "null":
                yield Passage(content, speaker)
    except NotXmlError as error:
        raise text.damaged(error, SMS.label) from error


def _speaker(kind: str, has: Mapping[str, str]) -> str:
    """Return the sender of a message; empty for a draft."""
    box = has.get("type" if kind == "sms" else "msg_box", "")
    if box == _DRAFT:
        return ""
    if box in _SENT:
        return ME
    name = has.get("contact_name", "")
    return has.get("address", "unknown") if name in ("", "null", "(Unknown)") else name


def _mended(blocks: Iterable[str]) -> Iterator[str]:
    """Yield the document with its emoji as characters.

    The app writes each emoji as references to two surrogates, which XML does not allow.
    """
    held = ""
    for block in blocks:
        held += block
        unended = _UNENDED.search(held, max(0, len(held) - 24))
        cut = len(held) if unended is None else unended.start()
        yield _letters(held[:cut])
        held = held[cut:]
    yield _letters(held)


def _letters(text: str) -> str:
    if "&#" not in text:
        return text
    return _REFERENCE.sub(_allowed, _PAIR.sub(_joined, text))


def _joined(pair: re.Match[str]) -> str:
    high, low = int(pair[1]), int(pair[2])
    if not (0xD800 <= high < 0xDC00 <= low < 0xE000):
        return " "
    return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


def _allowed(reference: re.Match[str]) -> str:
    number = int(reference[1])
    wrong = (number < 32 and number not in (9, 10, 13)) or 0xD800 <= number < 0xE000
    return " " if wrong or number > 0x10FFFF else reference[0]


SMS = Form("sms", "SMS backup", "messages", "names, times and media", _recognises, _read)
