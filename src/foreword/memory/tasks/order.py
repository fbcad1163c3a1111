"""Recognising the order of a few symbols, which are far apart among others."""

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

SYMBOLS = "EBabcdXY"
"""Start, end, distractors, and the two that matter."""
PLACES = {2: (0.1, 0.5), 3: (0.1, 0.33, 0.66), 4: (0.1, 0.3, 0.5, 0.7)}
"""The first possible positions of the symbols that matter, as fractions of the lag."""


class TemporalOrder(Task):
    """Temporal order.

    A sequence has lag to 1.1 lag symbols, uniformly: E first, B last, between them symbols drawn
    from a, b, c and d; except that two, three or four are X or Y, at random. Each of these is in a
    range of a tenth of the lag: from 0.1 and 0.5 of the lag on for two; 0.1, 0.33 and 0.66 for
    three; 0.1, 0.3, 0.5 and 0.7 for four. Symbols are one-hot, eight inputs. The target after the
    last is the class, one for each order of X and Y (4, 8 or 16); the loss is its cross-entropy. An
    answer is right if every class's probability is less than 0.3 away from its target, 0 or 1.
    Guessing has a loss of ln 4, ln 8 or ln 16.

    With a lag of 100, two symbols are the sequences of Hochreiter & Schmidhuber (1997) in
    experiment 6a and three those of 6b; the task with four is our own extension. The paper has
    sigmoid outputs with squared errors; a softmax with cross-entropy is more usual today. Adam on
    minibatches replaces online gradient descent.
    """

    criterion = "of 2,560 fresh sequences at most 2 are classified wrongly"
    loss = "class"
    measure = "cross-entropy, nats"
    lag_is = "the length of the shortest sequences"
    lag_range = (20, 5000)

    def __init__(self, relevant: int) -> None:
        self.relevant = relevant
        self.name = f"temporal-order-{relevant}"
        self.title = f"Temporal order, {('two', 'three', 'four')[relevant - 2]} symbols"
        self.lags = (20, 50, 100, 200)
        self.recipe = TaskSettings(units=32, steps=3000, learning_rate=5e-3, chrono=True)

    @property
    def source(self) -> str:  # type: ignore[override]
        """By the number of symbols."""
        experiment = {2: "experiment 6a", 3: "experiment 6b", 4: "after experiment 6"}
        return f"Hochreiter & Schmidhuber 1997, {experiment[self.relevant]}"

    def sizes(self, lag: int) -> tuple[int, int]:
        """One-hot symbols; one-hot classes."""
        del lag
        return len(SYMBOLS), 2**self.relevant

    def draw(self, lag: int, count: int, generator: Generator) -> Batch:
        """See the class."""
        steps, every = lag + lag // 10, torch.arange(count)
        lengths = uniform_ints(lag, steps, (count,), generator)
        symbols = uniform_ints(2, 5, (steps, count), generator)
        symbols[0] = 0
        classes = torch.zeros(count, dtype=torch.long)
        for share in PLACES[self.relevant]:
            first = int(share * lag)
            step = uniform_ints(first, first + lag // 10, (count,), generator)
            is_y = uniform_ints(0, 1, (count,), generator)
            symbols[step, every] = 6 + is_y
            classes = 2 * classes + is_y
        symbols[lengths - 1, every] = 1
        inside = torch.arange(steps).unsqueeze(1) < lengths
        inputs = F.one_hot(symbols, len(SYMBOLS)).float() * inside.unsqueeze(2)
        return Batch(inputs, last_steps(lengths, steps), as_asked(classes, lengths))

    def judge(self, answers: Tensor, batch: Batch) -> Tally:
        """Cross-entropies, and sequences of a wrong class."""
        error = float(F.cross_entropy(answers, batch.targets, reduction="sum"))
        wanted = F.one_hot(batch.targets, answers.shape[1])
        near = ((answers.softmax(1) - wanted).abs() < 0.3).all(1)
        return Tally(error, len(answers), *wrong_sequences(~near, batch))

    def is_solved(self, tally: Tally) -> bool:
        """See `criterion`; of the few sequences of a check, none may be wrong."""
        return tally.wrong <= 2 * tally.judged // self.test_size

    def naive(self, lag: int) -> float | None:
        """Guessing among all classes."""
        del lag
        return self.relevant * math.log(2)
