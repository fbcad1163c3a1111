"""What arrives together is computed together: a bounded queue with deadlines, on the event loop.

One thread computes, so that nothing is locked and no model is asked twice at once. Work is begun
when it comes, and ends then if it wants nothing of a model's steps, as most keystrokes do not. Else
it waits its turn, and is done in slices between which the network is listened to; what the work of
many users wants of a model at the same time is computed at once. Knows no requests.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from foreword.errors import ForewordError
from foreword.predictor.lockstep import Request, Work, together
from foreword.server.refusal import later, overloaded

T = TypeVar("T")

SLICE = 0.004
"""Seconds to compute before the network is listened to again; or as long as that took last."""
TOGETHER = 64
"""So many users' work at most is under way at the same time."""


class _Asked:
    """Work, and who waits for it."""

    __slots__ = ("arrived", "result", "wanted", "work")

    def __init__(
        self, work: Work[Any], result: "asyncio.Future[Any]", wanted: Request | None
    ) -> None:
        self.work = work
        self.result = result
        self.arrived = time.monotonic()
        self.wanted = wanted  # None: it was not begun

    def go_on(self, answer: Any) -> bool:
        """Whether it wants something more, once it has got what it wanted."""
        if self.result.done():  # its client has gone
            self.work.close()
            return False
        try:
            if isinstance(answer, ForewordError):
                self.wanted = self.work.throw(answer)
            else:
                self.wanted = self.work.send(answer)
        except StopIteration as end:
            self.result.set_result(end.value)
        except Exception as error:  # whoever asked gets to know
            self.result.set_exception(error)
        else:
            return True
        return False


class Batcher:
    """Computes for all requests; refuses those that would wait too long."""

    def __init__(self, *, waiting: int, deadline: float) -> None:
        """Takes how many may wait, and how long in seconds."""
        self._most = waiting
        self._deadline = deadline
        self._queue: deque[_Asked] = deque()
        self._begun: list[_Asked] = []
        self._is_due = False
        self._since = 0.0  # when it last computed, or something began to wait

    @property
    def waiting(self) -> int:
        """Requests that wait or are under way."""
        return len(self._queue) + len(self._begun)

    @property
    def is_full(self) -> bool:
        """Whether the next one would be refused."""
        return self.waiting >= self._most

    def admit(self) -> None:
        """Refuses whoever comes while the queue is full.

        Raises:
            RequestError: 503 with Retry-After.
        """
        if self.is_full:
            raise overloaded()

    async def run(self, compute: Callable[[], T]) -> T:
        """What a function returns, once it is its turn; see `together`."""
        return await self._waited(_at_once(compute), None)

    async def together(self, work: Work[T]) -> T:
        """The result of work; what it wants of a model is computed if its client still waits then.

        Whatever goes on with work that was admitted is never refused for a full queue.

        Raises:
            RequestError: it waited longer than the deadline.
        """
        try:
            wanted = work.send(None)
        except StopIteration as end:
            result: T = end.value
            return result
        return await self._waited(work, wanted)

    async def _waited(self, work: Work[T], wanted: Request | None) -> T:
        loop = asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()
        self._queue.append(_Asked(work, result, wanted))
        if not self._is_due:
            self._is_due = True
            self._since = time.monotonic()
            loop.call_soon(self._compute, loop)
        return await result

    def _compute(self, loop: asyncio.AbstractEventLoop) -> None:
        # Half of the time at least, or those who want nothing of a model would have it all.
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
        """Takes up what waits, in its order, as long as there are time and room."""
        queue, begun = self._queue, self._begun
        while queue and len(begun) < TOGETHER:
            now = time.monotonic()
            if now > end:
                return
            asked = queue.popleft()
            if asked.result.done():  # its client has gone
                asked.work.close()
            elif now - asked.arrived > self._deadline:
                asked.work.close()
                waited = f"it would have waited over {self._deadline:g} s; try again later"
                asked.result.set_exception(later(503, "deadline", waited))
            elif asked.wanted is not None or asked.go_on(None):
                begun.append(asked)

    def _step(self) -> None:
        """What all that is under way wants next."""
        wanted = [asked.wanted for asked in self._begun if asked.wanted is not None]
        answers = together(wanted)
        self._begun = [
            asked for asked, answer in zip(self._begun, answers, strict=True) if asked.go_on(answer)
        ]


def _at_once(compute: Callable[[], T]) -> Work[T]:
    yield from ()
    return compute()
