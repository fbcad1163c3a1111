"""Read Signal's own export of chats, and the output of the program signal-export.

Signal writes `main.jsonl`: a line per recipient, chat or message. signal-export writes, for each
chat, `data.json` with a message a line, and `chat.md` for people.
"""

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from foreword.text.forms.form import ME, Form, Head, Opened, Passage

_STAMP = re.compile(
    r"\[\d{4}-\d\d-\d\d,? \d\d:\d\d(?::\d\d)?\] (?P<name>[^:\n]{1,80}): ?(?P<text>.*)", re.DOTALL
)
_REACTIONS = re.compile(r"\(- .{1,400} -\)\s*$")
_STICKER = re.compile(r"\(\( .{0,40} \)\)\s*$")
_ATTACHED = re.compile(r"!?\[[^\[\]\n]{0,200}\]\((?:\./media|\.\./exported_stickers)/[^()\n]*\)")
_DELETED = "(This message was deleted)"
_CALL = re.compile(r"(?:Incoming|Outgoing|Missed)(?: voice| video)? call(?: \([^()]{1,40}\))?\s*$")
_OF_EXPORT = re.compile(r'\{"(?:version|account|recipient|chat|chatItem|chatFolder|adHocCall)":')
_OF_DATA = re.compile(r'\{"date": ?"\d{4}-\d\d-\d\dT[^"]{5,40}", ?"sender": ')


def _recognises(head: Head) -> bool:
    lines = head.lines[:200]
    if not lines:
        return False
    if _OF_DATA.match(lines[0]):
        return True
    if _OF_EXPORT.match(lines[0]):
        records = sum(_OF_EXPORT.match(line) is not None for line in lines)
        return (
            records == len(lines) and re.search(r'"(?:recipient|chatItem)":', head.text) is not None
        )
    stamped = [line for line in lines if _STAMP.match(line)]
    if not stamped or stamped[0] != lines[0]:
        return False  # WhatsApp's exports have such dates in some languages, without two spaces
    return head.named("chat.md", "index.md") or 2 * sum(
        line.endswith("  ") for line in stamped
    ) > len(stamped)


def _read(text: Opened) -> Iterator[Passage]:
    lines = text.lines()
    first = next((line for line in lines if line.strip()), "")
    if _OF_DATA.match(first):
        yield from _of_data(first, lines, text)
    elif _OF_EXPORT.match(first):
        yield from _of_export(first, lines, text)
    else:
        yield from _of_markdown(first, lines, text)


def _objects(first: str, lines: Iterator[str], text: Opened) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(itertools.chain([first], lines), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line, strict=False)
        except (ValueError, RecursionError) as error:
            raise text.damaged(f"line {number}: {error}", SIGNAL.label) from error
        if isinstance(record, dict):
            yield record


def _passage(name: str, content: str, text: Opened) -> Iterator[Passage]:
    if _CALL.match(content.strip()):
        text.account.left_out["calls"] += 1
    elif content.strip():
        yield Passage(content, ME if name == "Me" else name)
    else:
        text.account.left_out["media without words"] += 1


def _of_data(first: str, lines: Iterator[str], text: Opened) -> Iterator[Passage]:
    for message in _objects(first, lines, text):
        if message.get("deleted") or message.get("call"):
            text.account.left_out["deleted messages and calls"] += 1
            continue
        name = str(message.get("sender") or "No-Sender")
        yield from _passage(name, str(message.get("body") or ""), text)


def _of_export(first: str, lines: Iterator[str], text: Opened) -> Iterator[Passage]:
    names: dict[str, str] = {}
    for record in _objects(first, lines, text):
        recipient = record.get("recipient")
        if isinstance(recipient, dict):
            names[str(recipient.get("id"))] = _name(recipient)
        item = record.get("chatItem")
        if not isinstance(item, dict):
            continue
        message = item.get("standardMessage")
        body = message.get("text") if isinstance(message, dict) else None
        content = body.get("body") if isinstance(body, dict) else None
        if "updateMessage" in item:
            text.account.left_out["service messages"] += 1
            continue
        author = names.get(str(item.get("authorId")), "someone without a name")
        yield from _passage(ME if "outgoing" in item else author, str(content or ""), text)


def _name(recipient: Mapping[str, Any]) -> str:
    if "self" in recipient:
        return ME
    contact = recipient.get("contact")
    if not isinstance(contact, dict):
        return "someone without a name"
    nickname = contact.get("nickname")
    nickname = nickname if isinstance(nickname, dict) else {}
    for has, kind in ((nickname, ""), (contact, "system"), (contact, "profile")):
        given, family = ("given", "family") if not kind else (f"{kind}Given", f"{kind}Family")
        both = [has.get(f"{given}Name") or has.get(given), has.get(f"{family}Name")]
        if name := " ".join(str(part) for part in both if part):
            return name
    return str(contact.get("username") or contact.get("e164") or "someone without a name")


def _of_markdown(first: str, lines: Iterator[str], text: Opened) -> Iterator[Passage]:
    name = ""
    parts: list[str] = []
    for line in itertools.chain([first], lines):
        begun = _STAMP.match(line)
        if begun is None:
            parts.append(line)
            continue
        yield from _answer(name, parts, text)
        name, parts = begun["name"], [begun["text"]]
    yield from _answer(name, parts, text)


def _answer(name: str, lines: list[str], text: Opened) -> Iterator[Passage]:
    """Yield a message without the quoted one, reactions, stickers and files."""
    own = []
    for line in lines:
        if line.startswith("> ") or _REACTIONS.match(line) or _STICKER.match(line):
            continue
        own.append(_ATTACHED.sub("", line))
    content = "\n".join(own).strip()
    if content == _DELETED:
        text.account.left_out["deleted messages"] += 1
    elif name:
        yield from _passage(name, content, text)


SIGNAL = Form(
    "signal",
    "Signal export",
    "messages",
    "names, times, quotes, reactions and files",
    _recognises,
    _read,
)
