"""The base of HTTP and WebSocket connections: they are counted, and report their state."""

import asyncio
from typing import Any, ClassVar, cast

from foreword.server.connections import Connection, Connections, State
from foreword.server.gathering import Gathering


class Counted(asyncio.Protocol):
    """One client's connection; comes before uvicorn's protocol in a class's bases.

    Attributes:
        open_connections: all connections of the server.
    """

    open_connections: ClassVar[Connections]
    transport: Any

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._connection: Connection
        self._held = b""  # bytes that have not been parsed yet

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed."""
        self.open_connections.leave(self._connection)
        self._held = b""
        self._gathering.forget()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client reads more slowly than answers are sent to it."""
        super().pause_writing()
        self._gathering.hold_reading(True)
        self._now(State.SENDING)

    def resume_writing(self) -> None:
        """The client has read most of what was sent."""
        super().resume_writing()
        self._now(self._waits_for())
        self._go_on()

    def _go_on(self) -> None:
        """Parse bytes that were held back, as far as the application can take them."""
        raise NotImplementedError

    def _waits_for(self) -> State:
        """What the connection waits for while the client reads its answers."""
        raise NotImplementedError

    @property
    def _gathering(self) -> Gathering:
        return cast("Gathering", self.transport)

    def _now(self, state: State) -> None:
        if not self.transport.is_closing():
            self.open_connections.move(self._connection, state)
