"""State tracking: a state that every symbol changes, at lengths beyond those of training."""

from abc import abstractmethod
from collections.abc import Iterator

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from foreword.memory.tasks.task import (
    Answer,
    Batch,
    Tally,
    Task,
    TaskSettings,
    uniform_ints,
    wrong_sequences,
)

FARTHER = 4
"""The length of the test's sequences, relative to those of training."""
FARTHEST = 16
"""The length up to which the reach is tried, relative to that of training."""
SEQUENCES = 256
"""The number of sequences with which the reach is measured."""


class StateTracking(Task):
    """A task whose target at every step is a state that every symbol may have changed.

    Training sequences have the lag's length, so that all shorter ones are their beginnings. The
    weights at the end of the whole budget are tested once, on longer sequences; the learning rate
    has fallen to zero by then, and no weights are chosen by how they generalise.
    """

    criterion = (
        f"of 2,560 fresh sequences {FARTHER} times as long as those of training at least 99 % get "
        "the right answer at every step"
    )
    measure = "share of wrong answers"
    lag_is = "the length of the sequences in training"
    lag_range = (2, 300)
    symbols: int
    states: int

    def __init__(self, name: str, title: str, units: int, steps: int) -> None:
        self.name = name
        self.title = title
        self.lags = (10, 20)
        self.recipe = TaskSettings(
            units=units, steps=steps, batch_size=64, anneal=True, check_every=steps // 4
        )
        self.stops = False

    def sizes(self, lag: int) -> tuple[int, int]:
        """One-hot symbols; the state."""
        del lag
        return self.symbols, self.states

    @abstractmethod
    def followed(self, steps: int, count: int, generator: Generator) -> tuple[Tensor, Tensor]:
        """Draw symbols (T, B), and return them with the states (T, B, ...) after each."""

    def draw(self, lag: int, count: int, generator: Generator) -> Batch:
        """See the class."""
        symbols, states = self.followed(lag, count, generator)
        asked = torch.ones(lag, count, dtype=torch.bool)
        return Batch(F.one_hot(symbols, self.symbols).float(), asked, states.flatten(0, 1))

    def test(self, lag: int, generator: Generator) -> Iterator[Batch]:
        """Yield the test's sequences, which are longer than those of training."""
        return super().test(FARTHER * lag, generator)

    def wrong(self, answers: Tensor, batch: Batch) -> Tensor:
        """(N,), true for wrong answers."""
        return answers.argmax(1) != batch.targets

    def judge(self, answers: Tensor, batch: Batch) -> Tally:
        """Wrong answers, and sequences with one or more."""
        wrong = self.wrong(answers, batch)
        return Tally(float(wrong.sum()), len(wrong), *wrong_sequences(wrong, batch))

    def is_solved(self, tally: Tally) -> bool:
        """See `criterion`."""
        return tally.share_wrong <= 0.01

    def more(self, answer: Answer, lag: int) -> dict[str, float]:
        """The reach: the steps up to which 99 % of sequences have had no wrong answer."""
        batch = self.draw(FARTHEST * lag, SEQUENCES, Generator().manual_seed(1))
        wrong = self.wrong(answer(batch), batch).view(FARTHEST * lag, SEQUENCES)
        right_so_far = (wrong.cumsum(0) == 0).float().mean(1)
        return {"reach": float((right_so_far >= 0.99).sum())}


class ModularSum(StateTracking):
    """Modular sums, and parity.

    Each step has a digit, uniform from 0 to m - 1, one-hot. The target after each is the sum of all
    digits so far modulo m: one of m classes, whose loss is cross-entropy. Parity is the case m = 2,
    and `modular-sum` has m = 5. Sequences of training are as long as the lag; the test's are four
    times as long.

    A linear recurrence whose gates see the input alone and are never negative, with any number of
    layers and a finite precision, cannot compute such a sum at every length (Sarrof, Veitsman &
    Hahn 2024; Grazzi et al. 2024); an Elman network and an LSTM can. Grazzi et al. train on both
    tasks; the lengths and the training here are ours.
    """

    source = "Grazzi et al. 2024, parity and modular sums"
    loss = "class"

    def __init__(self, name: str, title: str, modulus: int) -> None:
        super().__init__(name, title, units=32, steps=2000)
        self.symbols = self.states = modulus

    def followed(self, steps: int, count: int, generator: Generator) -> tuple[Tensor, Tensor]:
        """Digits and their sums."""
        digits = uniform_ints(0, self.symbols - 1, (steps, count), generator)
        return digits, digits.cumsum(0) % self.symbols

    def naive(self, lag: int) -> float | None:
        """All digits but the first leave every sum equally likely."""
        steps = FARTHER * lag
        return (1 - 1 / self.states) * (steps - 1) / steps


