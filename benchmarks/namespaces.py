"""Hosts that are namespaces of one Linux machine, joined by a network. Knows nothing of training.

Each host has a name, an address and processes of its own, and disks of its own if it mounts any;
it can be cut off from the network, and can be killed with all its processes. Everything is inside
namespaces of the calling process, so nothing is left when it ends, and no root is needed where
users may make namespaces.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

NETWORK = "10.77.0."
"""The first three numbers of the hosts' addresses; host k has k as its fourth."""

_MARK = "FOREWORD_BENCHMARK_NAMESPACES"
_OWN = ("unshare", "--user", "--map-root-user", "--net", "--mount", "--pid", "--fork")


def refusal() -> str | None:
    """Return why this machine cannot make namespaces; None if it can."""
    bridge = "ip link add br0 type bridge && ip link set br0 up && exec unshare --net --uts true"
    try:
        run = subprocess.run([*_OWN, "sh", "-c", bridge], capture_output=True, text=True)
    except OSError as error:
        return str(error)
    return None if run.returncode == 0 else (run.stderr.strip() or "unshare failed")


def enter() -> None:
    """Continue this program in namespaces of its own; must be called before it does anything."""
    if _MARK not in os.environ:
        command = [*_OWN, "--kill-child", "--mount-proc", sys.executable, *sys.argv]
        os.execvpe(command[0], command, {**os.environ, _MARK: "1"})


@dataclass(frozen=True)
class Host:
    """A host that runs."""

    number: int
    init: int
    """The process whose end ends all other processes of the host."""

    @property
    def name(self) -> str:
        """Its name, which all hosts can resolve."""
        return f"host{self.number}"

    def start(
        self, command: Sequence[str], log: IO[str], environment: Mapping[str, str]
    ) -> "subprocess.Popen[str]":
        """Start a command on the host."""
        into = ["nsenter", "--target", str(self.init), "--net", "--uts", "--pid", "--mount"]
        return subprocess.Popen(
            [*into, f"--wd={Path.cwd()}", "--", *command],
            stdout=log,
            stderr=log,
            text=True,
            env=dict(environment),
        )

    def kill(self) -> None:
        """Kill all processes of the host by SIGKILL."""
        os.kill(self.init, 9)

    def mount_small_disk(self, folder: Path, size: int) -> None:
        """Mount a disk of so many bytes on a folder, for this host alone."""
        into = "nsenter", "--target", str(self.init), "--mount"
        _run(*into, "mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))

    def limit(self, gbit: float) -> None:
        """Limit what the host can send to so many Gbit/s."""
        tc = "nsenter", "--target", str(self.init), "--net", "tc", "qdisc", "replace"
        rate = "rate", f"{round(1000 * gbit)}mbit", "burst", "1mb", "latency", "100ms"
        _run(*tc, "dev", "eth0", "root", "tbf", *rate)

    def cut(self) -> None:
        """Take the host off the network: packets are lost from then on, without an error."""
        _run("ip", "link", "set", f"veth{self.number}", "down")


def interrupt(run: "subprocess.Popen[str]") -> None:
    """Send SIGINT to a command that `Host.start` has started, as Ctrl-C does."""
    (child,) = _children(run.pid)
    os.kill(child, signal.SIGINT)


def hosts(count: int) -> list[Host]:
    """Start hosts numbered from 1, in the namespaces that `enter` has made."""
    names = "".join(f"{NETWORK}{k} host{k}\n" for k in range(1, count + 1))
    table = Path(tempfile.mkstemp(prefix="hosts")[1])
    table.write_text(f"127.0.0.1 localhost\n{names}", "ascii")
    _run("mount", "--bind", str(table), "/etc/hosts")
    table.unlink()
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "link", "add", "bridge0", "type", "bridge")
    _run("ip", "address", "add", f"{NETWORK}254/24", "dev", "bridge0")
    _run("ip", "link", "set", "bridge0", "up")
    return [_host(number) for number in range(1, count + 1)]


def _host(number: int) -> Host:
    boot = f"hostname host{number} && ip link set lo up && echo up && exec sleep infinity"
    spaces = "--net", "--uts", "--pid", "--mount"
    own = ["unshare", *spaces, "--fork", "--kill-child", "sh", "-c", boot]
    holder = subprocess.Popen(own, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert holder.stdout is not None
    if holder.stdout.readline() != "up\n":
        raise RuntimeError(f"host {number} did not start")
    host = Host(number, _children(holder.pid)[0])
    veth = f"veth{number}"
    _run("ip", "link", "add", veth, "type", "veth", "peer", "eth0", "netns", str(host.init))
    _run("ip", "link", "set", veth, "master", "bridge0", "up")
    inside = "nsenter", "--target", str(host.init), "--net", "ip"
    _run(*inside, "address", "add", f"{NETWORK}{number}/24", "dev", "eth0")
    _run(*inside, "link", "set", "eth0", "up")
    return host


def _children(process: int) -> list[int]:
    return [int(n) for n in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
