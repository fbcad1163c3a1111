"""Who computes the clients of a round: this process, or several at once. Knows no rounds.

The changes of weights are the same to the last bit whoever computes them, and in which order. So a
run may begin in this process and go on in several once it turns out to be long.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import asdict
from queue import SimpleQueue
from types import TracebackType
from typing import BinaryIO, cast

import numpy as np

from foreword.cores import available
from foreword.errors import TrainingError
from foreword.federated.client import Learned, client_update, part_of
from foreword.federated.messages import receive, send
from foreword.federated.rules import ClientRule, Task
from foreword.federated.server import Update, Weights
from foreword.federated.settings import Plan
from foreword.models.model import NextWordModel
from foreword.training.interrupt import StopWish

WORTHWHILE_SECONDS = 30.0
"""How long the rounds that are left must take in this process for others to be started: several
times the seconds that it takes until they have loaded PyTorch."""
LOOK_SECONDS = 0.1
"""Seconds between two looks at whether somebody wants to stop."""


class Processes:
    """Computes clients, in as many processes as the plan says; ends these with the context.

    By default that is one for each core (for each of the settings' `threads`), once the run turns
    out to be long enough.
    """

    def __init__(self, model: NextWordModel, plan: Plan, ids: Sequence[np.ndarray]) -> None:
        """Start the processes, if their number is given.

        Args:
            model: a network of the architecture, in which this process computes.
            plan: the rule, and the numbers of processes and threads.
            ids: each person's text, (N,).
        """
        self._model = model
        self._ids = ids
        self._rule = plan.client
        self._threads = plan.settings.threads
        wanted = plan.settings.processes
        self._most = min(plan.server.clients, wanted or max(1, available() // self._threads))
        self._pool = self._started() if wanted is not None and self._most > 1 else None

    def __enter__(self) -> "Processes":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.close()

    def learned(
        self, weights: Weights, tasks: Sequence[Task], wish: StopWish, rounds_left: int
    ) -> list[Learned] | None:
        """See `foreword.federated.run.Clients`.

        Raises:
            TrainingError: a process has ended by itself.
        """
        if self._pool is not None:
            parts = [part_of(self._ids[task.person], self._rule, task.seed) for task in tasks]
            return self._pool.learned(weights, parts, wish)
        began, outcomes = time.monotonic(), []
        for task in tasks:
            if wish:
                return None
            ids = self._ids[task.person]
            outcomes.append(client_update(self._model, weights, ids, self._rule, task.seed))
        seconds = time.monotonic() - began
        if self._most > 1 and seconds * (rounds_left - 1) > WORTHWHILE_SECONDS:
            self._pool = self._started()
        return outcomes

    def _started(self) -> "_Pool":
        return _Pool(self._model, self._rule, self._threads, self._most)


class _Pool:
    """Processes of `foreword.federated.worker`, with a thread of this process for each."""

    def __init__(
        self, model: NextWordModel, rule: ClientRule, threads: int, processes: int
    ) -> None:
        self._threads = ThreadPoolExecutor(processes)
        self._workers = [_Worker(model, rule, threads) for _ in range(processes)]
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)

    def close(self) -> None:
        """End the processes, whatever they are doing."""
        for worker in self._workers:
            worker.end()
        self._threads.shutdown(cancel_futures=True)
        for worker in self._workers:
            worker.close()

    def learned(
        self, weights: Weights, parts: Sequence[np.ndarray], wish: StopWish
    ) -> list[Learned] | None:
        """Return what is learned from each part of a person's text; None if somebody stops it."""
        # The longest first, so that none of them is left to a single process at the end.
        order = sorted(range(len(parts)), key=lambda k: -len(parts[k]))
        futures = {k: self._threads.submit(self._ask, weights, parts[k]) for k in order}
        waiting: set[Future[Learned]] = set(futures.values())
        while waiting:
            done, waiting = wait(waiting, LOOK_SECONDS, FIRST_EXCEPTION)
            for future in done:
                future.result()  # raises what the thread raised
            if wish:
                return None
        return [futures[k].result() for k in range(len(parts))]

    def _ask(self, weights: Weights, part: np.ndarray) -> Learned:
        worker = self._idle.get()
        try:
            return worker.learned(weights, part)
        finally:
            self._idle.put(worker)


class _Worker:
    """A process that computes clients."""

    def __init__(self, model: NextWordModel, rule: ClientRule, threads: int) -> None:
        # In a session of its own, so that Ctrl-C in the terminal is left to this process.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "foreword.federated.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._start = {
            "model": asdict(model.config),
            "rule": asdict(rule),
            "threads": threads,
        }
        self._weights: Weights | None = None

    def learned(self, weights: Weights, part: np.ndarray) -> Learned:
        """Let it compute a client; the weights go there once for all clients of a round."""
        requests = cast(BinaryIO, self._process.stdin)
        try:
            if self._weights is None:
                send(requests, self._start)
            if self._weights is not weights:
                send(requests, {"brings": "weights"}, weights)
                self._weights = weights
            send(requests, {"brings": "text"}, {"ids": part})
            told, delta = receive(cast(BinaryIO, self._process.stdout))
        except (OSError, EOFError) as error:
            raise TrainingError(
                "a process that computed clients ended by itself. It may have run out of memory: "
                "go on with --resume and fewer --processes."
            ) from error
        return Learned(Update(delta, told["words"]), told["nats"])

    def end(self) -> None:
        """Kill it; a thread that waits for it gets an error."""
        self._process.kill()

    def close(self) -> None:
        """Close its pipes, when no thread uses them any more."""
        with suppress(OSError):  # what was written to it and never read
            self._process.communicate()
