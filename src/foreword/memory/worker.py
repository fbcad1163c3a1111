"""A process that runs trials: reads them from standard input and writes events, in lines of JSON.

`python -m foreword.memory.worker`. It is a separate program and not a pool's child, so that it does
not import the script that started it, and Ctrl-C in the terminal reaches only its parent.
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
    """Run the trials from the input one after another, with one thread, until the input ends."""
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
    # The parent is gone or needs no more results, not even that of the running trial.
    os._exit(0)


def _tell_check(step: int, error: float, wrong: float) -> None:
    _tell({"check": [step, error, wrong]})


def _tell(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
