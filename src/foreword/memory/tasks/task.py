"""What a task on memory is: sequences drawn at random, answers wanted, and when it is solved."""

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
    """Sequences and what is wanted of them.

    Attributes:
        inputs: (T, B, I). What follows a sequence's end is 0, and nothing is asked there.
        asked: (T, B), true where an answer is wanted. N of them, in the order of `asked.nonzero()`.
        targets: (N, O) numbers or sets, or (N,) classes.
        legal: (N, O), every class that may come; only where the next one is drawn by chance.
    """

    inputs: Tensor
    asked: Tensor
    targets: Tensor
    legal: Tensor | None = None


@dataclass(frozen=True)
class Tally:
    """Sums over answers, which add up over batches.

    Attributes:
        error: of the task's measure, over all answers.
        answers: how many.
        wrong: of the `judged` ones.
        judged: sequences, or what else the criterion counts.
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
        """The task's measure."""
        return self.error / self.answers

    @property
    def share_wrong(self) -> float:
        """Of what the criterion counts."""
        return self.wrong / self.judged


@dataclass(frozen=True)
class Recipe:
    """How networks are trained on a task, unless told otherwise: the same for all of them.

    Attributes:
        units: of the LSTM whose number of parameters every network gets.
        steps: at most so many updates; the budget.
        batch_size: sequences in each.
        learning_rate: of Adam.
        clip: the largest gradient norm; a longer gradient is shortened to it.
        anneal: whether the learning rate falls to nothing over the budget, along a cosine; else it
            stays.
        check_every: steps between two looks at fresh sequences.
        forget_bias: what the forget gate's bias begins with (the GRU's update gate's); None leaves
            it to chance.
        chrono: whether those biases are spread over all times up to `Task.span` instead (Tallec
            & Ollivier 2018).
        learning_rates: of cells that need another one. An Elman network's gradients explode: it
            gets further at a lower rate, on the adding problem and temporal order at least.
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
"""A network's raw answers to a batch, (N, O): before any softmax or sigmoid."""


class Task(ABC):
    """A task on memory. Its docstring is its definition.

    Attributes:
        name: as on the command line.
        title: for people.
        source: paper and experiment.
        criterion: when it counts as solved, in words.
        loss: what training lowers.
        measure: what `error` is, in words.
        lag_is: what the lag counts.
        lags: those of a survey.
        lag_range: the least and the largest.
        recipe: how it is trained.
        test_size: fresh sequences that decide.
        check_size: fresh sequences of each check on the way.
        stops: whether training ends when it is solved; else the whole budget is used.
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
    recipe: Recipe = Recipe()
    test_size: int = 2560
    check_size: int = 256
    stops: bool = True

    @abstractmethod
    def sizes(self, lag: int) -> tuple[int, int]:
        """Numbers that go in at each step, and that come out."""

    @abstractmethod
    def draw(self, lag: int, count: int, generator: Generator) -> Batch:
        """So many fresh sequences."""

    @abstractmethod
    def judge(self, answers: Tensor, batch: Batch) -> Tally:
        """What answers (N, O) to a batch are worth."""

    @abstractmethod
    def is_solved(self, tally: Tally) -> bool:
        """Whether the criterion is met."""

    def span(self, lag: int) -> int:
        """Steps over which something must be kept: the longest time of a chrono initialisation."""
        return lag

    def naive(self, lag: int) -> float | None:
        """The measure of the best that can be done without memory; None where none is known."""
        del lag
        return None

    def test(self, lag: int, generator: Generator) -> Iterator[Batch]:
        """The fresh sequences that decide, in batches."""
        for first in range(0, self.test_size, self.check_size):
            yield self.draw(lag, min(self.check_size, self.test_size - first), generator)

    def more(self, answer: Answer, lag: int) -> dict[str, float]:
        """Figures of a trained network that only this task has."""
        del answer, lag
        return {}

    @property
    def definition(self) -> str:
        """The whole of it: sequences, encoding, target, loss, and where it leaves the paper."""
        return inspect.getdoc(type(self)) or ""

    def check_lag(self, lag: int) -> None:
        """Refuses a lag that the task has not.

        Raises:
            SettingsError: says which it has.
        """
        least, largest = self.lag_range
        if not least <= lag <= largest:
            raise SettingsError(
                f"{self.name}: the lag is {self.lag_is}, from {least} to {largest}, not {lag}"
            )


def loss_of(loss: Loss, answers: Tensor, targets: Tensor) -> Tensor:
    """A scalar, the mean over all answers."""
    if loss == "squared":
        return F.mse_loss(answers, targets)
    if loss == "class":
        return F.cross_entropy(answers, targets)
    return F.binary_cross_entropy_with_logits(answers, targets)


def wrong_sequences(wrong: Tensor, batch: Batch) -> tuple[int, int]:
    """Sequences with at least one wrong answer (N,), and sequences."""
    count = batch.inputs.shape[1]
    owner = batch.asked.nonzero()[:, 1]
    return int(torch.bincount(owner, wrong.float(), count).gt(0).sum()), count


def last_steps(lengths: Tensor, steps: int) -> Tensor:
    """(T, B), true at the last step of each sequence; lengths (B,)."""
    return torch.arange(steps).unsqueeze(1) == lengths - 1


def uniform_ints(low: int, high: int, shape: tuple[int, ...], generator: Generator) -> Tensor:
    """Whole numbers from low to high, both included."""
    return torch.randint(low, high + 1, shape, generator=generator)


def as_asked(of_sequences: Tensor, lengths: Tensor) -> Tensor:
    """(B, ...) in the order in which `last_steps` asks: by length, then by sequence."""
    return of_sequences[torch.argsort(lengths, stable=True)]
