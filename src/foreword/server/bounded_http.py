"""Limits on what a client may send over HTTP before it is authenticated.

uvicorn and llhttp limit neither the size of a head, nor its number of headers, nor the time that a
client takes for it, and do not count WebSockets. Here the parser gets bytes in pieces, and the
bytes that do not belong to a body are counted. Knows no endpoints except `/health` and `/metrics`.
"""

import asyncio
from http import HTTPStatus
from typing import Any, ClassVar, cast

import httptools

from foreword.server.connections import Cause, Connection, State
from foreword.server.counted import Counted
from foreword.server.endpoint import headers_of
from foreword.server.gathering import GatheringProtocol
from foreword.server.handshakes import Handshakes
from foreword.server.limits import Turns
from foreword.server.refusal import RequestError, later

PIECE = 4_096
"""Bytes that the parser gets at a time."""
MOST_HEAD = 16_384
"""Bytes of a request's head, chunk extensions and trailers."""
MOST_HEADERS = 100
CHUNK = 12
"""Bytes of a chunk's size and its two line ends, which are not an extension."""
STATUS_TARGETS = (b"/health", b"/metrics")
"""The endpoints that reserve connections may ask for."""

_LARGE = RequestError(
    431,
    "head_too_large",
    f"a request's line and headers may have {MOST_HEAD:,} bytes and {MOST_HEADERS} headers",
)
_INVALID = RequestError(400, "bad_request", "this is no HTTP request")
LATE = RequestError(408, "timeout", "the request did not come in time")
BUSY = later(503, "overloaded", "the server has as many clients as it may; try again later")
MANY = later(429, "rate_limited", "too many connections from this address")
OPENING = later(503, "overloaded", "many open WebSockets now; try again later")
_CAUSES = {OPENING: Cause.FULL, _LARGE: Cause.HEAD, BUSY: Cause.FULL}


def answer(refusal: RequestError) -> bytes:
    """The HTTP response of a refusal, after which the connection is closed."""
    body = refusal.body()
    reason = HTTPStatus(refusal.status).phrase
    lines = [f"HTTP/1.1 {refusal.status} {reason}".encode()]
    headers = [*headers_of(body), *refusal.raw_headers(), (b"connection", b"close")]
    lines += [name + b": " + value for name, value in headers]
    return b"\r\n".join([*lines, b"", body])


class _RefusedError(Exception):
    """Raised within a callback of the parser to stop it."""


