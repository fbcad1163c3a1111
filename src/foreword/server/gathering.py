"""uvicorn's HTTP protocol with answers in one piece, some of them without ASGI. Knows no endpoints.

uvicorn writes the head and the body of an answer separately, and uvloop passes each to the kernel
at once: two system calls, two packets, and two wake-ups of the client. Here everything that is
written to a connection in one iteration of the event loop is sent in one piece.

An overloaded server refuses a request before a task is created for it. A small request to an
endpoint that answers soon needs no task either: it is begun as soon as it is read. The task, its
events and ASGI's messages would take about as long as the answer.
"""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from foreword.server.endpoint import Headers, headers_of
from foreword.server.refusal import overloaded

LARGEST_PROMPT = 4_096
"""Bytes of the body of a request that is answered without ASGI."""

Respond = Callable[[int, bytes, Headers], None]
"""Sends a status, a body in JSON and further headers."""


class _Cycle:
    """Stands for uvicorn's cycle of a request and its response, as far as its protocol needs it."""

    def __init__(self, *, is_refused: bool) -> None:
        self.is_refused = is_refused
        self.response_complete = is_refused
        self.response_started = False
        self.disconnected = False
        self.keep_alive = True
        self.body = bytearray()
        self.message_event = _NO_EVENT


class _NoEvent:
    """Nobody waits for it."""

    def set(self) -> None:
        pass


_NO_EVENT = _NoEvent()


def _lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"".join([b"%b: %b\r\n" % header for header in headers])


def _end_of_refusal() -> bytes:
    """The end of a refusal, after the headers that change with time; the same for all refusals."""
    refusal = overloaded()
    body = refusal.body()
    return _lines([*headers_of(body), *refusal.raw_headers()]) + b"\r\n" + body


_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}
_END_OF_REFUSAL = _end_of_refusal()


class GatheringProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, which may switch to WebSocket.

    Attributes:
        admits: called with a request's target; returns whether it is accepted.
        prompts: the targets of POST requests that `answer` can answer.
        answer: called with an ASGI scope, a body, and what sends the answer.
    """

    admits: ClassVar[Callable[[bytes], bool]]
    prompts: ClassVar[frozenset[bytes]] = frozenset()
    answer: ClassVar[Callable[[Scope, bytes, Respond], None]]

    def on_headers_complete(self) -> None:
        """The head of a request is complete."""
        before: Any = self.cycle  # None at first
        is_free = before is None or before.response_complete
        headers = dict(self.headers)
        # The application refuses a request whose connection cannot be kept open, and one of another
        # site's page, which needs headers of its own.
        is_simple = (
            is_free
            and not self.parser.should_upgrade()
            and not self.expect_100_continue
            and self.parser.should_keep_alive()
            and b"origin" not in headers
        )
        if is_simple and not type(self).admits(self.url):
            self.cycle = cast("Any", _Cycle(is_refused=True))
        elif is_simple and self.url in self.prompts and self._is_prompt(headers):
            self.cycle = cast("Any", _Cycle(is_refused=False))
        else:
            super().on_headers_complete()

    def _is_prompt(self, headers: dict[bytes, bytes]) -> bool:
        """Whether a request is answered without ASGI; of those that arrive together, only one."""
        parser = self.parser
        if parser.get_method() != b"POST" or parser.get_http_version() != "1.1":
            return False  # uvicorn closes the connections of older clients
        if cast("Gathering", self.transport).is_holding:
            return False
        length = headers.get(b"content-length", b"")
        return length.isdigit() and int(length) <= LARGEST_PROMPT

    def on_message_complete(self) -> None:
        """A request is complete."""
        cycle: Any = self.cycle
        if not isinstance(cycle, _Cycle):
            super().on_message_complete()
        elif cycle.is_refused:
            now = _lines(self.server_state.default_headers)
            self.transport.write(_STATUS_LINES[503] + now + _END_OF_REFUSAL)
            self.on_response_complete()
        else:
            scope = {**self.scope, "method": "POST", "path": self.url.decode("ascii")}
            type(self).answer(scope, bytes(cycle.body), partial(self._respond, cycle))

    def _respond(self, cycle: _Cycle, status: int, body: bytes, headers: Headers) -> None:
        """Send the answer to a request that is answered without ASGI."""
        cycle.response_complete = True
        if cycle.disconnected or self.transport.is_closing():
            return
        whole = [*self.server_state.default_headers, *headers_of(body), *headers]
        if not cycle.keep_alive:
            whole.append((b"connection", b"close"))
        self.transport.write(_STATUS_LINES[status] + _lines(whole) + b"\r\n" + body)
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        gathering = Gathering(cast("asyncio.Transport", transport), self.loop)
        super().connection_made(gathering)


def _nothing() -> None:
    pass


class Gathering(asyncio.Transport):
    """A transport that writes once in an iteration of the event loop, and can stop reading.

    Attributes:
        connection: its entry in `Connections`.
        closing: called before it is closed.
        is_kept: whether `hold_reading` keeps it from reading.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: list[bytes | bytearray | memoryview] = []
        self._paused = False  # by uvicorn
        self.is_kept = False
        self.connection: Any = None
        self.closing: Callable[[], None] = _nothing

    @property
    def is_holding(self) -> bool:
        """Whether something was written in this iteration."""
        return bool(self._held)

    def forget(self) -> None:
        """Drop references to its owners once it is closed, so that no cycle is left."""
        self.connection, self.closing = None, _nothing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Add data to what is sent at the end of this iteration."""
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)

    def close(self) -> None:
        """Close it once the client has read all data."""
        self._flush()
        if not self._transport.is_closing():
            self.closing()
        self._transport.close()

    def close_or_abort(self, *, at_once: bool) -> None:
        """Close it; with `at_once` even if the client has not read all data."""
        self._flush()
        if at_once and self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self.close()

    def abort(self) -> None:
        """Close it at once."""
        self._held.clear()
        self._transport.abort()

    def _flush(self) -> None:
        held, self._held = self._held, []
        if held and not self._transport.is_closing():
            self._transport.write(held[0] if len(held) == 1 else b"".join(held))

    def is_closing(self) -> bool:
        """Whether it is closed or closing."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Information about the underlying transport."""
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Stop reading until `resume_reading`."""
        self._read(paused=True, kept=self.is_kept)

    def resume_reading(self) -> None:
        """Continue reading, unless `hold_reading` forbids it."""
        self._read(paused=False, kept=self.is_kept)

    def hold_reading(self, is_kept: bool) -> None:
        """Set whether nothing is read, even after `resume_reading`."""
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
        """Set the protocol that receives data."""
        self._transport.set_protocol(protocol)
