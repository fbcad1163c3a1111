"""WebSockets are opened a few at a time, so that those who type go first. Knows no protocol.

Opening a WebSocket costs as much as answering several keystrokes. Clients that open them as fast as
they can therefore get a fraction of the event loop's time, and each address gets its turn.
"""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable

Handshake = tuple[Callable[[], None], Callable[[], None]]
"""What opens a client's WebSocket, and what tells the client to come later."""

MOST_WAITING = 256
"""Clients that may wait for a WebSocket; of more, the busiest address's last is refused."""
SLICE = 0.0005
"""Seconds that handshakes may take before others have their turn."""
PAUSE = 6.0
"""How many times as long others have their turn. A handshake's other half is the application's."""


class Handshakes:
    """The clients that wait for their WebSocket."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Takes a clock in seconds."""
        self._clock = clock
        self._count = 0
        self._by_source: OrderedDict[str, deque[Handshake]] = OrderedDict()
        self._is_due = False
        self._free_from = 0.0

    def ask(self, source: str, begin: Callable[[], None], refuse: Callable[[], None]) -> None:
        """Opens a client's WebSocket, now or later, or refuses to.

        Args:
            source: the address that the client counts for.
            begin: opens it.
            refuse: tells the client to come later.
        """
        if self.would_refuse(source):
            refuse()
            return
        if self._count >= MOST_WAITING:
            self._count -= 1
            self._busiest().pop()[1]()
        self._by_source.setdefault(source, deque()).append((begin, refuse))
        self._count += 1
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
        pause = PAUSE * (now - began)
        self._free_from = now + pause
        self._is_due = bool(self._by_source)
        if self._is_due:
            self._continue(pause)

    def _take(self) -> Handshake:
        """The next one, of the address whose last turn was longest ago."""
        source, waiting = self._by_source.popitem(last=False)
        handshake = waiting.popleft()
        self._count -= 1
        if waiting:
            self._by_source[source] = waiting
        return handshake
