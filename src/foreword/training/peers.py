"""The other processes of a run: found at the start, noticed when lost. Knows nothing of training.

They exchange messages about errors by a store (torch.distributed.TCPStore) in the first process,
which speaks for all of them.
"""

import atexit
import json
import os
import socket
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from foreword.errors import TrainingError
from foreword.training.launch import Launch

PATIENCE = timedelta(minutes=5)
"""How long a process waits for another one that can be reached, such as while it reads a text."""
JOINING = timedelta(minutes=2)
"""How long the first process waits for the others to join."""
SILENCE = 6
"""The seconds without an answer from another host's system after which its processes are lost."""
GRACE = 3.0
"""The seconds in which a process can tell the first one what it knows, before all of them end."""

_PORT = "foreword/port"
"""The name under which torchrun's store holds the port of the first process."""
_ALL = "foreword/all"
"""The name of the hosts of all processes, as JSON; nothing if the run cannot begin."""


class SilentError(TrainingError):
    """An error that the first process reports to the user."""


class FirstLostError(TrainingError):
    """The first process is lost, so that each of the others reports it to the user."""


def mark_as_known_to_all(error: Exception) -> None:
    """Note that all processes have the reason of an error, so that none need report it."""
    error.__dict__["_is_known_to_all"] = True


def is_known_to_all(error: Exception) -> bool:
    """Return whether `mark_as_known_to_all` was called with it."""
    return "_is_known_to_all" in error.__dict__


@dataclass(frozen=True)
class Peers:
    """The processes of a run, from the view of one of them.

    Attributes:
        rank: the number of this process.
        hosts: the host of each process.
        store: a store in the first process.
    """

    rank: int
    hosts: Sequence[str]
    store: Any

    def name(self, rank: int) -> str:
        """Return the number of a process and, if there are several hosts, its host."""
        where = f" on {self.hosts[rank]}" if len(set(self.hosts)) > 1 else ""
        return f"process {rank}{where}"

    @contextmanager
    def answering(self) -> Iterator[None]:
        """While active, explain the error if another process is lost.

        Raises:
            TrainingError: in the first process. Names the processes that are lost.
            SilentError: in another process, if the first one can report it.
            FirstLostError: in another process, if it cannot.
        """
        try:
            yield
        except RuntimeError as error:
            if not isinstance(error, dist.DistError) and "gloo" not in str(error):
                raise
            explained = self._explained(error)
            mark_as_known_to_all(explained)
            raise explained from error

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """If this process alone fails within it, make the first process report why.

        If it is the first that fails, the others end without another report.
        """
        try:
            yield
        except (SilentError, FirstLostError):
            raise
        except Exception as error:
            if not is_known_to_all(error):
                if self.rank > 0:
                    self._report(str(error) or type(error).__name__)
                _leave()  # the others notice it
                if self.rank == 0:
                    self._reports(lost=0)
            raise

    def _explained(self, error: RuntimeError) -> TrainingError:
        """Return the error to raise after a call has failed because a process is lost."""
        if self.rank > 0:
            is_reported = self._report("")
            _leave()
            if is_reported:
                return SilentError("the first process reports why the run has ended")
            return FirstLostError(f"{_lost([self.name(0)], error)}{self._elsewhere()}")
        _leave()
        reports = self._reports(lost=1)
        faults = [(rank, fault) for rank, fault in reports.items() if fault]
        if faults:
            rank, fault = faults[0]
            return TrainingError(f"{self.name(rank)}: {fault}")
        missing = [rank for rank in range(1, len(self.hosts)) if rank not in reports]
        return TrainingError(_lost([self.name(rank) for rank in missing], error))

    def _elsewhere(self) -> str:
        """Return what else to do if the host of the first process is lost with torchrun's store."""
        if len(set(self.hosts)) == 1:
            return ""
        return (
            f". If --rdzv-endpoint names {self.hosts[0]}, name another host there, and --out must "
            "be a folder that all hosts share"
        )

    def _report(self, fault: str) -> bool:
        """Tell the first process why this one ends; nothing if another one is the reason.

        Returns:
            Whether the first process could be reached.
        """
        with suppress(RuntimeError):
            self.store.set_timeout(timedelta(seconds=GRACE))
            self.store.set(_report_of(self.rank), fault)
            return bool(self.store.check([_report_of(self.rank)]))
        return False

    def _reports(self, *, lost: int) -> dict[int, str]:
        """Return what the others report by their numbers.

        Args:
            lost: how many will not report; if there are more, all reports are in after `GRACE`.
        """
        others = range(1, len(self.hosts))
        ends = time.monotonic() + GRACE
        while True:
            told = [rank for rank in others if self.store.check([_report_of(rank)])]
            if len(told) >= len(others) - lost or time.monotonic() > ends:
                return {rank: self.store.get(_report_of(rank)).decode() for rank in told}
            time.sleep(0.05)


def connected(launch: Launch) -> Peers:
    """Connect the processes that torchrun has started with each other, until this one ends.

    Raises:
        TrainingError: some cannot be reached; names them.
    """
    with _ending_when_silent():
        store = _store(launch)
    hosts = _hosts(launch, store)
    peers = Peers(launch.rank, hosts, store)
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    # The script that calls Foreword may have made the process group.
    if not dist.is_initialized():
        with peers.answering(), _ending_when_silent():
            dist.init_process_group(
                backend, timeout=PATIENCE, store=store, rank=launch.rank, world_size=launch.count
            )
    atexit.register(_leave)
    return peers


