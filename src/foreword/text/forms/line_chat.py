"""Read LINE's exports of chats, from phones and computers, in any language.

A date stands on a line of its own, and a message is time, name and text between tabs. Desktop
programs use spaces instead, so that the words that all messages share show where a name ends.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from foreword.text.forms.form import Form, Head, Opened, Passage

_TITLE = re.compile(r"\[LINE\]")
_DAY = re.compile(
    r"(?:\d{4}[/.]\d{1,2}[/.]\d{1,2}\s?[(（]\w{1,12}\.?[)）]|\d{4}\.\d{2}\.\d{2} \w{1,12}"
    r"|\w{1,4}\.?, \d{1,2}/\d{1,2}/\d{4})\s*$"
)
_HALF = r"(?:上午|下午|午前|午後|오전|오후|AM|PM|am|pm)"
_TIME = rf"(?:{_HALF}\s?)?\d{{1,2}}:\d{{2}}(?:\s?{_HALF})?"
_STAMP = re.compile(rf"{_TIME}(?P<gap>[\t ])(?P<rest>.*)", re.DOTALL)
_NOTE = re.compile(r"[\[［][^\[\]［］\n]{1,30}[\]］](?:\s\S{1,80})?\s*$|☎")
"""`[Photo]`, `[File] plan.pdf`, `☎ Call time 0:35`, in any language."""
_UNSENT = re.compile(r"(?:unsent a message|メッセージの送信を取り消しました|已收回訊息|收回了訊息)")
FEWEST = 3
"""The number of messages that show how long a name is, if no tab does."""


def _recognises(head: Head) -> bool:
    lines = [line.lstrip("\ufeff").rstrip() for line in head.lines[:200]]
    if not lines:
        return False
    if _TITLE.match(lines[0]):
        return True
    if _DAY.match(lines[0]) is None:
        return False
    stamped = [match for line in lines[1:] if (match := _STAMP.match(line)) is not None]
    return len(stamped) >= max(1, 0.3 * len(lines))


def _read(text: Opened) -> Iterator[Passage]:
    messages = _messages(text.lines())
    held: list[tuple[str, str]] = []
    for gap, rest in messages:
        if gap == "\t":
            name, tab, content = rest.partition("\t")
            yield from _passage(name if tab else "", content if tab else rest, text)
        else:
            held.append((gap, rest))
    names = _names(rest for _, rest in held)
    for _, rest in held:
        name = next((name for name in names if rest.startswith(name + " ")), "")
        yield from _passage(name, rest[len(name) + 1 :] if name else rest, text)


def _messages(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each message's separator, and all of its lines after the time."""
    gap, parts, begun = "", [""], False
    for line in lines:
        match = _STAMP.match(line)
        if match is None and not _DAY.match(line.strip()):
            if begun:
                parts.append(line)
            continue
        if begun:
            yield gap, "\n".join(parts)
        begun = match is not None
        if match is not None:
            gap, parts = match["gap"], [match["rest"]]
    if begun:
        yield gap, "\n".join(parts)


def _passage(name: str, content: str, text: Opened) -> Iterator[Passage]:
    content = content.strip()
    if len(content) > 1 and content[0] == content[-1] == '"' and "\n" in content:
        content = content[1:-1].replace('""', '"')  # several lines are set in quotation marks
    if not name.strip():
        text.account.left_out["service messages"] += 1
    elif not content or _NOTE.match(content) or _UNSENT.search(content[:60]):
        text.account.left_out["notes"] += 1
    else:
        yield Passage(content, name.strip())


def _names(messages: Iterable[str]) -> list[str]:
    """Return the speakers, longest first: the words that messages with one beginning share."""
    by_word: dict[str, list[list[str]]] = {}
    for message in messages:
        words = message.split("\n", 1)[0].split(" ")
        by_word.setdefault(words[0], []).append(words)
    names = []
    for word, those in by_word.items():
        name, rest = word, [words[1:] for words in those]
        while len(rest) >= FEWEST:
            following, count = Counter(
                words[0] if len(words) > 1 else "" for words in rest
            ).most_common(1)[0]
            if not following or count < len(rest):
                break
            name, rest = f"{name} {following}", [words[1:] for words in rest]
        names.append(name)
    return sorted(names, key=len, reverse=True)


LINE = Form(
    "line",
    "LINE export",
    "messages",
    "time stamps, names and media notes",
    _recognises,
    _read,
)