class Permutations(StateTracking):
    """Permutations of five.

    Five things are in a row. Each step has one of three symbols, uniform and one-hot: nothing
    moves, the first two change places, or the first goes to the end. The target after each is the
    whole order: for each of the five positions the thing at it, as 25 yes-or-no answers whose loss
    is cross-entropy. An answer is right if all 25 are. Sequences of training are as long as the
    lag; the test's are four times as long.

    This is the word problem of S5, the group of all permutations of five, with two that generate it
    as the symbols. It is complete for NC1 (Barrington 1989). Linear recurrences whose gates see the
    input alone are in TC0, and so cannot solve it at every length unless TC0 is all of NC1
    (Merrill, Petty & Sabharwal 2024); an Elman network can. There the symbols are all 120
    permutations and the answer is one of 120 classes.
    """

    source = "Merrill, Petty & Sabharwal 2024, the word problem of S5"
    loss = "set"
    places = 5

    def __init__(self) -> None:
        super().__init__("permutations", "Permutations of five", units=96, steps=4000)
        self.moves = torch.tensor([[0, 1, 2, 3, 4], [1, 0, 2, 3, 4], [1, 2, 3, 4, 0]])
        self.symbols, self.states = len(self.moves), self.places**2

    def followed(self, steps: int, count: int, generator: Generator) -> tuple[Tensor, Tensor]:
        """Moves, and the orders (T, B, 25) that they lead to."""
        moves = uniform_ints(0, self.symbols - 1, (steps, count), generator)
        standing = torch.arange(self.places).expand(count, -1)
        orders = []
        for move in moves:
            standing = standing.gather(1, self.moves[move])
            orders.append(standing)
        return moves, F.one_hot(torch.stack(orders), self.places).float().flatten(2)

    def wrong(self, answers: Tensor, batch: Batch) -> Tensor:
        """(N,), true where one of the 25 is wrong."""
        return ((answers > 0) != (batch.targets > 0.5)).any(1)


class Brackets(StateTracking):
    """Nested brackets of two kinds.

    The symbols are ( [ ) and ], one-hot. At each step a bracket of either kind is opened, or the
    one that was opened last is closed, with equal probabilities; if none is open one is opened, and
    if four are, one is closed. The target after each is the bracket that must be closed next: a
    round one, a square one, or none. These three classes' loss is cross-entropy. Sequences of
    training are as long as the lag; the test's are four times as long.

    An open bracket must be remembered while others are opened and closed within it. As the depth is
    bounded, two layers of linear recurrences can do this at every length (Sarrof, Veitsman & Hahn
    2024): unlike the other tasks of this module, every cell can solve it in principle. Networks
    here have one layer.
    """

    source = "after Sarrof, Veitsman & Hahn 2024, bounded Dyck languages"
    loss = "class"
    depth = 4

    def __init__(self) -> None:
        super().__init__("brackets", "Nested brackets of two kinds", units=32, steps=4000)
        self.symbols, self.states = 4, 3

    def followed(self, steps: int, count: int, generator: Generator) -> tuple[Tensor, Tensor]:
        """Brackets, and the kind that was opened last: 0 round, 1 square, 2 none."""
        wants_to_open = uniform_ints(0, 1, (steps, count), generator).bool()
        kinds = uniform_ints(0, 1, (steps, count), generator)
        # Row 0 of the open brackets is a floor; row d is the kind of the one at the depth d.
        stack = torch.full((self.depth + 1, count), 2)
        level, every = torch.zeros(count, dtype=torch.long), torch.arange(count)
        symbols, last = [], []
        for wants, kind in zip(wants_to_open, kinds, strict=True):
            opens = ((level == 0) | wants) & (level < self.depth)
            symbols.append(torch.where(opens, kind, 2 + stack[level, every]))
            level = torch.where(opens, level + 1, level - 1)
            stack[level, every] = torch.where(opens, kind, stack[level, every])
            last.append(stack[level, every])
        return torch.stack(symbols), torch.stack(last)
