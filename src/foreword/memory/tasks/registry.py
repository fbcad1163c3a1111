"""Tasks by their names."""

from foreword.errors import SettingsError
from foreword.memory.tasks.arithmetic import Adding, Multiplication
from foreword.memory.tasks.copying import Copy
from foreword.memory.tasks.counting import Counting
from foreword.memory.tasks.lags import (
    Irregular,
    IrregularLength,
    NoiseFree,
    NoisyTwoSequence,
    TwoSequence,
)
from foreword.memory.tasks.order import TemporalOrder
from foreword.memory.tasks.reber import ContinualReber, EmbeddedReber
from foreword.memory.tasks.task import Task
from foreword.memory.tasks.timing import SpikeDelays
from foreword.memory.tasks.tracking import Brackets, ModularSum, Permutations

TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Adding(),
        Multiplication(),
        TemporalOrder(2),
        TemporalOrder(3),
        TemporalOrder(4),
        NoiseFree(),
        Irregular(),
        IrregularLength(),
        TwoSequence(),
        NoisyTwoSequence(),
        EmbeddedReber(),
        ContinualReber(),
        Copy(),
        Counting("ab"),
        Counting("abc"),
        SpikeDelays(),
        ModularSum("parity", "Parity", 2),
        ModularSum("modular-sum", "Sums modulo five", 5),
        Permutations(),
        Brackets(),
    )
}


def task_for(name: str) -> Task:
    """Return the task of this name.

    Raises:
        SettingsError: there is none; lists the names.
    """
    if name not in TASKS:
        raise SettingsError(f"there is no task {name!r}; the tasks are {', '.join(TASKS)}")
    return TASKS[name]
