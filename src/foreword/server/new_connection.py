"""A client's connection until its first request is complete, at the smallest cost.

A client that sends nothing, half a head or half of a small body costs neither a parser nor a task.
Of HTTP, it knows only where a head ends and how long a body is.
"""

import asyncio
import re
from collections.abc import Callable
from typing import Any, ClassVar, cast

from foreword.server.bounded_http import (
    BUSY,
    LATE,
    MANY,
    MOST_HEAD,
    OPENING,
    PIECE,
    BoundedProtocol,
    answer,
)
from foreword.server.connections import Cause, Connection, Connections, State
from foreword.server.handshakes import Handshakes

MOST_PIECES = 16
"""Reads of one request, after which its connection is read `PIECES_A_SECOND` times a second."""
PIECES_A_SECOND = 4

_REFUSALS = {Cause.ADDRESS: answer(MANY), Cause.FULL: answer(BUSY)}
_LATE = answer(LATE)
_OPENING = answer(OPENING)
_HEAD_END = re.compile(rb"\n\r?\n")
_LENGTH = re.compile(rb"\ncontent-length:[ \t]*(\d{1,9})[ \t]*\r?\n", re.IGNORECASE)
_UPGRADE = re.compile(rb"\nupgrade:", re.IGNORECASE)
_UNKNOWN_LENGTH = re.compile(rb"\n(?:expect|transfer-encoding):", re.IGNORECASE)


class NewConnection(asyncio.Protocol):
    """One client's connection, until it is handed over to `BoundedProtocol`.

    Attributes:
        open_connections: all connections of the server.
        protocol: makes the protocol that parses requests.
        handshakes: opens WebSockets.
    """

    __slots__ = ("_connection", "_data", "_pieces", "_settings", "_transport")
    open_connections: ClassVar[Connections]
    protocol: ClassVar[Callable[..., BoundedProtocol]]
    handshakes: ClassVar[Handshakes]

    def __init__(self, **settings: Any) -> None:
        """Keep uvicorn's arguments for the next protocol."""
        self._settings = settings
        self._transport: asyncio.Transport
        self._connection: Connection | None = None
        self._data = b""
        self._pieces = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")  # a path on a Unix socket
        entered = self.open_connections.enter(peer[0] if isinstance(peer, tuple) else "", self._end)
        if isinstance(entered, Cause):
            self._transport.write(_REFUSALS[entered])
            self._transport.close()
            return
        self._connection = entered
        self._settings["server_state"].connections.add(self)

    def data_received(self, data: bytes) -> None:
        """A client has sent something."""
        connection = self._connection
        if connection is None or self._transport.is_closing():
            return
        self._data = self._data + data if self._data else data
        if self._is_ready():
            if _UPGRADE.search(self._data) and not connection.is_reserve:
                self._transport.pause_reading()
                self._wait_for_turn(connection)
            else:
                self._hand_over(connection)
            return
        self._pieces += 1
        if self._pieces > MOST_PIECES:
            self._transport.pause_reading()
            loop = asyncio.get_running_loop()
            loop.call_later(1 / PIECES_A_SECOND, self._read_on)

    def connection_lost(self, _exc: Exception | None) -> None:
        """The connection is closed."""
        if self._connection is not None:
            self.open_connections.leave(self._connection)
            self._settings["server_state"].connections.discard(self)

    def shutdown(self) -> None:
        """Close the connection, since the server stops."""
        self._transport.close()

    def _is_ready(self) -> bool:
        """Whether the request is complete, invalid, or too large to be held here."""
        data = self._data
        if not (data[:1].isalpha() or data[:1] in b"\r\n"):
            return True
        head_end = _HEAD_END.search(data)
        if head_end is None:
            return len(data) > PIECE
        if not data.startswith(b"POST "):
            return True
        length = _LENGTH.search(data, 0, head_end.end())
        if length is None or _UNKNOWN_LENGTH.search(data, 0, head_end.end()):
            return True
        if len(data) >= min(head_end.end() + int(length[1]), MOST_HEAD):
            return True
        if self._connection is not None and self._connection.state is State.HEAD:
            self.open_connections.move(self._connection, State.REST)
        return False

    def _wait_for_turn(self, connection: Connection) -> None:
        source = connection.source or ""
        if self.handshakes.would_refuse(source):
            self.handshakes.refuse(self._refuse_upgrade)
            return
        self.open_connections.move(connection, State.BUSY)  # is not closed to make room
        self.handshakes.ask(source, self._open, self._refuse_upgrade)

    def _open(self) -> None:
        if self._connection is not None and not self._transport.is_closing():
            self._transport.resume_reading()
            self._hand_over(self._connection, has_turn=True)

    def _refuse_upgrade(self) -> None:
        if self._transport.is_closing():
            return
        self.open_connections.refuse(Cause.FULL)
        self._transport.write(_OPENING)
        self._transport.close()

    def _hand_over(self, connection: Connection, *, has_turn: bool = False) -> None:
        self._settings["server_state"].connections.discard(self)
        protocol = self.protocol(connection=connection, has_turn=has_turn, **self._settings)
        self._connection = None
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        protocol.data_received(self._data)

    def _read_on(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def _end(self, cause: Cause, state: State) -> None:
        """Close the connection for `Connections`."""
        if cause is Cause.LATE and self._data and state in (State.HEAD, State.REST):
            self._transport.write(_LATE)
            self._transport.close()
        else:
            self._transport.abort()
