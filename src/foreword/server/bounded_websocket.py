"""Limits on what a client may send over a WebSocket, and for how long.

uvicorn parses all received bytes at once, while other clients wait, and answers pings whether or
not a client reads the answers. Here the parser gets one piece in an iteration of the event loop,
and nothing while frames wait or the client does not read. Does not know what frames contain.
"""

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame
from websockets.http11 import Request
from websockets.protocol import OPEN

from foreword.server.connections import DIRECT, Cause, State
from foreword.server.counted import Counted
from foreword.server.gathering import Gathering
from foreword.server.limits import Turns

PIECE = 1_024
"""Bytes that the parser gets in one iteration of the event loop."""
MOST_WAITING = 16
"""Messages that may wait for the application before more is parsed."""
MOST_FRAGMENTS = 1_024
"""Frames of one message."""
MOST_PINGS = 32
"""Pings and pongs in a second."""

_NO_HANDSHAKE = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 28\r\nconnection: close\r\n\r\nThis is no WebSocket opening"
)


class BoundedWebSocket(Counted, WebSocketsSansIOProtocol):
    """One client's connection once it speaks WebSocket.

    Attributes:
        long: parses data that does not fit into one piece, for one client after the other.
    """

    long: ClassVar[Turns]

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._is_due = False  # whether `_next` will be called
        self._take: Callable[[str], None] | None = None
        self._extensions: dict[str, Any] = {}  # those of ASGI
        self._pings = 0
        self._pings_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has switched from HTTP to WebSocket."""
        super().connection_made(transport)
        self._connection = cast("Gathering", transport).connection
        self._connection.end = self._end
        self._now(State.OPEN)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed."""
        super().connection_lost(exc)
        self.conn.parser.close()  # the generator and the connection refer to each other
        self._take = None
        self._extensions.clear()

    def deliver(self, take: Callable[[str], None]) -> Callable[[bytes], bool]:
        """Hand over texts as they arrive, instead of by ASGI's messages; tasks need not switch.

        Args:
            take: called with each text from now on.

        Returns:
            What sends a text at once, or returns False if the client does not read.
        """
        self._take = take
        return self._send_at_once

    def _send_at_once(self, text: bytes) -> bool:
        is_open = self.conn.state is OPEN and not self.transport.is_closing()
        if not is_open or not self.writable.is_set():
            return False
        self.conn.send_text(text)
        self.transport.write(b"".join(self.conn.data_to_send()))
        return True

    def data_received(self, data: bytes) -> None:
        """A client has sent something."""
        if self.transport.is_closing():
            return
        if self.handshake_initiated:
            self._held += data
            self._go_on()
            return
        super().data_received(data)  # the head, whose size BoundedProtocol has checked
        if not self.handshake_initiated:
            self.transport.write(b"".join(self.conn.data_to_send()) or _NO_HANDSHAKE)
            self.transport.close()

    def _go_on(self) -> None:
        """Parse a piece of the bytes that were held back, if the application can take messages."""
        if self._is_due or self.transport.is_closing():
            return
        if (
            self._held
            and self.handshake_complete
            and self.queue.qsize() < MOST_WAITING
            and self.writable.is_set()
        ):
            piece, self._held = self._held[:PIECE], self._held[PIECE:]
            super().data_received(piece)
            if self._held:
                self._is_due = True
                self.long.wait_for_one(self._next)
        self._gathering.hold_reading(bool(self._held) or not self.writable.is_set())

    def _next(self) -> None:
        self._is_due = False
        self._go_on()

    async def send(self, message: Any) -> None:
        """Send the application's answer; frames are parsed once the first one is sent."""
        await super().send(message)
        if self._held:
            self._go_on()

    async def receive(self) -> Any:
        """Return the next message for the application."""
        message = await super().receive()
        if self._held and self.queue.empty():
            self._go_on()
        return message

    def _waits_for(self) -> State:
        return State.TYPING

    # Callbacks of the parser.

    def handle_connect(self, event: Request) -> None:
        """A client has asked for the connection."""
        super().handle_connect(event)
        if self.handshake_initiated and not self.handshake_complete:
            self._extensions = cast("Any", self.scope)["extensions"]
            self._extensions[DIRECT] = self.deliver

    def handle_text(self, event: Frame) -> None:
        """A message, or the first part of one."""
        self._begins(event)
        super().handle_text(event)

    def handle_bytes(self, event: Frame) -> None:
        """A binary message, or the first part of one."""
        self._begins(event)
        super().handle_bytes(event)

    def _begins(self, event: Frame) -> None:
        if self.writable.is_set():
            self._now(State.TYPING if event.fin else State.MESSAGE)

    def handle_cont(self, event: Frame) -> None:
        """Another part of a message."""
        if len(self.frames) >= MOST_FRAGMENTS:
            self._close(CloseCode.MESSAGE_TOO_BIG, "too many fragments")
            return
        if event.fin and self.writable.is_set():
            self._now(State.TYPING)
        super().handle_cont(event)

    def handle_ping(self) -> None:
        """A ping, which is answered unless there are too many."""
        if not self._is_flood():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        """A pong, with or without a ping before it."""
        if not self._is_flood():
            super().handle_pong(event)

    def _is_flood(self) -> bool:
        now = self.loop.time()
        if now - self._pings_since > 1.0:
            self._pings, self._pings_since = 0, now
        self._pings += 1
        if self._pings > MOST_PINGS:
            self._close(CloseCode.POLICY_VIOLATION, "too many pings")
        return self._pings > MOST_PINGS

    def send_receive_event_to_app(self) -> None:
        """A message is complete."""
        if self.curr_msg_data_type == "text":
            try:
                text = b"".join(self.frames).decode()
            except UnicodeDecodeError:
                # uvicorn would log a traceback.
                self._close(CloseCode.INVALID_DATA, "no UTF-8")
                return
            # Messages of ASGI that arrived before `deliver` was called are read first.
            if self._take is not None and self.queue.empty() and not self.close_sent:
                self.frames = []
                self._take(text)
                return
        super().send_receive_event_to_app()

    # The end of a connection.

    def _end(self, cause: Cause, state: State) -> None:
        """Close the connection for `Connections`."""
        if state in (State.SENDING, State.CLOSING):
            self.transport.abort()
            return
        code, reason = CloseCode.TRY_AGAIN_LATER, "others wait; connect again"
        if state is State.MESSAGE:
            code, reason = CloseCode.POLICY_VIOLATION, "the message did not end in time"
        self._close(code, reason)
        self._gathering.close_or_abort(at_once=cause is Cause.ROOM)

    def _close(self, code: CloseCode, reason: str) -> None:
        if self.transport.is_closing():
            return
        if self.handshake_complete and not self.close_sent:
            self.conn.fail(code, reason)
            self.queue.put_nowait(
                {"type": "websocket.disconnect", "code": int(code), "reason": reason}
            )
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
        self.frames = []
        self.transport.close()
