"""A worker process: `python -P -m foreword.workers.program`. Knows nothing of what it computes.

Standard input brings requests from `foreword.workers.pool`; the answers leave by standard output.
The process ends when its standard input does, even in the middle of an answer.
"""

import os
import pickle
import signal
import sys
import threading
import traceback
from queue import SimpleQueue
from typing import Any, NoReturn

from foreword.errors import ForewordError

Requests = SimpleQueue[tuple[Any, Any, bool]]


def main() -> NoReturn:
    """Answer one request after another until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get between the replies
    requests: Requests = SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()

    def reply(kind: str, value: Any) -> None:
        pickle.dump((kind, value), replies, pickle.HIGHEST_PROTOCOL)
        replies.flush()

    def tell(value: Any) -> None:
        reply("told", value)

    answer: Any = None
    try:
        while True:
            new, request, is_heard = requests.get()
            answer = answer if new is None else new
            try:
                value = answer(request, tell) if is_heard else answer(request)
            except ForewordError as error:
                reply("refused", error)
            else:
                reply("answer", value)
    except BrokenPipeError:  # nobody needs the answer any more
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def _listen(requests: Requests) -> None:
    """Pass requests on, and end this process when there can be no more."""
    try:
        while True:
            requests.put(pickle.load(sys.stdin.buffer))
    except (EOFError, pickle.UnpicklingError):  # the other process has ended
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


if __name__ == "__main__":
    main()
