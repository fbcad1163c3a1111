"""Federated training as it is deployed, in small: over TLS, with a killed device and a lying one.

    PYTHONPATH=build/flower python benchmarks/deployment.py [--json FILE]

Flower's SuperLink and three SuperNodes, each on a host of its own, train a model for four rounds.
The hosts are network namespaces of this machine. All connections between them use TLS, and the
SuperLink accepts only SuperNodes whose keys are registered. One device answers each round with
another fault (`misbehaving.py`). A second one is killed by SIGKILL while it works on round 3. A
fourth SuperNode, whose key is not registered, asks to join. The log of the rounds is printed, then
whether the model is bit for bit the one that the honest answers give, and its perplexity.
Needs Linux, iproute2, OpenSSL, ssh-keygen, namespaces of users, and Flower, which cannot be in the
environment of the other tests (see docs/explanation/decisions.md):

    pip install --target build/flower 'flwr>=1.42,<2'
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import namespaces

if TYPE_CHECKING:
    from foreword.federated.devices import Letter
    from foreword.training.interrupt import StopWish

HERE = Path(__file__).parent
APP = HERE.parent / "deploy" / "flower" / "pyproject.toml"
LIES = ("NaN", "a wrong shape", "enormous values", "other records")
"""The answers of the lying device, by round."""
HALTS_IN = 3
"""The round in which the device that is killed halts."""
SETTINGS: dict[str, Any] = {"rounds": len(LIES), "clients": 3, "batch_size": 2, "window": 5}
SECONDS = 240.0
"""The time that a round waits for answers. Flower reports a killed SuperNode after about 60 s."""
LONGEST = 600.0
"""The seconds after which this program gives up waiting."""
HONEST, KILLED, LIAR, STRANGER = 2, 3, 4, 5
"""The numbers of the devices' hosts; the SuperLink is on host 1."""


class Trial:
    """The hosts, the programs on them, and the files that they share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        lines = [f"person {k} likes {'tea' if k % 2 else 'coffee'} and says so" for k in range(3)]
        self.all = folder / "all.txt"
        self.all.write_text("\n".join(lines * 20) + "\n")
        for number, line in zip((HONEST, KILLED, LIAR), lines, strict=True):
            self.text(number).write_text(f"{line}\n" * (20 + number))
        self.text(STRANGER).write_text("nobody knows me\n" * 20)
        self.base, self.out, self.halted = folder / "base", folder / "out", folder / "halted"
        import foreword

        foreword.train(self.all, valid=self.all, out=self.base, steps=2, hidden_size=6, min_count=1)
        _run(
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=host1", "-addext", "subjectAltName=DNS:host1,IP:127.0.0.1"),
            *("-keyout", str(folder / "server.key"), "-out", self.certificate),
        )
        for number in (HONEST, KILLED, LIAR, STRANGER):
            _run("ssh-keygen", "-q", "-t", "ecdsa", "-b", "384", "-N", "", "-f", self.key(number))
        (folder / "app").mkdir()
        app = APP.read_text("utf-8").replace(
            "foreword.federated.flower:client", "misbehaving:client"
        )
        (folder / "app" / APP.name).write_text(app, "utf-8")
        self.home(1).mkdir()
        (self.home(1) / "config.toml").write_text(
            '[superlink]\ndefault = "here"\n\n[superlink.here]\naddress = "host1:8000"\n'
            f'root-certificates = "{self.certificate}"\n'
        )
        self.hosts = namespaces.hosts(STRANGER)

    @property
    def certificate(self) -> str:
        """The SuperLink's certificate, which is signed by its own key."""
        return str(self.folder / "server.crt")

    def key(self, number: int) -> str:
        """Return the file with the private key of a device."""
        return str(self.folder / f"host{number}.key")

    def home(self, number: int) -> Path:
        """Return the folder of Flower's own files on a host."""
        return self.folder / f"host{number}"

    def text(self, number: int) -> Path:
        """Return the file with the text of a device's owner."""
        return self.folder / f"text{number}.txt"

    def start(self, number: int, program: str, *arguments: str) -> "subprocess.Popen[str]":
        """Start one of Flower's programs on a host; its output goes to a file."""
        packages = [HERE, flower()]
        # Flower's programs are beside its package, or beside Python.
        programs = [flower() / "bin", Path(sys.executable).parent]
        environment = {
            **os.environ,
            "PATH": os.pathsep.join([*map(str, programs), os.environ["PATH"]]),
            "PYTHONPATH": os.pathsep.join(map(str, packages)),
            "FLWR_HOME": str(self.home(number)),
            "FLWR_TELEMETRY_ENABLED": "0",
            "OMP_NUM_THREADS": "1",
        }
        with self.log(number, program).open("a") as log:
            return self.hosts[number - 1].start([program, *arguments], log, environment)

    def log(self, number: int, program: str) -> Path:
        """Return the file with a program's output."""
        return self.folder / f"host{number}-{program}.log"

    def wait(self, what: str, happened: Callable[[], bool]) -> None:
        """Wait until something has happened."""
        until = time.monotonic() + LONGEST
        while not happened():
            if time.monotonic() > until:
                self.give_up(f"{what}: not within {LONGEST:.0f} s")
            time.sleep(0.2)

    def give_up(self, reason: str) -> None:
        """End this program with the last lines of all logs."""
        logs = sorted(self.folder.glob("*.log"))
        raise SystemExit(
            "\n".join([reason, *(f"{log.name}:\n{log.read_text()[-3000:]}" for log in logs)])
        )

    def superlink(self) -> None:
        """Start the SuperLink, and register the keys of the devices that may join."""
        self.start(
            *(1, "flower-superlink", "--host", "0.0.0.0", "--enable-supernode-auth"),
            *("--ssl-certfile", self.certificate, "--ssl-keyfile", str(self.folder / "server.key")),
            *("--ssl-ca-certfile", self.certificate, "--disable-runtime-dependency-installation"),
        )
        log = self.log(1, "flower-superlink")
        self.wait("the SuperLink's start", lambda: "Uvicorn running" in log.read_text())
        for number in (HONEST, KILLED, LIAR):
            public = f"{self.key(number)}.pub"
            if self.start(1, "flwr", "supernode", "register", public, "here").wait(LONGEST):
                self.give_up(f"the key of host {number} was not registered")

    def supernode(self, number: int, acts: str = "") -> None:
        """Start the SuperNode of a device."""
        self.start(
            *(number, "flower-supernode", "--superlink", "host1:8000"),
            *("--root-certificates", self.certificate),
            *("--auth-supernode-private-key", self.key(number)),
            *("--node-config", f'model="{self.base}" text="{self.text(number)}" {acts}'),
        )

    def run(self) -> "subprocess.Popen[str]":
        """Start the training."""
        settings = " ".join(f"{name}={value}" for name, value in SETTINGS.items())
        return self.start(
            *(1, "flwr", "run", str(self.folder / "app"), "here", "--stream", "--run-config"),
            f'people=3 continues="{self.base}" out="{self.out}" valid="{self.all}" '
            f'seconds={SECONDS} settings="{settings}"',
        )


