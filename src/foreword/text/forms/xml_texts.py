"""Read texts in XML: Evernote's notes, outlines (OPML), subtitles (TTML), feeds (RSS, Atom)."""

import re
from collections.abc import Callable, Iterator, Mapping

from foreword.text.forms.form import Form, Head, Opened, Passage
from foreword.text.forms.html_page import prose
from foreword.text.forms.xml_stream import NotXmlError, events


def _form(
    name: str,
    label: str,
    unit: str,
    left_out: str,
    root: str,
    endings: tuple[str, ...],
    elements: Mapping[str, Callable[[str], list[str]]],
    attributes: Mapping[str, tuple[str, ...]] | None = None,
    within: tuple[str, ...] = (),
) -> Form:
    """Return a format whose text is in some elements or attributes.

    Args:
        name: the name for `--as`.
        label: what people call such a file.
        unit: what its passages are, in the plural.
        left_out: what is never read.
        root: a pattern of the document's first element.
        endings: the endings of file names.
        elements: functions that turn an element's content into paragraphs, by the element's name.
        attributes: the attributes that hold text, by the element's name.
        within: elements that repeat one text, as a summary and as a whole; only the longest is
            read. If empty, every text is read.
    """
    first = re.compile(rf"\s*(?:<\?.*?\?>\s*|<!.*?>\s*)*<(?:\w+:)?{root}[\s>]", re.DOTALL)

    def read(text: Opened) -> Iterator[Passage]:
        parts: list[str] = []
        element = ""  # the outermost open element that holds text
        longest: list[str] = []
        try:
            for event in events(text.characters()):
                if event.kind == "text":
                    if element:
                        parts.append(event.name)
                elif event.kind == "begin":
                    if element and event.name in ("br", "p"):
                        parts.append("\n")
                    elif not element and event.name in elements:
                        element = event.name
                    elif not element and event.name in within:
                        longest = []  # drops the text before the first
                    for attribute in (attributes or {}).get(event.name, ()):
                        yield from map(Passage, prose(event.has.get(attribute, "")))
                elif event.name == element:
                    paragraphs = elements[element]("".join(parts))
                    parts.clear()
                    element = ""
                    if not within:
                        yield from map(Passage, paragraphs)
                    elif sum(map(len, paragraphs)) > sum(map(len, longest)):
                        longest = paragraphs
                elif event.name in within:
                    yield from map(Passage, longest)
                    longest = []
        except NotXmlError as error:
            raise text.damaged(error, label) from error

    def recognises(head: Head) -> bool:
        return first.match(head.text[:4096]) is not None

    return Form(name, label, unit, left_out, recognises, read, endings)


def _note(content: str) -> list[str]:
    return prose(content, lambda tag, _: tag == "en-crypt")


def _as_lines(content: str) -> list[str]:
    content = " ".join(content.split())
    return [content] if content else []


EVERNOTE = _form(
    "evernote", "Evernote export", "paragraphs", "titles, times, attachments and what is encrypted",
    "en-export", (".enex",), {"content": _note},
)  # fmt: skip
OPML = _form(
    "opml", "outline", "items", "titles and addresses", "opml", (".opml",), {},
    {"outline": ("text", "_note")},
)  # fmt: skip
TTML = _form(
    "ttml", "subtitles in XML", "cues", "times and styles", "tt", (".ttml", ".dfxp"),
    {"p": _as_lines},
)  # fmt: skip
FEED = _form(
    "feed", "feed or blog export", "paragraphs", "titles, times, addresses and tags",
    "(?:rss|feed)", (".rss", ".atom"),
    {"description": prose, "encoded": prose, "content": prose, "summary": prose},
    within=("item", "entry"),
)  # fmt: skip
XML_FORMS = (EVERNOTE, OPML, TTML, FEED)
