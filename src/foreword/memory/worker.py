"""One process that runs trials, as lines of JSON: trials on standard input, what happens on output.

`python -m foreword.memory.worker`. A program of its own, rather than a pool's child: it does not
import the script that started it, and Ctrl-C in the terminal is its parent's business.
"""

import json
import signal
import sys
from typing import Any

import torch

from foreword.errors import ForewordError
from foreword.memory.experiment import run
from foreword.memory.trial import Trial


def main() -> None:
    """Runs what comes in, one trial after another with one thread, until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    for line in sys.stdin:
        trial = Trial(**json.loads(line))
        try:
            result = run(trial, _tell_check)
        except ForewordError as error:
            _tell({"refused": str(error)})
        else:
            _tell({"result": result.as_json()})


def _tell_check(step: int, error: float, wrong: float) -> None:
    _tell({"check": [step, error, wrong]})


def _tell(document: dict[str, Any]) -> None:
    # If the parent is gone, this raises, and the worker goes too.
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
