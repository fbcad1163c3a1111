"""Read the messages of the Language Server Protocol's base protocol. Knows no methods.

A message is headers, an empty line and as many bytes of JSON as `Content-Length` says. Anything
else is reported once, and the search for the next message begins after it.
"""

import json
import re
from typing import Any, BinaryIO, Final

MOST_BYTES = 1 << 28
"""The most bytes of a message, which may contain a whole document."""
LONGEST_LINE = 8_192
"""The most bytes of a header."""
MOST_LINES = 64
"""The most headers of a message."""

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
_LENGTH = re.compile(rb"content-length[ \t]*:[ \t]*(\d{1,20})[ \t]*\r?\n\Z", re.IGNORECASE)


class MessageError(Exception):
    """The input is not a message.

    Attributes:
        code: the JSON-RPC error code.
        message_id: the id of the request, if it has a recognisable one.
    """

    def __init__(self, code: int, message: str, message_id: str | int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message_id = message_id


class Messages:
    """The messages of a stream of bytes."""

    def __init__(self, stream: BinaryIO) -> None:
        """Take the stream, which is read in blocks."""
        self._stream = stream
        self._is_lost = False  # whether the beginning of the next message is unknown

    def next(self) -> dict[str, Any] | None:
        """Return the next message; None at the end.

        Raises:
            MessageError: the input is not a message. The next one can still be read.
        """
        length = self._length()
        if length is None:
            return None
        body = self._stream.read(length)
        if len(body) < length:
            return None
        return message_of(body)

    def _length(self) -> int | None:
        length = None
        lines = 0
        while lines < MOST_LINES or self._is_lost:
            lines += 1
            line = self._stream.readline(LONGEST_LINE)
            if not line:
                return None
            if line in (b"\r\n", b"\n"):
                if length is not None:
                    self._is_lost = False
                    return length
                if not self._is_lost:
                    raise self._lost("a message has no Content-Length")
                continue
            match = _LENGTH.search(line) if self._is_lost else _LENGTH.match(line)
            if match is not None:
                length = int(match[1])
                if length > MOST_BYTES:
                    raise self._lost(
                        f"a message of {length:,} bytes is not read; {MOST_BYTES:,} are the most"
                    )
            elif not self._is_lost and (b":" not in line or _is_a_length(line)):
                shown = line[:80].decode("ascii", "backslashreplace").strip()
                raise self._lost(f"this is not a header of a message: {shown}")
        raise self._lost(f"a message has more than {MOST_LINES} headers")

    def _lost(self, message: str) -> MessageError:
        self._is_lost = True
        return MessageError(PARSE_ERROR, message)


def message_of(body: bytes) -> dict[str, Any]:
    """Return the JSON of a message.

    Raises:
        MessageError: it is no JSON, or no message of JSON-RPC 2.0.
    """
    try:
        message = json.loads(body.decode())
    except (ValueError, RecursionError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise MessageError(PARSE_ERROR, f"the message is no JSON in UTF-8: {why}") from None
    if not isinstance(message, dict):
        raise MessageError(INVALID_REQUEST, "a message is one object")
    message_id = message.get("id")
    if isinstance(message_id, bool) or not isinstance(message_id, str | int | None):
        raise MessageError(INVALID_REQUEST, "an id is a number or a string")
    is_answer = "id" in message and ("result" in message or "error" in message)
    if message.get("jsonrpc") != "2.0":
        raise MessageError(INVALID_REQUEST, 'a message has "jsonrpc": "2.0"', message_id)
    if not is_answer and not isinstance(message.get("method"), str):
        raise MessageError(INVALID_REQUEST, "a message has a method", message_id)
    return message


def _is_a_length(line: bytes) -> bool:
    return line[:14].lower() == b"content-length"
