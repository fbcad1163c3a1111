"""Limit the number of requests accepted in one iteration of the event loop. Knows no requests.

Requests that arrive while the event loop is busy are all read in its next iteration, and wait for
each other. Those beyond what an iteration can answer are refused after only being read, so that the
accepted ones wait for hardly more than one iteration, and no queue is left. A burst is no overload
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
"""Requests that are accepted in any iteration."""
_NEWEST = 0.2  # the weight of the newest iteration in the moving average


class Pressure:
    """Count the requests that an iteration accepts, and measure how long they take."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Set the clock, in seconds."""
        self._clock = clock
        self._taken = 0
        self._cost = 0.0
        self._limit = RUSH
        self._calm_from = -math.inf  # until then, requests follow a full iteration

    def admits(self) -> bool:
        """Whether to accept one more request in this iteration; if so, it is counted."""
        if self._taken == 0:
            now = self._clock()
            self._limit = TURN if now < self._calm_from else RUSH
            asyncio.get_running_loop().call_soon(self._all_read, now)
        elif self._taken >= ALWAYS and self._taken * self._cost >= self._limit:
            return False
        self._taken += 1
        return True

    def _all_read(self, began: float) -> None:
        # Runs before the accepted requests are answered; `_all_answered` runs after.
        taken, self._taken = self._taken, 0
        if (expected := taken * self._cost) >= TURN:
            self._calm_from = self._clock() + expected + TURN
        asyncio.get_running_loop().call_soon(self._all_answered, taken, began)

    def _all_answered(self, taken: int, began: float) -> None:
        cost = (self._clock() - began) / taken
        self._cost += _NEWEST * (cost - self._cost)
