"""How often an address may ask, and how long what waits may wait. Knows no requests."""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from functools import lru_cache
from types import TracebackType
from typing import Any

from foreword.server.addresses import source_of

ADDRESSES = 65_536
"""Remembered at most; those that asked longest ago are forgotten, which fills their buckets."""


class Rates:
    """A rate for every address: a bucket of tokens, a second's worth, filled with time."""

    def __init__(
        self,
        rate: float,
        clock: Callable[[], float] = time.monotonic,
        *,
        exempt: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """Takes requests a second, 0: any number; and which addresses may ask any number."""
        self._rate = rate
        self._exempt = lru_cache(maxsize=4096)(exempt)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """Seconds until the address may ask; 0: now, and it is counted."""
        if self._rate <= 0 or self._exempt(address):
            return 0.0
        address = source_of(address)
        now = self._clock()
        full = max(self._rate, 1.0)
        left, when = self._buckets.pop(address, (full, now))
        left = min(full, left + (now - when) * self._rate)
        allowed = left >= 1.0
        self._buckets[address] = (left - 1.0 if allowed else left, now)
        if len(self._buckets) > ADDRESSES:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1.0 - left) / self._rate


class Turns:
    """Does one thing in each turn of the event loop, in the order of asking."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()

    def wait_for_one(self, work: Callable[[], None]) -> None:
        """Calls a function in a turn of its own."""
        self._waiting.append(work)
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        work = self._waiting[0]
        try:
            work()
        finally:
            self._waiting.popleft()
            if self._waiting:
                asyncio.get_running_loop().call_soon(self._next)


class Patience:
    """What `asyncio.timeout` does for those that share one limit, at a fraction of its cost.

    `with patience: await ...` raises TimeoutError where that takes longer. Whoever waits is looked
    at now and then, so that what ends in time has set no timer; it may wait an eighth longer.
    """

    def __init__(self, seconds: float) -> None:
        """Takes how long one may wait."""
        self._seconds = seconds
        self._since: dict[asyncio.Task[Any], float] = {}
        self._overdue: set[asyncio.Task[Any]] = set()
        self._looks = False

    def __enter__(self) -> None:
        """Begins to wait."""
        task = asyncio.current_task()
        assert task is not None
        self._since[task] = time.monotonic()
        if not self._looks:
            self._looks = True
            task.get_loop().call_later(self._seconds / 8, self._look, task.get_loop())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends to wait.

        Raises:
            TimeoutError: it took too long.
        """
        task = asyncio.current_task()
        assert task is not None
        self._since.pop(task, None)
        if task in self._overdue:
            self._overdue.discard(task)
            # As asyncio.timeout: where another has cancelled it too, that goes on.
            if task.uncancel() == 0 and kind is asyncio.CancelledError:
                raise TimeoutError from error

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        before = time.monotonic() - self._seconds
        for task, since in list(self._since.items()):
            if since <= before:
                del self._since[task]
                self._overdue.add(task)
                task.cancel()
        self._looks = bool(self._since)
        if self._looks:
            loop.call_later(self._seconds / 8, self._look, loop)
