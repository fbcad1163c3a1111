"""Work in a thread of its own while the caller goes on. Knows no files."""

from collections.abc import Callable
from threading import Thread
from typing import Generic, Self, TypeVar

Result = TypeVar("Result")


class Beside(Generic[Result]):
    """Work that begins with a context, and has ended when the context is left.

    It saves time where most of it is spent without the interpreter's lock. If no thread can be
    started, the caller does the work.

    >>> with Beside(lambda: 6 * 7) as work:
    ...     work.result()
    42
    """

    def __init__(self, work: Callable[[], Result]) -> None:
        """Take the work, which is done once."""
        self._work = work
        self._results: list[Result] = []
        self._error: Exception | None = None
        self._thread: Thread | None = Thread(target=self._run)

    def __enter__(self) -> Self:
        assert self._thread is not None
        try:
            self._thread.start()
        except RuntimeError:  # the system allows no more threads
            self._thread = None
            self._run()
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread is not None:
            self._thread.join()

    def result(self) -> Result:
        """Wait for the result, and return it, or raise the error of the work."""
        if self._thread is not None:
            self._thread.join()
        if self._error is not None:
            raise self._error
        return self._results[0]

    def _run(self) -> None:
        try:
            self._results.append(self._work())
        except Exception as error:
            self._error = error
