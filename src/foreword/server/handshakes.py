"""Open WebSockets a few at a time, so that clients that type go first. Knows no protocol.

Opening a WebSocket costs as much as answering several keystrokes. Clients that open many therefore
get only a fraction of the event loop's time, and addresses take turns. Refusals are sent in the
same fraction: they cost less, but clients that are refused reconnect at once.
"""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable

Handshake = tuple[Callable[[], None], Callable[[], None]]
"""Two functions: one opens a client's WebSocket, the other tells the client to retry."""

MOST_WAITING = 256
"""Clients that may wait for a WebSocket; beyond, the last of the busiest address is refused.
"""
SLICE = 0.0005
"""Seconds that handshakes may take without a pause, and refusals after them."""
PAUSE = 6.0
"""Length of the pause, in units of the time that they took. The application's part of handshakes,
about as long again, falls into the pause."""


class Handshakes:
    """The queue of clients that wait for a WebSocket."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Set the clock, in seconds."""
        self._clock = clock
        self._count = 0
        self._by_source: OrderedDict[str, deque[Handshake]] = OrderedDict()
        self._refusals: deque[Callable[[], None]] = deque()
        self._is_due = False
        self._free_from = 0.0

    def ask(self, source: str, begin: Callable[[], None], refuse: Callable[[], None]) -> None:
        """Open a client's WebSocket soon, or refuse it.

        Args:
            source: the client's address.
            begin: opens the WebSocket.
            refuse: tells the client to retry.
        """
        if self.would_refuse(source):
            self.refuse(refuse)
            return
        if self._count >= MOST_WAITING:
            self._count -= 1
            self.refuse(self._busiest().pop()[1])
        self._by_source.setdefault(source, deque()).append((begin, refuse))
        self._count += 1
        self._begin_soon()

    def refuse(self, refuse: Callable[[], None]) -> None:
        """Tell a client soon to retry."""
        self._refusals.append(refuse)
        self._begin_soon()

    def _begin_soon(self) -> None:
        if not self._is_due:
            self._is_due = True
            self._continue(self._free_from - self._clock())

    def would_refuse(self, source: str) -> bool:
        """Whether a client of this address would be refused now."""
        if self._count < MOST_WAITING:
            return False
        return len(self._busiest()) <= len(self._by_source.get(source, ())) + 1

    def _busiest(self) -> deque[Handshake]:
        return max(self._by_source.values(), key=len)

    def _continue(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        if seconds > 0:
            loop.call_later(seconds, self._begin_some)
        else:
            loop.call_soon(self._begin_some)

    def _begin_some(self) -> None:
        began = now = self._clock()
        while self._by_source and now - began < SLICE:
            self._take()[0]()
            now = self._clock()
        refused = now
        while self._refusals and now - refused < SLICE:
            self._refusals.popleft()()
            now = self._clock()
        pause = PAUSE * (now - began)
        self._free_from = now + pause
        self._is_due = bool(self._by_source or self._refusals)
        if self._is_due:
            self._continue(pause)

    def _take(self) -> Handshake:
        """Remove the next one, of the address whose last turn was longest ago."""
        source, waiting = self._by_source.popitem(last=False)
        handshake = waiting.popleft()
        self._count -= 1
        if waiting:
            self._by_source[source] = waiting
        return handshake
