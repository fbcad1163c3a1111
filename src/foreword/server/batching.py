"""Compute the work of concurrent requests together: a bounded queue on the event loop.

A single thread computes, so that nothing needs a lock. Work is started when it arrives, and ends at
once if it needs no step of a model, as most keystrokes do. Otherwise it waits in the queue, with a
deadline, and is computed in slices, between which the event loop reads the network. The model steps
that several users need at the same time are computed in one batch. Knows no requests.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from foreword.predictor.lockstep import Request, Work, next_request, together
from foreword.server.refusal import late, overloaded

T = TypeVar("T")

SLICE = 0.004
"""Seconds to compute before the network is read again; longer if reading took longer."""
TOGETHER = 64
"""Users whose work is computed at the same time."""


class _Job:
    """Work, and the future of its result."""

    __slots__ = ("arrived", "result", "waits_for", "work")

    def __init__(
        self, work: Work[Any], result: "asyncio.Future[Any]", waits_for: Request | None
    ) -> None:
        self.work = work
        self.result = result
        self.arrived = time.monotonic()
        self.waits_for = waits_for  # None: the work has not started

    def go_on(self, answer: Any) -> bool:
        """Continue the work with what it waited for; return whether it waits for more."""
        if self.result.done():  # its client has gone
            self.work.close()
            return False
        try:
            self.waits_for = next_request(self.work, answer)
        except StopIteration as end:
            self.result.set_result(end.value)
        except Exception as error:  # raised to the request
            self.result.set_exception(error)
        else:
            return True
        return False


class Batcher:
    """Compute for all requests, and refuse those that would wait too long."""

    def __init__(self, *, waiting: int, deadline: float) -> None:
        """Set how many requests may wait, and for how many seconds."""
        self._most = waiting
        self._deadline = deadline
        self._queue: deque[_Job] = deque()
        self._begun: list[_Job] = []
        self._is_due = False
        self._since = 0.0  # the end of the last slice, or when the first one began to wait

    @property
    def waiting(self) -> int:
        """The number of requests that wait or are being computed."""
        return len(self._queue) + len(self._begun)

    @property
    def is_full(self) -> bool:
        """Whether the next one would be refused."""
        return self.waiting >= self._most

    def admit(self) -> None:
        """Refuse a request if the queue is full.

        Raises:
            RequestError: 503 with Retry-After.
        """
        if self.is_full:
            raise overloaded()

    async def run(self, compute: Callable[[], T]) -> T:
        """Call a function when it is its turn, and return its result; see `together`."""
        return await self._waiting_for(_at_once(compute), None)

    async def together(self, work: Work[T]) -> T:
        """Return the result of work; a client that has gone by then costs no computation.

        A full queue never refuses the continuation of work that was admitted.

        Raises:
            RequestError: it waited longer than the deadline.
        """
        started = self.start(work)
        return await started if isinstance(started, asyncio.Future) else started

    def start(self, work: Work[T]) -> "T | asyncio.Future[T]":
        """Return the result of work, or a future of it if it has to wait; see `together`."""
        try:
            waits_for = next_request(work)
        except StopIteration as end:
            result: T = end.value
            return result
        return self._waiting_for(work, waits_for)

    def _waiting_for(self, work: Work[T], waits_for: Request | None) -> "asyncio.Future[T]":
        loop = asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()
        self._queue.append(_Job(work, result, waits_for))
        if not self._is_due:
            self._is_due = True
            self._since = time.monotonic()
            loop.call_soon(self._compute, loop)
        return result

    def _compute(self, loop: asyncio.AbstractEventLoop) -> None:
        # At least half of the time, or requests that need no model would take all of it.
        now = time.monotonic()
        end = now + max(SLICE, now - self._since)
        while (self._queue or self._begun) and now < end:
            self._begin(end)
            if self._begun:
                self._step()
            now = time.monotonic()
        self._since = now
        self._is_due = bool(self._queue or self._begun)
        if self._is_due:
            loop.call_soon(self._compute, loop)

    def _begin(self, end: float) -> None:
        """Start waiting work in the order of arrival, as long as time and room are left."""
        queue, begun = self._queue, self._begun
        while queue and len(begun) < TOGETHER:
            now = time.monotonic()
            if now > end:
                return
            job = queue.popleft()
            if job.result.done():  # its client has gone
                job.work.close()
            elif now - job.arrived > self._deadline:
                job.work.close()
                job.result.set_exception(late(self._deadline))
            elif job.waits_for is not None or job.go_on(None):
                begun.append(job)

    def _step(self) -> None:
        """Compute one step of all work that was started."""
        waits_for = [job.waits_for for job in self._begun if job.waits_for is not None]
        answers = together(waits_for)
        self._begun = [
            job for job, answer in zip(self._begun, answers, strict=True) if job.go_on(answer)
        ]


def _at_once(compute: Callable[[], T]) -> Work[T]:
    yield from ()
    return compute()
