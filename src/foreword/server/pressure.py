"""Limit the number of requests accepted in one iteration of the event loop. Knows no requests.

Requests that arrive while the event loop is busy are all read in its next iteration, and wait for
each other. Those beyond what an iteration can answer are refused after only being read, so that the
accepted ones wait for hardly more than one iteration, and no queue grows. A burst is no overload
unless it follows a full iteration, and is accepted.
"""

import asyncio
import math
import time
from collections.abc import Callable

TURN = 0.01
"""Seconds that the answers of one iteration may take, estimated from recent answers."""
RUSH = 0.04
"""The same for an iteration after one that was not full."""
ALWAYS = 64
"""Requests that may always be accepted and not be answered yet."""
_NEWEST = 0.2  # the weight of the newest iteration in the moving average


class Pressure:
    """Count the requests that an iteration accepts, and measure how long they take."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, *, waiting: Callable[[], int] = lambda: 0
    ) -> None:
        """Set the clock, in seconds, and what counts the accepted requests that still wait."""
        self._clock = clock
        self._waiting = waiting
        self._due = 0  # accepted requests that were not answered when `measure` last looked
        self._since = 0.0  # when it did; or later, when the first of these was read
        self._reads = False  # whether this iteration has read a request
        self._cost = 0.0
        self._limit = RUSH
        self._calm_from = -math.inf  # until then, requests follow a full iteration

    def admits(self) -> bool:
        """Whether to accept one more request in this iteration; if so, it is counted."""
        if not self._reads:
            self._reads = True
            now, waiting = self._clock(), self._waiting()
            if waiting:
                self.measure()
            else:  # since the last answer, there was nothing to do
                self._since = now
            self._due = waiting
            self._limit = TURN if now < self._calm_from else RUSH
            asyncio.get_running_loop().call_soon(self._all_read)
        if self._due >= ALWAYS and self._due * self._cost >= self._limit:
            return False
        self._due += 1
        return True

    def measure(self) -> None:
        """Learn what a request takes from those answered since the last look.

        Call it once all are answered, too: time in which no request waits must not count.
        """
        now, waiting = self._clock(), self._waiting()
        if (answered := self._due - waiting) > 0:
            self._cost += _NEWEST * ((now - self._since) / answered - self._cost)
            self._due, self._since = waiting, now

    def _all_read(self) -> None:
        # Runs before the event loop answers the accepted requests; `measure` runs after.
        self._reads = False
        if (expected := self._due * self._cost) >= TURN:
            self._calm_from = self._clock() + expected + TURN
        asyncio.get_running_loop().call_soon(self.measure)
