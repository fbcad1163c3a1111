"""Starts the command line. Imports next to nothing, so that Ctrl-C has an answer from the start.

Exit codes: 0 done; 1 an error that the message explains; 2 wrong usage; 130 and 143 stopped by
Ctrl-C and SIGTERM, after one sentence on what there is now.
"""

import signal

from foreword.cli.quitting import quitting_at_once


def main() -> None:
    """Runs the command line; what the `foreword` script calls."""
    with quitting_at_once():
        from foreword.cli.app import run
    try:
        run()
    finally:
        # Whoever presses Ctrl-C while Python clears up has what was asked for already.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
