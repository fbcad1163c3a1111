"""Read the prose of reStructuredText by docutils, without directives' options, code and targets."""

import re
from collections.abc import Iterator

from foreword.errors import MissingExtraError
from foreword.text.forms.form import Form, Head, Opened, Passage
from foreword.text.forms.html_page import whole_page

_DIRECTIVE = re.compile(r"\.\. (?:[\w:-]+::|_[^:\n]+:)")
_UNDERLINE = re.compile(r"([=\-~^\"'#*+.`])\1{2,}\s*$")
_ROLE = re.compile(r":[A-Za-z][\w:+.-]*:`~?!?([^`<>]*?)(?:\s*<[^<>`]*>)?`")
"""A role with its text; docutils knows none of Sphinx's."""
_SETTINGS = {
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "report_level": 5,
    "halt_level": 6,
    "_disable_config": True,
    "syntax_highlight": "none",
    "smart_quotes": False,
}


def _recognises(head: Head) -> bool:
    if head.named(".rst", ".rest"):
        return bool(head.text.strip()) or head.whole
    lines = head.lines[:200]
    has_directive = any(_DIRECTIVE.match(line) for line in lines)
    return has_directive and any(_UNDERLINE.match(line) for line in lines)


def _read(text: Opened) -> Iterator[Passage]:
    try:
        from docutils import nodes
        from docutils.core import publish_doctree
    except ModuleNotFoundError as error:
        raise MissingExtraError("reading reStructuredText", "texts") from error
    page = _ROLE.sub(r"\1", whole_page(text, RESTRUCTURED.label))
    try:
        tree = publish_doctree(page, settings_overrides=_SETTINGS)
    except (ValueError, TypeError, AttributeError, IndexError, AssertionError, RecursionError) as e:
        raise text.damaged(f"{type(e).__name__}: {e}", RESTRUCTURED.label) from e
    dropped = (nodes.footnote_reference, nodes.citation_reference, nodes.image, nodes.math)
    within = (nodes.system_message, nodes.citation, nodes.docinfo, nodes.table, nodes.topic)
    for node in tree.findall(
        lambda n: isinstance(n, (nodes.paragraph, nodes.title, nodes.term, nodes.subtitle))
    ):
        parent = node.parent
        while parent is not None and not isinstance(parent, within):
            parent = parent.parent
        if parent is not None:
            continue
        for part in list(node.findall(lambda n: isinstance(n, dropped))):
            part.parent.remove(part)
        content = re.sub(r"(?:https?|ftp)://\S+", "", node.astext())
        if any(map(str.isalpha, content)):
            yield Passage(content)


RESTRUCTURED = Form(
    "rst",
    "reStructuredText",
    "paragraphs",
    "directives, code, tables, formulas and link targets",
    _recognises,
    _read,
    (".rst", ".rest"),
)
