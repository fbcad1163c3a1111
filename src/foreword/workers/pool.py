"""Starts worker processes, asks them, and ends them. Knows nothing of what they compute.

Each is a program of its own, `foreword.workers.program`, and no child of `multiprocessing`: a
forked child of a process with OpenMP's threads may hang, and a spawned one imports the script that
started it. Requests and answers are pickled, since nobody but these processes can write to the
pipes between them.
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, BinaryIO, Self, cast

from foreword.errors import TrainingError

Answer = Callable[..., Any]
Hear = Callable[[Any], None]


class Workers:
    """Worker processes, each of which answers one request at a time. They end with the context."""

    def __init__(self, count: int, advice: str, **environment: str) -> None:
        """Start the processes.

        Args:
            count: the number of processes, 1 or more.
            advice: what a user should do if a process runs out of memory.
            **environment: variables that the processes have besides those of this one.
        """
        self._advice = advice
        self._threads = ThreadPoolExecutor(count)
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        self._all: list[_Worker] = []
        try:
            for _ in range(count):
                worker = _Worker(environment)
                self._all.append(worker)
                self._idle.put(worker)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes, whatever they are doing."""
        for worker in self._all:
            worker.kill()
        self._threads.shutdown(cancel_futures=True)
        for worker in self._all:
            worker.close()

    def submit(
        self, work: str, answer: Answer, request: Any, hear: Hear | None = None
    ) -> Future[Any]:
        """Return the future answer of the next idle process to a request.

        The future raises TrainingError if the process ends by itself, and whatever ForewordError
        the process raises.

        Args:
            work: what the processes do, in the past tense, for the error: "cut the text".
            answer: what the process calls with the request, in a module that can be imported. It is
                sent when it is another than before, so that a process keeps its state.
            request: the request.
            hear: called, in another thread, with whatever the process tells while it computes. The
                process then calls `answer` with the request and with the function that tells.
        """
        return self._threads.submit(self._ask_idle, work, answer, request, hear)

    def ask_all(self, work: str, answer: Answer, request: Any) -> list[Any]:
        """Return the answers of all processes to a request, when none of them is busy."""
        return [self._ask(worker, work, answer, request) for worker in self._all]

    def _ask_idle(self, work: str, answer: Answer, request: Any, hear: Hear | None) -> Any:
        worker = self._idle.get()
        try:
            return self._ask(worker, work, answer, request, hear)
        finally:
            self._idle.put(worker)

    def _ask(
        self, worker: "_Worker", work: str, answer: Answer, request: Any, hear: Hear | None = None
    ) -> Any:
        try:
            return worker.ask(answer, request, hear)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            raise TrainingError(
                f"a process that {work} ended by itself. It may have run out of memory: "
                f"{self._advice}"
            ) from error


class _Worker:
    """A worker process, used by one thread at a time."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        # -P: a json.py in the current folder is not imported in place of Python's. The process is
        # in a session of its own, so that Ctrl-C in the terminal is left to this process.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "foreword.workers.program"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        self._answer: Answer | None = None

    def ask(self, answer: Answer, request: Any, hear: Hear | None) -> Any:
        requests = cast(BinaryIO, self._process.stdin)
        replies = cast(BinaryIO, self._process.stdout)
        new = None if answer is self._answer else answer
        pickle.dump((new, request, hear is not None), requests, pickle.HIGHEST_PROTOCOL)
        requests.flush()
        self._answer = answer
        while True:
            kind, value = pickle.load(replies)
            if kind == "refused":
                raise value
            if kind == "answer":
                return value
            assert hear is not None
            hear(value)

    def kill(self) -> None:
        """End the process; a thread that waits for its answer gets an error."""
        self._process.kill()

    def close(self) -> None:
        """Close the pipes, when no thread uses them any more."""
        with suppress(OSError):  # what was written to it and never read
            self._process.communicate()
