"""The map: which share of the seeds solves a task, by cell and lag. Counts, draws nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from foreword.memory.networks import NETWORKS
from foreword.memory.tasks.registry import TASKS
from foreword.memory.trial import Result


@dataclass(frozen=True)
class Place:
    """A cell on a task at a lag.

    Attributes:
        task: its name.
        cell: its name.
        lag: the task's.
        tried: trials; seeds, unless they differ in more than that.
        solved: of these.
        diverged: of these.
        steps: the median over those that solved it; None if none did.
        error: the median over all, of the task's measure at the end.
        figures: the largest of each figure that only the task measures.
    """

    task: str
    cell: str
    lag: int
    tried: int
    solved: int
    diverged: int
    steps: float | None
    error: float
    figures: dict[str, float]

    @property
    def share(self) -> float:
        """Of the seeds that solve it, 0 to 1."""
        return self.solved / self.tried


def places(results: Sequence[Result]) -> list[Place]:
    """All places where something was tried: tasks, cells and lags in their usual order."""
    by_place: dict[tuple[str, str, int], list[Result]] = {}
    for result in results:
        trial = result.trial
        by_place.setdefault((trial.task, trial.cell, trial.lag), []).append(result)
    order = {name: k for k, name in enumerate((*TASKS, *NETWORKS))}
    keys = sorted(by_place, key=lambda key: (order[key[0]], order[key[1]], key[2]))
    return [_place(*key, by_place[key]) for key in keys]


def lags_of(cells_of_map: Sequence[Place], task: str) -> list[int]:
    """The lags at which the task was tried, shortest first."""
    return sorted({cell.lag for cell in cells_of_map if cell.task == task})


def cells_of(cells_of_map: Sequence[Place], task: str) -> list[str]:
    """The cells that tried it, in their usual order."""
    return list(dict.fromkeys(cell.cell for cell in cells_of_map if cell.task == task))


def tasks_of(cells_of_map: Sequence[Place]) -> list[str]:
    """The tasks, in their usual order."""
    return list(dict.fromkeys(cell.task for cell in cells_of_map))


def _place(task: str, cell: str, lag: int, results: list[Result]) -> Place:
    steps = [result.steps for result in results if result.solved]
    names = dict.fromkeys(name for result in results for name in result.figures)
    return Place(
        task=task,
        cell=cell,
        lag=lag,
        tried=len(results),
        solved=len(steps),
        diverged=sum(result.diverged for result in results),
        steps=median(steps) if steps else None,
        error=median(result.error for result in results),
        figures={name: max(r.figures.get(name, 0.0) for r in results) for name in names},
    )