def _leave() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()


def _hosts(launch: Launch, store: Any) -> list[str]:
    """Return the host of each process, when all have joined.

    Raises:
        TrainingError: some have not; names them.
    """
    store.set(_joined(launch.rank), socket.gethostname())
    if not launch.is_first:
        try:
            hosts = store.get(_ALL).decode()
        except RuntimeError as error:
            raise FirstLostError(_lost(["process 0"], error)) from error
        if not hosts:
            raise SilentError("the first process reports which ones have not joined")
        return list(json.loads(hosts))
    joined = [_joined(rank) for rank in range(launch.count)]
    try:
        store.wait(joined, JOINING)
    except RuntimeError as error:
        missing = [str(rank) for rank, name in enumerate(joined) if not store.check([name])]
        store.set(_ALL, "")
        raise TrainingError(
            f"of processes 0 to {launch.count - 1}, {', '.join(missing)} did not join within "
            f"{JOINING.total_seconds():.0f} s. See what was printed on their hosts, and whether "
            "these can be reached"
        ) from error
    hosts_ = [store.get(name).decode() for name in joined]
    store.set(_ALL, json.dumps(hosts_))
    return hosts_


def _store(launch: Launch) -> Any:
    """Return a store in the first process of this start of the processes.

    torchrun's own store still holds the addresses of processes that it has replaced
    (pytorch#167288). So the first process opens a store of its own, and torchrun's store holds only
    its port. Until the first process has started, that is the port of its predecessor, which does
    not answer.

    Raises:
        TrainingError: the port is taken, or the first process cannot be reached.
    """
    open_store: Callable[..., Any] = vars(dist)["TCPStore"]  # whose type torch does not export
    host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    try:
        if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
            return open_store(
                host, port, launch.count, launch.is_first, JOINING, wait_for_workers=False
            )
        of_torchrun = open_store(host, port, is_master=False, timeout=JOINING)
        if launch.is_first:
            own = open_store(host, 0, launch.count, True, PATIENCE, wait_for_workers=False)
            of_torchrun.set(_PORT, str(own.port))
            return own
        ends = time.monotonic() + JOINING.total_seconds()
        while not _answers(host, port := int(of_torchrun.get(_PORT))) and time.monotonic() < ends:
            time.sleep(0.1)
        return open_store(host, port, launch.count, False, PATIENCE, wait_for_workers=False)
    except RuntimeError as error:
        if launch.is_first:
            raise TrainingError(
                f"process 0 cannot open the port of MASTER_ADDR and MASTER_PORT, {host}:{port} "
                f"({_first_line(error)}). Give another port, or end the program that has it"
            ) from error
        raise FirstLostError(_lost([f"process 0 on {host}"], error)) from error


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1.0).close()
    except OSError:
        return False
    return True


def _connections() -> dict[int, int]:
    """Return the descriptors of this process's sockets by their inodes, which are never reused."""
    descriptors = {}
    for path in Path("/dev/fd").iterdir():
        with suppress(OSError):  # it is the folder's own, and closed by now
            status = os.fstat(int(path.name))
            if stat.S_ISSOCK(status.st_mode):
                descriptors[status.st_ino] = int(path.name)
    return descriptors


@contextmanager
def _ending_when_silent() -> Iterator[None]:
    """Make all connections that are opened within it end when their other host is silent."""
    others = _connections()
    yield
    for number, descriptor in _connections().items():
        if number not in others:
            _end_when_silent(descriptor)


def _end_when_silent(descriptor: int) -> None:
    """Make a TCP connection fail when the other host's system is silent for `SILENCE` seconds.

    Without this a process waits for one whose host has lost its network until `PATIENCE` ends. The
    systems answer for busy processes, so that a slow step or a long validation is no silence.
    """
    with socket.socket(fileno=os.dup(descriptor)) as connection:
        if connection.family not in (socket.AF_INET, socket.AF_INET6):
            return
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (
            ("TCP_KEEPIDLE", 2),
            ("TCP_KEEPALIVE", 2),  # macOS's name of TCP_KEEPIDLE
            ("TCP_KEEPINTVL", 1),
            ("TCP_KEEPCNT", SILENCE - 2),
            ("TCP_USER_TIMEOUT", 1000 * SILENCE),  # of sent data, in ms
        ):
            if (option := getattr(socket, name, None)) is not None:
                connection.setsockopt(socket.IPPROTO_TCP, option, value)


def _lost(names: Sequence[str], error: Exception) -> str:
    who = ", ".join(names) or "another process"
    return (
        f"{who} does not answer ({_first_line(error)}): it has ended, or its host cannot be "
        "reached. What was saved last is kept: start the same command with --resume"
    )


def _first_line(error: Exception) -> str:
    """Return the first sentence of an error of torch's, without the name of its source file."""
    return str(error).splitlines()[0].split(". ")[0].rpartition("] ")[2]


def _joined(rank: int) -> str:
    return f"foreword/joined/{rank}"


def _report_of(rank: int) -> str:
    return f"foreword/report/{rank}"
