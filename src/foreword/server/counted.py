"""What connections of both kinds have in common: each is counted, and tells what it waits for."""

import asyncio
from typing import Any, ClassVar, cast

from foreword.server.connections import Connection, Connections, State
from foreword.server.gathering import Gathering


class Counted(asyncio.Protocol):
    """One client's connection; stands before uvicorn's protocol among a class's bases.

    Attributes:
        open_connections: all of the server.
    """

    open_connections: ClassVar[Connections]
    transport: Any

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._connection: Connection
        self._held = b""  # that the parser has not been given yet

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed."""
        self.open_connections.leave(self._connection)
        self._held = b""
        self._gathering.forget()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client takes less than it is sent."""
        super().pause_writing()
        self._gathering.hold_reading(True)
        self._now(State.SENDING)

    def resume_writing(self) -> None:
        """The client has taken most of it."""
        super().resume_writing()
        self._now(self._waits_for())
        self._go_on()

    def _go_on(self) -> None:
        """Gives the parser what was held back, as far as there is room for what it finds."""
        raise NotImplementedError

    def _waits_for(self) -> State:
        """What the connection waits for while the client takes what it is sent."""
        raise NotImplementedError

    @property
    def _gathering(self) -> Gathering:
        return cast("Gathering", self.transport)

    def _now(self, state: State) -> None:
        if not self.transport.is_closing():
            self.open_connections.move(self._connection, state)
