"""Starts the command line. Imports next to nothing, so that Ctrl-C has an answer from the start.

Exit codes: 0 done; 1 an error that the message explains; 2 wrong usage; 130 and 143 stopped by
Ctrl-C and SIGTERM, after one sentence on what there is now.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

NOTHING_BEGUN = b"stopped: nothing had begun\n"


def main() -> None:
    """Runs the command line; what the `foreword` script calls."""
    with quitting_at_once():
        from foreword.cli.app import run
    try:
        run()
    finally:
        # Whoever presses Ctrl-C while Python clears up has what was asked for already.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def quitting_at_once() -> Iterator[None]:
    """For imports: Ctrl-C and SIGTERM end the process with one sentence.

    An exception would not do: what is half imported may swallow it, or answer with errors of its
    own. Nothing may be open that has to be closed.
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
