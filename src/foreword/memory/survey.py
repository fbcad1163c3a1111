"""Run many trials in parallel worker processes, which can be interrupted and resumed."""

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from foreword.errors import SettingsError, TrainingError
from foreword.folder.claim import claimed
from foreword.memory import records
from foreword.memory.tasks.registry import task_for
from foreword.memory.trial import Result, Trial, trial_for

CELLS = ("mlp-window", "rnn", "lstm", "lstm-peephole", "lstm-coupled", "gru")
"""The default seeds of a survey."""
WORKERS = 2
TOUR_CELLS = ("mlp-window", "rnn", "lstm", "gru")
TOUR_LAGS = (10, 50)
"""The trials of a tour, which is run if no task is named: the adding problem with one seed."""


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
    check: tuple[int, float, float] | None = None
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
    """Yield the messages of the workers until all trials are done."""
    waiting: queue.SimpleQueue[Trial | None] = queue.SimpleQueue()
    told: queue.SimpleQueue[tuple[Trial, dict[str, Any]]] = queue.SimpleQueue()
    for item in (*trials, *(None for _ in range(workers))):
        waiting.put(item)
    done = 0
    with ExitStack() as until_end:
        for _ in range(workers):
            process = subprocess.Popen(
                [sys.executable, "-m", "foreword.memory.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
            )
            thread = threading.Thread(target=_feed, args=(process, waiting, told), daemon=True)
            until_end.callback(_end, process, thread)
            thread.start()
        while done < len(trials):
            trial, document = told.get()
            if "check" in document:
                step, error, wrong = document["check"]
                yield Event(trial, done, len(trials), check=(step, error, wrong))
            elif "result" in document:
                done += 1
                result = Result.from_json(document["result"])
                yield Event(trial, done, len(trials), result=result)
            elif "refused" in document:
                raise SettingsError(document["refused"])
            else:
                raise TrainingError(
                    f"the process that tried {trial.cell} on {trial.task} ended by itself. It may "
                    "have run out of memory: try fewer workers, or a smaller lag."
                )


def _end(process: "subprocess.Popen[str]", thread: threading.Thread) -> None:
    process.kill()
    thread.join()  # it reads to the end of what the process told
    with suppress(OSError):  # what was written to it and never read
        process.communicate()


def _feed(
    process: "subprocess.Popen[str]",
    waiting: "queue.SimpleQueue[Trial | None]",
    told: "queue.SimpleQueue[tuple[Trial, dict[str, Any]]]",
) -> None:
    """Give a worker one trial after another, and pass on its messages."""
    assert process.stdin is not None
    assert process.stdout is not None
    while (trial := waiting.get()) is not None:
        try:
            process.stdin.write(json.dumps(vars(trial)) + "\n")
            process.stdin.flush()
            for document in _documents(process.stdout):
                told.put((trial, document))
                if "result" in document:
                    break
            else:
                told.put((trial, {}))
                return
        except (OSError, ValueError):  # killed, from either side
            told.put((trial, {}))
            return


def _documents(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        yield json.loads(line)
