"""Ten symbols that must be repeated after a long delay."""

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from foreword.memory.tasks.task import Batch, Tally, Task, TaskSettings, uniform_ints

SYMBOLS = 8
LENGTH = 10
BLANK, DELIMITER = 8, 9


class Copy(Task):
    """The copying problem.

    Ten symbols drawn from eight, then lag - 1 blanks, a delimiter, and ten blanks: lag + 20 steps,
    one-hot, ten inputs. The target is lag + 10 blanks, and then the ten symbols in their order. The
    loss is cross-entropy, the mean over all steps. A network that forgets everything except when to
    answer has a loss of 10 ln 8 / (lag + 20).

    The form is exactly that of Arjovsky, Shah & Bengio (2016), who trace it to Hochreiter &
    Schmidhuber (1997). They used RMSProp; all tasks here use Adam.
    """

    source = "Arjovsky, Shah & Bengio 2016, after Hochreiter & Schmidhuber 1997"
    criterion = (
        "of the symbols to be said again in 2,560 fresh sequences at least 99 % are given the "
        "highest probability"
    )
    loss = "class"
    measure = "cross-entropy, nats"
    lag_is = "T, the steps of waiting"
    lag_range = (1, 5000)

    def __init__(self) -> None:
        self.name = "copy"
        self.title = "Copying problem"
        self.lags = (5, 20)
        self.recipe = TaskSettings(
            units=64, steps=12000, learning_rate=1e-2, anneal=True, chrono=True
        )

    def sizes(self, lag: int) -> tuple[int, int]:
        """One-hot symbols, blank and delimiter; the same without the delimiter."""
        del lag
        return SYMBOLS + 2, SYMBOLS + 1

    def draw(self, lag: int, count: int, generator: Generator) -> Batch:
        """See the class."""
        copied = uniform_ints(0, SYMBOLS - 1, (LENGTH, count), generator)
        steps = lag + 2 * LENGTH
        symbols = torch.full((steps, count), BLANK)
        symbols[:LENGTH] = copied
        symbols[LENGTH + lag - 1] = DELIMITER
        targets = torch.full((steps, count), BLANK)
        targets[-LENGTH:] = copied
        asked = torch.ones(steps, count, dtype=torch.bool)
        return Batch(F.one_hot(symbols, SYMBOLS + 2).float(), asked, targets.reshape(-1))

    def judge(self, answers: Tensor, batch: Batch) -> Tally:
        """Cross-entropies, and wrong symbols among those to repeat."""
        error = float(F.cross_entropy(answers, batch.targets, reduction="sum"))
        wanted = batch.targets < BLANK
        wrong = int((answers.argmax(1) != batch.targets)[wanted].sum())
        return Tally(error, len(answers), wrong, int(wanted.sum()))

    def is_solved(self, tally: Tally) -> bool:
        """See `criterion`."""
        return tally.share_wrong <= 0.01

    def span(self, lag: int) -> int:
        """From the first symbol to its repetition, and on to the last."""
        return lag + 2 * LENGTH

    def naive(self, lag: int) -> float | None:
        """Blanks predicted, symbols guessed."""
        return LENGTH * math.log(SYMBOLS) / (lag + 2 * LENGTH)
