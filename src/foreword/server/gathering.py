"""uvicorn's HTTP, with what it lacks: answers in one piece, and quick refusals. Knows no endpoints.

uvicorn writes an answer's head and its body one after the other, and uvloop hands each to the
kernel at once: two system calls, two packets, and a client that is woken twice. Here, what is
written to a connection within one turn of the event loop goes in one piece.

A request that the application would refuse for want of time is refused before it is made a task.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from foreword.server.endpoint import headers_of
from foreword.server.refusal import overloaded


class _Refused:
    """In the place of uvicorn's cycle of request and response: one that is over."""

    response_complete = True
    disconnected = False
    keep_alive = True

    def __init__(self) -> None:
        self.message_event = asyncio.Event()


def _lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"".join(name + b": " + value + b"\r\n" for name, value in headers)


def _end_of_refusal() -> bytes:
    """What follows the headers that change with time: made once, for there may be many."""
    refusal = overloaded()
    body = refusal.body()
    return _lines([*headers_of(body), *refusal.raw_headers()]) + b"\r\n" + body


_REFUSED = b"HTTP/1.1 503 Service Unavailable\r\n"
_END_OF_REFUSAL = _end_of_refusal()


class GatheringProtocol(HttpToolsProtocol):
    """uvicorn's HTTP, and the WebSockets that it becomes.

    Attributes:
        admits: whether a request, by its target, is taken on.
    """

    admits: ClassVar[Callable[[bytes], bool]]

    def on_headers_complete(self) -> None:
        """A request's head is there."""
        before: Any = self.cycle  # None at first
        is_free = before is None or before.response_complete
        # One that may not be kept open, or whose page of another site wants headers of its own, is
        # refused by the application.
        is_simple = (
            is_free
            and not self.parser.should_upgrade()
            and not self.expect_100_continue
            and self.parser.should_keep_alive()
            and all(name != b"origin" for name, _ in self.headers)
        )
        if is_simple and not type(self).admits(self.url):
            self.cycle = cast("Any", _Refused())
            return
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """All of a request is there."""
        if isinstance(self.cycle, _Refused):
            now = _lines(self.server_state.default_headers)
            self.transport.write(_REFUSED + now + _END_OF_REFUSAL)
            self.on_response_complete()
            return
        super().on_message_complete()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        gathering = Gathering(cast("asyncio.Transport", transport), self.loop)
        super().connection_made(gathering)


def _nothing() -> None:
    pass


class Gathering(asyncio.Transport):
    """A transport that writes once in each turn of the loop, and may be kept from reading.

    Attributes:
        connection: whatever counts it.
        closing: called before it is closed.
        is_kept: whether it is kept from reading, by `hold_reading`.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: list[bytes | bytearray | memoryview] = []
        self._paused = False  # by whom it belongs to
        self.is_kept = False
        self.connection: Any = None
        self.closing: Callable[[], None] = _nothing

    def forget(self) -> None:
        """Lets go of those that hold it, once it is closed: they need no garbage collector then."""
        self.connection, self.closing = None, _nothing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Takes what goes out at the end of this turn."""
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)

    def close(self) -> None:
        """Closes it once the client has taken what was written."""
        self._flush()
        if not self._transport.is_closing():
            self.closing()
        self._transport.close()

    def close_or_abort(self, *, at_once: bool) -> None:
        """Closes it; at once even if the client has not taken all that was written."""
        self._flush()
        if at_once and self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self.close()

    def abort(self) -> None:
        """Closes it at once."""
        self._held.clear()
        self._transport.abort()

    def _flush(self) -> None:
        held, self._held = self._held, []
        if held and not self._transport.is_closing():
            self._transport.write(held[0] if len(held) == 1 else b"".join(held))

    def is_closing(self) -> bool:
        """Whether it is closed, or will be."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What the transport beneath tells of itself."""
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Reads no more until `resume_reading`."""
        self._read(paused=True, kept=self.is_kept)

    def resume_reading(self) -> None:
        """Reads on."""
        self._read(paused=False, kept=self.is_kept)

    def hold_reading(self, is_kept: bool) -> None:
        """Whether nothing is read, whoever resumes reading."""
        self._read(paused=self._paused, kept=is_kept)

    def _read(self, *, paused: bool, kept: bool) -> None:
        before, after = self._paused or self.is_kept, paused or kept
        self._paused, self.is_kept = paused, kept
        if before == after or self._transport.is_closing():
            return
        if after:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Who is told what comes."""
        self._transport.set_protocol(protocol)
