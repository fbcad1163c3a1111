"""What the server bears: requests, keystrokes, overload; and what it still does after a soak.

    python benchmarks/serve.py [--seconds 5] [--overload 10] [--rounds 3] [--soak MINUTES]
                               [--json FILE]

Server and clients share the machine: two cores. Clients type the sentences of the carried chats
(MIT), letter by letter, and hold every answer against the predictor's own. Beside each figure
stands that of `benchmarks/echo.py`: the same server and framework with an endpoint that computes
nothing; rounds of both alternate, and medians are printed. `us CPU` is the server's, for each
request, and tells what it costs wherever others use the cores too. Needs `pip install picows`.

Whole: `--seconds 30 --overload 60 --soak 20`.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
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

MODEL = "everyday-en"
SENTENCES = 300
CONNECTIONS = 64
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
                found = offered(typist.suggest(text), text)
                body = msgspec.json.encode({"text": text, "k": 3})
                answer = msgspec.json.encode(PredictAnswer(MODEL, suggestions=found))
                http.append(post("/v1/predict", body, answer))
                frames.append(
                    Exchange(
                        msgspec.json.encode({"id": end, "text": text, "k": 3}),
                        msgspec.json.encode(KeystrokeAnswer(end, found)),
                    )
                )
            self.http.append(http)
            self.frames.append(frames)
            self.unrelated.append(http[-1:])


def unchecked(sentences: list[list[Exchange]]) -> list[list[Exchange]]:
    return [[Exchange(one.request, None) for one in sentence] for sentence in sentences]


@contextlib.contextmanager
def running(command: list[str]) -> Iterator[tuple[int, int]]:
    """A server's process id and port."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )
    try:
        assert process.stdout is not None
        found = re.search(r":(\d+)/ ", line := process.stdout.readline())
        if found is None:
            raise SystemExit(f"the server did not start: {line}")
        port = int(found[1])
        time.sleep(0.5)
        yield process.pid, port
    finally:
        process.kill()
        process.wait()


async def requests(port: int, typed: list[list[Exchange]], seconds: float) -> Outcome:
    clients = HTTPClients(port, typed, CONNECTIONS)
    await clients.connect()
    outcome = await clients.closed_loop(seconds)
    clients.close()
    return outcome


def measured(work: Any, pid: int) -> dict[str, float]:
    before = cpu_seconds(pid)
    outcome: Outcome = uvloop.run(work)
    used = cpu_seconds(pid) - before
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
    ours: tuple[int, int], echo: tuple[int, int], rounds: int, make: Any
) -> tuple[dict[str, float], dict[str, float]]:
    found: tuple[list[Any], list[Any]] = ([], [])
    for _ in range(rounds):
        for rows, (pid, port), checks in zip(found, (ours, echo), (True, False), strict=True):
            rows.append(measured(make(port, checks), pid))
    return median_of(found[0]), median_of(found[1])


def row(name: str, found: dict[str, float]) -> None:
    print(
        f"{name:<44} {found['rate']:8,.0f}/s  "
        f"p50 {found['p50']:6.1f} ms  p99 {found['p99']:6.1f} ms"
        f"  {found['CPU']:5.0f} us CPU  wrong {found['wrong']:.0f}  failed {found['failed']:.0f}",
        flush=True,
    )


async def overloaded(
    port: int, pid: int, typed: list[list[Exchange]], capacity: float, seconds: float
) -> dict[str, Any]:
    clients = HTTPClients(port, typed, 4 * CONNECTIONS)
    await clients.connect()
    before = megabytes(pid)
    outcome = await clients.open_loop(2 * capacity, seconds)
    after = megabytes(pid)
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


