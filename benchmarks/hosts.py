"""Seconds until training goes on after a host is killed, cut off, or joins.

    python benchmarks/hosts.py [--json FILE]

Three hosts, which are network namespaces of this machine, train one model with torchrun, whose
rendezvous is on host 1. Host 3 is killed with all its processes; then host 4 joins; then host 2
loses its network without an error. After each, the seconds until the next step of training are
printed, and from which step it went on. Then host 1 is killed, which ends the run: the seconds
until host 4 has ended are printed, and its error; and those until it goes on, when it is started
again with the rendezvous on itself. Last, hosts 5 and 6 train with the rendezvous in a file that
both share, and host 5, the first of them, loses its power: it falls silent, and host 6 goes on.
In a third trial, the disk of host 8 is full, which keeps the text's words while it trains: the
seconds until both hosts have ended are printed, and what they say of it. Needs Linux, iproute2, and
namespaces of users.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import namespaces
from machine import machine

CONF = "keep_alive_interval=1,keep_alive_max_attempt=4,last_call_timeout=2"
"""torchrun's settings: a host is lost after 4 s; a group is complete 2 s after the first host."""
BATCH = 16
"""Streams; 3 processes read 6, 5 and 5 of them."""
SMALL = 8192
"""Bytes on a disk that is too small for the ids of the text, of two bytes each."""
LONGEST = 120.0
"""The seconds after which this program gives up waiting for a step."""


def train(text: Path, out: Path, steps: Path) -> None:
    """Train until SIGTERM; the first process writes when it started, and each step, to a file."""
    started = time.monotonic()

    import foreword
    from foreword.training.progress import Event, StepProgress

    processes = int(os.environ["WORLD_SIZE"])
    with steps.open("a") as file:

        def note(event: Event) -> None:
            if isinstance(event, StepProgress):
                step = {"time": time.monotonic(), "step": event.step, "processes": processes}
                file.write(json.dumps({**step, "started": started}) + "\n")
                file.flush()

        foreword.train(
            text, valid=text, out=out, minutes=60, threads=1, vocab_size=100, embedding_size=16,
            hidden_size=16, dropout=0.0, batch_size=BATCH, window=10, save_seconds=1.0,
            validations=1, report=note,
        )  # fmt: skip


