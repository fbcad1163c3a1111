"""Forks processes that run the command line, from one that has imported what takes seconds.

Nearly all that most commands of the tests do is to import PyTorch. A process that is forked has a
folder and standard streams of its own, and ends with the code of any other; only the imports were
done before. What Foreword does before and while it imports is for tests that start a new Python.
"""

import contextlib
import gc
import json
import multiprocessing
import os
import select
import socket
import sys
from importlib import import_module
from pathlib import Path
from subprocess import DEVNULL, CompletedProcess, Popen, TimeoutExpired
from tempfile import TemporaryFile
from typing import IO, NoReturn, TextIO

LONGEST = 1 << 20
"""Bytes of a request."""


class Forked:
    """A command that runs, in the manner of `subprocess.Popen`; its stdout is not kept."""

    def __init__(self, answers: socket.socket, stderr: TextIO) -> None:
        self._answers = answers
        self.stderr = stderr
        self.pid = int(answers.recv(LONGEST))
        self.returncode: int | None = None

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def poll(self) -> int | None:
        """Its exit code, or None while it runs."""
        if self.returncode is None and select.select([self._answers], [], [], 0)[0]:
            self._end(None)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[None, str]:
        """Waits for its end, and returns what it has written to stderr since it was last read."""
        with self.stderr:
            output = self.stderr.read()
        if self.returncode is None:
            self._end(timeout)
        return None, output

    def _end(self, timeout: float | None) -> None:
        self._answers.settimeout(timeout)
        self.returncode = int(self._answers.recv(LONGEST))
        self._answers.close()


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
        """Runs `foreword` with these arguments in the current folder, to its end."""
        with TemporaryFile() as inputs, TemporaryFile() as out, TemporaryFile() as err:
            inputs.write(stdin.encode())
            inputs.seek(0)
            with self._ask(arguments, inputs, out, err) as answers:
                answers.settimeout(timeout)
                try:
                    _pid, code = (int(answers.recv(LONGEST)) for _ in range(2))
                except TimeoutError:
                    raise TimeoutExpired(arguments, timeout) from None
            description = []
            for stream in (out, err):
                stream.seek(0)
                description.append(stream.read().decode())
        return CompletedProcess(arguments, code, *description)

    def start(self, arguments: list[str]) -> Forked:
        """Starts `foreword` with these arguments in the current folder."""
        ours, theirs = os.pipe()
        with Path(os.devnull).open("r+b") as null, os.fdopen(theirs, "wb") as err:
            answers = self._ask(arguments, null, null, err)
        return Forked(answers, os.fdopen(ours, encoding="utf-8"))

    def _ask(self, arguments: list[str], *streams: IO[bytes]) -> socket.socket:
        """Requests a process; its number and later its exit code come on the socket returned."""
        answers, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = json.dumps([str(Path.cwd()), *arguments]).encode()
        with theirs:
            socket.send_fds(self._socket, [request], [s.fileno() for s in (*streams, theirs)])
        return answers

    def close(self) -> None:
        """Ends it."""
        self._socket.close()
        self._process.wait()


def main() -> None:
    import torch._dynamo  # which the first optimiser imports

    import foreword.comparison.compare
    import foreword.training.run
    from foreword.cli.app import VERBS

    for verb in VERBS:
        import_module(f"foreword.cli.{verb}")
    del torch, foreword
    gc.collect()
    gc.freeze()  # a collection in a forked process would copy all that was imported
    requests = socket.socket(fileno=int(sys.argv[1]))
    while True:
        request, descriptors, *_ = socket.recv_fds(requests, LONGEST, 4)
        if not request:
            return
        if os.fork() == 0:
            wait_for(json.loads(request), *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        with contextlib.suppress(ChildProcessError):  # there is none
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def wait_for(request: list[str], *descriptors: int) -> NoReturn:
    """Runs a request in a process of its own, and answers with its number and its exit code."""
    *streams, answering = descriptors
    process = multiprocessing.get_context("fork").Process(target=run, args=(request, streams))
    process.start()
    for stream in streams:
        os.close(stream)
    answers = socket.socket(fileno=answering)
    answers.send(str(process.pid).encode())
    process.join()
    with contextlib.suppress(BrokenPipeError):  # the test has ended
        answers.send(str(process.exitcode).encode())
    os._exit(0)


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
