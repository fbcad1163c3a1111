"""Remembering the first symbol over a long lag: without noise, and among noise."""

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from foreword.memory.tasks.task import (
    Batch,
    Tally,
    Task,
    TaskSettings,
    as_asked,
    last_steps,
    uniform_ints,
    wrong_sequences,
)


class _FirstSymbol(Task):
    """The first symbol, or the second, is the target at the end."""

    loss = "class"
    measure = "cross-entropy, nats"
    bound = 0.25

    def judge(self, answers: Tensor, batch: Batch) -> Tally:
        """Cross-entropies, and sequences with a probability beyond the bound."""
        error = float(F.cross_entropy(answers, batch.targets, reduction="sum"))
        wanted = F.one_hot(batch.targets, answers.shape[1])
        near = ((answers.softmax(1) - wanted).abs() < self.bound).all(1)
        return Tally(error, len(answers), *wrong_sequences(~near, batch))

    def is_solved(self, tally: Tally) -> bool:
        """See `criterion`."""
        return tally.wrong == 0


class NoiseFree(_FirstSymbol):
    """The noise-free long lag.

    There are two sequences, (x, a1, ..., ap-1, x) and (y, a1, ..., ap-1, y), with p the lag. The
    target after each symbol is the next one; symbols are one-hot, p + 1 inputs. Only the last one
    needs memory, of p steps. The loss is cross-entropy after a softmax, the mean over all steps.

    Experiment 2a of Hochreiter & Schmidhuber (1997), with p = 100 there. As there are only two
    sequences, both are in every minibatch, and the test set consists of them. Training is by Adam;
    the paper's was online, with squared errors.
    """

    source = "Hochreiter & Schmidhuber 1997, experiment 2a"
    criterion = (
        "at every step of both sequences every output is less than 0.25 away from what it should be"
    )
    lag_is = "p, the steps from the first symbol to where it is wanted"
    lag_range = (2, 2000)

    def __init__(self) -> None:
        self.name = "noise-free"
        self.title = "Noise-free long lag"
        self.lags = (5, 20, 50, 100)
        self.recipe = TaskSettings(
            units=32, steps=3000, batch_size=2, learning_rate=3e-2, check_every=50, chrono=True
        )
        self.test_size = self.check_size = 2

    def sizes(self, lag: int) -> tuple[int, int]:
        """One-hot symbols in and out: x, y, a1 to ap-1."""
        return lag + 1, lag + 1

    def draw(self, lag: int, count: int, generator: Generator) -> Batch:
        """The two sequences, in turn, without any randomness."""
        del generator
        first = torch.arange(count).remainder(2).unsqueeze(0)
        between = torch.arange(2, lag + 1).unsqueeze(1).expand(lag - 1, count)
        symbols = torch.cat([first, between, first])
        asked = torch.ones(lag, count, dtype=torch.bool)
        inputs = F.one_hot(symbols[:-1], lag + 1).float()
        return Batch(inputs, asked, symbols[1:].reshape(-1))

    def naive(self, lag: int) -> float | None:
        """All symbols but the last predicted, and that one guessed."""
        return math.log(2) / lag


class Irregular(_FirstSymbol):
    """The long lag without local regularities.

    As the noise-free long lag, but the symbols between are drawn at random from a1 to ap-1, so that
    nothing can be compressed (sequence chunkers exploit predictable parts). The target is only the
    last symbol, x or y like the first; the loss is its cross-entropy.

    Experiment 2b of Hochreiter & Schmidhuber (1997), with p = 100 there. Training is by Adam on
    minibatches; the paper's was online, with squared errors.
    """

    source = "Hochreiter & Schmidhuber 1997, experiment 2b"
    criterion = (
        "in all of 2,560 fresh sequences every output at the last step is less than 0.25 away from "
        "what it should be"
    )
    lag_is = "p, the steps from the first symbol to where it is wanted"
    lag_range = (3, 2000)

    def __init__(self) -> None:
        self.name = "irregular"
        self.title = "Long lag without local regularities"
        self.recipe = TaskSettings(units=32, steps=3000, learning_rate=5e-3, chrono=True)

    def sizes(self, lag: int) -> tuple[int, int]:
        """One-hot symbols x, y, a1 to ap-1; the answer x or y."""
        return lag + 1, 2

    def draw(self, lag: int, count: int, generator: Generator) -> Batch:
        """See the class."""
        first = uniform_ints(0, 1, (count,), generator)
        symbols = uniform_ints(2, lag, (lag, count), generator)
        symbols[0] = first
        asked = torch.zeros(lag, count, dtype=torch.bool)
        asked[-1] = True
        return Batch(F.one_hot(symbols, lag + 1).float(), asked, first)

    def naive(self, lag: int) -> float | None:
        """Guessing one of two."""
        del lag
        return math.log(2)


