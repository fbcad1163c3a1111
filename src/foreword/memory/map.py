"""The map: the share of seeds that solve a task, by cell and lag. Counts; does not draw."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from foreword.memory.networks import NETWORKS
from foreword.memory.tasks.registry import TASKS
from foreword.memory.trial import Result


@dataclass(frozen=True)
class MapCell:
    """The results of a cell on a task at a lag.

    Attributes:
        task: the task's name.
        cell: the cell's name.
        lag: the lag.
        tried: the number of trials, which are seeds unless they differ in more.
        solved: the number of trials that solved the task.
        diverged: the number of trials that diverged.
        steps: the median number of steps of those that solved it; None if none did.
        error: the median of the task's measure at the end.
        figures: the largest of each figure that only this task measures.
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
        """The share of trials that solve it, 0 to 1."""
        return self.solved / self.tried


def places(results: Sequence[Result]) -> list[MapCell]:
    """Return all tried combinations, with tasks, cells and lags in their usual order."""
    by_place: dict[tuple[str, str, int], list[Result]] = {}
    for result in results:
        trial = result.trial
        by_place.setdefault((trial.task, trial.cell, trial.lag), []).append(result)
    order = {name: k for k, name in enumerate((*TASKS, *NETWORKS))}
    keys = sorted(by_place, key=lambda key: (order[key[0]], order[key[1]], key[2]))
    return [_place(*key, by_place[key]) for key in keys]


def lags_of(cells_of_map: Sequence[MapCell], task: str) -> list[int]:
    """Return the lags at which a task was tried, shortest first."""
    return sorted({cell.lag for cell in cells_of_map if cell.task == task})


def cells_of(cells_of_map: Sequence[MapCell], task: str) -> list[str]:
    """Return the cells that were tried on a task, in their usual order."""
    return list(dict.fromkeys(cell.cell for cell in cells_of_map if cell.task == task))


def tasks_of(cells_of_map: Sequence[MapCell]) -> list[str]:
    """Return the tasks, in their usual order."""
    return list(dict.fromkeys(cell.task for cell in cells_of_map))


def _place(task: str, cell: str, lag: int, results: list[Result]) -> MapCell:
    steps = [result.steps for result in results if result.solved]
    names = dict.fromkeys(name for result in results for name in result.figures)
    return MapCell(
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
