"""Starts the command line. Imports almost nothing, so that Ctrl-C is handled from the start.

Exit codes: 0 done; 1 an error that the message explains; 2 wrong usage; 130 and 143 stopped by
Ctrl-C and SIGTERM, after one sentence on what is left.
"""

import signal

from foreword.cli.quitting import quitting_at_once


def main() -> None:
    """Runs the command line; called by the `foreword` script."""
    with quitting_at_once():
        from foreword.cli.app import run
    try:
        run()
    finally:
        # The command is complete if Ctrl-C is pressed while Python cleans up.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
