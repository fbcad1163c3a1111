"""The server's capacity: requests, keystrokes, overload; and a soak, which must not affect it.

    python benchmarks/serve.py [--seconds 5] [--overload 10] [--rounds 3] [--json FILE]
    python benchmarks/serve.py soak [--minutes 20] [--json FILE]

Server and clients share the machine: two cores. Clients type the sentences of the carried chats
(MIT), letter by letter, and compare every answer with the predictor's own. Beside each figure is
that of `benchmarks/echo.py`: the same server and framework with an endpoint that computes nothing;
rounds of both alternate, and medians are printed. `us CPU` is the server's processor time for each
request, which does not depend on other programs. Needs `pip install picows`.

Whole: `--seconds 30 --overload 60`.
"""

import argparse
import contextlib
import gc
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import uvloop

import foreword
from foreword.server.messages import (
    KeystrokeAnswer,
    PredictAnswer,
)
from foreword.server.predicting import offered
from foreword.text.corpus import chat_source
from load import Exchange, HTTPClients, Outcome, Typists, cpu_seconds, megabytes, post
from soaking import soaked, told_of_clients

MODEL = "everyday-en"
SENTENCES = 300
CONNECTIONS = 64
RATE = 8000
TYPISTS = 1000
SERVE = [sys.executable, "-m", "foreword", "serve", MODEL, "--port", "0"]
ECHO = [sys.executable, str(Path(__file__).parent / "echo.py")]


def sentences() -> list[str]:
    lines = [piece.text.strip() for piece in chat_source("valid").read()]
    return random.Random(1).sample([line for line in lines if 15 <= len(line) <= 80], SENTENCES)


class Exchanges:
    """Requests and the right answers, of each sentence letter by letter."""

    def __init__(self) -> None:
        predictor = foreword.load(MODEL)
        self.http: list[list[Exchange]] = []
        self.frames: list[list[Exchange]] = []
        self.unrelated: list[list[Exchange]] = []
        for sentence in sentences():
            typist = predictor.typist()
            http, frames = [], []
            for end in range(1, len(sentence) + 1):
                text = sentence[:end]
                suggestions = offered(typist.suggest(text), text)
                body = msgspec.json.encode({"text": text, "k": 3})
                answer = msgspec.json.encode(PredictAnswer(MODEL, suggestions=suggestions))
                http.append(post("/v1/predict", body, answer))
                frames.append(
                    Exchange(
                        msgspec.json.encode({"id": end, "text": text, "k": 3}),
                        msgspec.json.encode(KeystrokeAnswer(end, suggestions)),
                    )
                )
            self.http.append(http)
            self.frames.append(frames)
            self.unrelated.append(http[-1:])


def unchecked(sentences: list[list[Exchange]]) -> list[list[Exchange]]:
    return [[Exchange(one.request, None) for one in sentence] for sentence in sentences]


@dataclass(frozen=True)
class Server:
    """A process that serves, its port, and what it has printed."""

    pid: int
    port: int
    printed: Path

    def log(self) -> str:
        return self.printed.read_text()


@contextlib.contextmanager
def running(command: list[str]) -> Iterator[Server]:
    # A file takes what is printed: a pipe that nobody reads would stop the server once it is full.
    with tempfile.TemporaryDirectory() as folder:
        printed = Path(folder) / "printed"
        with printed.open("w") as file:
            process = subprocess.Popen(
                command, stdout=file, stderr=file, env={**os.environ, "NO_COLOR": "1"}
            )
        try:
            until = time.monotonic() + 60
            while (port := re.search(r":(\d+)/ ", printed.read_text())) is None:
                if time.monotonic() > until or process.poll() is not None:
                    raise SystemExit(f"the server did not start: {printed.read_text()}")
                time.sleep(0.05)
            time.sleep(0.5)
            yield Server(process.pid, int(port[1]), printed)
        finally:
            process.kill()
            process.wait()


async def requests(
    port: int, typed: list[list[Exchange]], seconds: float, rate: float | None = None
) -> Outcome:
    """As fast as they are answered, or at a rate."""
    clients = HTTPClients(port, typed, CONNECTIONS)
    await clients.connect()
    if rate is None:
        outcome = await clients.closed_loop(seconds)
    else:
        await clients.open_loop(rate, 1)
        outcome = await clients.open_loop(rate, seconds)
    clients.close()
    return outcome


def measured(work: Any, *pids: int) -> dict[str, float]:
    before = sum(map(cpu_seconds, pids))
    outcome: Outcome = uvloop.run(work)
    used = sum(map(cpu_seconds, pids)) - before
    bad = sum(n for status, n in outcome.statuses.items() if status != 200)
    total = len(outcome.latencies)
    return {
        "rate": outcome.rate,
        "p50": outcome.quantile(0.5),
        "p99": outcome.quantile(0.99),
        "CPU": 1e6 * used / max(total * (outcome.seconds + 1) / max(outcome.seconds, 1e-9), 1),
        "wrong": outcome.wrong,
        "failed": bad,
    }


def median_of(rows: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(row[key] for row in rows) for key in rows[0]}


def side_by_side(
    ours: Server, echo: Server, rounds: int, make: Any
) -> tuple[dict[str, float], dict[str, float]]:
    figures: tuple[list[Any], list[Any]] = ([], [])
    for _ in range(rounds):
        for rows, server, checks in zip(figures, (ours, echo), (True, False), strict=True):
            rows.append(measured(make(server.port, checks), server.pid))
    return median_of(figures[0]), median_of(figures[1])


