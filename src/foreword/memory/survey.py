"""Run many trials in parallel worker processes, which can be interrupted and resumed."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Protocol

import torch

from foreword.errors import SettingsError
from foreword.folder.claim import claimed
from foreword.memory import records
from foreword.memory.experiment import run
from foreword.memory.tasks.registry import task_for
from foreword.memory.trial import Result, Trial, trial_for
from foreword.workers.pool import Workers

CELLS = ("mlp-window", "rnn", "lstm", "lstm-peephole", "lstm-coupled", "gru")
"""The default seeds of a survey."""
WORKERS = 2
TOUR_CELLS = ("mlp-window", "rnn", "lstm", "gru")
TOUR_LAGS = (10, 50)
"""The trials of a tour, which is run if no task is named: the adding problem with one seed."""

Check = tuple[int, float, float]
"""Step, error and share of wrong sequences."""


@dataclass(frozen=True)
class Event:
    """An event of a survey.

    Attributes:
        trial: the trial that it belongs to.
        done: the number of finished trials, of `total`.
        total: the number of trials to run when the survey began.
        check: step, error and share wrong, for a check.
        result: the result, if the trial ended.
    """

    trial: Trial
    done: int
    total: int
    check: Check | None = None
    result: Result | None = None


class Watcher(Protocol):
    """An observer of a survey."""

    def __call__(self, event: Event) -> None:
        """Receive one event."""


@dataclass(frozen=True)
class Survey:
    """The result of many trials.

    Attributes:
        results: in the order of the trials, without those that were not reached.
        stopped: whether Ctrl-C ended it before all were done.
    """

    results: tuple[Result, ...]
    stopped: bool


def survey(
    tasks: Sequence[str],
    cells: Sequence[str] = CELLS,
    lags: Sequence[int] | None = None,
    seeds: int | Sequence[int] = 3,
    *,
    out: Path | str | None = None,
    workers: int = WORKERS,
    watch: Watcher | None = None,
    **choices: Any,
) -> Survey:
    """Run every cell on every task at every lag with every seed, all of about equal size.

    Args:
        tasks: names of `foreword.memory.TASKS`.
        cells: names of `foreword.memory.NETWORKS`.
        lags: the lags; None: each task's own.
        seeds: a number, for the seeds from 1 to it, or the seeds.
        out: the folder whose `results.jsonl` receives every result as it comes. Results already in
            it are not computed again.
        workers: the number of processes, with one thread each, on which results do not depend.
        watch: called with all events.
        **choices: as for `experiment`, the same for all.

    Raises:
        SettingsError: a task, cell or lag is unknown, or a number is out of range.
    """
    return run_all(planned(tasks, cells, lags, seeds, **choices), out, workers, watch)


def planned(
    tasks: Sequence[str],
    cells: Sequence[str],
    lags: Sequence[int] | None,
    seeds: int | Sequence[int],
    **choices: Any,
) -> list[Trial]:
    """Return the trials of a survey, seed by seed, so that a part covers every combination."""
    numbers = range(1, seeds + 1) if isinstance(seeds, int) else seeds
    trials = [
        trial_for(task, cell, lag, seed, **choices)
        for seed in numbers
        for task in tasks
        for lag in (task_for(task).lags if lags is None else lags)
        for cell in cells
    ]
    if not trials:
        raise SettingsError("nothing to try: name a task, a cell, a lag and at least one seed")
    return list(dict.fromkeys(trials))


def planned_for(
    tasks: Sequence[str] | None,
    cells: Sequence[str] | None,
    lags: Sequence[int] | None,
    seeds: int | Sequence[int] | None,
    **choices: Any,
) -> list[Trial]:
    """Return the trials of a survey with open choices; without a task, a short tour."""
    if not tasks:
        tasks, seeds = ("adding",), 1 if seeds is None else seeds
        cells, lags = cells or TOUR_CELLS, lags or TOUR_LAGS
    return planned(tasks, cells or CELLS, lags or None, 3 if seeds is None else seeds, **choices)


def run_all(
    trials: Sequence[Trial],
    out: Path | str | None = None,
    workers: int = WORKERS,
    watch: Watcher | None = None,
) -> Survey:
    """Run trials as `survey` does.

    Raises:
        FolderError: `out` holds something other than a survey, or cannot be written.
    """
    if workers < 1:
        raise SettingsError(f"workers must be at least 1, not {workers}")
    with ExitStack() as until_end:
        if out is not None:
            until_end.enter_context(claimed(Path(out), "memory"))
        return _run_all(trials, None if out is None else Path(out) / records.NAME, workers, watch)


def _run_all(
    trials: Sequence[Trial], path: Path | None, workers: int, watch: Watcher | None
) -> Survey:
    """Run trials, with their results in a file whose folder is claimed; see `run_all`."""
    before = {} if path is None else records.read(path)
    results = {trial: before[trial] for trial in trials if trial in before}
    missing = [trial for trial in trials if trial not in results]
    stopped = False
    try:
        for event in _events(missing, min(workers, len(missing))):
            if event.result is not None:
                if path is not None:
                    records.append(path, event.result)
                results[event.trial] = event.result
            if watch is not None:
                watch(event)
    except KeyboardInterrupt:
        stopped = True
    return Survey(tuple(results[trial] for trial in trials if trial in results), stopped)


def _events(trials: Sequence[Trial], workers: int) -> Iterator[Event]:
    """Yield what the workers tell until all trials are done."""
    if not trials:
        return
    told: SimpleQueue[tuple[Trial, Check | Future[Result]]] = SimpleQueue()

    def tell(trial: Trial, news: Check | Future[Result]) -> None:
        told.put((trial, news))

    with Workers(workers, "try fewer workers, or a smaller lag.") as pool:
        for trial in trials:
            hear = partial(tell, trial)
            work = f"tried {trial.cell} on {trial.task}"
            pool.submit(work, _run, trial, hear).add_done_callback(hear)
        done = 0
        while done < len(trials):
            trial, news = told.get()
            if isinstance(news, Future):
                done += 1
                yield Event(trial, done, len(trials), result=news.result())
            else:
                yield Event(trial, done, len(trials), check=news)


def _run(trial: Trial, tell: Callable[[Check], None]) -> Result:
    """Run a trial in a worker process."""
    torch.set_num_threads(1)
    return run(trial, lambda *check: tell(check))
