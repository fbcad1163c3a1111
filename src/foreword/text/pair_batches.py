"""Batches of sentence pairs as ids, for training a translation model. No torch, no words."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from foreword.text.windows import IGNORED

CHUNK = 64
"""The number of batches among whose pairs those of like length are put together."""


class Ids(NamedTuple):
    """The sub-words of many sentences.

    Attributes:
        ids: all of them, one sentence after the other, (N,).
        offsets: where each sentence begins, and the end of the last one, (sentences + 1,).
    """

    ids: np.ndarray
    offsets: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """The number of sub-words of each sentence."""
        return np.diff(self.offsets)

    def __getitem__(self, k: Any) -> np.ndarray:  # type: ignore[override]
        """Return the sub-words of sentence k."""
        ids: np.ndarray = self.ids[self.offsets[k] : self.offsets[k + 1]]
        return ids

    @classmethod
    def of(cls, sentences: Sequence[Sequence[int]]) -> "Ids":
        """Put sentences together."""
        offsets = np.cumsum([0, *map(len, sentences)], dtype=np.int64)
        ids = np.fromiter((i for s in sentences for i in s), np.int32, offsets[-1])
        return cls(ids, offsets)


@dataclass(frozen=True)
class PairBatch:
    """Some pairs, padded. S source steps, T target steps, B pairs; time first.

    Attributes:
        source: (S, B) int64; each sentence ends with the end.
        lengths: (B,) int64, of the source sentences.
        inputs: (T, B) int64: the start, then the translation.
        targets: (T, B) int64: the translation, then the end; `IGNORED` at the padding.
    """

    source: np.ndarray
    lengths: np.ndarray
    inputs: np.ndarray
    targets: np.ndarray


@dataclass(frozen=True)
class Ends:
    """The ids of the start and the end of a sentence."""

    start: int
    end: int


def batch_of(sources: Sequence[np.ndarray], targets: Sequence[np.ndarray], ends: Ends) -> PairBatch:
    """Pad sentences, and add their starts and ends."""
    B = len(sources)
    lengths = np.array([len(source) + 1 for source in sources], np.int64)
    longest = max(len(target) for target in targets) + 1
    batch = PairBatch(
        np.full((lengths.max(), B), ends.end, np.int64),
        lengths,
        np.full((longest, B), ends.end, np.int64),
        np.full((longest, B), IGNORED, np.int64),
    )
    for b, (source, target) in enumerate(zip(sources, targets, strict=True)):
        batch.source[: len(source), b] = source
        batch.inputs[0, b] = ends.start
        batch.inputs[1 : len(target) + 1, b] = target
        batch.targets[: len(target), b] = target
        batch.targets[len(target), b] = ends.end
    return batch


class PairBatches:
    """Endless batches of pairs of like length, in a new order in each pass.

    The pairs are shuffled; in each chunk of them those of like length are put together; then the
    batches of the pass are shuffled. All of it depends on the seed and on the number of the pass
    alone.
    """

    def __init__(
        self,
        draw: Callable[[int], tuple[Ids, Ids]],
        *,
        batch_words: int,
        ends: Ends,
        seed: int = 0,
    ) -> None:
        """Begin before the first pass.

        Args:
            draw: returns the sub-words of all sources and of all targets in a pass, by its number.
            batch_words: about the number of target sub-words in a batch, padding included.
            ends: the ids of start and end.
            seed: of the order.
        """
        self._draw = draw
        self._batch_words = batch_words
        self._ends = ends
        self._seed = seed
        self._pass = self._next = 0
        self._pairs: tuple[Ids, Ids] | None = None
        self._batches: list[np.ndarray] = []

    @property
    def epochs(self) -> float:
        """The number of passes so far."""
        return self._pass + self._next / max(1, len(self._batches))

    def next(self) -> PairBatch:
        """Return the next batch."""
        if self._pairs is None:
            self._open()
        assert self._pairs is not None
        sources, targets = self._pairs
        chosen = self._batches[self._next]
        self._next += 1
        batch = batch_of([sources[k] for k in chosen], [targets[k] for k in chosen], self._ends)
        if self._next == len(self._batches):
            self._pass, self._next, self._pairs = self._pass + 1, 0, None
        return batch

    def _open(self) -> None:
        """Draw the sub-words and the batches of a pass."""
        self._pairs = self._draw(self._pass)
        random = np.random.default_rng([self._seed, self._pass])
        sources, targets = self._pairs
        batches = list(
            batches_by_length(sources.lengths, targets.lengths, self._batch_words, random)
        )
        self._batches = [batches[k] for k in random.permutation(len(batches))]

    def state(self) -> dict[str, object]:
        """Return where the batches are, as JSON data."""
        return {"pass": self._pass, "batch": self._next}

    def restore(self, state: dict[str, Any]) -> None:
        """Go to where the batches were.

        Raises:
            ValueError: there is no such pass or batch.
        """
        self._pass, self._next, self._pairs = int(state["pass"]), int(state["batch"]), None
        if self._next:
            self._open()
        if self._pass < 0 or not 0 <= self._next < max(1, len(self._batches)):
            raise ValueError(f"there is no batch {self._next} of pass {self._pass}")


def batches_by_length(
    sources: np.ndarray,
    targets: np.ndarray,
    batch_words: int,
    random: np.random.Generator | None = None,
) -> Iterator[np.ndarray]:
    """Yield the numbers of pairs of like length, each pair once.

    Args:
        sources: the number of sub-words of each source, (N,).
        targets: of each target, (N,).
        batch_words: about the number of target sub-words in a batch, padding included; a longer
            pair is a batch of its own.
        random: shuffles the pairs first; None puts together those of like length among all pairs.
    """
    order = np.arange(len(targets))
    chunk = len(order)
    if random is not None:
        random.shuffle(order)
        chunk = max(1, round(CHUNK * batch_words / (targets.mean() + 1)))
    for begin in range(0, len(order), max(1, chunk)):
        pairs = order[begin : begin + chunk]
        pairs = pairs[np.lexsort((sources[pairs], targets[pairs]))]
        first = 0
        for k in range(1, len(pairs) + 1):
            if k == len(pairs) or (k + 1 - first) * (targets[pairs[k]] + 1) > batch_words:
                yield pairs[first:k]
                first = k
