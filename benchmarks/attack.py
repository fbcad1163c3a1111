"""How attacks on `foreword serve` affect honest clients, and the cost of the attacks.

    python benchmarks/attack.py [--seconds 4] [--only NAME] [--json FILE]

A server with the everyday model, on this machine. Honest clients ask for suggestions, 50 requests a
second in all over 8 connections, a new connection every second, and ask for `/health` ten times a
second; each attack comes from another process of one core at low priority. Before each attack the
honest clients are measured alone. After it they are measured while the same attack goes to a socket
that accepts and ignores connections, and closes the oldest of more than 2,048 (`elsewhere`): its
effect is the attacker's use of the machine, not the server's work. `served` is the fraction of
their requests that were answered. `cpu` is the fraction of a core that the attacked server used,
and `queued` the fraction of the time in which it could have run but waited for a core (on Linux):
above a few percent, the p99 is that of a busy machine. The last columns are the server's memory in
MB, before and at its highest, and the growth of its log.

The server passes if all requests were served, with a p99 of at most three times that without the
attack. If the p99 is larger, but also elsewhere, the outcome is "machine": the attacker's use of
the machine alone has this effect. All attacks take less than five minutes.
"""

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from timing import quantile

MODEL = "everyday-en"
BODY = b'{"text": "I would li"}'
HOST = b"host: 127.0.0.1\r\n"
REQUEST = (
    b"POST /v1/predict HTTP/1.1\r\n" + HOST + b"content-type: application/json\r\n"
    b"content-length: %d\r\n\r\n" % len(BODY) + BODY
)
HEALTH = b"GET /health HTTP/1.1\r\n" + HOST + b"connection: close\r\n\r\n"
UPGRADE = (
    b"GET /v1/type HTTP/1.1\r\n" + HOST + b"upgrade: websocket\r\nconnection: upgrade\r\n"
    b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n"
)
RATE = 50
CONNECTIONS = 8
CONNECTIONS_KEPT = 2_048
"""The most connections of the server, by default, and of the socket that ignores them."""
PATIENCE = 5.0
"""Seconds after which an honest client gives up."""
Attack = Callable[[int], Awaitable[None]]


# The attacks: each continues until its process is killed.


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def again(port: int, work: Callable[..., Awaitable[None]], *arguments: Any) -> None:
    """Does it on one connection after the other."""
    while True:
        with contextlib.suppress(ConnectionError, TimeoutError, asyncio.IncompleteReadError):
            async with connected(port) as (reader, writer):
                await work(reader, writer, *arguments)
        await asyncio.sleep(0.001)


async def pours(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first: bytes, more: bytes
) -> None:
    """Sends without an end, and reads nothing."""
    del reader
    writer.write(first)
    while True:
        writer.write(more)
        await writer.drain()


def pouring(first: bytes, more: bytes, connections: int = 4) -> Attack:
    async def attack(port: int) -> None:
        await asyncio.gather(*(again(port, pours, first, more) for _ in range(connections)))

    return attack


async def waits(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first: bytes, drip: bytes
) -> None:
    """Sends something, then a little now and then, until the server closes."""
    writer.write(first)
    while True:
        with contextlib.suppress(TimeoutError):
            if not await asyncio.wait_for(reader.read(65_536), 1.0):
                return
        writer.write(drip)


def holding(first: bytes, drip: bytes, connections: int) -> Attack:
    async def attack(port: int) -> None:
        async def later(number: int) -> None:
            await asyncio.sleep(number / 2_000)
            await again(port, waits, first, drip)

        await asyncio.gather(*map(later, range(connections)))

    return attack


def repeating(request: bytes, connections: int = 8) -> Attack:
    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(request)
        await asyncio.wait_for(reader.read(65_536), 5.0)

    async def attack(port: int) -> None:
        await asyncio.gather(*(again(port, ask) for _ in range(connections)))

    return attack


def frame(payload: bytes, kind: int = 1, *, fin: bool = True) -> bytes:
    """A client's WebSocket frame (RFC 6455, section 5.2), masked with zeros."""
    return bytes([(0x80 if fin else 0) | kind, 0x80 | len(payload)]) + bytes(4) + payload


