"""Forks processes that run the command line, from one that has imported what takes seconds.

Nearly all that most commands of the tests do is to import PyTorch. A process that is forked has a
folder and standard streams of its own, and ends with the code of any other; only the imports were
done before. What Foreword does before and while it imports is for tests that start a new Python.
"""

import gc
import json
import multiprocessing
import os
import socket
import sys
from pathlib import Path
from subprocess import DEVNULL, CompletedProcess, Popen, TimeoutExpired
from tempfile import TemporaryFile

LONGEST = 1 << 20
"""Bytes of a request."""


class Forking:
    """The process that forks, as seen by who asks it."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                env=environment,
                pass_fds=[theirs.fileno()],
                stdin=DEVNULL,
            )

    def run(self, arguments: list[str], stdin: str, timeout: float) -> CompletedProcess[str]:
        """Runs `foreword` with these arguments in the current folder."""
        with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as err:
            given.write(stdin.encode())
            given.seek(0)
            request = json.dumps([str(Path.cwd()), *arguments]).encode()
            socket.send_fds(self._socket, [request], [s.fileno() for s in (given, out, err)])
            self._socket.settimeout(timeout)
            try:
                code = int(self._socket.recv(LONGEST))
            except TimeoutError:
                raise TimeoutExpired(arguments, timeout) from None
            told = []
            for stream in (out, err):
                stream.seek(0)
                told.append(stream.read().decode())
        return CompletedProcess(arguments, code, *told)

    def close(self) -> None:
        """Ends it."""
        self._socket.close()
        self._process.wait()


def main() -> None:
    import torch._dynamo  # which the first optimiser imports

    import foreword.cli.app
    import foreword.comparison.compare
    import foreword.training.run

    del torch, foreword
    gc.collect()
    gc.freeze()  # a collection in a forked process would copy all that was imported
    requests = socket.socket(fileno=int(sys.argv[1]))
    while True:
        request, streams, *_ = socket.recv_fds(requests, LONGEST, 3)
        if not request:
            return
        process = multiprocessing.get_context("fork").Process(
            target=run, args=(json.loads(request), streams)
        )
        process.start()
        for stream in streams:
            os.close(stream)
        process.join()
        requests.send(str(process.exitcode).encode())


def run(request: list[str], streams: list[int]) -> None:
    from foreword.cli.main import main as command

    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 (the process's own)
    folder, *arguments = request
    os.chdir(folder)
    sys.argv = ["foreword", *arguments]
    command()


if __name__ == "__main__":
    main()