class Trial:
    """Hosts that train together, and what they have done so far."""

    def __init__(self, folder: Path, hosts: Sequence[namespaces.Host]) -> None:
        folder.mkdir()
        words = np.random.default_rng(1).integers(100, size=(2000, 10))
        self.text = folder / "text.txt"
        self.text.write_text("\n".join(" ".join(f"w{w}" for w in line) for line in words) + "\n")
        self.out, self.steps, self.folder = folder / "model", folder / "steps.jsonl", folder
        self.hosts = {host.number: host for host in hosts}
        self.runs: dict[int, subprocess.Popen[str]] = {}

    def start(
        self,
        number: int,
        rendezvous: str,
        conf: str = CONF,
        restarts: int = 9,
        program: Sequence[str] = (),
        **variables: str,
    ) -> None:
        """Start torchrun on a host."""
        own = [__file__, "--train", str(self.text), str(self.out), str(self.steps)]
        command = [
            *(sys.executable, "-m", "torch.distributed.run", "--nnodes", "1:4"),
            *("--nproc-per-node", "1", "--rdzv-backend", "c10d", "--rdzv-id", "trial"),
            *("--rdzv-endpoint", rendezvous, "--rdzv-conf", conf),
            *("--max-restarts", str(restarts), *(program or own)),
        ]
        # A host cannot join later while torchrun shares its store (torch 2.13).
        own_store = {"TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}
        environment = {**os.environ, "OMP_NUM_THREADS": "1", **own_store, **variables}
        with self.log(number).open("a") as log:
            self.runs[number] = self.hosts[number].start(command, log, environment)

    def log(self, number: int) -> Path:
        """Return the file of all that a host's processes have printed."""
        return self.folder / f"host{number}.log"

    def step_of(self, processes: int, since: float) -> dict[str, Any]:
        """Wait for the first step after a moment that so many processes have taken."""
        while time.monotonic() < since + LONGEST:
            lines = self.steps.read_text().splitlines() if self.steps.exists() else []
            for line in lines:
                step: dict[str, Any] = json.loads(line)
                if step["time"] > since and step["processes"] == processes:
                    return step
            time.sleep(0.2)
        logs = [f"{log}:\n{log.read_text()[-2000:]}" for log in sorted(self.folder.glob("*.log"))]
        raise SystemExit("\n".join([f"no step of {processes} processes", *logs]))

    def last_step_before(self, restart: dict[str, Any]) -> int:
        """Return the number of the last step of the processes before those that took a step."""
        steps = [json.loads(line) for line in self.steps.read_text().splitlines()]
        return int([s["step"] for s in steps if s["started"] < restart["started"]][-1])

    def event(self, what: str, do: Callable[[], None], processes: int) -> dict[str, Any]:
        """Do something to the hosts, and wait until so many processes go on."""
        time.sleep(4.0)  # so that there is a checkpoint of the present processes
        began = time.monotonic()
        do()
        step = self.step_of(processes, began)
        return {
            "event": what,
            "restarted": round(step["started"] - began, 1),
            "seconds": round(step["time"] - began, 1),
            "processes": processes,
            "from_step": step["step"] - 1,
            "repeated": self.last_step_before(step) - step["step"] + 1,
        }

    def end_of(self, number: int, do: Callable[[], None]) -> dict[str, Any]:
        """Do something that ends the run of a host, and wait for its end."""
        told = len(self.log(number).read_text())
        began = time.monotonic()
        do()
        self.runs[number].wait(LONGEST)
        seconds = round(time.monotonic() - began, 1)
        errors = re.findall(r"FirstLostError: (.*)", self.log(number).read_text()[told:])
        return {"event": "host 1 killed", "seconds": seconds, "errors": errors}

    def stop(self, *numbers: int) -> int:
        """Stop hosts as Ctrl-C does, and return the number of steps in the model folder."""
        for number in numbers:
            namespaces.interrupt(self.runs[number])
        for number in numbers:
            self.runs[number].wait(LONGEST)
        config = json.loads((self.out / "config.json").read_text("utf-8"))
        return int(config["training"]["steps"])


def with_rendezvous_on_a_host(trial: Trial) -> dict[str, Any]:
    """Return what follows on each event, in order, for hosts 1 to 4; host 1 has the rendezvous."""
    hosts, began = trial.hosts, time.monotonic()
    for number in (1, 2, 3):
        trial.start(number, "host1:29400")
    trial.step_of(3, began)
    events = [
        trial.event("host 3 killed", hosts[3].kill, 2),
        trial.event("host 4 joins", lambda: trial.start(4, "host1:29400"), 3),
        trial.event("host 2 cut off", hosts[2].cut, 2),
    ]
    time.sleep(4.0)
    end = trial.end_of(4, hosts[1].kill)
    events.append(trial.event("host 4 starts", lambda: trial.start(4, "host4:29400"), 1))
    return {"events": events, "end": end, "stopped": trial.stop(4)}


def with_rendezvous_in_a_file(trial: Trial) -> dict[str, Any]:
    """Return what follows when the first of hosts 5 and 6 loses its power."""
    file, conf = str(trial.folder / "rendezvous"), f"store_type=file,{CONF}"
    began = time.monotonic()
    for number in (5, 6):
        trial.start(number, file, conf)
    trial.step_of(2, began)

    def fail() -> None:
        trial.hosts[5].cut()  # so that nothing tells host 6 of the end of its processes
        trial.hosts[5].kill()

    events = [trial.event("host 5 fails", fail, 1)]
    growth = Path(file).stat().st_size / (time.monotonic() - began)
    return {"events": events, "stopped": trial.stop(6), "bytes_per_second": growth}


def with_a_full_disk(trial: Trial) -> dict[str, Any]:
    """Return what follows when the disk of the second of hosts 7 and 8 is full."""
    disk = trial.folder / "small"
    disk.mkdir()
    trial.hosts[8].mount_small_disk(disk, SMALL)
    program = [
        *("-m", "foreword", "train", str(trial.text), "--valid", str(trial.text)),
        *("--out", str(trial.out), "--minutes", "1", "--set", "hidden_size=16"),
    ]
    began = time.monotonic()
    for number in (7, 8):
        trial.start(number, "host7:29400", CONF, 0, program, TMPDIR=str(disk))
    for number in (7, 8):
        trial.runs[number].wait(LONGEST)
    seconds = round(time.monotonic() - began, 1)
    lines = {number: trial.log(number).read_text().splitlines() for number in (7, 8)}
    errors = {n: [line for line in of if line.startswith("error: ")] for n, of in lines.items()}
    return {"disk": str(disk), "seconds": seconds, "errors": errors}


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--train", type=Path, nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.train:
        train(*chosen.train)
        return
    namespaces.enter()
    with tempfile.TemporaryDirectory() as folder:
        hosts = namespaces.hosts(8)
        on_a_host = with_rendezvous_on_a_host(Trial(Path(folder) / "1", hosts))
        in_a_file = with_rendezvous_in_a_file(Trial(Path(folder) / "2", hosts))
        full = with_a_full_disk(Trial(Path(folder) / "3", hosts))
    print(machine())
    for event in on_a_host["events"] + in_a_file["events"]:
        print(
            f"{event['event']:<16}{event['restarted']:6.1f} s until torchrun has started "
            f"{event['processes']} processes, {event['seconds']:6.1f} s until they go on, "
            f"{event['repeated']} steps repeated"
        )
    end = on_a_host["end"]
    print(f"{end['event']:<16}{end['seconds']:6.1f} s until host 4 has ended: {end['errors']}")
    print(f"the file of the rendezvous grew by {in_a_file['bytes_per_second']:,.0f} bytes/s")
    print(f"full disk on host 8: {full['seconds']} s until both hosts have ended: {full['errors']}")
    if chosen.json:
        events = {
            "rendezvous on a host": on_a_host,
            "rendezvous in a file": in_a_file,
            "full disk": full,
        }
        chosen.json.write_text(json.dumps(events, indent=2) + "\n")


if __name__ == "__main__":
    main()