POST = b"POST /v1/predict HTTP/1.1\r\n" + HOST + b"content-type: application/json\r\n"
ATTACKS: dict[str, tuple[str, Attack]] = {
    "an endless header": ("16 KB", pouring(POST + b"cookie: ", b"x" * 65_536)),
    "a million headers": ("100", pouring(POST, b"a: b\r\n" * 10_000)),
    "an endless target": ("16 KB", pouring(b"GET /", b"x" * 65_536)),
    "endless trailers": (
        "16 KB",
        pouring(POST + b"transfer-encoding: chunked\r\n\r\n0\r\n", b"a: b\r\n" * 10_000),
    ),
    "an endless body": (
        "128 KB",
        pouring(POST + b"content-length: 999999999999\r\n\r\n", b"x" * 65_536),
    ),
    "4,000 silent connections": ("2,048; 10 s", holding(b"", b"", 4_000)),
    "2,100 half heads, a byte a second": ("10 s", holding(POST + b"a: ", b"x", 2_100)),
    "2,100 half bodies, a byte a second": (
        "10 s",
        holding(POST + b"content-length: 100000\r\n\r\n", b"x", 2_100),
    ),
    "4,000 silent WebSockets": ("2,048", holding(UPGRADE, b"", 4_000)),
    "pipelined requests, answers unread": ("10 s", pouring(b"", REQUEST * 500, 16)),
    "pings, answers unread": (
        "10 s",
        pouring(UPGRADE, frame(b"p" * 125, 9) * 500, 16),
    ),
    "fragments without an end": (
        "1,024",
        pouring(UPGRADE + frame(b"", fin=False), frame(b"", 0, fin=False) * 5_000),
    ),
    "no HTTP, as fast as it is refused": ("", repeating(b"\x16\x03\x01\x02\x00nonsense\r\n\r\n")),
    "connections, as fast as they are made": ("", repeating(REQUEST[:-5])),
}


async def computes(_port: int) -> None:
    """Attacks nothing, and uses a core: the least effect of the other attacks."""
    while True:
        pass


ATTACKS["nothing but a busy core"] = ("", computes)


def attacking(name: str, port: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(10)
    asyncio.run(_run(ATTACKS[name][1], port))


async def _run(attack: Attack, port: int) -> None:
    await attack(port)


@contextlib.contextmanager
def under_attack(name: str, port: int, ramp: float) -> Iterator[multiprocessing.Process]:
    """An attack that has gone on for some seconds, for thousands of connections."""
    process = multiprocessing.Process(target=attacking, args=(name, port), daemon=True)
    process.start()
    try:
        time.sleep(ramp)
        yield process
    finally:
        process.kill()
        process.join()


@contextlib.contextmanager
def ignoring() -> Iterator[int]:
    """The port of a socket that accepts connections, reads nothing, and keeps the newest."""
    with socket.create_server(("127.0.0.1", 0), backlog=4_096) as listening:
        process = multiprocessing.Process(target=ignores, args=(listening,), daemon=True)
        process.start()
        try:
            yield listening.getsockname()[1]
        finally:
            process.kill()
            process.join()


def ignores(listening: socket.socket) -> None:
    kept: deque[socket.socket] = deque()
    while True:
        kept.append(listening.accept()[0])
        if len(kept) > CONNECTIONS_KEPT:
            kept.popleft().close()


# The honest.


class Honest:
    """Clients that send requests at a steady rate, and the time of each answer, from its due
    time.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.took: list[float] = []
        self.health: list[float] = []
        self.asked = self.failed = 0

    async def ask_for(self, seconds: float) -> None:
        async with asyncio.TaskGroup() as tasks:
            for number in range(CONNECTIONS):
                tasks.create_task(self._types(number / RATE, seconds))
            tasks.create_task(self._watches(seconds))

    async def _types(self, offset: float, seconds: float) -> None:
        """Opens a connection every second, and asks over it as often as its share is."""
        began = time.perf_counter() + offset
        pause = CONNECTIONS / RATE
        stream = None
        for turn in range(int((seconds - offset) / pause)):
            due = began + turn * pause
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            self.asked += 1
            try:
                async with asyncio.timeout(PATIENCE):
                    if stream is None or turn % int(1 / pause) == 0:
                        if stream is not None:
                            stream[1].close()
                        stream = await asyncio.open_connection("127.0.0.1", self.port)
                    status = await answered(*stream, REQUEST)
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                status = 0
            if status != 200:
                self.failed += 1
                if stream is not None:
                    stream[1].transport.abort()
                stream = None
            else:
                self.took.append(time.perf_counter() - due)
        if stream is not None:
            stream[1].transport.abort()

    async def _watches(self, seconds: float) -> None:
        end = time.perf_counter() + seconds
        while (due := time.perf_counter()) < end:
            self.asked += 1
            try:
                async with asyncio.timeout(PATIENCE), connected(self.port) as (reader, writer):
                    if await answered(reader, writer, HEALTH) != 200:
                        raise ConnectionError
                self.health.append(time.perf_counter() - due)
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                self.failed += 1
            await asyncio.sleep(0.1)


async def answered(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> int:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    await reader.readexactly(int(length[1]) if length else 0)
    return int(head[9:12])


# The server.


class Server:
    """A process that serves; its log goes to a file."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "log"
        with self.log.open("w") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "foreword", "serve", MODEL, "--port", "0"],
                stdout=file,
                stderr=file,
                env={**os.environ, "NO_COLOR": "1", "OMP_NUM_THREADS": "1"},
            )
        until = time.monotonic() + 60
        while (listens := re.search(r":(\d+)/ ", self.log.read_text())) is None:
            if time.monotonic() > until or self.process.poll() is not None:
                raise SystemExit(f"the server did not start: {self.log.read_text()}")
            time.sleep(0.05)
        self.port = int(listens[1])

    def megabytes(self) -> float:
        """The memory that it holds now; 0 if it is dead."""
        with contextlib.suppress(OSError):
            pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
            return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
        return 0.0

    def seconds(self) -> tuple[float, float]:
        """For how long it has run, and for how long it has waited for a core; 0 if unknown."""
        with contextlib.suppress(OSError):
            ran, waited, _ = Path(f"/proc/{self.process.pid}/schedstat").read_text().split()
            return int(ran) / 1e9, int(waited) / 1e9
        return 0.0, 0.0


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            yield server
        finally:
            server.process.kill()
            server.process.wait()


