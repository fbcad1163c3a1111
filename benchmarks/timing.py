"""Interleaved timing: every round runs each candidate once, in random order."""

import math
import random
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

BURST = 1e-3
"""Seconds."""


@dataclass(frozen=True)
class Within:
    """What runs in a context, which is entered once for each turn and not timed."""

    run: Callable[[], object]
    context: Callable[[], AbstractContextManager[Any]]

    def __call__(self) -> object:
        with self.context():
            return self.run()


Runs = dict[str, Callable[[], object]]


def times(runs: Runs, rounds: int, seconds: float = float("inf")) -> dict[str, list[float]]:
    """Milliseconds of each, by round; fewer rounds, but at least four, beyond `seconds`.

    Other programs on the machine affect all of them equally. A call that takes less than `BURST`
    runs several times in its turn, like consecutive predictions: all but the first find their
    weights in the caches, and count.
    """
    repeats = {name: math.ceil(BURST / _taken(run)) for name, run in runs.items()}
    measured: dict[str, list[float]] = {name: [] for name in runs}
    order = random.Random(1)
    until = time.perf_counter() + seconds
    for k in range(rounds):
        if k >= 4 and time.perf_counter() > until:
            break
        # A call after a peer finds the caches as the peer left them.
        for name, run in order.sample(list(runs.items()), len(runs)):
            again, context = run, nullcontext
            if isinstance(run, Within):
                again, context = run.run, run.context
            with context():
                if repeats[name] > 1:
                    again()
                began = time.perf_counter()
                for _ in range(repeats[name]):
                    again()
                measured[name].append(1000 * (time.perf_counter() - began) / repeats[name])
    return measured


def _taken(run: Callable[[], object]) -> float:
    for _ in range(2):
        run()
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def ratio(peer: list[float], mine: list[float]) -> tuple[float, float, float]:
    """The median of the peer's times by mine, and its quartiles."""
    low, middle, high = statistics.quantiles([a / b for a, b in zip(peer, mine, strict=True)], n=4)
    return middle, low, high


def quantile(seconds: list[float], share: float) -> float:
    """The milliseconds within which this fraction of all calls ended; 0 without calls."""
    ordered = sorted(seconds)
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
