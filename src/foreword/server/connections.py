"""Limit the number of connections, in all and of each address, and the time that each may wait.

Every connection is in a state, and all states but `BUSY`, `TYPING` and `OPEN` have a time limit.
A full server closes the connection that has waited longest without being served, so that silent
connections cannot keep others out. Connections that are being answered or typed on stay. If all
are in use, a few more may ask for the server's health. Knows no protocol.
"""

import enum
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from functools import lru_cache
from operator import itemgetter

from foreword.server.addresses import source_of
from foreword.server.settings import ServerSettings

RESERVE = 64
"""Connections beyond the limit, which may ask only for `/health` and `/metrics`."""
RESERVE_SECONDS = 2.0
"""Seconds until the head of a request must be complete on one of them."""
LINGER = 5.0
"""Seconds that a client may take to read the rest of an answer on a closed connection."""
CLOSED_AT_ONCE = 32
"""Overdue connections that one call of `close_overdue` closes."""
DIRECT = "foreword.direct"
"""The ASGI extension by which a WebSocket's texts come without ASGI's messages."""
PAUSE = 10.0
"""Seconds without a key after which a typist's connection may be closed to make room."""


class State(enum.IntEnum):
    """What a connection waits for. Integers, since they are looked up at every request."""

    HEAD = enum.auto()
    """The rest of a request's head."""
    IDLE = enum.auto()
    """Another request."""
    REST = enum.auto()
    """The rest of a body."""
    MESSAGE = enum.auto()
    """The rest of a WebSocket message."""
    SENDING = enum.auto()
    """The client to read its answers."""
    CLOSING = enum.auto()
    """The client to read the last answer."""
    OPEN = enum.auto()
    """A WebSocket's first key."""
    TYPING = enum.auto()
    """Another key."""
    BUSY = enum.auto()
    """An answer."""


class Cause(enum.Enum):
    """Why a connection is refused or closed."""

    FULL = "full"
    """The server has reached its limit of connections."""
    ADDRESS = "address"
    """The address has reached its limit of connections."""
    ROOM = "room"
    """It was closed to make room for a new one."""
    LATE = "late"
    """It waited too long for its client."""
    HEAD = "head"
    """The head, the chunk extensions or the trailers of a request are too large."""
    INVALID = "invalid"
    """It sent invalid HTTP."""


class Connection:
    """One client's connection.

    Attributes:
        end: closes it; called with the cause, and with the state it was in.
        state: what it waits for.
        is_reserve: whether it is beyond the limit, and may ask only for the server's health.
        source: the address whose limit it counts for; None if no limit applies.
        is_gone: whether it is no longer counted.
        among: the connections in the same state; None while it is being answered.
    """

    __slots__ = ("among", "end", "is_gone", "is_reserve", "source", "state")

    def __init__(
        self, end: Callable[[Cause, State], None], source: str | None, *, is_reserve: bool
    ) -> None:
        self.end = end
        self.source = source
        self.is_reserve = is_reserve
        self.is_gone = False
        self.among: OrderedDict[Connection, float] | None = None
        self.state = State.HEAD


