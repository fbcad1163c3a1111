"""Parse XML incrementally by expat: in bounded memory, without entities and other files."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal
from xml.parsers import expat

DEEPEST = 500


class NotXmlError(ValueError):
    """A document is not XML, or declares entities, which texts do not need but attacks use."""


@dataclass(frozen=True)
class Event:
    """The beginning or end of an element, or characters between them.

    Attributes:
        kind: which of the three it is.
        name: the element's name without its namespace, or the characters.
        has: the element's attributes, without their namespaces.
        line: the line on which the element begins; 0 for the other kinds.
    """

    kind: Literal["begin", "end", "text"]
    name: str
    has: Mapping[str, str] = field(default_factory=dict)
    line: int = 0


def events(blocks: Iterable[str | bytes]) -> Iterator[Event]:
    """Yield the parts of a document, in order.

    Args:
        blocks: the document as characters, or as bytes in the encoding that it declares.

    Raises:
        NotXmlError: the document is not XML; names the line and column.
    """
    blocks = iter(blocks)
    first = next(blocks, b"")
    parser = expat.ParserCreate("utf-8" if isinstance(first, str) else None)
    waiting: list[Event] = []
    depth = 0

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise NotXmlError(f"elements are nested more than {DEEPEST} deep")
        plain = {_local(key): value for key, value in attributes.items()}
        waiting.append(Event("begin", _local(name), plain, parser.CurrentLineNumber))

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        waiting.append(Event("end", _local(name)))

    def refuse(*_: object) -> int:
        raise NotXmlError(f"line {parser.CurrentLineNumber} declares an entity, which is not read")

    parser.buffer_text = True
    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = lambda text: waiting.append(Event("text", text))
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    block: str | bytes | None = first
    while block is not None:
        data = block.encode("utf-8", "replace") if isinstance(block, str) else block
        block = next(blocks, None)
        try:
            parser.Parse(data, block is None)
        except expat.ExpatError as error:
            yield from waiting
            raise NotXmlError(str(error)) from error
        yield from waiting
        waiting.clear()


def _local(name: str) -> str:
    return name.rpartition(":")[2]
