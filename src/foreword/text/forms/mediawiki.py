"""Read the prose of MediaWiki's markup, and of a wiki's dump in XML, by mwparserfromhell."""

import re
from collections.abc import Iterator
from typing import Any

from foreword.errors import MissingExtraError
from foreword.text.forms.form import Form, Head, Opened, Passage
from foreword.text.forms.html_page import whole_page
from foreword.text.forms.xml_stream import NotXmlError, events

_SKIPPED = frozenset(
    {
        *("ref", "references", "gallery", "math", "chem", "code", "pre", "source", "table"),
        *("syntaxhighlight", "timeline", "score", "graph", "imagemap", "script", "style"),
    }
)
_ITEMS = frozenset({"li", "dt", "dd", "br", "hr", "p", "div", "tr", "td", "th"})
_NAMESPACE = re.compile(r":?[^\W\d_][\w -]{1,30}:\S")
_SWITCH = re.compile(r"__[A-Z]{3,30}__")
_HEADING = re.compile(r"==+[^=\n].*==+\s*$")
_MARKUP = re.compile(r"\[\[[^\[\]\n]+\]\]|\{\{|'''")


def _parser() -> Any:
    try:
        import mwparserfromhell
    except ModuleNotFoundError as error:
        raise MissingExtraError("reading MediaWiki", "texts") from error
    return mwparserfromhell


def _paragraphs(markup: str, parser: Any) -> Iterator[Passage]:
    nodes = parser.nodes

    def text_of(code: Any) -> str:
        parts: list[str] = []
        for node in [] if code is None else code.nodes:
            if isinstance(node, nodes.Text):
                parts.append(str(node.value))
            elif isinstance(node, nodes.Wikilink):
                # Files, categories and other languages, which stand in a namespace.
                if _NAMESPACE.match(str(node.title)) is None:
                    parts.append(text_of(node.title if node.text is None else node.text))
            elif isinstance(node, nodes.ExternalLink):
                parts.append(text_of(node.title))
            elif isinstance(node, nodes.Heading):
                parts.append(f"\n\n{text_of(node.title)}\n\n")
            elif isinstance(node, nodes.HTMLEntity):
                parts.append(str(node.normalize()).replace("\u00a0", " "))
            elif isinstance(node, nodes.Tag):
                tag = str(node.tag).strip().lower()
                if tag in _SKIPPED:
                    continue
                parts.append("\n\n" if tag in _ITEMS else "")
                parts.append(text_of(node.contents))
        return "".join(parts)

    for paragraph in re.split(r"\n\s*\n", text_of(parser.parse(markup))):
        content = _SWITCH.sub("", paragraph).strip(" \n*#:;")
        if any(map(str.isalpha, content)):
            yield Passage(content)


def _recognises(head: Head) -> bool:
    if head.named(".wiki", ".mediawiki", ".wikitext"):
        return bool(head.text.strip()) or head.whole
    lines = head.lines[:300]
    headings = sum(_HEADING.match(line) is not None for line in lines)
    return headings >= 1 and sum(bool(_MARKUP.search(line)) for line in lines) >= 3


def _read(text: Opened) -> Iterator[Passage]:
    yield from _paragraphs(whole_page(text, MEDIAWIKI.label), _parser())


def _recognises_dump(head: Head) -> bool:
    return re.match(r"\s*(?:<\?xml[^>]*>\s*)?<mediawiki[\s>]", head.text[:4096]) is not None


def _read_dump(text: Opened) -> Iterator[Passage]:
    """Yield the paragraphs of the newest revision of each article."""
    parser = _parser()
    path: list[str] = []
    fields = dict.fromkeys(("ns", "text"), "")
    parts: list[str] = []
    is_redirect = False
    try:
        for event in events(text.characters()):
            if event.kind == "begin":
                path.append(event.name)
                parts.clear()
                is_redirect = is_redirect or event.name == "redirect"
            elif event.kind == "text":
                if path[-1:] in (["ns"], ["text"]):
                    parts.append(event.name)
            else:
                path.pop()
                if event.name in fields:
                    fields[event.name] = "".join(parts)
                elif event.name == "page":
                    if is_redirect:
                        text.account.left_out["redirects"] += 1
                    elif fields["ns"] not in ("", "0"):
                        text.account.left_out["pages that are no articles"] += 1
                    else:
                        yield from _paragraphs(fields["text"], parser)
                    fields.update(ns="", text="")
                    is_redirect = False
    except NotXmlError as error:
        raise text.damaged(error, DUMP.label) from error


MEDIAWIKI = Form(
    "mediawiki", "MediaWiki page", "paragraphs",
    "templates, references, tables, files and link targets",
    _recognises, _read, (".wiki", ".mediawiki", ".wikitext"),
)  # fmt: skip
DUMP = Form(
    "mediawiki-xml", "MediaWiki dump", "paragraphs",
    "older revisions, templates, references, tables, files and link targets",
    _recognises_dump, _read_dump,
)  # fmt: skip
