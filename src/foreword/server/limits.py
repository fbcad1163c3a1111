"""Rate limits for addresses, and time limits for tasks. Knows no requests."""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from functools import lru_cache
from types import TracebackType
from typing import Any

from foreword.server.addresses import source_of

ADDRESSES = 65_536
"""The number of addresses remembered; forgetting the least recent ones fills their buckets.
"""


class Rates:
    """Limit the rate of each address by a token bucket that holds the tokens of one second."""

    def __init__(
        self,
        rate: float,
        clock: Callable[[], float] = time.monotonic,
        *,
        exempt: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """Set the requests per second (0: no limit), and which addresses have no limit."""
        self._rate = rate
        self._exempt = lru_cache(maxsize=4096)(exempt)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """Seconds until the address may send a request; 0 if it may now, which takes a token."""
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
    """Call one function in each iteration of the event loop, in the order of the calls."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()

    def wait_for_one(self, work: Callable[[], None]) -> None:
        """Call a function in an iteration of its own."""
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
    """`asyncio.timeout` for many tasks that share one limit, at a fraction of its cost.

    `with patience: await ...` raises TimeoutError if the body takes longer. One timer checks all
    tasks now and then, so that a timeout may come an eighth later.
    """

    def __init__(self, seconds: float) -> None:
        """Set the limit."""
        self._seconds = seconds
        self._since: dict[asyncio.Task[Any], float] = {}
        self._overdue: set[asyncio.Task[Any]] = set()
        self._looks = False

    def __enter__(self) -> None:
        """Start the time of the current task."""
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
        """Stop the time of the current task.

        Raises:
            TimeoutError: it took too long.
        """
        task = asyncio.current_task()
        assert task is not None
        self._since.pop(task, None)
        if task in self._overdue:
            self._overdue.discard(task)
            # As in asyncio.timeout: a cancellation by others is passed on.
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
