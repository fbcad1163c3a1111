"""Handle Ctrl-C and SIGTERM while modules are imported. Imports almost nothing itself."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

NOTHING_BEGUN = b"stopped: nothing had begun\n"


@contextmanager
def quitting_at_once() -> Iterator[None]:
    """For imports: Ctrl-C and SIGTERM end the process with one sentence.

    An exception would not work: a module that is partly imported may swallow it, or raise errors of
    its own. Nothing may be open that has to be closed.
    """
    before = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, _quit)
    except ValueError:  # not in the main thread
        pass
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _quit(number: int, frame: FrameType | None) -> None:
    del frame
    sys.stdout.flush()
    os.write(2, NOTHING_BEGUN)
    os._exit(128 + number)
