"""Estimate how often a run will read its text: from its limits, and from a few timed steps."""

import statistics
import time
from collections.abc import Callable
from itertools import pairwise

import torch

from foreword.kernels.threads import most_threads, threads_restored
from foreword.training.progress import Event, StepProgress
from foreword.training.settings import BpttSettings, Budget
from foreword.training.trainer import Run, train

STEPS = 12
"""The number of timed steps; the first third is not counted, as much is done for the first time."""
SECONDS = 3.0
"""The default number of seconds after which no further step is timed."""


def words_per_second(
    run: Run, seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic
) -> float:
    """Return the words/s of a run, the median of some of its first steps; changes the run.

    Args:
        run: a run whose budget is more than the timed steps.
        seconds: the seconds after which no further step is taken; at least one is.
        clock: returns the time in seconds.
    """
    began = clock()
    seen = [(began, 0)]

    def note(event: Event) -> None:
        if isinstance(event, StepProgress):
            seen.append((clock(), event.words_seen))

    train(
        run,
        validate=None,
        save=lambda *_: None,
        should_stop=lambda: len(seen) > STEPS or (len(seen) > 1 and clock() - began > seconds),
        report=note,
        clock=clock,
    )
    pairs = list(pairwise(seen))
    pairs = pairs[len(pairs) // 3 :]
    return statistics.median((b[1] - a[1]) / max(b[0] - a[0], 1e-9) for a, b in pairs)


def paces_by_threads(run: Run, seconds: float = SECONDS) -> dict[int, float]:
    """Return words/s with all threads and with one; changes the run.

    Args:
        run: as for `words_per_second`.
        seconds: the time for everything.
    """
    numbers = (most_threads(), 1) if most_threads() > 1 else (1,)
    paces = {}
    with threads_restored():
        for number in numbers:
            torch.set_num_threads(number)
            paces[number] = words_per_second(run, seconds / len(numbers))
    return paces


def expected_passes(
    budget: Budget, bptt: BpttSettings, words: int, pace: float | None, seconds: float = 0.0
) -> float:
    """Return how often a run reads a text until the first of its limits.

    Args:
        budget: the limits.
        bptt: what a step reads.
        words: the number of words in the text.
        pace: words/s; None ignores the limit in minutes.
        seconds: the part of the minutes that is spent already.

    >>> budget = Budget(minutes=2, epochs=40)
    >>> expected_passes(budget, BpttSettings(), 1_000_000, pace=20_000, seconds=20)
    2.0
    """
    ends = []
    if budget.minutes is not None and pace is not None:
        ends.append(max(0.0, budget.minutes * 60 - seconds) * pace / words)
    if budget.epochs is not None:
        ends.append(budget.epochs)
    if budget.steps is not None:
        ends.append(budget.steps * bptt.batch_size * bptt.window / words)
    return min(ends)
