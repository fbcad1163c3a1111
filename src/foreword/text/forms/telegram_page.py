"""Read Telegram's HTML export, which its program writes unless JSON is chosen."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from foreword.text.forms.form import Form, Head, Opened, Passage
from foreword.text.forms.html_page import ended, whole_page

_PARTS = ("default", "forwarded", "from_name", "text")
"""The classes of a message, a forwarded part of it, its sender, and its text."""
_SHOWS = re.compile(r'class="page_wrap"|class="history"')


class _Chat(HTMLParser):
    """Collects messages by the classes of nested `div` elements."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.passages: list[Passage] = []
        self.open: list[str] = []  # the classes of open div elements
        self.name: list[str] = []
        self.text: list[str] = []
        self.speaker = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br" and self._in("text"):
            self.text.append("\n")
        if tag == "div":
            has = (dict(attrs).get("class") or "").split()
            part = next((name for name in _PARTS if name in has), "")
            if part == "from_name" and not self._in("forwarded"):
                self.name.clear()
            if part == "text":
                self.text.clear()
            self.open.append(part)

    def handle_endtag(self, tag: str) -> None:
        if tag != "div" or not self.open:
            return
        part = self.open.pop()
        if self._in("forwarded") or not self._in("default"):
            return
        if part == "from_name":
            self.speaker = "".join(self.name).strip()
        elif part == "text" and "".join(self.text).strip():
            self.passages.append(Passage("".join(self.text), self.speaker or None))

    def handle_data(self, data: str) -> None:
        if self._in("text"):
            self.text.append(data)
        elif self._in("from_name") and not self._in("forwarded"):
            self.name.append(data)

    def _in(self, part: str) -> bool:
        return part in self.open


def _recognises(head: Head) -> bool:
    return head.text.lstrip()[:1] == "<" and len(set(_SHOWS.findall(head.text))) == 2


def _read(text: Opened) -> Iterator[Passage]:
    chat = _Chat()
    chat.feed(ended(whole_page(text, TELEGRAM_PAGE.label)))
    chat.close()
    yield from chat.passages


TELEGRAM_PAGE = Form(
    "telegram-html",
    "Telegram export",
    "messages",
    "names, times, service messages and forwarded ones",
    _recognises,
    _read,
)
