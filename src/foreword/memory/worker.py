"""One process that runs trials, as lines of JSON: trials on standard input, what happens on output.

`python -m foreword.memory.worker`. A program of its own, rather than a pool's child: it does not
import the script that started it, and Ctrl-C in the terminal is its parent's business.
"""

import json
import os
import queue
import signal
import sys
import threading
from typing import Any, NoReturn

import torch

from foreword.errors import ForewordError
from foreword.memory.experiment import run
from foreword.memory.trial import Trial


def main() -> NoReturn:
    """Runs what comes in, one trial after another with one thread; ends when the input does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    while True:
        trial = Trial(**json.loads(lines.get()))
        try:
            result = run(trial, _tell_check)
        except ForewordError as error:
            _tell({"refused": str(error)})
        else:
            _tell({"result": result.as_json()})


def _listen(lines: "queue.SimpleQueue[str]") -> None:
    for line in sys.stdin:
        lines.put(line)
    # The parent is gone, or wants no more: not even the trial that runs is of use to anyone.
    os._exit(0)


def _tell_check(step: int, error: float, wrong: float) -> None:
    _tell({"check": [step, error, wrong]})


def _tell(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
