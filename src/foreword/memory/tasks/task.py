"""What a memory task is: random sequences, requested answers, and a criterion for success."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from foreword.errors import SettingsError

Loss = Literal["squared", "class", "set"]
"""squared: mean squared error of numbers. class: cross-entropy of one class of many, in nats, after
a softmax. set: cross-entropy of several yes-or-no answers, in nats, after sigmoids."""


@dataclass(frozen=True)
class Batch:
    """Sequences and the requested answers.

    Attributes:
        inputs: (T, B, I). After the end of a sequence they are 0, and no answer is requested.
        asked: (T, B), true where an answer is requested: N of them, in the order of
            `asked.nonzero()`.
        targets: (N, O) numbers or sets, or (N,) classes.
        legal: (N, O), every class that may come; only if the next one is random.
    """

    inputs: Tensor
    asked: Tensor
    targets: Tensor
    legal: Tensor | None = None


@dataclass(frozen=True)
class Tally:
    """Sums over answers, which can be added over batches.

    Attributes:
        error: the sum of the task's measure over all answers.
        answers: the number of answers.
        wrong: the number of wrong ones among `judged`.
        judged: the number of sequences, or of other things that the criterion counts.
    """

    error: float = 0.0
    answers: int = 0
    wrong: int = 0
    judged: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.error + other.error,
            self.answers + other.answers,
            self.wrong + other.wrong,
            self.judged + other.judged,
        )

    @property
    def mean_error(self) -> float:
        """The mean of the task's measure."""
        return self.error / self.answers

    @property
    def share_wrong(self) -> float:
        """The fraction of wrong ones among those that the criterion counts."""
        return self.wrong / self.judged


@dataclass(frozen=True)
class TaskSettings:
    """How networks are trained on a task by default, the same for all of them.

    Attributes:
        units: the number of units of the LSTM whose number of parameters every network gets.
        steps: the largest number of updates, which is the budget.
        batch_size: the number of sequences per update.
        learning_rate: Adam's learning rate.
        clip: the largest gradient norm, to which longer gradients are shortened.
        anneal: whether the learning rate falls to 0 over the budget, along a cosine, or stays.
        check_every: the number of steps between two checks on fresh sequences.
        forget_bias: the initial bias of the forget gate (GRU: the update gate); None: random.
        chrono: whether those biases are spread over all times up to `Task.span` instead (Tallec
            & Ollivier 2018).
        learning_rates: other rates for some cells. An Elman network's gradients explode: it gets
            further at a lower rate, at least on the adding problem and temporal order.
    """

    units: int = 32
    steps: int = 5000
    batch_size: int = 32
    learning_rate: float = 5e-3
    clip: float = 1.0
    anneal: bool = False
    check_every: int = 100
    forget_bias: float | None = 1.0
    chrono: bool = False
    learning_rates: Mapping[str, float] = field(default_factory=lambda: {"rnn": 1e-3})


Answer = Callable[[Batch], Tensor]
"""A network's raw answers to a batch, (N, O), before any softmax or sigmoid."""


class Task(ABC):
    """A memory task. Its docstring is its definition.

    Attributes:
        name: the name on the command line.
        title: the name for people.
        source: the paper and experiment.
        criterion: when the task counts as solved, in words.
        loss: the loss of training.
        measure: the meaning of `error`, in words.
        lag_is: what the lag counts.
        lags: the lags of a survey.
        lag_range: the smallest and the largest lag.
        recipe: how networks are trained.
        test_size: the number of new sequences of the test.
        check_size: the number of new sequences of each check.
        stops: whether training ends when the task is solved, or uses the whole budget.
    """

    name: str
    title: str
    source: ClassVar[str]
    criterion: ClassVar[str]
    loss: ClassVar[Loss]
    measure: ClassVar[str]
    lag_is: ClassVar[str]
    lags: tuple[int, ...] = (10, 20, 50, 100, 200)
    lag_range: tuple[int, int] = (4, 5000)
    recipe: TaskSettings = TaskSettings()
    test_size: int = 2560
    check_size: int = 256
    stops: bool = True

    @abstractmethod
    def sizes(self, lag: int) -> tuple[int, int]:
        """Return the number of inputs at each step, and of outputs."""

    @abstractmethod
    def draw(self, lag: int, count: int, generator: Generator) -> Batch:
        """Return this many fresh sequences."""

    @abstractmethod
    def judge(self, answers: Tensor, batch: Batch) -> Tally:
        """Return the score of answers (N, O) to a batch."""

    @abstractmethod
    def is_solved(self, tally: Tally) -> bool:
        """Whether the criterion is met."""

    def span(self, lag: int) -> int:
        """Return the steps that something must be kept for: the longest chrono time."""
        return lag

    def naive(self, lag: int) -> float | None:
        """Return the best measure possible without memory; None if it is unknown."""
        del lag
        return None

    def test(self, lag: int, generator: Generator) -> Iterator[Batch]:
        """Yield the fresh sequences of the test, in batches."""
        for first in range(0, self.test_size, self.check_size):
            yield self.draw(lag, min(self.check_size, self.test_size - first), generator)

    def more(self, answer: Answer, lag: int) -> dict[str, float]:
        """Return figures of a trained network that only this task has."""
        del answer, lag
        return {}

    @property
    def definition(self) -> str:
        """Return the whole definition: sequences, encoding, target, loss, changes to the paper."""
        return inspect.getdoc(type(self)) or ""

    def check_lag(self, lag: int) -> None:
        """Refuse a lag that the task does not have.

        Raises:
            SettingsError: lists the lags.
        """
        least, largest = self.lag_range
        if not least <= lag <= largest:
            raise SettingsError(
                f"{self.name}: the lag is {self.lag_is}, from {least} to {largest}, not {lag}"
            )


def loss_of(loss: Loss, answers: Tensor, targets: Tensor) -> Tensor:
    """Return the mean loss over all answers, a scalar."""
    if loss == "squared":
        return F.mse_loss(answers, targets)
    if loss == "class":
        return F.cross_entropy(answers, targets)
    return F.binary_cross_entropy_with_logits(answers, targets)


def wrong_sequences(wrong: Tensor, batch: Batch) -> tuple[int, int]:
    """Return the number of sequences with a wrong answer, and the number of sequences."""
    count = batch.inputs.shape[1]
    owner = batch.asked.nonzero()[:, 1]
    return int(torch.bincount(owner, wrong.float(), count).gt(0).sum()), count


def last_steps(lengths: Tensor, steps: int) -> Tensor:
    """Return (T, B), true at the last step of each sequence with these lengths (B,)."""
    return torch.arange(steps).unsqueeze(1) == lengths - 1


def uniform_ints(low: int, high: int, shape: tuple[int, ...], generator: Generator) -> Tensor:
    """Return integers from low to high, both included."""
    return torch.randint(low, high + 1, shape, generator=generator)


def as_asked(of_sequences: Tensor, lengths: Tensor) -> Tensor:
    """Return (B, ...) in the order of `last_steps`: by length, then by sequence."""
    return of_sequences[torch.argsort(lengths, stable=True)]
