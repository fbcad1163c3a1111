"""Divide word ids into the windows of backpropagation through time. No torch.

Truncated: the text becomes B contiguous streams side by side; each training step reads the next T
words of all of them. The hidden state continues from window to window; gradients stop at the start
of the window. In full: each line is a sequence of its own, from a zero state.

A step may read a part of a batch; then the streams, or the lines of the batch, take turns. The
number of streams and their positions do not depend on how many are read at once.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from foreword.errors import TextError
from foreword.text.tokenizer import EOS_ID

IGNORED = -1
"""The target at a position where nothing is predicted."""
SHORTEST_WINDOW = 5
BLOCK_IDS = 1 << 22


@dataclass(frozen=True)
class Window:
    """The words of one training step.

    Attributes:
        inputs: (T, B) int64, time first.
        targets: (T, B) int64, the word after each input, or `IGNORED`.
        fresh: whether the hidden states of all streams start from zero or continue.
        streams: the streams that are read; the states of the others stay unchanged.
        of: the number of all streams.
    """

    inputs: np.ndarray
    targets: np.ndarray
    fresh: bool
    streams: slice
    of: int


class StreamWindows:
    """Endless windows for truncated backpropagation through time over one contiguous text.

    The text is cut into `batch_size` streams of equal length; fewer than `batch_size` words at its
    end may remain unused. With jitter, window lengths are drawn as in Merity et al. (2018): normal
    around `window`, or around half of it in one of twenty cases, with a standard deviation of 5, so
    that gradients are cut at different positions in each epoch. With rotation, each pass starts
    each stream at a random word and continues from the stream's end to its beginning (Press 2019,
    "Partially shuffling the training data to improve language models").

    With a share of the batch, the streams take turns: each step reads a window of some of them,
    until all have been read, which ends a round. The window and the number of turns are fixed at
    the start of a round, so that all streams are at the same position when either changes.
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
        self._stop = 0  # the end of the round's window
        self._parts = _Parts(1, 0)

    @property
    def words_per_epoch(self) -> int:
        """The number of words predicted in one pass over the text."""
        return self._length * self.batch_size

    @property
    def epochs(self) -> float:
        """The number of passes over the text so far."""
        ahead = self._parts.slice(self.batch_size).start / self.batch_size
        position = self._position + ahead * (self._stop - self._position)
        return self._passes + float(position / self._length)

    def next(self, batch: float = 1.0, window: float = 1.0) -> Window:
        """Return the next words of the streams whose turn it is, restarting at the streams' end.

        Args:
            batch: the largest share of the streams that is read at once; over 0, up to 1.
            window: the share of the window length that is read; over 0, up to 1.
        """
        B, begins = self.batch_size, self._parts.done == 0
        if begins:
            self._stop = min(self._position + self._window_length(window), self._length)
            self._parts = _Parts.of_share(batch, B)
        streams = self._parts.slice(B)
        places = np.arange(self._position, self._stop)[:, None]
        steps = (places + self._turns[streams]) % self._length + self._starts[streams]
        inputs = self._ids[steps].astype(np.int64)
        targets = self._ids[steps + 1].astype(np.int64)
        fresh = begins and self._position == 0
        self._parts = self._parts.next()
        if self._parts.done == 0:
            self._position = self._stop
            if self._stop == self._length:
                self._position, self._passes = 0, self._passes + 1
                self._turns = self._drawn_turns()
        return Window(inputs, targets, fresh, streams, B)

    def state(self) -> dict[str, Any]:
        """Return the position as plain data for `restore`."""
        return {
            "position": self._position,
            "passes": self._passes,
            "turns": self._turns.tolist(),
            "stop": self._stop,
            "parts": [self._parts.count, self._parts.done],
            "random": self._random.bit_generator.state,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from the position of windows over the same text with the same settings.

        Raises:
            ValueError, TypeError: there is no such position.
        """
        self._position = _index(state["position"], self._length + 1)
        self._passes = int(state["passes"])
        self._turns = np.array(state.get("turns", self._turns), np.int64).reshape(self.batch_size)
        self._stop = _index(state.get("stop", 0), self._length + 1)
        self._parts = _Parts.restored(state)
        self._random.bit_generator.state = state["random"]

    def _drawn_turns(self) -> np.ndarray:
        """Return the word at which each stream begins in this pass, (B,)."""
        if not self.rotate:
            return np.zeros(self.batch_size, dtype=np.int64)
        return self._random.integers(self._length, size=self.batch_size)

    def _window_length(self, share: float) -> int:
        window = max(1, round(share * self.window))
        if not self.jitter:
            return window
        centre = window if self._random.random() < 0.95 else window / 2
        drawn = round(self._random.normal(centre, 5.0))
        return int(np.clip(drawn, SHORTEST_WINDOW, window + 20))


class LineWindows:
    """Endless windows for full backpropagation through time over lines, each from a zero state.

    A line begins after an `<eos>` and ends with its own. A batch has lines of similar length,
    padded at their ends; the order of the batches is shuffled in each epoch. A line of more than
    `max_length` words is cut; its rest starts from a zero state, after the word before it. With a
    share of the batch, only some lines of a batch are read at once.
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
        self._parts = _Parts(1, 0)
        self._shuffled_by = self._random.bit_generator.state
        self._order = self._random.permutation(len(self._batches))

    @property
    def words_per_epoch(self) -> int:
        """The number of words predicted in one pass over the text: all of them."""
        return len(self._ids)

    @property
    def epochs(self) -> float:
        """The number of passes over the text so far."""
        return self._passes + self._words / len(self._ids)

    def next(self, batch: float = 1.0, window: float = 1.0) -> Window:
        """Return some lines of similar length.

        Args:
            batch: the largest share of a batch that is read at once; over 0, up to 1.
            window: 1, since lines are not shortened.
        """
        assert window == 1.0, "the settings have no ramp for it"
        whole = self._batches[self._order[self._position]]
        if self._parts.done == 0:
            self._parts = _Parts.of_share(batch, len(whole))
        lines = whole[self._parts.slice(len(whole))]
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
        self._parts = self._parts.next()
        self._position += self._parts.done == 0
        if self._position == len(self._batches):
            self._position, self._words, self._passes = 0, 0, self._passes + 1
            self._shuffle()
        return Window(inputs, targets, True, slice(0, len(lines)), len(lines))

    def state(self) -> dict[str, Any]:
        """Return the position as plain data for `restore`."""
        return {
            "position": self._position,
            "passes": self._passes,
            "words": self._words,
            "parts": [self._parts.count, self._parts.done],
            "random": self._shuffled_by,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from the position of windows over the same text with the same settings.

        Raises:
            ValueError, TypeError: there is no such position.
        """
        self._random.bit_generator.state = state["random"]
        self._shuffle()
        self._position = _index(state["position"], len(self._batches))
        self._passes = int(state["passes"])
        self._words = int(state["words"])
        self._parts = _Parts.restored(state)

    def _shuffle(self) -> None:
        self._shuffled_by = self._random.bit_generator.state
        self._order = self._random.permutation(len(self._batches))


@dataclass(frozen=True)
class _Parts:
    """The parts of a batch that are read in turn, and the number of those already read."""

    count: int
    done: int

    @classmethod
    def of_share(cls, share: float, size: int) -> "_Parts":
        """Return the fewest parts of at most a share of `size` each, up to rounding."""
        return cls(min(size, math.ceil(1 / share - 1e-9)), 0)

    @classmethod
    def restored(cls, state: dict[str, Any]) -> "_Parts":
        """Return those of a state, of which earlier versions had none.

        Raises:
            ValueError, TypeError: there are no such parts.
        """
        count, done = state.get("parts", (1, 0))
        return cls(int(count), _index(done, int(count)))

    def slice(self, size: int) -> slice:
        """Return the range of the part whose turn it is."""
        return slice(self.done * size // self.count, (self.done + 1) * size // self.count)

    def next(self) -> "_Parts":
        """Return the state after one more part, which after the last is the first again."""
        return _Parts(self.count, (self.done + 1) % self.count)


def _index(value: Any, size: int) -> int:
    """Return a whole number from 0 to `size` - 1.

    Raises:
        ValueError, TypeError: it is none.
    """
    index = int(value)
    if not 0 <= index < size:
        raise ValueError(f"{index} is not from 0 to {size - 1}")
    return index


def _parts(ids: np.ndarray, max_length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the start of each line, or part of a long one, and its length with `<eos>`."""
    # Read in blocks, since a mask of all ids may not fit into memory.
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
    """Group lines, shortest first, into batches of at most `batch_words` cells with padding."""
    batches, first = [], 0
    while first < len(order):
        most = max(1, batch_words // int(lengths[order[first]]))
        # Lines are sorted by length, so the n-th of the first n lines is the longest.
        cells = lengths[order[first : first + most]]
        cells = cells * np.arange(1, len(cells) + 1)
        count = max(1, int(np.searchsorted(cells, batch_words, side="right")))
        batches.append(order[first : first + count])
        first += count
    return batches
