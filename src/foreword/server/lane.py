"""Compute one request after the other in a separate thread, beside the event loop.

For work of many milliseconds, which would delay the next-word requests that the event loop
computes. Knows no requests and no models.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from foreword.server.refusal import late, overloaded

T = TypeVar("T")


class Lane:
    """A queue before one thread, with the limits of `Batcher`."""

    def __init__(self, *, waiting: int, deadline: float) -> None:
        """Set how many requests may wait, and for how many seconds."""
        self._most, self._deadline = waiting, deadline
        self._turn = asyncio.Lock()
        # If a client disconnects, its work continues: the next work waits for the same thread.
        self._thread = ThreadPoolExecutor(max_workers=1)
        self.waiting = 0
        """The number of requests that wait or are being computed."""

    @asynccontextmanager
    async def turn(self, *, is_admitted: bool = False) -> AsyncIterator[None]:
        """Wait until no other request is computed.

        Args:
            is_admitted: whether the request has had a turn already; then it is never refused.

        Raises:
            RequestError: 503; the queue is full, or the request waited longer than the deadline.
        """
        if self.waiting >= self._most and not is_admitted:
            raise overloaded()
        self.waiting += 1
        try:
            try:
                async with asyncio.timeout(None if is_admitted else self._deadline):
                    await self._turn.acquire()
            except TimeoutError:
                raise late(self._deadline) from None
            try:
                yield
            finally:
                self._turn.release()
        finally:
            self.waiting -= 1

    async def compute(self, work: Callable[[], T]) -> T:
        """Return the result of a function; call it during a turn."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
