"""Adding and multiplying two marked numbers of long ago."""

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from foreword.memory.tasks.task import Batch, Tally, Task, TaskSettings, uniform_ints


class Adding(Task):
    """The adding problem.

    A sequence has as many steps as the lag. Each step has two inputs: a number, uniform in [0, 1],
    and a mark, which is 1 at two steps and 0 at all others. The first marked step is drawn from the
    first half, the second from the second half. The target after the last step is the sum of the
    two marked numbers; the loss is its squared error. Always answering 1 has a mean squared error
    of 1/6.

    Hochreiter & Schmidhuber (1997, experiment 4) draw numbers from [-1, 1], mark first and last
    steps with -1, vary the length by a tenth and put the first mark among the first ten steps; the
    target is the sum scaled to [0, 1]. The form here is that of later papers (Le, Jaitly & Hinton
    2015; Arjovsky, Shah & Bengio 2016), whose errors can be compared. They trained online by plain
    gradient descent; here Adam is used on minibatches, which takes minutes instead of hours.
    """

    source = "Hochreiter & Schmidhuber 1997, experiment 4"
    criterion = (
        "of 2,560 fresh sequences at most 1 % are off by 0.08 or more (0.04 of the target's range, "
        "the paper's bound), and the mean squared error is below 0.001"
    )
    loss = "squared"
    measure = "mean squared error"
    lag_is = "the length of a sequence"
    bound = 0.08

    def __init__(self) -> None:
        self.name = "adding"
        self.title = "Adding problem"
        self.lags = (10, 25, 50, 100)
        self.recipe = TaskSettings(units=64, steps=3000, learning_rate=5e-3, chrono=True)

    def sizes(self, lag: int) -> tuple[int, int]:
        """Number and mark; the answer."""
        del lag
        return 2, 1

    def draw(self, lag: int, count: int, generator: Generator) -> Batch:
        """See the class."""
        half, every = lag // 2, torch.arange(count)
        numbers = torch.rand(lag, count, generator=generator)
        steps = (
            uniform_ints(0, half - 1, (count,), generator),
            uniform_ints(half, lag - 1, (count,), generator),
        )
        marks = torch.zeros(lag, count)
        for step in steps:
            marks[step, every] = 1.0
        asked = torch.zeros(lag, count, dtype=torch.bool)
        asked[-1] = True
        first, second = (numbers[step, every] for step in steps)
        target = self.target(first, second).unsqueeze(1)
        return Batch(torch.stack([numbers, marks], 2), asked, target)

    def target(self, first: Tensor, second: Tensor) -> Tensor:
        """The target for the two marked numbers."""
        return first + second

    def judge(self, answers: Tensor, batch: Batch) -> Tally:
        """Squared errors, and answers beyond the bound."""
        error = float(F.mse_loss(answers, batch.targets, reduction="sum"))
        # "Not within" rather than "beyond": a NaN is wrong too.
        wrong = int((~((answers - batch.targets).abs() < self.bound)).sum())
        return Tally(error, len(answers), wrong, len(answers))

    def is_solved(self, tally: Tally) -> bool:
        """See `criterion`."""
        return tally.share_wrong <= 0.01 and tally.mean_error < 1e-3

    def naive(self, lag: int) -> float | None:
        """The variance of the sum of two uniform numbers."""
        del lag
        return 1 / 6


class Multiplication(Adding):
    """The multiplication problem.

    As the adding problem, but the target is the product of the two marked numbers, in [0, 1].
    Always answering 1/4 has a mean squared error of 7/144, 0.049.

    Hochreiter & Schmidhuber (1997, experiment 5) made it to show that an LSTM's memory is not
    limited to sums. Marks, lengths and training differ from the paper's as in the adding problem.
    """

    source = "Hochreiter & Schmidhuber 1997, experiment 5"
    criterion = (
        "of 2,560 fresh sequences at most 1 % are off by 0.04 or more, the paper's bound, and the "
        "mean squared error is below 0.001"
    )
    bound = 0.04

    def __init__(self) -> None:
        super().__init__()
        self.name = "multiplication"
        self.title = "Multiplication problem"

    def target(self, first: Tensor, second: Tensor) -> Tensor:
        """The target for the two marked numbers."""
        return first * second

    def naive(self, lag: int) -> float | None:
        """The variance of the product of two uniform numbers."""
        del lag
        return 7 / 144
