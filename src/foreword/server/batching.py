"""Compute the work of concurrent requests together: a bounded queue on the event loop.

Work is started when it arrives, up to the first thing that it needs of a model. Calls of the core
are computed by a thread of its own, if `Batcher.beside` has started it. Everything else waits in
the queue, with a deadline, and is computed by the event loop in slices, between which it reads the
network. What several users need at the same time is computed together: model steps in one batch,
and calls of the core one after another while the slice lasts, before any answer is written. Each
call reads megabytes of weights, after which little of Python's code and data is left in the
processor's cache. Knows no requests.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, TypeVar

from foreword import compiled
from foreword.predictor.lockstep import (
    Batched,
    Call,
    Request,
    Work,
    attempted,
    next_request,
    together,
)
from foreword.server.core_thread import Put, core_thread
from foreword.server.refusal import late, overloaded

_log = logging.getLogger("foreword.server")

T = TypeVar("T")

Finish = Callable[[Any], None]
"""Called with the result of work, or with the exception that ended it."""

SLICE = 0.004
"""Seconds to compute before the network is read again; longer if reading took longer."""
TOGETHER = 64
"""Users whose work is computed at the same time."""


class _Job:
    """Work, and what is called with its result or its error."""

    __slots__ = ("arrived", "finish", "is_gone", "waits_for", "work")

    def __init__(self, work: Work[Any], finish: Finish, is_gone: Callable[[], bool]) -> None:
        self.work = work
        self.finish = finish
        self.is_gone = is_gone  # nobody waits for the result any longer
        self.arrived = time.monotonic()
        self.waits_for: Request | None = None  # None: the work has not started

    def go_on(self, answer: Any) -> bool:
        """Continue the work with what it waited for; return whether it waits for more."""
        if self.is_gone():
            self.work.close()
            return False
        try:
            self.waits_for = next_request(self.work, answer)
        except StopIteration as end:
            outcome = end.value
        except Exception as error:
            outcome = error
        else:
            return True
        self.end(outcome)
        return False

    def end(self, outcome: Any) -> None:
        """Pass on the result or the error; if that fails, others are still answered."""
        try:
            self.finish(outcome)
        except Exception:
            _log.exception("an answer could not be sent")


class Batcher:
    """Compute for all requests, and refuse those that would wait too long."""

    def __init__(self, *, waiting: int, deadline: float) -> None:
        """Set how many requests may wait, and for how many seconds."""
        self._most = waiting
        self._deadline = deadline
        self._queue: deque[_Job] = deque()
        self._begun: list[_Job] = []
        self._put: Put | None = None  # gives a question to the core's thread, if there is one
        self._away = 0  # requests whose questions that thread has
        self._is_due = False
        self._since = 0.0  # the end of the last slice, or when the first one began to wait

    @property
    def waiting(self) -> int:
        """The number of requests that wait or are being computed."""
        return len(self._queue) + len(self._begun) + self._away

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

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Let the core compute in a thread of its own while the running event loop serves.

        At the end, questions that it has not answered are forgotten. Where no thread can be used,
        which is logged, the event loop computes all.
        """
        with ExitStack() as undo:
            if compiled.has("Worker"):
                try:
                    self._put = undo.enter_context(core_thread(self._take))
                except (NotImplementedError, RuntimeError) as error:
                    _log.info("the event loop computes suggestions itself: %s", error)
            try:
                yield
            finally:
                self._put, self._away = None, 0

    async def run(self, compute: Callable[[], T]) -> T:
        """Call a function when it is its turn, and return its result; see `together`."""
        result: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._wait(_Job(_at_once(compute), partial(_settle, result), result.done))
        return await result

    async def together(self, work: Work[T]) -> T:
        """Return the result of work; a client that has gone by then costs no computation.

        A full queue never refuses the continuation of work that was admitted.

        Raises:
            RequestError: it waited longer than the deadline.
        """
        result: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self.start(work, partial(_settle, result), result.done)
        return await result

    def start(
        self, work: Work[Any], finish: Finish, is_gone: Callable[[], bool] = lambda: False
    ) -> None:
        """Compute work as `together` does, and call a function with its result or its error."""
        job = _Job(work, finish, is_gone)
        if job.go_on(None):
            self._wait(job)

    def _wait(self, job: _Job) -> None:
        if self._queue or self._room <= 0 or not self._handed_over(job):
            self._queue.append(job)
            self._compute_soon()

    def _handed_over(self, job: _Job) -> bool:
        """Give what a job waits for to the core's thread; return whether that can compute it."""
        request = job.waits_for
        if self._put is None or not isinstance(request, Call) or request.question is None:
            return False
        self._put(request.question, job)
        self._away += 1
        return True

    def _take(self, jobs: list[_Job]) -> None:
        """Continue work whose questions the core's thread has answered."""
        self._away -= len(jobs)
        for job in jobs:
            assert job.waits_for is not None
            if job.go_on(attempted(job.waits_for)) and not self._handed_over(job):
                self._begun.append(job)
        if self._queue or self._begun:
            self._compute_soon()

    @property
    def _room(self) -> int:
        """How many more jobs may be begun."""
        return TOGETHER - len(self._begun) - self._away

    @property
    def _can_compute(self) -> bool:
        """Whether there is something to compute, or to begin."""
        return bool(self._begun or (self._queue and self._room > 0))

    def _compute_soon(self) -> None:
        if not self._is_due and self._can_compute:
            self._is_due = True
            self._since = time.monotonic()
            loop = asyncio.get_running_loop()
            loop.call_soon(self._compute, loop)

    def _compute(self, loop: asyncio.AbstractEventLoop) -> None:
        # At least half of the time, or requests that need no model would take all of it.
        now = time.monotonic()
        end = now + max(SLICE, now - self._since)
        while self._can_compute and now < end:
            self._begin(end)
            if self._begun:
                self._step(end)
            now = time.monotonic()
        self._since = now
        self._is_due = self._can_compute
        if self._is_due:
            loop.call_soon(self._compute, loop)

    def _begin(self, end: float) -> None:
        """Start waiting work in the order of arrival, as long as time and room are left."""
        queue = self._queue
        while queue and self._room > 0:
            now = time.monotonic()
            if now > end:
                return
            job = queue.popleft()
            if job.is_gone():
                job.work.close()
            elif now - job.arrived > self._deadline:
                job.work.close()
                job.end(late(self._deadline))
            elif (job.waits_for is not None or job.go_on(None)) and not self._handed_over(job):
                self._begun.append(job)

    def _step(self, end: float) -> None:
        """Compute one step of all work that was started; of calls, only those with time left.

        The other calls come first in the next slice.
        """
        waiting = [(job, job.waits_for) for job in self._begun]
        calls = [(job, request) for job, request in waiting if isinstance(request, Call)]
        batch = [(job, request) for job, request in waiting if isinstance(request, Batched)]
        jobs = [job for job, _ in batch]
        answers: list[Any] = together([request for _, request in batch])
        called = 0
        while called < len(calls) and (called == 0 or time.monotonic() < end):
            job, call = calls[called]
            jobs.append(job)
            answers.append(attempted(call))
            called += 1
        later = [job for job, _ in calls[called:]]
        going_on = [
            job
            for job, answer in zip(jobs, answers, strict=True)
            if job.go_on(answer) and not self._handed_over(job)
        ]
        self._begun = later + going_on


def _settle(result: "asyncio.Future[Any]", outcome: Any) -> None:
    if result.done():
        return
    if isinstance(outcome, Exception):
        result.set_exception(outcome)
    else:
        result.set_result(outcome)


def _at_once(compute: Callable[[], T]) -> Work[T]:
    yield from ()
    return compute()