class Connections:
    """All connections of a server, both HTTP and WebSocket."""

    def __init__(
        self,
        settings: ServerSettings,
        *,
        refused: Callable[[Cause], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Set the limits, a function that counts refusals, and a clock in seconds."""
        self._most = settings.connections
        self._most_of = lru_cache(maxsize=4096)(settings.allowed_connections)
        self._refused = refused
        self._clock = clock
        self._count = 0
        self._reserved = 0
        self._by_source: Counter[str] = Counter()
        # By state: the time since which each waits, in ascending order; the reserve apart.
        self._waiting: dict[State, OrderedDict[Connection, float]] = {
            state: OrderedDict() for state in State if state is not State.BUSY
        }
        self._reserve: OrderedDict[Connection, float] = OrderedDict()
        self._limits = {
            State.HEAD: settings.head_seconds,
            State.IDLE: settings.idle_seconds,
            State.REST: settings.body_seconds,
            State.MESSAGE: settings.body_seconds,
            State.SENDING: settings.send_seconds,
            State.CLOSING: LINGER,
        }

    def __len__(self) -> int:
        return self._count + self._reserved

    def enter(self, address: str, end: Callable[[Cause, State], None]) -> Connection | Cause:
        """Add the connection of a client that has connected.

        Args:
            address: the client's address; empty on a Unix socket.
            end: closes the connection; must not block.

        Returns:
            The connection, or the cause of its refusal.
        """
        most = self._most_of(address)
        source = source_of(address) if most else None
        if source is not None and self._by_source[source] >= most:
            return self.refuse(Cause.ADDRESS)
        is_reserve = self._count >= self._most and not self._make_room()
        if is_reserve and self._reserved >= RESERVE:
            if not self._reserve:
                return self.refuse(Cause.FULL)
            self._end(next(iter(self._reserve)), Cause.ROOM)
        made = Connection(end, source, is_reserve=is_reserve)
        if source is not None:
            self._by_source[source] += 1
        if is_reserve:
            self._reserved += 1
        else:
            self._count += 1
        self.move(made, State.HEAD)
        return made

    def move(self, connection: Connection, state: State) -> None:
        """Set the state of a connection, and restart its time limit."""
        if connection.is_gone:
            return
        if connection.among is not None:
            del connection.among[connection]
        connection.state = state
        if state is State.BUSY:
            connection.among = None
            return
        connection.among = self._reserve if connection.is_reserve else self._waiting[state]
        connection.among[connection] = self._clock()

    def leave(self, connection: Connection) -> None:
        """Remove a connection, if it has not been removed before."""
        if connection.is_gone:
            return
        if connection.among is not None:
            del connection.among[connection]
        connection.is_gone = True
        connection.end = _nothing  # the protocol, which holds the connection: a cycle
        if connection.is_reserve:
            self._reserved -= 1
        else:
            self._count -= 1
        if (source := connection.source) is not None:
            self._by_source[source] -= 1
            if not self._by_source[source]:
                del self._by_source[source]

    def refuse(self, cause: Cause) -> Cause:
        """Count a refused or closed connection by its cause."""
        self._refused(cause)
        return cause

    def close_overdue(self) -> bool:
        """Close some connections that have waited too long; return whether there are more.

        Call it about once a second, and again soon if there are more: closing thousands at once
        would keep all other clients waiting.
        """
        now = self._clock()
        overdue = [(self._waiting[state], now - limit) for state, limit in self._limits.items()]
        overdue.append((self._reserve, now - RESERVE_SECONDS))
        for _ in range(CLOSED_AT_ONCE):
            for waiting, before in overdue:
                if (oldest := _oldest(waiting)) is not None and oldest[1] <= before:
                    self._end(oldest[0], Cause.LATE)
                    break
            else:
                return False
        return True

    def _make_room(self) -> bool:
        """Close a connection that is not being served; return False if there is none."""
        candidates = [
            oldest
            for state in (State.CLOSING, State.HEAD, State.REST, State.OPEN)
            if (oldest := _oldest(self._waiting[state])) is not None
        ]
        if candidates:
            closed = min(candidates, key=itemgetter(1))[0]
        elif (idle := _oldest(self._waiting[State.IDLE])) is not None:
            closed = idle[0]
        else:
            typist = _oldest(self._waiting[State.TYPING])
            if typist is None or typist[1] > self._clock() - PAUSE:
                return False
            closed = typist[0]
        self._end(closed, Cause.ROOM)
        return True

    def _end(self, connection: Connection, cause: Cause) -> None:
        state, end = connection.state, connection.end
        if cause is Cause.ROOM or connection.is_reserve or state in _LAST:
            self.leave(connection)
        else:
            self.move(connection, State.CLOSING)  # until its client has read the last answer
        if state is not State.CLOSING:
            self._refused(cause)
        end(cause, state)


def _nothing(_cause: Cause, _state: State) -> None:
    pass


def _oldest(waiting: OrderedDict[Connection, float]) -> tuple[Connection, float] | None:
    """The connection that has waited longest, and since when."""
    return next(iter(waiting.items()), None)


_LAST = (State.SENDING, State.CLOSING)
