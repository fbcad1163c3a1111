"""Who computes the clients of a round: this process, or several at once. Knows no rounds.

The changes of weights are the same to the last bit whoever computes them, and in which order. So a
run may begin in this process and go on in several once it turns out to be long.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from foreword.cores import available
from foreword.federated.client import Learned, client_update, part_of
from foreword.federated.rules import ClientRule, Task
from foreword.federated.server import Weights
from foreword.federated.settings import Plan
from foreword.folder.architecture import ModelConfig
from foreword.models.build import build
from foreword.models.model import NextWordModel
from foreword.training.interrupt import StopWish
from foreword.workers.pool import Workers

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
        self._workers = self._started() if wanted is not None and self._most > 1 else None

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *error: object) -> None:
        if self._workers is not None:
            self._workers.close()

    def learned(
        self, weights: Weights, tasks: Sequence[Task], wish: StopWish, rounds_left: int
    ) -> list[Learned] | None:
        """See `foreword.federated.run.Clients`.

        Raises:
            TrainingError: a process has ended by itself.
        """
        if self._workers is not None:
            parts = [part_of(self._ids[task.person], self._rule, task.seed) for task in tasks]
            client = _Client(self._model.config, self._rule, self._threads, weights)
            return _together(self._workers, client, parts, wish)
        began, outcomes = time.monotonic(), []
        for task in tasks:
            if wish:
                return None
            ids = self._ids[task.person]
            outcomes.append(client_update(self._model, weights, ids, self._rule, task.seed))
        seconds = time.monotonic() - began
        if self._most > 1 and seconds * (rounds_left - 1) > WORTHWHILE_SECONDS:
            self._workers = self._started()
        return outcomes

    def _started(self) -> Workers:
        return Workers(self._most, "go on with --resume and fewer --processes.")


@dataclass(frozen=True)
class _Client:
    """Computes clients of one round in a worker process."""

    model: ModelConfig
    rule: ClientRule
    threads: int
    weights: Weights

    def __call__(self, part: np.ndarray) -> Learned:
        """Return what is learned from a part of a person's text."""
        torch.set_num_threads(self.threads)
        # The text is cut to its part already, so there is nothing for a seed to choose.
        return client_update(_network(self.model), self.weights, part, self.rule, ())


@lru_cache(maxsize=1)
def _network(config: ModelConfig) -> NextWordModel:
    return build(config)


def _together(
    workers: Workers,
    client: Callable[[np.ndarray], Learned],
    parts: Sequence[np.ndarray],
    wish: StopWish,
) -> list[Learned] | None:
    """Return what is learned from each part of a person's text; None if somebody stops it."""
    # The longest first, so that none of them is left to a single process at the end.
    order = sorted(range(len(parts)), key=lambda k: -len(parts[k]))
    futures = {k: workers.submit("computed clients", client, parts[k]) for k in order}
    waiting: set[Future[Learned]] = set(futures.values())
    while waiting:
        done, waiting = wait(waiting, LOOK_SECONDS, FIRST_EXCEPTION)
        for future in done:
            future.result()  # raises what the thread raised
        if wish:
            return None
    return [futures[k].result() for k in range(len(parts))]
