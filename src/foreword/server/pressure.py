"""When requests come faster than they are answered: how many are taken on at a time. No requests.

All that arrives while the event loop is busy is read in its next turn, and waits for all that is
read with it. So whoever comes when a turn is full is refused, before it costs anything but reading,
and the others wait for hardly more than a turn; nothing is left over for the time after. Many who
happen to come at once are no overload, unless they come after a full turn: they are taken on.
"""

import asyncio
import math
import time
from collections.abc import Callable

TURN = 0.01
"""Seconds that the answers of one turn may take, by what answers took of late."""
RUSH = 0.04
"""The same of a turn that comes after one that was not full."""
ALWAYS = 64
"""So many are taken on in any turn."""
_NEWEST = 0.2  # the share of the newest turn in the mean


class Pressure:
    """Counts what a turn of the loop takes on, and measures what it takes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Takes a clock in seconds."""
        self._clock = clock
        self._taken = 0
        self._cost = 0.0
        self._limit = RUSH
        self._calm_from = -math.inf  # what comes before comes after a full turn

    def admits(self) -> bool:
        """Whether to accept one more request in this iteration of the loop; if so, count it."""
        if self._taken == 0:
            now = self._clock()
            self._limit = TURN if now < self._calm_from else RUSH
            asyncio.get_running_loop().call_soon(self._all_read, now)
        elif self._taken >= ALWAYS and self._taken * self._cost >= self._limit:
            return False
        self._taken += 1
        return True

    def _all_read(self, began: float) -> None:
        # Before what was taken on is answered; a turn later, it has been.
        taken, self._taken = self._taken, 0
        if (expected := taken * self._cost) >= TURN:
            self._calm_from = self._clock() + expected + TURN
        asyncio.get_running_loop().call_soon(self._all_answered, taken, began)

    def _all_answered(self, taken: int, began: float) -> None:
        cost = (self._clock() - began) / taken
        self._cost += _NEWEST * (cost - self._cost)
