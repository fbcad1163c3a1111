"""Strings of the embedded Reber grammar: one at a time, and one after another without a pause."""

from collections.abc import Iterator

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from foreword.memory.tasks.task import Batch, Tally, Task, TaskSettings, wrong_sequences

SYMBOLS = "BTPSXVE"
GRAMMAR = (
    (("B", 1),),
    (("T", 2), ("P", 3)),
    (("S", 2), ("X", 4)),
    (("T", 3), ("V", 5)),
    (("X", 3), ("S", 6)),
    (("P", 4), ("V", 6)),
    (("E", 7),),
)
"""The Reber grammar: the arrows that leave each of its seven nodes; node 7 is the end."""


def embedded(grammar: tuple[tuple[tuple[str, int], ...], ...]) -> list[list[tuple[str, int]]]:
    """The arrows of the embedded grammar: B, T or P, a string of `grammar`, the same T or P, E.

    Nodes: 0 and 1 before the inner string, then its nodes for T and for P, the last two, the end.
    """
    inner = len(grammar)
    last = 2 + 2 * (inner + 1)
    arrows: list[list[tuple[str, int]]] = [[("B", 1)], [("T", 2), ("P", 2 + inner + 1)]]
    for symbol, base in (("T", 2), ("P", 2 + inner + 1)):
        arrows += [[(name, base + to) for name, to in leaving] for leaving in grammar]
        arrows.append([(symbol, last)])
    arrows.append([("E", last + 1)])
    return arrows


ARROWS = embedded(GRAMMAR)
END = len(ARROWS)
# Each node has two arrows; if there is only one, it is listed twice.
_SYMBOL = torch.tensor([[SYMBOLS.index(a[0]) for a in (x[0], x[-1])] for x in ARROWS])
_TO = torch.tensor([[a[1] for a in (x[0], x[-1])] for x in ARROWS])
_LEGAL = torch.stack([F.one_hot(row, len(SYMBOLS)).amax(0) for row in _SYMBOL]).bool()
_LONGEST = 400
"""Steps after which a string that has not ended is discarded: one in 10^30."""


class EmbeddedReber(Task):
    """The embedded Reber grammar.

    Strings are B, T or P, a string of the Reber grammar, the same T or P again, E; at each fork of
    the grammar both ways are equally likely. The target after each symbol is the next one. Symbols
    are one-hot, seven inputs; the loss is cross-entropy after a softmax. A string is right if after
    each of its symbols every symbol that may follow has a higher probability than every one that
    may not: so the second symbol must be remembered until the one before the last.

    The lag is the smallest number of symbols of the inner string; the grammar's own is 5. Shorter
    ones are drawn again.

    Experiment 1 of Hochreiter & Schmidhuber (1997) has a fixed set of 256 strings for training and
    one of 256 for the test, online training, and sigmoid outputs. Here new strings are drawn all
    the time, training is by Adam on minibatches, and the test has 2,560 strings.
    """

    source = "Hochreiter & Schmidhuber 1997, experiment 1"
    criterion = "all of 2,560 fresh strings are right at every step"
    loss = "class"
    measure = "cross-entropy, nats"
    lag_is = "the least number of symbols of the inner string"
    lag_range = (5, 30)

    def __init__(self) -> None:
        self.name = "reber"
        self.title = "Embedded Reber grammar"
        self.lags = (5, 10, 15, 20)
        self.recipe = TaskSettings(units=16, steps=4000, learning_rate=1e-2)

    def sizes(self, lag: int) -> tuple[int, int]:
        """One-hot symbols in and out."""
        del lag
        return len(SYMBOLS), len(SYMBOLS)

    def draw(self, lag: int, count: int, generator: Generator) -> Batch:
        """See the class."""
        symbols, legal, lengths = strings(lag, count, generator)
        inside = torch.arange(len(symbols)).unsqueeze(1) < lengths
        asked = inside[1:]
        inputs = F.one_hot(symbols[:-1], len(SYMBOLS)).float() * asked.unsqueeze(2)
        return Batch(inputs, asked, symbols[1:][asked], legal[1:][asked])

    def judge(self, answers: Tensor, batch: Batch) -> Tally:
        """Cross-entropies, and strings with a wrong step."""
        error = float(F.cross_entropy(answers, batch.targets, reduction="sum"))
        wrong = ~told_apart(answers, batch)
        return Tally(error, len(answers), *wrong_sequences(wrong, batch))

    def is_solved(self, tally: Tally) -> bool:
        """See `criterion`."""
        return tally.wrong == 0


