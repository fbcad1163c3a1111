"""What arrives together is computed together: a bounded queue with deadlines, on the event loop.

One thread computes, so that nothing is locked and no model is asked twice at once. Work that waits
is done in its order, in slices between which the network is listened to; the words of many users
are read in step, one of each at a time. Knows no requests.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from foreword.predictor.predictor import Predictor
from foreword.predictor.state import State
from foreword.server.refusal import later

T = TypeVar("T")

SLICE = 0.004
"""Seconds to compute before the network is listened to again."""


class _Work:
    """Something to compute, and who waits for it."""

    __slots__ = ("arrived", "compute", "result")

    def __init__(self, compute: Callable[[], Any], result: "asyncio.Future[Any]") -> None:
        self.compute = compute
        self.result = result
        self.arrived = time.monotonic()


class _Reading:
    """A user's words that are being read."""

    __slots__ = ("model", "result", "state", "words")

    def __init__(
        self,
        model: Predictor,
        state: State,
        words: deque[str],
        result: "asyncio.Future[State]",
    ) -> None:
        self.model = model
        self.state = state
        self.words = words
        self.result = result


class Batcher:
    """Computes for all requests; refuses those that would wait too long."""

    def __init__(self, *, waiting: int, deadline: float) -> None:
        """Takes how many may wait, and how long in seconds."""
        self._most = waiting
        self._deadline = deadline
        self._queue: deque[_Work] = deque()
        self._readings: list[_Reading] = []
        self._is_due = False

    @property
    def waiting(self) -> int:
        """Requests that wait or are being read."""
        return len(self._queue) + len(self._readings)

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
            raise later(503, "overloaded", "the server is busy; try again in a second")

    async def run(self, compute: Callable[[], T]) -> T:
        """What a function returns, once it is its turn; if its client still waits then.

        Whatever goes on with work that was admitted is never refused for a full queue.

        Raises:
            RequestError: it waited longer than the deadline.
        """
        loop = asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()
        self._queue.append(_Work(compute, result))
        self._wake(loop)
        return await result

    async def read(self, model: Predictor, state: State, words: Sequence[str]) -> State:
        """The state after words, read in step with everyone else's."""
        if not words:
            return state
        loop = asyncio.get_running_loop()
        result: asyncio.Future[State] = loop.create_future()
        self._readings.append(_Reading(model, state, deque(words), result))
        self._wake(loop)
        return await result

    def _wake(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._is_due:
            self._is_due = True
            loop.call_soon(self._compute, loop)

    def _compute(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_due = False
        end = time.monotonic() + SLICE
        queue = self._queue
        while queue:
            now = time.monotonic()
            if now > end:
                break
            _do(queue.popleft(), now, self._deadline)
        while self._readings and time.monotonic() < end:
            self._step()
        if queue or self._readings:
            self._wake(loop)

    def _step(self) -> None:
        """One word of every reading."""
        by_model: dict[int, list[_Reading]] = {}
        for reading in self._readings:
            if not reading.result.done():  # else its client has gone
                by_model.setdefault(id(reading.model), []).append(reading)
        self._readings = []
        for together in by_model.values():
            try:
                states = together[0].model.advance_many(
                    [reading.state for reading in together],
                    [reading.words.popleft() for reading in together],
                )
            except Exception as error:  # whoever asked gets to know
                for reading in together:
                    reading.result.set_exception(error)
                continue
            for reading, state in zip(together, states, strict=True):
                reading.state = state
                if reading.words:
                    self._readings.append(reading)
                else:
                    reading.result.set_result(state)


def _do(work: _Work, now: float, deadline: float) -> None:
    if work.result.done():  # its client has gone
        return
    if now - work.arrived > deadline:
        work.result.set_exception(
            later(503, "deadline", f"it would have waited over {deadline:g} s; try again later")
        )
        return
    try:
        work.result.set_result(work.compute())
    except Exception as error:  # whoever asked gets to know
        work.result.set_exception(error)
