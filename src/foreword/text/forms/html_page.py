"""Read the prose of HTML pages, without scripts, styles, navigation and code."""

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser

from foreword.text.forms.form import Form, Head, Opened, Passage

SKIPPED = frozenset(
    {
        *("script", "style", "noscript", "template", "nav", "footer", "aside", "button", "label"),
        *("select", "textarea", "svg", "math", "canvas", "iframe", "object", "audio", "video"),
        *("head", "pre", "menu", "dialog", "rt", "rp"),
    }
)
"""Elements that hold no prose written for a reader."""
_VOID = frozenset(
    {
        *("area", "base", "br", "col", "embed", "frame", "hr", "img", "input", "link", "meta"),
        *("param", "source", "track", "wbr"),
    }
)
_BLOCKS = frozenset(
    {
        *("address", "article", "blockquote", "body", "br", "caption", "center", "dd", "details"),
        *("div", "dl", "dt", "fieldset", "figcaption", "figure", "header"),
        *("h1", "h2", "h3", "h4", "h5", "h6"),
        *("hr", "html", "li", "main", "ol", "p", "section", "summary", "table", "tbody", "td"),
        *("tfoot", "th", "thead", "title", "tr", "ul"),
    }
)
_NAVIGATION_WORDS = 4
"""A link of at most this many words that fills a block is navigation, not prose."""
LARGEST = 128 << 20
"""The largest page in characters, since a page is parsed as a whole."""
_OPENS = re.compile(r"<(?=[a-zA-Z/!?])")
_NOT_SHOWN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\n\r\f]+")

Skip = Callable[[str, dict[str, str | None]], bool]


class _Prose(HTMLParser):
    """Collects a page's blocks of text."""

    def __init__(self, skip: Skip | None) -> None:
        super().__init__(convert_charrefs=True)
        self.skip = skip
        self.blocks: list[str] = []
        self.parts: list[str] = []
        self.skipping: list[str] = []  # the open elements, from the outermost skipped one on
        self.links = 0
        self.linked = 0  # the number of the block's characters inside links

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        if self.skipping == ["head"] and tag in _BLOCKS and tag != "title":
            self.skipping.clear()  # many pages never close their head
        if self.skipping:
            if tag not in _VOID and tag == self.skipping[0]:
                self.skipping.append(tag)
            return
        if tag in _BLOCKS:
            self.end_block()
        is_hidden = "hidden" in has or has.get("aria-hidden") == "true"
        is_hidden = is_hidden or _NOT_SHOWN.search(has.get("style") or "") is not None
        is_skipped = tag in SKIPPED or (self.skip is not None and self.skip(tag, has))
        if (is_skipped or is_hidden) and tag not in _VOID:
            self.skipping.append(tag)
        elif tag == "a":
            self.links += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID or tag in ("p", "div"):
            self.handle_starttag(tag, attrs)
            if tag not in _VOID:
                self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.skipping:
            if tag == self.skipping[0]:
                self.skipping.pop()
            elif tag in ("body", "html"):
                self.skipping.clear()
            return
        if tag in _BLOCKS:
            self.end_block()
        elif tag == "a":
            self.links = max(0, self.links - 1)

    def handle_data(self, data: str) -> None:
        if not self.skipping:
            self.parts.append(data)
            if self.links:
                self.linked += len(data.strip())

    def end_block(self) -> None:
        text = _SPACE.sub(" ", "".join(self.parts)).strip()
        is_link = self.linked >= 0.9 * len(text) and len(text.split()) <= _NAVIGATION_WORDS
        if text and not is_link:
            self.blocks.append(text)
        self.parts.clear()
        self.linked = 0


def prose(page: str, skip: Skip | None = None) -> list[str]:
    """Return the paragraphs of a page.

    Args:
        page: HTML, which may be malformed.
        skip: whether to skip an element, given its name and attributes, besides the usual ones.
    """
    parser = _Prose(skip)
    parser.feed(ended(page))
    parser.close()
    parser.end_block()
    return parser.blocks


def ended(page: str) -> str:
    """Remove the comments and tags of a page that are never closed.

    The library searches for the end of each of them, which takes hours on hostile pages.
    """
    page = page.replace("<![CDATA[", "").replace("<![", "<!")
    last = page.rfind("-->") + 1
    page = page[:last] + page[last:].replace("<!--", "")
    last = page.rfind(">") + 1
    return page[:last] + _OPENS.sub("", page[last:])


def whole_page(text: Opened, kind: str) -> str:
    """Return all characters of a page.

    Raises:
        TextError: the page is too long to be parsed as a whole.
    """
    blocks, size = [], 0
    for block in text.characters():
        size += len(block)
        if size > LARGEST:
            raise text.damaged(f"it has over {LARGEST:,} characters", kind)
        blocks.append(block)
    return "".join(blocks)


def _recognises(head: Head) -> bool:
    start = head.text[:4096].lstrip("\ufeff \t\r\n").lower()
    if re.match(
        r"(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*(?:<!doctype\s+html|<html[\s>])", start, re.DOTALL
    ):
        return True
    return head.named(".html", ".htm", ".xhtml") and start.startswith("<")


def _read(text: Opened) -> Iterator[Passage]:
    yield from map(Passage, prose(whole_page(text, HTML.label)))


HTML = Form(
    "html",
    "HTML page",
    "paragraphs",
    "scripts, styles, navigation and code",
    _recognises,
    _read,
    (".html", ".htm", ".xhtml"),
)
