"""Divide texts into words in this process, or in several in parallel: the results are the same.

Knows nothing of files or models.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from typing import Any, Protocol, Self, TypeVar

import numpy as np

from foreword.text.tokenizer import Tokenizer, TokenizerConfig, word_counts
from foreword.workers.pool import Answer, Workers

BATCH_CHARACTERS = 1 << 20
"""The number of characters that are cut at once."""
AHEAD = 2
"""The number of batches that wait for each process, so that none of them has to wait."""
WORK = "cut the text into words"
"""What the processes do."""

Item = TypeVar("Item")


class Cutting(Protocol):
    """Divides texts into words."""

    def count(self, texts: Iterable[str], config: TokenizerConfig) -> Mapping[str, int]:
        """Return how often each word occurs; see `word_counts`."""

    def encode(
        self, batches: Iterable[list[str]], tokenizer: Tokenizer
    ) -> Iterator[list[np.ndarray]]:
        """Yield the ids of the texts of each batch, in order; see `Tokenizer.encode_lines`."""


class _Here:
    """Divides texts in this process, with as many threads as the library uses."""

    def count(self, texts: Iterable[str], config: TokenizerConfig) -> Mapping[str, int]:
        return word_counts(texts, config)

    def encode(
        self, batches: Iterable[list[str]], tokenizer: Tokenizer
    ) -> Iterator[list[np.ndarray]]:
        return map(tokenizer.encode_lines, batches)


HERE = _Here()


class Pool:
    """Processes that divide texts, with one thread each, while this process continues to read.

    Use it as a context. Reading ahead takes memory for a few batches for each process.
    """

    def __init__(self, processes: int) -> None:
        """Start the processes."""
        self._count = processes
        advice = "use fewer processes (--processes)"
        self._workers = Workers(processes, advice, TOKENIZERS_PARALLELISM="false")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """End the processes."""
        self._workers.close()

    def count(self, texts: Iterable[str], config: TokenizerConfig) -> Mapping[str, int]:
        """Return how often each word occurs; see `word_counts`.

        Raises:
            TrainingError: a process has ended by itself.
        """
        counter = _Counter(config)
        for _ in self._answers(counter, batched(texts, len)):
            pass
        counts: Counter[str] = Counter()
        for part in self._workers.ask_all(WORK, counter, None):
            counts.update(part)
        return counts

    def encode(
        self, batches: Iterable[list[str]], tokenizer: Tokenizer
    ) -> Iterator[list[np.ndarray]]:
        """Yield the ids of the texts of each batch, in order; see `Tokenizer.encode_lines`.

        Raises:
            TrainingError: a process has ended by itself.
        """
        for ids, lengths in self._answers(_Encoder(tokenizer), batches):
            yield np.split(ids, np.cumsum(lengths)[:-1]) if len(lengths) else []

    def _answers(self, answer: Answer, requests: Iterable[list[str]]) -> Iterator[Any]:
        """Yield the answers to requests in their order; each is made by an idle process."""
        waiting: deque[Future[Any]] = deque()
        for request in requests:
            waiting.append(self._workers.submit(WORK, answer, request))
            if len(waiting) >= AHEAD * self._count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


class _Counter:
    """Counts the words of the texts that one process gets."""

    def __init__(self, config: TokenizerConfig) -> None:
        self._config = config
        self._counts: Counter[str] = Counter()

    def __call__(self, texts: list[str] | None) -> Counter[str] | None:
        """Count the words of texts; return all counts if there are no more texts."""
        if texts is None:
            return self._counts
        self._counts.update(word_counts(texts, self._config))
        return None


class _Encoder:
    """Turns texts into ids: those of all texts together, and the number of each text's."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    def __call__(self, texts: list[str]) -> tuple[np.ndarray, list[int]]:
        encoded = self._tokenizer.encode_lines(texts)
        # One array is pickled far faster than thousands of small ones.
        return np.concatenate([np.empty(0, np.uint32), *encoded]), [*map(len, encoded)]


def batched(items: Iterable[Item], length: Callable[[Item], int]) -> Iterator[list[Item]]:
    """Yield items in lists of about `BATCH_CHARACTERS` each, by their lengths in characters."""
    batch: list[Item] = []
    size = 0
    for item in items:
        batch.append(item)
        size += length(item) + 1
        if size >= BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