def row(name: str, figures: dict[str, float]) -> None:
    print(
        f"{name:<44} {figures['rate']:8,.0f}/s  "
        f"p50 {figures['p50']:6.1f} ms  p99 {figures['p99']:6.1f} ms"
        f"  {figures['CPU']:5.0f} us CPU  wrong {figures['wrong']:.0f}"
        f"  failed {figures['failed']:.0f}",
        flush=True,
    )


async def overloaded(
    server: Server, typed: list[list[Exchange]], capacity: float, seconds: float
) -> dict[str, Any]:
    clients = HTTPClients(server.port, typed, 4 * CONNECTIONS)
    await clients.connect()
    before = megabytes(server.pid)
    outcome = await clients.open_loop(2 * capacity, seconds)
    after = megabytes(server.pid)
    ended = time.perf_counter()
    clients.times.clear()
    calm = await clients.open_loop(capacity / 2, 3)
    late = [when - ended for when, status, took in clients.times if status != 200 or took > 0.02]
    clients.close()
    return {
        "offered": 2 * capacity,
        "accepted": outcome.rate,
        "refused": (outcome.statuses[503] + outcome.statuses[429]) / outcome.seconds,
        "not even asked": outcome.statuses[-1] / outcome.seconds,
        "p99": outcome.quantile(0.99),
        "wrong": outcome.wrong,
        "other errors": outcome.statuses[0] + outcome.statuses[500],
        "MB before": before,
        "MB after": after,
        "recovered after": max(late, default=0.0),
        "p99 after": calm.quantile(0.99),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("part", nargs="?", choices=["load", "soak"], default="load")
    parser.add_argument("--seconds", type=float, default=5, help="of each measurement")
    parser.add_argument("--overload", type=float, default=10, help="seconds of it")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=20, help="of the soak")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    exchanges = Exchanges()
    gc.disable()  # the clients leave no cycles, and collecting would count as the server's time
    if options.part == "soak":
        report = soak(exchanges, options.minutes)
    else:
        report = load(exchanges, options.seconds, options.overload, options.rounds)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")


def load(exchanges: Exchanges, seconds: float, overload: float, rounds: int) -> dict[str, Any]:
    report: dict[str, Any] = {}
    with running(SERVE) as ours, running(ECHO) as echo:

        def typed(checks: bool, which: list[list[Exchange]]) -> list[list[Exchange]]:
            return which if checks else unchecked(which)

        def typists(port: int, checks: bool, pause: float) -> Any:
            return Typists([port], typed(checks, exchanges.frames), TYPISTS, pause).type(seconds)

        kinds = {
            f"/v1/predict while typing, {CONNECTIONS} connections": lambda port, checks: requests(
                port, typed(checks, exchanges.http), seconds
            ),
            f"the same at {RATE:,} requests/s": lambda port, checks: requests(
                port, typed(checks, exchanges.http), seconds, RATE
            ),
            f"/v1/predict, unrelated texts, {CONNECTIONS} connections": lambda port, checks: (
                requests(port, typed(checks, exchanges.unrelated), seconds)
            ),
            f"WebSocket, {TYPISTS} typists, as fast as answered": lambda port, checks: typists(
                port, checks, 0.0
            ),
            f"WebSocket, {TYPISTS} typists, 10 keys/s each": lambda port, checks: typists(
                port, checks, 0.1
            ),
        }
        for name, make in kinds.items():
            our_row, echo_row = side_by_side(ours, echo, rounds, make)
            row(name, our_row)
            row("   bare echo", echo_row)
            report[name] = {"ours": our_row, "echo": echo_row}
        with running(SERVE) as other:
            for pause, name in ((0.0, "as fast as answered"), (0.05, "20 keys/s each")):
                name = f"WebSocket, {TYPISTS} typists, two replicas, {name}"
                ports = [ours.port, other.port]
                rows = []
                for _ in range(rounds):
                    work = Typists(ports, exchanges.frames, TYPISTS, pause).type(seconds)
                    rows.append(measured(work, ours.pid, other.pid))
                row(name, median_of(rows))
                report[name] = median_of(rows)
        first = next(iter(report.values()))["ours"]
        figures = uvloop.run(overloaded(ours, exchanges.http, first["rate"], overload))
        figures["p99 against that at capacity"] = figures["p99"] / first["p99"]
        report[f"overload, twice the capacity, {overload:g} s"] = figures
        print(f"overload, twice the capacity, {overload:g} s:")
        for key, value in figures.items():
            print(f"   {key}: {value:,.2f}")
    return report


def soak(exchanges: Exchanges, minutes: float) -> dict[str, Any]:
    with running(SERVE) as server:
        print(f"soak, {minutes:g} minutes; memory of the server while it lasts:", flush=True)
        figures = uvloop.run(soaked(server, exchanges.http, exchanges.frames, minutes))
        unexplained = [line for line in server.log().splitlines()[1:] if not told_of_clients(line)]
    figures["lines in the log that no client caused"] = len(unexplained)
    for key, value in figures.items():
        print(f"   {key}: {value:,.2f}" if isinstance(value, float) else f"   {key}: {value}")
    for line in unexplained[:20]:
        print("   |", line)
    return figures


if __name__ == "__main__":
    main()