class IrregularLength(_FirstSymbol):
    """The very long lag without local regularities, of unknown length.

    b, then x or y, then lag + K symbols drawn from 50 others, then e; the target after e is the
    second symbol. K is drawn so that after the first lag symbols each next one is the last with the
    probability 1/10, and is at most 50. Symbols are one-hot, 54 inputs. The loss is the
    cross-entropy of x or y.

    Experiment 2c of Hochreiter & Schmidhuber (1997) varies the number of other symbols together
    with the lag, up to 1,000 each; here it stays 50, so that a longer lag is no larger network.
    Training is by Adam on minibatches; the paper's was online, with squared errors.
    """

    source = "Hochreiter & Schmidhuber 1997, experiment 2c"
    criterion = (
        "in all of 2,560 fresh sequences every output at the last step is less than 0.2 away from "
        "what it should be"
    )
    lag_is = "the least number of symbols between"
    lag_range = (2, 5000)
    bound = 0.2
    others = 50
    longest_more = 50

    def __init__(self) -> None:
        self.name = "irregular-length"
        self.title = "Very long lag of unknown length"
        self.recipe = TaskSettings(units=32, steps=3000, learning_rate=5e-3, chrono=True)

    def sizes(self, lag: int) -> tuple[int, int]:
        """One-hot b, e, x, y and the others; the answer x or y."""
        del lag
        return 4 + self.others, 2

    def draw(self, lag: int, count: int, generator: Generator) -> Batch:
        """See the class."""
        chances = torch.rand(count, generator=generator)
        more = (torch.log1p(-chances) / math.log(0.9)).long().clamp(max=self.longest_more)
        lengths = lag + more + 3
        steps, every = int(lengths.max()), torch.arange(count)
        which = uniform_ints(0, 1, (count,), generator)
        symbols = uniform_ints(4, 3 + self.others, (steps, count), generator)
        symbols[0] = 0
        symbols[1] = 2 + which
        symbols[lengths - 1, every] = 1
        inside = torch.arange(steps).unsqueeze(1) < lengths
        inputs = F.one_hot(symbols, 4 + self.others).float() * inside.unsqueeze(2)
        targets = as_asked(which, lengths)
        return Batch(inputs, last_steps(lengths, steps), targets)

    def naive(self, lag: int) -> float | None:
        """Guessing one of two."""
        del lag
        return math.log(2)


class TwoSequence(Task):
    """The two-sequence problem: signal and noise on one channel.

    There is one input at each step. The first three are 1 for one class and -1 for the other; all
    others are noise, normal with mean 0 and variance 0.2. Sequences have lag to 1.1 lag steps,
    uniformly. The target after the last step is the class, 1 or 0, for one sigmoid output, whose
    loss is cross-entropy.

    Experiment 3a of Hochreiter & Schmidhuber (1997), after Bengio, Simard & Frasconi (1994), with
    lags of 100 and 1,000 there. Random weight guessing solves it too, as the paper says: it shows
    tolerance of noise, not that much is learned. Training is by Adam on minibatches; the paper's
    was online, with squared errors.
    """

    source = "Hochreiter & Schmidhuber 1997, experiment 3a"
    criterion = (
        "of 256 fresh sequences none is classified wrongly, and the mean absolute error is below "
        "0.01"
    )
    loss = "set"
    measure = "mean absolute error"
    lag_is = "the length of the shortest sequences"
    lag_range = (10, 5000)
    signal = 3
    noise = 0.2**0.5
    most_wrong = 0
    largest_error = 0.01

    def __init__(self) -> None:
        self.name = "two-sequence"
        self.title = "Two-sequence problem"
        self.recipe = TaskSettings(units=32, steps=3000, learning_rate=5e-3, chrono=True)
        self.test_size = 256

    def sizes(self, lag: int) -> tuple[int, int]:
        """One channel; one answer."""
        del lag
        return 1, 1

    def draw(self, lag: int, count: int, generator: Generator) -> Batch:
        """See the class."""
        steps = lag + lag // 10
        lengths = uniform_ints(lag, steps, (count,), generator)
        classes = uniform_ints(0, 1, (count,), generator).float()
        channel = self.noise * torch.randn(steps, count, generator=generator)
        channel[: self.signal] = self.first(channel[: self.signal], 2 * classes - 1)
        inside = torch.arange(steps).unsqueeze(1) < lengths
        targets = as_asked(classes, lengths).unsqueeze(1)
        return Batch((channel * inside).unsqueeze(2), last_steps(lengths, steps), targets)

    def first(self, noise: Tensor, signal: Tensor) -> Tensor:
        """The first inputs, from noise (3, B) and a class's sign (B,)."""
        return signal.expand_as(noise)

    def judge(self, answers: Tensor, batch: Batch) -> Tally:
        """Absolute errors, and classes that are wrong."""
        errors = (answers.sigmoid() - batch.targets).abs()
        return Tally(float(errors.sum()), len(errors), int((~(errors < 0.5)).sum()), len(errors))

    def is_solved(self, tally: Tally) -> bool:
        """See `criterion`."""
        return tally.wrong <= self.most_wrong and tally.mean_error < self.largest_error

    def naive(self, lag: int) -> float | None:
        """Guessing."""
        del lag
        return 0.5


class NoisyTwoSequence(TwoSequence):
    """The two-sequence problem with a noisy signal.

    As the two-sequence problem, but the noise is added to the first three inputs too. Then nothing
    can recognise the class with certainty: the sign of the mean of the three is wrong once in
    20,000.

    Experiment 3b of Hochreiter & Schmidhuber (1997); differences as in the two-sequence problem.
    """

    source = "Hochreiter & Schmidhuber 1997, experiment 3b"
    criterion = (
        "of 256 fresh sequences at most 5 are classified wrongly, and the mean absolute error is "
        "below 0.04"
    )
    most_wrong = 5
    largest_error = 0.04

    def __init__(self) -> None:
        super().__init__()
        self.name = "two-sequence-noisy"
        self.title = "Two-sequence problem with a noisy signal"

    def first(self, noise: Tensor, signal: Tensor) -> Tensor:
        """The first inputs, from noise (3, B) and a class's sign (B,)."""
        return signal + noise
