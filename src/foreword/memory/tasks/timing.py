"""Measuring the time between two spikes."""

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from foreword.memory.tasks.task import Batch, Tally, Task, TaskSettings, uniform_ints

SPIKES = 6


class SpikeDelays(Task):
    """Measuring spike delays.

    One input, which is 1 at a spike and 0 at all other steps. The first step is a spike; five more
    follow, each after lag + I steps, I drawn uniformly from 0 to 10. The target at each spike
    except the first is I / 10 of the delay that it ends, which is its exact length. The loss is the
    squared error. Always answering 1/2 has a mean squared error of 1/10.

    After Gers, Schraudolph & Schmidhuber (2002), who measure spike delays to show the use of
    peepholes. The form here is ours: six spikes in each sequence, and training by Adam on
    minibatches.
    """

    source = "after Gers, Schraudolph & Schmidhuber 2002"
    criterion = (
        "of the delays in 2,560 fresh sequences at least 99 % are told within half a step (0.05)"
    )
    loss = "squared"
    measure = "mean squared error"
    lag_is = "the shortest delay, steps"
    lag_range = (1, 1000)
    widest = 10

    def __init__(self) -> None:
        self.name = "spike-delays"
        self.title = "Measuring spike delays"
        self.lags = (5, 10, 20, 50)
        self.recipe = TaskSettings(units=16, steps=6000, learning_rate=1e-2, anneal=True)

    def sizes(self, lag: int) -> tuple[int, int]:
        """A spike or none; the delay."""
        del lag
        return 1, 1

    def draw(self, lag: int, count: int, generator: Generator) -> Batch:
        """See the class."""
        extra = uniform_ints(0, self.widest, (SPIKES - 1, count), generator)
        places = torch.cat([torch.zeros(1, count, dtype=torch.long), (lag + extra).cumsum(0)])
        steps = int(places.max()) + 1
        spikes = torch.zeros(steps, count).scatter(0, places, 1.0)
        wanted = torch.zeros(steps, count).scatter(0, places[1:], extra / self.widest)
        asked = torch.zeros(steps, count, dtype=torch.bool).scatter(0, places[1:], value=True)
        return Batch(spikes.unsqueeze(2), asked, wanted[asked].unsqueeze(1))

    def judge(self, answers: Tensor, batch: Batch) -> Tally:
        """Squared errors, and wrong delays."""
        error = float(F.mse_loss(answers, batch.targets, reduction="sum"))
        near = (answers - batch.targets).abs() < 0.5 / self.widest
        return Tally(error, len(answers), int((~near).sum()), len(answers))

    def is_solved(self, tally: Tally) -> bool:
        """See `criterion`."""
        return tally.share_wrong <= 0.01

    def naive(self, lag: int) -> float | None:
        """The variance of I / 10."""
        del lag
        return 0.1