class HonestAnswers:
    """A `foreword.federated.devices.Post` whose answers, the honest ones, this process computes."""

    def __init__(self, trial: Trial) -> None:
        self._trial, self._round = trial, 0

    def devices(self) -> Collection[int]:
        """Return the numbers of the hosts."""
        return (HONEST, KILLED, LIAR)

    def exchange(
        self, letters: "Mapping[int, Letter]", seconds: float, wish: "StopWish"
    ) -> "Mapping[int, Letter | str]":
        """Answer a round."""
        from foreword.federated.devices import answered

        del seconds, wish
        self._round += 1
        honest = (HONEST, KILLED) if self._round < HALTS_IN else (HONEST,)
        trial = self._trial
        return {host: answered(letters[host], trial.base, trial.text(host)) for host in honest}


def deployed(trial: Trial) -> dict[str, Any]:
    """Train with the devices, kill one of them, and return what came of it."""
    from foreword.federated.devices import serve
    from foreword.folder.store import read_folder

    trial.superlink()
    trial.supernode(STRANGER)
    trial.supernode(HONEST)
    trial.supernode(KILLED, f'halts="{trial.halted}"')
    trial.supernode(LIAR, "lies=true")
    running = trial.run()
    trial.wait(f"round {HALTS_IN} at the device to kill", trial.halted.exists)
    trial.hosts[KILLED - 1].kill()
    if running.wait(LONGEST):
        trial.give_up("flwr run failed")
    serve(
        HonestAnswers(trial), people=3, continues=trial.base, out=trial.folder / "same", **SETTINGS
    )
    actual, expected = read_folder(trial.out), read_folder(trial.folder / "same")
    config, base = actual.config, read_folder(trial.base).config
    if config.evaluation is None or config.training is None or base.evaluation is None:
        trial.give_up("the model was not finished")
    log = trial.log(1, "flwr").read_text()
    return {
        "same": all(
            expected.weights[name].tobytes() == value.tobytes()
            for name, value in actual.weights.items()
        ),
        "rounds": config.training.steps,
        "received": config.training.federated.received,
        "dropped": config.training.federated.dropped,
        "perplexity_before": round(base.evaluation.perplexity, 2),
        "perplexity": round(config.evaluation.perplexity, 2),
        "stranger": trial.log(STRANGER, "flower-supernode").read_text()[-2000:],
        "log": [line for line in log.splitlines() if "round" in line or "device" in line],
    }


def flower() -> Path:
    """Return the folder that Flower's package is in."""
    package = find_spec("flwr")
    if package is None or package.origin is None:
        raise SystemExit("no Flower: pip install --target build/flower 'flwr>=1.42,<2'")
    return Path(package.origin).parents[1]


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def main() -> None:
    """Try, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    namespaces.enter()
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(Path(folder))
        done = deployed(trial)
        for number in (1, HONEST, LIAR, STRANGER):
            trial.hosts[number - 1].kill()
    from machine import machine

    print(machine())
    print(*done["log"], sep="\n")
    print(f"{done['received']} changes were used and {done['dropped']} dropped")
    print(f"perplexity {done['perplexity_before']} before, {done['perplexity']} after")
    if chosen.json:
        chosen.json.write_text(json.dumps(done, indent=2) + "\n")
    if not done["same"]:
        raise SystemExit("the model is not the one that the honest answers give")
    print("the model is the one that the honest answers give, bit for bit")


if __name__ == "__main__":
    main()