async def soaked(port: int, pid: int, exchanges: Exchanges, minutes: float) -> dict[str, Any]:
    """Typists, requests, and clients that vanish, read nothing or send what is no frame."""
    end = time.monotonic() + 60 * minutes
    draw = random.Random(2)
    outcomes: list[Outcome] = []
    memory: list[float] = []
    hello = (
        b"GET /v1/type HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
        b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n"
    )

    async def good() -> None:
        while time.monotonic() < end:
            outcomes.append(await requests(port, exchanges.http, 3))
            outcomes.append(await Typists(port, exchanges.frames, 200, 0.2).type(5))

    async def bad() -> None:
        while time.monotonic() < end:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            kind = draw.randrange(5)
            if kind == 0:  # vanishes within a request
                writer.write(exchanges.http[0][-1].request[:-9])
            elif kind == 1:  # vanishes before the answer
                writer.write(exchanges.http[0][-1].request)
            elif kind == 2:  # no HTTP
                writer.write(draw.randbytes(400))
            elif kind == 3:  # no frames
                writer.write(hello + draw.randbytes(200))
            else:  # types without reading
                writer.write(hello)
                frame = bytes([0x81, 0x80 | 32, 0, 0, 0, 0]) + b'{"id": 1, "text": "I would li"} '
                with contextlib.suppress(ConnectionError, TimeoutError):
                    for _ in range(200):
                        writer.write(frame * 50)
                        await asyncio.wait_for(writer.drain(), 0.2)
            await asyncio.sleep(0.01)
            writer.transport.abort()

    async def watch() -> None:
        while time.monotonic() < end:
            memory.append(megabytes(pid))
            await asyncio.sleep(1)

    await asyncio.gather(good(), bad(), bad(), watch())
    settled = memory[len(memory) // 5 :]
    return {
        "answers": sum(len(one.latencies) for one in outcomes),
        "wrong": sum(one.wrong for one in outcomes),
        "failed": sum(n for one in outcomes for status, n in one.statuses.items() if status != 200),
        "MB after a fifth": settled[0],
        "MB at the end": settled[-1],
        "MB at most": max(settled),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--overload", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--soak", type=float, default=0, metavar="MINUTES")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    exchanges = Exchanges()
    report: dict[str, Any] = {}
    with running(SERVE) as ours, running(ECHO) as echo:

        def typed(checks: bool, which: list[list[Exchange]]) -> list[list[Exchange]]:
            return which if checks else unchecked(which)

        kinds = {
            f"/v1/predict while typing, {CONNECTIONS} connections": lambda port, checks: requests(
                port, typed(checks, exchanges.http), options.seconds
            ),
            f"/v1/predict, unrelated texts, {CONNECTIONS} connections": lambda port, checks: (
                requests(port, typed(checks, exchanges.unrelated), options.seconds)
            ),
            f"WebSocket, {TYPISTS} typists, as fast as answered": lambda port, checks: Typists(
                port, typed(checks, exchanges.frames), TYPISTS, 0.0
            ).type(options.seconds),
            f"WebSocket, {TYPISTS} typists, 10 keys/s each": lambda port, checks: Typists(
                port, typed(checks, exchanges.frames), TYPISTS, 0.1
            ).type(options.seconds),
        }
        for name, make in kinds.items():
            our_row, echo_row = side_by_side(ours, echo, options.rounds, make)
            row(name, our_row)
            row("   bare echo", echo_row)
            report[name] = {"ours": our_row, "echo": echo_row}
        first = next(iter(report.values()))["ours"]
        pid, port = ours
        found = uvloop.run(overloaded(port, pid, exchanges.http, first["rate"], options.overload))
        found["p99 against that at capacity"] = found["p99"] / first["p99"]
        report[f"overload, twice the capacity, {options.overload:g} s"] = found
        print(f"overload, twice the capacity, {options.overload:g} s:")
        for key, value in found.items():
            print(f"   {key}: {value:,.2f}")
        if options.soak:
            found = uvloop.run(soaked(port, pid, exchanges, options.soak))
            report[f"soak, {options.soak:g} minutes"] = found
            print(f"soak, {options.soak:g} minutes:")
            for key, value in found.items():
                print(f"   {key}: {value:,.1f}")
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
