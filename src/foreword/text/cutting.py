"""Divide texts into words in this process, or in several in parallel: the results are the same.

A process of its own is `python -m foreword.text.cutting_worker`. Knows nothing of files or models.
"""

import json
import os
import queue
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import asdict
from typing import IO, Any, Protocol, Self, TypeVar

import numpy as np

from foreword.errors import TextError
from foreword.text.tokenizer import Tokenizer, TokenizerConfig, word_counts

BATCH_CHARACTERS = 1 << 20
"""The number of characters that are cut at once."""
AHEAD = 2
"""The number of batches that wait for each process, so that none of them has to wait."""

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
        """Set the number of processes that are started when the context is entered."""
        self._count = processes
        self._workers: list[_Worker] = []
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        self._threads = ThreadPoolExecutor(processes)
        self._until_end = ExitStack()

    def __enter__(self) -> Self:
        """Start the processes."""
        self._until_end.callback(self._threads.shutdown, cancel_futures=True)
        try:
            for _ in range(self._count):
                worker = _Worker()
                self._until_end.callback(worker.end)
                self._workers.append(worker)
                self._idle.put(worker)
        except BaseException:
            self._until_end.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        """End the processes."""
        self._until_end.close()

    def count(self, texts: Iterable[str], config: TokenizerConfig) -> Mapping[str, int]:
        """Return how often each word occurs; see `word_counts`.

        Raises:
            TextError: a process has ended by itself.
        """
        for worker in self._workers:
            worker.ask({"config": asdict(config)})
        for _ in self._answers({"count": batch} for batch in batched(texts, len)):
            pass
        counts: Counter[str] = Counter()
        for worker in self._workers:
            counts.update(json.loads(worker.ask({"counts": True})))
        return counts

    def encode(
        self, batches: Iterable[list[str]], tokenizer: Tokenizer
    ) -> Iterator[list[np.ndarray]]:
        """Yield the ids of the texts of each batch, in order; see `Tokenizer.encode_lines`.

        Raises:
            TextError: a process has ended by itself.
        """
        known = {
            "words": tokenizer.words,
            "config": asdict(tokenizer.config),
            "marks": sorted(tokenizer.marks),
        }
        for worker in self._workers:
            worker.ask({"tokenizer": known})
        for answer in self._answers({"encode": batch} for batch in batches):
            yield _parted(answer)

    def _answers(self, requests: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
        """Yield the answers to requests in their order; each is made by an idle process."""
        waiting: deque[Future[bytes]] = deque()
        for request in requests:
            waiting.append(self._threads.submit(self._ask, request))
            if len(waiting) >= AHEAD * self._count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def _ask(self, request: Mapping[str, Any]) -> bytes:
        worker = self._idle.get()
        try:
            return worker.ask(request)
        finally:
            self._idle.put(worker)


class _Worker:
    """A process that answers one request after another."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "foreword.text.cutting_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "TOKENIZERS_PARALLELISM": "false"},
        )

    def ask(self, request: Mapping[str, Any]) -> bytes:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            send(self._process.stdin, json.dumps(request, ensure_ascii=False).encode())
            answer = receive(self._process.stdout)
        except OSError:
            answer = None
        if answer is None:
            raise TextError(
                "a process that cut the text into words has ended by itself. It may have run out "
                "of memory: use fewer processes (--processes)"
            )
        return answer

    def end(self) -> None:
        self._process.kill()
        with suppress(OSError):  # data that was written to it and never read
            self._process.communicate()


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


def joined(encoded: list[np.ndarray]) -> bytes:
    """Return arrays of ids as bytes: how many there are, their lengths, and all ids."""
    lengths = np.array([len(encoded), *map(len, encoded)], dtype=np.uint32)
    return b"".join([lengths.tobytes(), *(ids.tobytes() for ids in encoded)])


def _parted(data: bytes) -> list[np.ndarray]:
    """Return the arrays from the bytes that `joined` returned."""
    numbers = np.frombuffer(data, dtype=np.uint32)
    count = int(numbers[0])
    ends = np.cumsum(numbers[1 : count + 1])[:-1]
    return np.split(numbers[count + 1 :], ends) if count else []


def send(stream: IO[bytes], data: bytes) -> None:
    """Write a message: its length in 8 bytes, and itself."""
    stream.write(len(data).to_bytes(8, "little"))
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes | None:
    """Read a message that `send` wrote; None at the end of the stream, even if it was cut short."""
    head = stream.read(8)
    if len(head) < 8:
        return None
    size = int.from_bytes(head, "little")
    data = stream.read(size)
    return data if len(data) == size else None
