"""Read the XML of translation memories and localisation: its elements and inline codes."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing

from foreword.errors import TextError
from foreword.text.decoding import BLOCK_BYTES
from foreword.text.forms.form import Head, Opened
from foreword.text.forms.xml_stream import Event, NotXmlError, events
from foreword.text.placeholders import is_placeholder

CODES = frozenset({"bpt", "ept", "ph", "it", "ut", "x", "bx", "ex", "sc", "ec"})
"""Elements that stand for the markup of the original document; other elements are within text."""


def parts_of(text: Opened) -> Iterator[Event]:
    """Yield the parts of a document in the encoding that it declares.

    Raises:
        TextError: it is no XML, or declares entities of its own; names the line.
    """
    with closing(text.open()) as stream:
        try:
            yield from events(iter(lambda: stream.read(BLOCK_BYTES), b""))
        except NotXmlError as error:
            raise TextError(
                f"{text.name}: cannot be read, since its XML is damaged: {error}. Export the file "
                "anew"
            ) from error


def root_is(name: str) -> Callable[[Head], bool]:
    """Return whether the first element of a file has this name."""
    first = re.compile(rf"\s*(?:<\?.*?\?>\s*|<!.*?>\s*)*<(?:\w+:)?{name}[\s>]", re.DOTALL)
    return lambda head: first.match(head.text[:4096]) is not None


class Segment:
    """Collects the text of an element, and of the codes within it those that are placeholders."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._code = ""
        self._depth = 0

    def add(self, event: Event) -> None:
        """Take the next part of the element."""
        if event.kind == "text":
            if self._depth == 0:
                self._parts.append(event.name)
            else:
                self._code += event.name
        elif event.name in CODES and event.kind == "begin":
            self._depth += 1
            # XLIFF has the meaning of a code in an attribute.
            self._code += event.has.get("equiv-text", event.has.get("equiv", ""))
        elif event.name in CODES:
            self._depth -= 1
            if self._depth == 0:
                if is_placeholder(self._code):
                    self._parts.append(self._code)
                self._code = ""

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._parts)
