"""How often an address may ask: a bucket of tokens for each, filled with time. No requests."""

import time
from collections import OrderedDict
from collections.abc import Callable

ADDRESSES = 65_536
"""Remembered at most; those that asked longest ago are forgotten, which fills their buckets."""


class Rates:
    """A rate for every address, with a second's worth at once."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Takes requests a second; 0: any number."""
        self._rate = rate
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """Seconds until the address may ask; 0: now, and it is counted."""
        if self._rate <= 0:
            return 0.0
        now = self._clock()
        full = max(self._rate, 1.0)
        left, when = self._buckets.pop(address, (full, now))
        left = min(full, left + (now - when) * self._rate)
        allowed = left >= 1.0
        self._buckets[address] = (left - 1.0 if allowed else left, now)
        if len(self._buckets) > ADDRESSES:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1.0 - left) / self._rate