class ContinualReber(EmbeddedReber):
    """The continual embedded Reber grammar.

    Strings of the embedded Reber grammar follow each other without a pause and without a signal to
    the network, whose state is never reset: it must learn to forget by itself. Training sequences
    are the first 200 symbols of such streams, each beginning with a fresh state. The test is ten
    streams of 10,000 symbols. Encoding, loss, lag and criterion are those of the embedded Reber
    grammar; every step of a stream counts.

    Gers, Schmidhuber & Cummins (2000) made it to show the use of forget gates. They train online;
    here Adam is used on minibatches of sequences that are a fiftieth as long as the test's streams.
    """

    source = "Gers, Schmidhuber & Cummins 2000"
    criterion = "in ten fresh streams of 10,000 symbols no step is wrong"
    lag_is = "the least number of symbols of the inner strings"
    steps = 200
    test_steps = 10_000

    def __init__(self) -> None:
        super().__init__()
        self.name = "continual-reber"
        self.title = "Continual embedded Reber grammar"
        self.recipe = TaskSettings(units=24, steps=3000, batch_size=16, learning_rate=1e-2)
        self.test_size = 10
        self.check_size = 32

    def draw(self, lag: int, count: int, generator: Generator) -> Batch:
        """See the class."""
        return self.streams(lag, count, self.steps, generator)

    def test(self, lag: int, generator: Generator) -> Iterator[Batch]:
        """Ten long streams."""
        yield self.streams(lag, self.test_size, self.test_steps, generator)

    def streams(self, lag: int, count: int, steps: int, generator: Generator) -> Batch:
        """Strings without a pause, cut at `steps`."""
        each = (steps + 1) // (lag + 4) + 1
        symbols, legal, lengths = strings(lag, count * each, generator)
        inside = torch.arange(len(symbols)).unsqueeze(1) < lengths
        spoken, may = [], []
        for own in torch.arange(count * each).chunk(count):
            # By string, then by step: one after another.
            chosen = inside[:, own].T
            spoken.append(symbols[:, own].T[chosen][: steps + 1])
            may.append(legal[:, own].transpose(0, 1)[chosen][: steps + 1])
        stream, allowed = torch.stack(spoken, 1), torch.stack(may, 1)
        asked = torch.ones(steps, count, dtype=torch.bool)
        inputs = F.one_hot(stream[:-1], len(SYMBOLS)).float()
        return Batch(inputs, asked, stream[1:].reshape(-1), allowed[1:].flatten(0, 1))


def told_apart(answers: Tensor, batch: Batch) -> Tensor:
    """(N,), whether every symbol that may follow is likelier than every one that may not."""
    assert batch.legal is not None
    least = answers.masked_fill(~batch.legal, torch.inf).amin(1)
    most = answers.masked_fill(batch.legal, -torch.inf).amax(1)
    return least > most


def strings(lag: int, count: int, generator: Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Symbols (T, B), which were legal at each step (T, B, 7), and lengths (B,).

    Inner strings have at least `lag` symbols; shorter ones are drawn again.
    """
    kept: list[tuple[Tensor, Tensor, Tensor]] = []
    missing = count
    while missing > 0:
        # Longer inner strings are rarer: about one in 1.4^(lag - 5).
        tries = missing if lag <= 5 else min(8192, int(missing * 1.4 ** (lag - 5)) + 16)
        symbols, legal, lengths = _walk(tries, generator)
        fits = ((lengths >= lag + 4) & (lengths <= len(symbols))).nonzero()[:missing, 0]
        kept.append((symbols[:, fits], legal[:, fits], lengths[fits]))
        missing -= len(fits)
    steps = int(max(lengths.max() if len(lengths) else 0 for _, _, lengths in kept))
    symbols = torch.cat([_padded(part, steps) for part, _, _ in kept], 1)
    legal = torch.cat([_padded(part, steps) for _, part, _ in kept], 1)
    return symbols, legal, torch.cat([lengths for _, _, lengths in kept])


def _walk(count: int, generator: Generator) -> tuple[Tensor, Tensor, Tensor]:
    node = torch.zeros(count, dtype=torch.long)
    lengths = torch.zeros(count, dtype=torch.long)
    symbols: list[Tensor] = []
    legal: list[Tensor] = []
    while bool((node < END).any()) and len(symbols) < _LONGEST:
        on_way = node < END
        position = node.clamp(max=END - 1)
        branch = torch.randint(0, 2, (count,), generator=generator)
        symbols.append(_SYMBOL[position, branch])
        legal.append(_LEGAL[position])
        lengths += on_way
        node = torch.where(on_way, _TO[position, branch], node)
    lengths[node < END] = _LONGEST + 1
    return torch.stack(symbols), torch.stack(legal), lengths


def _padded(part: Tensor, steps: int) -> Tensor:
    more = steps - len(part)
    if more <= 0:
        return part[:steps]
    return torch.cat([part, part.new_zeros((more, *part.shape[1:]))])
