"""Read the items of the lists in a JSON document, one after the other, in bounded memory.

A chat export is one document of up to gigabytes, with its messages in a list somewhere inside.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

DESCENDED = frozenset(
    {
        *("list", "chats", "left_chats", "conversations", "conversation_state", "rooms"),
        *("channels", "data"),
    }
)
"""Keys of lists whose items contain lists themselves, and are searched rather than returned."""
DEEPEST = 12
LONGEST_ITEM = 64 << 20
"""The largest size of one item, in characters."""
_NUMBER = re.compile(r"[-+.\deE]+")
_SPACE = " \t\n\r"
_decode = json.JSONDecoder(strict=False).raw_decode


@dataclass(frozen=True)
class Item:
    """An item of a list.

    Attributes:
        path: the keys that lead to the list; none for a document that is a list.
        value: the item.
    """

    path: tuple[str, ...]
    value: Any


class NotJsonError(ValueError):
    """A document is not JSON, or is cut off."""


def items(blocks: Iterable[str]) -> Iterator[Item]:
    """Yield the items of all lists that are not part of an item themselves.

    Raises:
        NotJsonError: the document is not JSON; items before the error are yielded.
    """
    cursor = _Cursor(blocks)
    yield from _walk(cursor, ())
    if cursor.peek() != "":
        raise NotJsonError("something follows the document's end")


def _walk(cursor: "_Cursor", path: tuple[str, ...]) -> Iterator[Item]:
    first = cursor.peek()
    if first == "{" and len(path) < DEEPEST:
        cursor.take()
        yield from _walk_object(cursor, path)
    elif first == "[" and len(path) < DEEPEST:
        cursor.take()
        while cursor.peek() != "]":
            if path and path[-1] in DESCENDED and cursor.peek() in "[{":
                yield from _walk(cursor, path)
            else:
                yield Item(path, cursor.value())
            cursor.next_or_end("]")
        cursor.take()
    else:
        cursor.value()


def _walk_object(cursor: "_Cursor", path: tuple[str, ...]) -> Iterator[Item]:
    while cursor.peek() != "}":
        key = cursor.value()
        if not isinstance(key, str) or cursor.peek() != ":":
            raise NotJsonError("a key is missing")
        cursor.take()
        yield from _walk(cursor, (*path, key))
        cursor.next_or_end("}")
    cursor.take()


class _Cursor:
    """A position in a document, of which only a part is in memory."""

    def __init__(self, blocks: Iterable[str]) -> None:
        self._blocks = iter(blocks)
        self._text = ""
        self._offset = 0

    def _more(self) -> bool:
        block = next(self._blocks, None)
        while block == "":
            block = next(self._blocks, None)
        if block is None:
            return False
        self._text = self._text[self._offset :] + block
        self._offset = 0
        return True

    def peek(self) -> str:
        """Return the next character that is not white space; empty at the end."""
        while True:
            while self._offset < len(self._text):
                if self._text[self._offset] not in _SPACE:
                    return self._text[self._offset]
                self._offset += 1
            if not self._more():
                return ""

    def take(self) -> None:
        """Move past the character that `peek` returned."""
        self._offset += 1

    def next_or_end(self, end: str) -> None:
        """Move past a comma; stay before the end of a list or object."""
        if self.peek() == ",":
            self.take()
            if self.peek() == end:
                raise NotJsonError(f"a comma stands before {end}")
        elif self.peek() != end:
            raise NotJsonError("a comma is missing, or the file is cut off")

    def value(self) -> Any:
        """Return the next whole value."""
        self.peek()
        wanted = 1
        while True:
            try:
                value, end = _decode(self._text, self._offset)
            except RecursionError:
                raise NotJsonError("it is nested too deeply") from None
            except ValueError as error:
                if not self._fetch(wanted):
                    raise NotJsonError(str(error)) from None
                wanted *= 2  # so that a long value is parsed only a few times
                continue
            number = _NUMBER.match(self._text, self._offset)
            if number is not None and number.end() == len(self._text) and self._more():
                continue  # it may go on in the next block
            self._offset = end
            return value

    def _fetch(self, blocks: int) -> bool:
        if len(self._text) - self._offset > LONGEST_ITEM:
            raise NotJsonError(f"an item is not ended after {LONGEST_ITEM:,} characters")
        return sum(self._more() for _ in range(blocks)) > 0
