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
        self._before = 0  # requests that waited when the iteration began
        self._taken = 0
        self._reads = False  # whether this iteration has read a request
        self._cost = 0.0
        self._limit = RUSH
        self._calm_from = -math.inf  # until then, requests follow a full iteration

    def admits(self) -> bool:
        """Whether to accept one more request in this iteration; if so, it is counted."""
        if not self._reads:
            self._reads = True
            now = self._clock()
            self._limit = TURN if now < self._calm_from else RUSH
            self._before = self._waiting()
            asyncio.get_running_loop().call_soon(self._all_read, now)
        due = self._before + self._taken
        if due >= ALWAYS and due * self._cost >= self._limit:
            return False
        self._taken += 1
        return True

    def _all_read(self, began: float) -> None:
        # Runs before the accepted requests are answered; `_some_answered` runs after.
        due, self._taken, self._reads = self._before + self._taken, 0, False
        if (expected := due * self._cost) >= TURN:
            self._calm_from = self._clock() + expected + TURN
        asyncio.get_running_loop().call_soon(self._some_answered, due, began)

    def _some_answered(self, due: int, began: float) -> None:
        if (answered := due - self._waiting()) > 0:
            cost = (self._clock() - began) / answered
            self._cost += _NEWEST * (cost - self._cost)
