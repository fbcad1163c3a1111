"""Cuts word ids into the windows that backpropagation through time runs over. No torch.

Truncated: the text becomes B contiguous streams side by side; each training step reads the next T
words of all of them. The hidden state goes on from window to window, gradients end at the
window's start. In full: each line is a sequence of its own, from a zero state.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from foreword.errors import TextError
from foreword.text.tokenizer import EOS_ID

IGNORED = -1
"""A target where there is nothing to predict."""
SHORTEST_WINDOW = 5
BLOCK_IDS = 1 << 22


@dataclass(frozen=True)
class Window:
    """What one training step reads.

    Attributes:
        inputs: (T, B) int64, time first.
        targets: (T, B) int64, the word after each input, or `IGNORED`.
        fresh: the hidden state starts from zero; else it goes on from the window before.
    """

    inputs: np.ndarray
    targets: np.ndarray
    fresh: bool


class StreamWindows:
    """Endless windows for truncated backpropagation through time over one contiguous text.

    The text is cut into `batch_size` streams of equal length; up to `batch_size` words at its end
    are left over. With jitter, window lengths are drawn as Merity et al. (2018) do: normal around
    `window`, or around half of it in one of twenty cases, with a standard deviation of 5; so the
    places at which gradients are cut differ from epoch to epoch. With rotation, each pass begins
    each stream at another of its words, drawn anew, and goes on from the stream's end to its
    beginning (Press 2019, "Partially shuffling the training data to improve language models").
    """

    def __init__(
        self,
        ids: np.ndarray,
        *,
        batch_size: int,
        window: int,
        jitter: bool = False,
        rotate: bool = False,
        seed: int = 0,
    ) -> None:
        if len(ids) < 2:
            raise TextError(
                f"the text has {len(ids)} words, line ends (<eos>) included; at least 2 are needed "
                "to learn which follows which"
            )
        self.batch_size = min(batch_size, len(ids) // 2)
        self.window = window
        self.jitter = jitter
        self.rotate = rotate
        self._ids = ids
        self._length = (len(ids) - 1) // self.batch_size
        self._starts = np.arange(self.batch_size) * self._length
        self._random = np.random.default_rng(seed)
        self._position = 0
        self._passes = 0
        self._turns = self._drawn_turns()

    @property
    def words_per_epoch(self) -> int:
        """Words predicted in one pass over the text."""
        return self._length * self.batch_size

    @property
    def epochs(self) -> float:
        """Passes over the text so far."""
        return self._passes + self._position / self._length

    def next(self) -> Window:
        """The next words of every stream; at a stream's end, all start over."""
        fresh = self._position == 0
        stop = min(self._position + self._window_length(), self._length)
        turned = (np.arange(self._position, stop)[:, None] + self._turns) % self._length
        steps = turned + self._starts
        inputs = self._ids[steps].astype(np.int64)
        targets = self._ids[steps + 1].astype(np.int64)
        self._position = stop
        if stop == self._length:
            self._position, self._passes = 0, self._passes + 1
            self._turns = self._drawn_turns()
        return Window(inputs, targets, fresh)

    def state(self) -> dict[str, Any]:
        """The cursor: plain data that `restore` goes on from."""
        return {
            "position": self._position,
            "passes": self._passes,
            "turns": self._turns.tolist(),
            "random": self._random.bit_generator.state,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes to a cursor of windows of the same text and settings."""
        self._position = int(state["position"])
        self._passes = int(state["passes"])
        self._turns = np.array(state.get("turns", self._turns))
        self._random.bit_generator.state = state["random"]

    def _drawn_turns(self) -> np.ndarray:
        """Where in itself each stream begins in this pass, (B,)."""
        if not self.rotate:
            return np.zeros(self.batch_size, dtype=np.int64)
        return self._random.integers(self._length, size=self.batch_size)

    def _window_length(self) -> int:
        if not self.jitter:
            return self.window
        centre = self.window if self._random.random() < 0.95 else self.window / 2
        drawn = round(self._random.normal(centre, 5.0))
        return int(np.clip(drawn, SHORTEST_WINDOW, self.window + 20))


class LineWindows:
    """Endless windows for full backpropagation through time over lines, each from a zero state.

    A line begins after an `<eos>` and ends with its own. Lines of about the same length stand side
    by side, padded at their ends; the order of such batches is drawn anew for each epoch. A line
    of more than `max_length` words is cut; what follows starts fresh, after the word before it.
    """

    def __init__(
        self, ids: np.ndarray, *, batch_words: int, max_length: int, seed: int = 0
    ) -> None:
        if len(ids) < 1:
            raise TextError("the text has 0 words; at least 1 is needed")
        self._ids = ids
        self._starts, self._lengths = _parts(ids, max_length)
        by_length = np.argsort(self._lengths, kind="stable")
        self._batches = _batches(by_length, self._lengths, batch_words)
        self._random = np.random.default_rng(seed)
        self._position = 0
        self._passes = 0
        self._words = 0
        self._shuffled_by = self._random.bit_generator.state
        self._order = self._random.permutation(len(self._batches))

    @property
    def words_per_epoch(self) -> int:
        """Words predicted in one pass over the text: all of them."""
        return len(self._ids)

    @property
    def epochs(self) -> float:
        """Passes over the text so far."""
        return self._passes + self._words / len(self._ids)

    def next(self) -> Window:
        """Some lines of about the same length."""
        lines = self._batches[self._order[self._position]]
        lengths = self._lengths[lines]
        shape = (int(lengths.max()), len(lines))
        inputs = np.full(shape, EOS_ID, dtype=np.int64)
        targets = np.full(shape, IGNORED, dtype=np.int64)
        for column, (start, length) in enumerate(zip(self._starts[lines], lengths, strict=True)):
            words = self._ids[start : start + length]
            targets[:length, column] = words
            inputs[1:length, column] = words[:-1]
            if start > 0:
                inputs[0, column] = self._ids[start - 1]
        self._words += int(lengths.sum())
        self._position += 1
        if self._position == len(self._batches):
            self._position, self._words, self._passes = 0, 0, self._passes + 1
            self._shuffle()
        return Window(inputs, targets, fresh=True)

    def state(self) -> dict[str, Any]:
        """The cursor: plain data that `restore` goes on from."""
        return {
            "position": self._position,
            "passes": self._passes,
            "words": self._words,
            "random": self._shuffled_by,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes to a cursor of windows of the same text and settings."""
        self._random.bit_generator.state = state["random"]
        self._shuffle()
        self._position = int(state["position"])
        self._passes = int(state["passes"])
        self._words = int(state["words"])

    def _shuffle(self) -> None:
        self._shuffled_by = self._random.bit_generator.state
        self._order = self._random.permutation(len(self._batches))


def _parts(ids: np.ndarray, max_length: int) -> tuple[np.ndarray, np.ndarray]:
    """Where each line, or part of a long one, starts, and its length with `<eos>`."""
    # Block by block: the ids may be many more than fit into memory as truth values.
    blocks = (
        np.flatnonzero(ids[first : first + BLOCK_IDS] == EOS_ID) + first + 1
        for first in range(0, len(ids), BLOCK_IDS)
    )
    ends = np.concatenate(list(blocks))
    if len(ends) == 0 or ends[-1] != len(ids):
        ends = np.append(ends, len(ids))
    starts = np.concatenate([[0], ends[:-1]])
    counts = -(-(ends - starts) // max_length)
    line = np.repeat(np.arange(len(starts)), counts)
    part = np.arange(len(line)) - np.repeat(np.cumsum(counts) - counts, counts)
    begins = starts[line] + part * max_length
    return begins, np.minimum(begins + max_length, ends[line]) - begins


def _batches(order: np.ndarray, lengths: np.ndarray, batch_words: int) -> list[np.ndarray]:
    """Runs of lines, shortest first, of at most `batch_words` cells with padding, or one line."""
    batches, first = [], 0
    while first < len(order):
        most = max(1, batch_words // int(lengths[order[first]]))
        # Lines are sorted: of those up to the n-th, the n-th is the longest.
        cells = lengths[order[first : first + most]]
        cells = cells * np.arange(1, len(cells) + 1)
        count = max(1, int(np.searchsorted(cells, batch_words, side="right")))
        batches.append(order[first : first + count])
        first += count
    return batches
