"""Many trials side by side, in worker processes; interruptible, and resumed where it stopped."""

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
"""Those of a survey, unless told otherwise."""
WORKERS = 2
TOUR_CELLS = ("mlp-window", "rnn", "lstm", "gru")
TOUR_LAGS = (10, 50)
"""Of the adding problem with one seed: what is tried if nothing is named."""


@dataclass(frozen=True)
class Event:
    """Something that happened in a survey.

    Attributes:
        trial: where.
        done: trials that are done, of `total`.
        total: trials that were to be done when it began.
        check: step, error and share wrong, if it was a check.
        result: if the trial ended.
    """

    trial: Trial
    done: int
    total: int
    check: tuple[int, float, float] | None = None
    result: Result | None = None


class Watcher(Protocol):
    """Whoever watches a survey."""

    def __call__(self, event: Event) -> None:
        """Takes note of one event."""


@dataclass(frozen=True)
class Survey:
    """What came of many trials.

    Attributes:
        results: in the order of the trials; those that were not reached are left out.
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
    """Every cell on every task at every lag with every seed, all of about equal size.

    Args:
        tasks: names of `foreword.memory.TASKS`.
        cells: names of `foreword.memory.NETWORKS`.
        lags: None: each task's own.
        seeds: those from 1 to this number, or these.
        out: a folder whose `results.jsonl` gets every result as it comes. What it holds already is
            not done again.
        workers: processes, one thread each. Results do not depend on their number.
        watch: is told of all that happens.
        **choices: as for `experiment`, the same for all.

    Raises:
        SettingsError: there is no such task, cell or lag, or a number is out of range.
    """
    return run_all(planned(tasks, cells, lags, seeds, **choices), out, workers, watch)


def planned(
    tasks: Sequence[str],
    cells: Sequence[str],
    lags: Sequence[int] | None,
    seeds: int | Sequence[int],
    **choices: Any,
) -> list[Trial]:
    """The trials of a survey, seed by seed: what is cut short has some of everything."""
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
    """The trials of a survey of which much or all was left open; without a task, a short tour."""
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
    """Runs trials as `survey` does.

    Raises:
        FolderError: what `out` holds is no survey's, or it cannot be written.
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
    """Runs trials, with their results in a file whose folder is claimed; see `run_all`."""
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
    """What the workers tell, until all trials are done."""
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
    """Hands a worker one trial after another, and passes on what it tells."""
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
