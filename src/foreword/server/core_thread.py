"""Let the core compute in a thread of its own, beside the event loop.

The thread never takes the interpreter, so that neither waits for the other. It wakes the event loop
by a byte in a pipe: one for all answers that have become ready since the event loop last took them.
The event loop wakes the thread once in an iteration, for all questions that have come up in it:
each waking of a thread is a call of the system. Knows no requests.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from foreword import compiled

Put = Callable[[Any, Any], None]
"""Takes the question of a `Call`, and a label that comes back once the answer is computed."""


@contextmanager
def core_thread(take: Callable[[list[Any]], None]) -> Iterator[Put]:
    """Start the thread, and end it at the end; then, what it has not computed is never computed.

    Args:
        take: called by the running event loop with the labels of what was computed, in order.

    Raises:
        NotImplementedError: the system is Windows, where an event loop cannot wait for a pipe.
        RuntimeError: the system provides no more threads.
    """
    if os.name == "nt":
        raise NotImplementedError("the event loops of Windows wait for no pipe")
    with ExitStack() as undo:
        ends = os.pipe()
        for end in ends:
            undo.callback(os.close, end)
            os.set_blocking(end, False)
        reads, writes = ends
        worker = compiled.part("Worker")(writes)
        undo.callback(worker.close)

        def woken() -> None:
            os.read(reads, 64)  # before the answers are taken, so that none is overlooked
            take(worker.taken())

        loop = asyncio.get_running_loop()
        loop.add_reader(reads, woken)
        undo.callback(loop.remove_reader, reads)
        asked: list[tuple[Any, Any]] = []
        undo.callback(asked.clear)

        def hand_over() -> None:
            if asked:
                worker.put(asked)
                asked.clear()

        def put(question: Any, label: Any) -> None:
            if not asked:
                loop.call_soon(hand_over)
            asked.append((question, label))

        yield put
