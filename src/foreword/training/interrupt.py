"""Turn Ctrl-C and SIGTERM into a request to stop soon. Knows nothing of training."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class StopWish:
    """Whether someone has asked the run to stop, and by which signal."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None

    def __bool__(self) -> bool:
        return self.signal is not None


@contextmanager
def stop_on_signals() -> Iterator[StopWish]:
    """While active, take the first SIGINT or SIGTERM as a request; a second SIGINT ends the run.

    Outside the main thread, where Python allows no signal handlers, nothing is caught.
    """
    wish = StopWish()

    def note(number: int, frame: FrameType | None) -> None:
        del frame
        if wish.signal is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        wish.signal = signal.Signals(number)

    before = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, note)
    except ValueError:
        pass
    try:
        yield wish
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
