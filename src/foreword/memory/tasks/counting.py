"""Counting: how far beyond the lengths of training a^n b^n and a^n b^n c^n are recognised."""

from collections.abc import Iterator

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from foreword.memory.tasks.task import Answer, Batch, Tally, Task, TaskSettings

FARTHEST = 2000
"""The largest n that is tried."""
AT_ONCE = 64
"""The number of lengths that are tried together."""


class Counting(Task):
    """The languages a^n b^n and a^n b^n c^n.

    A string is S a...a b...b E, or S a...a b...b c...c E, each letter n times. After each symbol
    except the last, the target is the set of symbols that may follow: after S it is {a}, after an a
    {a, b}, as n is not known yet, and then the one symbol that counting determines. Symbols go in
    one-hot (S and letters); outputs are sigmoids (letters and E), and the loss is their
    cross-entropy. n takes all values from 1 to the lag in random order, repeatedly. A string is
    accepted if at each of its steps exactly the outputs of the right set are above 1/2.

    The result is the reach: the largest N such that every string with n from 1 to N is accepted,
    including lengths that were not in training. It is measured once, on the weights at the end of
    the whole budget. The learning rate has fallen to zero by then, and no weights are chosen by how
    they generalise.

    Gers & Schmidhuber (2001) train with n from 1 to 10 and to 40 among others, with the peephole
    LSTM, online and with momentum; here Adam is used on minibatches, for a fixed number of steps.
    """

    criterion = "every string with n from 1 to the lag is accepted"
    source = "Gers & Schmidhuber 2001"
    loss = "set"
    measure = "cross-entropy, nats"
    lag_is = "the largest n in training"
    lag_range = (2, 500)

    def __init__(self, letters: str) -> None:
        self.letters = letters
        self.name = "".join(f"{letter}n" for letter in letters)
        self.title = " ".join(f"{letter}^n" for letter in letters)
        self.lags = (10, 40)
        self.recipe = TaskSettings(
            units=3, batch_size=40, steps=6000, learning_rate=3e-2, anneal=True, check_every=500
        )
        self.stops = False

    def sizes(self, lag: int) -> tuple[int, int]:
        """S and letters; letters and E."""
        del lag
        return len(self.letters) + 1, len(self.letters) + 1

    def draw(self, lag: int, count: int, generator: Generator) -> Batch:
        """See the class."""
        rounds = -(-count // lag)
        orders = [torch.randperm(lag, generator=generator) for _ in range(rounds)]
        return self.strings(torch.cat(orders)[:count] + 1)

    def strings(self, lengths: Tensor) -> Batch:
        """The strings with these n, (B,)."""
        letters = len(self.letters)
        steps = letters * int(lengths.max()) + 1
        step = torch.arange(steps).unsqueeze(1)
        # 0 is S, 1 the first letter; the end comes after the last letter.
        symbols = (step - 1).div(lengths, rounding_mode="floor") + 1
        inside = symbols <= letters
        following = step.div(lengths, rounding_mode="floor") + 1
        sets = F.one_hot((following - 1).clamp(max=letters), letters + 1).float()
        sets[..., 1] += (symbols == 1) & (following == 1)
        sets[..., 0] += (symbols == 1) & (following == 2)
        inputs = F.one_hot(symbols.clamp(max=letters), letters + 1).float() * inside.unsqueeze(2)
        return Batch(inputs, inside, sets[inside])

    def test(self, lag: int, generator: Generator) -> Iterator[Batch]:
        """Every string with n from 1 to the lag."""
        del generator
        yield self.strings(torch.arange(1, lag + 1))

    def judge(self, answers: Tensor, batch: Batch) -> Tally:
        """Cross-entropies, and strings that are not accepted."""
        error = (
            float(F.binary_cross_entropy_with_logits(answers, batch.targets, reduction="sum"))
            / answers.shape[1]
        )
        rejected = self.rejected(answers, batch)
        return Tally(error, len(answers), int(rejected.sum()), len(rejected))

    def rejected(self, answers: Tensor, batch: Batch) -> Tensor:
        """(B,), true for strings that are not accepted."""
        wrong = ((answers > 0) != (batch.targets > 0.5)).any(1)
        owner = batch.asked.nonzero()[:, 1]
        return torch.bincount(owner, wrong.float(), batch.inputs.shape[1]) > 0

    def is_solved(self, tally: Tally) -> bool:
        """See `criterion`."""
        return tally.wrong == 0

    def more(self, answer: Answer, lag: int) -> dict[str, float]:
        """The reach; at most `FARTHEST`."""
        del lag
        for first in range(1, FARTHEST, AT_ONCE):
            lengths = torch.arange(first, min(first + AT_ONCE, FARTHEST + 1))
            batch = self.strings(lengths)
            rejected = self.rejected(answer(batch), batch)
            if bool(rejected.any()):
                return {"reach": float(first - 1 + int(rejected.float().argmax()))}
        return {"reach": float(FARTHEST)}
