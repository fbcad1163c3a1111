"""The classic experiments on what each recurrent cell can remember.

    result = foreword.memory.experiment(task="adding", cell="lstm", lag=100, seed=1)
    survey = foreword.memory.survey(["adding", "copy"], seeds=3, out="build/memory")

Knows no words. Needs the extra `foreword[train]`.
"""

from foreword.memory.experiment import experiment
from foreword.memory.map import MapCell, places
from foreword.memory.networks import NETWORKS
from foreword.memory.survey import Survey, survey
from foreword.memory.tasks.registry import TASKS
from foreword.memory.tasks.task import Task
from foreword.memory.trial import Result, Trial

__all__ = [
    "NETWORKS",
    "TASKS",
    "MapCell",
    "Result",
    "Survey",
    "Task",
    "Trial",
    "experiment",
    "places",
    "survey",
]