class BoundedProtocol(Counted, GatheringProtocol):
    """One client's connection as long as it speaks HTTP.

    Attributes:
        largest_body: bytes of the largest body.
        pipelined: starts requests that arrived before the answer to the previous one.
        handshakes: opens WebSockets.
    """

    largest_body: ClassVar[int]
    pipelined: ClassVar[Turns]
    handshakes: ClassVar[Handshakes]

    def __init__(self, *, connection: Connection, has_turn: bool, **settings: Any) -> None:
        """Take over a connection; with `has_turn`, the WebSocket it asks for is opened at once."""
        super().__init__(**settings)
        self._connection = connection
        self._has_turn = has_turn
        self._framing = 0  # bytes of this request outside of its body
        self._body = 0
        self._in_head = False
        self._in_request = False  # the request has not arrived completely
        self._refusal: RequestError | None = None  # the last answer of this connection
        self._ended = False  # the client has closed its side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        super().connection_made(transport)
        connection = self._gathering.connection = self._connection
        connection.end = self._end
        self._gathering.closing = lambda: self.open_connections.move(connection, State.CLOSING)

    def data_received(self, data: bytes) -> None:
        """A client has sent something."""
        if self._refusal is not None or self.transport.is_closing():
            return
        if self._held:
            self._held += data
        else:
            self._feed(data)

    def eof_received(self) -> bool:  # type: ignore[override]
        """The client has closed its side; return whether it still waits for an answer."""
        self._ended = self._is_asked and not self._in_request
        return self._ended

    # Callbacks of the parser.

    def on_message_begin(self) -> None:
        """A request begins."""
        self._framing = self._body = 0
        self._in_head = self._in_request = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer after the body, which is ignored."""
        if not self._in_head:
            return
        if len(self.headers) >= MOST_HEADERS:
            self._refusal = _LARGE
            raise _RefusedError
        # As in uvicorn.
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head of a request is complete."""
        connection = self._connection
        if connection.is_reserve and not _tells_of_itself(self.url):
            self._refusal = BUSY
            raise _RefusedError
        super().on_headers_complete()
        self._in_head = False
        if not self.flow.write_paused:
            self.open_connections.move(connection, State.BUSY)
        if connection.is_reserve:
            self._close_after_answer()

    def on_body(self, body: bytes) -> None:
        """A part of a body."""
        self._framing -= len(body) + CHUNK
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is complete."""
        self._in_request = False
        if self._connection.state is State.REST:
            self._now(State.BUSY if self._is_asked else State.IDLE)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """A request is answered."""
        # As in uvicorn, without its timer: `Connections` closes overdue connections.
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            # A client that pipelines waits for clients that send one request after the other.
            self.pipelined.wait_for_one(self._begin_next)
            return
        if not self.flow.write_paused:
            state = self._waits_for() if self._in_request else State.IDLE
            self.open_connections.move(self._connection, state)
            if self._gathering.is_kept:
                self._go_on()
        if self._refusal is not None:
            self._write_refusal()
        elif self._ended and not self._is_asked and not self._held:
            self.transport.close()

    def _begin_next(self) -> None:
        if self.pipeline and not self.transport.is_closing():
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)

    # Bytes for the parser.

    def _feed(self, data: bytes) -> None:
        if len(data) <= PIECE and self._parses(data) and not self._in_request:
            return
        if len(data) > PIECE:
            self._feed_in_pieces(data)
        connection = self._connection
        if not self._in_request:
            return
        if self._in_head and connection.state is State.IDLE:
            self.open_connections.move(connection, State.HEAD)
        elif not self._in_head and connection.state is State.BUSY and not self.pipeline:
            self.open_connections.move(connection, State.REST)

    def _feed_in_pieces(self, data: bytes) -> None:
        for start in range(0, len(data), PIECE):
            if not self._parses(data[start : start + PIECE]):
                return
            if (self.pipeline or self.flow.write_paused) and start + PIECE < len(data):
                self._held = data[start + PIECE :]
                self._gathering.hold_reading(True)
                return

    def _parses(self, piece: bytes) -> bool:
        """Parse a piece; return whether the parser may be given more."""
        self._framing += len(piece)
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            if self._has_turn and self._should_upgrade():
                self._open()
            elif self._should_upgrade():
                self._gathering.hold_reading(True)
                source = self._connection.source or ""
                self.handshakes.ask(source, self._open, lambda: self._refuse(OPENING))
            else:
                self._close_after_answer()  # the parser may misread the rest
            return False
        except httptools.HttpParserError:
            self._refuse(self._refusal or _INVALID)
            return False
        if self._framing > MOST_HEAD:
            self._refuse(_LARGE)
            return False
        if self._body > self.largest_body and not self._is_asked:
            self.transport.close()  # the answer was sent, and the client continues to send
            return False
        return not self.transport.is_closing()

    def _open(self) -> None:
        if not self.transport.is_closing():
            self._gathering.hold_reading(False)
            self.handle_websocket_upgrade()
            self.parser = cast("Any", None)  # it refers to this protocol, which is no longer called

    def _go_on(self) -> None:
        """Parse the bytes that were held back."""
        if self._refusal is not None or self.pipeline or self.flow.write_paused:
            return
        held, self._held = self._held, b""
        self._gathering.hold_reading(False)
        if held:
            self._feed(held)

    # Ends of a connection.

    def _refuse(self, refusal: RequestError) -> None:
        """Answer for the last time, after the earlier requests are answered."""
        self._refusal = refusal
        self.open_connections.refuse(_CAUSES.get(refusal, Cause.INVALID))
        self._gathering.hold_reading(True)
        in_body = self._in_request and not self._in_head
        if in_body and (not self._is_asked or self.cycle.response_started):
            self.transport.close()
        elif not self._is_asked or (in_body and not self.pipeline):
            self._write_refusal()

    def _write_refusal(self) -> None:
        if self._refusal is not None and not self.transport.is_closing():
            self.transport.write(answer(self._refusal))
            self.transport.close()

    def _end(self, cause: Cause, state: State) -> None:
        """Close the connection for `Connections`."""
        if state in (State.SENDING, State.CLOSING):
            self.transport.abort()
            return
        half = self._in_head or (self._is_asked and not self.cycle.response_started)
        if cause is Cause.LATE and half and state in (State.HEAD, State.REST):
            self._refusal = LATE
            self.transport.write(answer(LATE))
        self._gathering.close_or_abort(at_once=cause is Cause.ROOM)

    def _close_after_answer(self) -> None:
        cycle: Any = self.cycle  # None at first
        if cycle is not None:
            cycle.keep_alive = False

    # The state of the connection.

    @property
    def _is_asked(self) -> bool:
        """Whether a request is being answered."""
        cycle: Any = self.cycle  # None at first
        return cycle is not None and not cycle.response_complete

    def _waits_for(self) -> State:
        if self._in_request and not self.pipeline:
            return State.HEAD if self._in_head and not self._is_asked else State.REST
        return State.BUSY if self._is_asked else State.IDLE


def _tells_of_itself(target: bytes) -> bool:
    return target.partition(b"?")[0] in STATUS_TARGETS