async def honest_beside(server: Server, seconds: float) -> tuple[Honest, float]:
    """The honest, and the most memory that the server held."""
    honest, most = Honest(server.port), server.megabytes()
    asking = asyncio.ensure_future(honest.ask_for(seconds))
    while not asking.done():
        most = max(most, server.megabytes())
        await asyncio.wait([asking], timeout=0.1)
    await asking
    return honest, most


def attacked(name: str, seconds: float) -> dict[str, Any]:
    with serving() as server:
        asyncio.run(honest_beside(server, 1.0))
        calm, before = asyncio.run(honest_beside(server, seconds))
        log_size = server.log.stat().st_size
        with under_attack(name, server.port, 2.5) as process:
            before_attack = server.seconds()
            rough, most = asyncio.run(honest_beside(server, seconds))
            spent = zip(server.seconds(), before_attack, strict=True)
            cpu, queued = ((now - then) / seconds for now, then in spent)
            alive = process.is_alive()
        asyncio.run(honest_beside(server, 0.5))
        with ignoring() as port, under_attack(name, port, 1.0):
            elsewhere, _ = asyncio.run(honest_beside(server, seconds / 2))
        lines = server.log.read_text().splitlines()[1:]
        unasked = [line for line in lines if "WARNING" not in line]
        if unasked:
            print(f"   the log has {len(unasked)} lines that no client caused:", unasked[0])
        return {
            "p50 calm": quantile(calm.took, 0.5),
            "p99 calm": quantile(calm.took, 0.99),
            "p50": quantile(rough.took, 0.5),
            "p99": quantile(rough.took, 0.99),
            "p99 elsewhere": quantile(elsewhere.took, 0.99),
            "health p99": quantile(rough.health, 0.99),
            "cpu": cpu,
            "queued": queued,
            "served": 1 - rough.failed / max(rough.asked, 1),
            "MB before": before,
            "MB at most": most,
            "log kB": (server.log.stat().st_size - log_size) / 1000,
            "server lives": server.process.poll() is None,
            "attack went on": alive,
        }


def outcome(row: dict[str, Any]) -> str:
    if not row["server lives"]:
        return "DEAD"
    if not row["attack went on"]:
        return "no attack"
    if row["served"] < 0.999:
        return "shut out"
    bound = 3 * row["p99 calm"]
    if row["p99"] <= bound:
        return "held"
    return "machine" if row["p99 elsewhere"] > bound else "slowed"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=4, help="seconds of each attack")
    parser.add_argument("--only", help="attacks with this in their names")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    print(
        f"{'attack':<40} {'limit':<12} {'p50':>5} {'p99':>6} without "
        f"{'p50':>6} {'p99':>7} with  {'elsewhere':>9} {'/health':>7} "
        f"{'cpu':>4} {'queued':>6} served  {'MB':>4} {'most':>5} {'log kB':>6}  outcome"
    )
    report = {}
    for name, (limit, _) in ATTACKS.items():
        if options.only and options.only not in name:
            continue
        row = report[name] = attacked(name, options.seconds)
        print(
            f"{name:<40} {limit:<12} {row['p50 calm']:5.1f} {row['p99 calm']:6.1f}         "
            f"{row['p50']:6.1f} {row['p99']:7.1f}       {row['p99 elsewhere']:9.1f} "
            f"{row['health p99']:7.1f} {row['cpu']:4.0%} {row['queued']:6.0%} "
            f"{row['served']:6.1%} {row['MB before']:5.0f} "
            f"{row['MB at most']:5.0f} {row['log kB']:6.1f}  {outcome(row)}",
            flush=True,
        )
    ratios = [row["p99"] / row["p99 calm"] for row in report.values() if row["p99 calm"]]
    if ratios:
        print(f"p99 with an attack against without: median {statistics.median(ratios):.1f} times")
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
