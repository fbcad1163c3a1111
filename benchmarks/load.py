"""Clients that load a server on this machine, cheap enough to leave it the other core.

HTTP by a protocol that reads just the status, the length and the body; WebSocket by picows.
"""

import asyncio
import os
import random
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from timing import quantile


@dataclass
class Outcome:
    """What clients saw.

    Attributes:
        seconds: that were measured.
        latencies: of answers with status 200, in seconds.
        statuses: of all answers; 0 of connections that broke.
        wrong: answers that were not what they should have been.
    """

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: int = 0

    @property
    def rate(self) -> float:
        return len(self.latencies) / max(self.seconds, 1e-9)

    def quantile(self, share: float) -> float:
        """Milliseconds."""
        return quantile(self.latencies, share)


@dataclass(frozen=True)
class Exchange:
    """A request's bytes, and the body that answers it; None: any."""

    request: bytes
    answer: bytes | None


def post(path: str, body: bytes, answer: bytes | None = None) -> Exchange:
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return Exchange(head.encode() + body, answer)


class _Connection(asyncio.Protocol):
    """One request at a time over one connection."""

    def __init__(self, client: "HTTPClients") -> None:
        self.client = client
        self.received = b""
        self.began = 0.0
        self.exchange: Exchange | None = None
        self.turn = 0
        self.sentence = client.sentences[len(client.connections) % len(client.sentences)]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def ask(self, when: float) -> None:
        self.exchange = self.sentence[self.turn]
        self.turn += 1
        if self.turn == len(self.sentence):
            self.turn, self.sentence = 0, self.client.draw.choice(self.client.sentences)
        self.began = when
        self.transport.write(self.exchange.request)

    def data_received(self, data: bytes) -> None:
        self.received += data
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return
        index = self.received.find(b"content-length: ", 0, end)
        length = int(self.received[index + 16 : self.received.find(b"\r\n", index)])
        if len(self.received) < end + 4 + length:
            return
        status, body = int(self.received[9:12]), self.received[end + 4 :]
        self.received = b""
        self.client.answered(self, status, body)

    def connection_lost(self, error: Exception | None) -> None:
        del error
        self.client.lost()


class HTTPClients:
    """Connections that type sentences, as fast as they are answered or at a rate."""

    def __init__(self, port: int, sentences: list[list[Exchange]], connections: int) -> None:
        self.port = port
        self.sentences = sentences
        self.count = connections
        self.connections: list[_Connection] = []
        self.idle: deque[_Connection] = deque()
        self.draw = random.Random(1)
        self.outcome = Outcome()
        self.is_open_loop = False
        self.is_over = False
        self.times: list[tuple[float, int, float]] = []

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(self.count):
            _, one = await loop.create_connection(lambda: _Connection(self), "127.0.0.1", self.port)
            self.connections.append(one)

    def close(self) -> None:
        self.is_over = True
        for one in self.connections:
            one.transport.close()

    def answered(self, one: _Connection, status: int, body: bytes) -> None:
        now = time.perf_counter()
        outcome = self.outcome
        outcome.statuses[status] += 1
        if status == 200:
            outcome.latencies.append(now - one.began)
            assert one.exchange is not None
            if one.exchange.answer is not None and body != one.exchange.answer:
                outcome.wrong += 1
        if self.is_open_loop:
            self.times.append((now, status, now - one.began))
            self.idle.append(one)
        elif not self.is_over:
            one.ask(now)

    def lost(self) -> None:
        if not self.is_over:
            self.outcome.statuses[0] += 1

    async def closed_loop(self, seconds: float, *, warm: float = 1.0) -> Outcome:
        """Every connection asks again as soon as it is answered."""
        for one in self.connections:
            one.ask(time.perf_counter())
        await asyncio.sleep(warm)
        self.outcome = Outcome()
        began = time.perf_counter()
        await asyncio.sleep(seconds)
        self.outcome.seconds = time.perf_counter() - began
        self.is_over = True
        return self.outcome

    async def open_loop(self, rate: float, seconds: float) -> Outcome:
        """Requests at a rate, whether or not earlier ones were answered.

        Those for which all connections are taken are counted as status -1: a client that could
        not even ask.
        """
        if not self.is_open_loop:
            self.is_open_loop = True
            self.idle.extend(self.connections)
        self.outcome = Outcome()
        began = time.perf_counter()
        asked = 0
        while (now := time.perf_counter()) < began + seconds:
            due = int((now - began) * rate)
            while asked < due:
                asked += 1
                if self.idle:
                    self.idle.popleft().ask(now)
                else:
                    self.outcome.statuses[-1] += 1
            await asyncio.sleep(0.001)
        self.outcome.seconds = time.perf_counter() - began
        return self.outcome


class _Typist(WSListener):
    """Types sentences, a frame for each keystroke, the next when the last is answered."""

    def __init__(self, typists: "Typists") -> None:
        self.typists = typists
        self.began = 0.0
        self.due = 0.0

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        self.sentence = self.typists.draw.choice(self.typists.sentences)
        self.turn = 0

    def ask(self, now: float) -> None:
        self.began = now
        self.transport.send(WSMsgType.TEXT, self.sentence[self.turn].request)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        typists = self.typists
        if frame.msg_type != WSMsgType.TEXT:
            if frame.msg_type == WSMsgType.PING:
                transport.send_pong(frame.get_payload_as_bytes())
            return
        now = time.perf_counter()
        body = frame.get_payload_as_bytes()
        expected = self.sentence[self.turn].answer
        if b'"error":' in body:  # refused; what is wrong is another answer than the right one
            typists.outcome.statuses[503] += 1
        else:
            typists.outcome.latencies.append(now - self.began)
            typists.outcome.wrong += expected is not None and body != expected
        self.turn += 1
        if self.turn == len(self.sentence):
            self.turn, self.sentence = 0, typists.draw.choice(typists.sentences)
        if typists.pause == 0:
            self.ask(now)
        else:
            typists.loop.call_later(max(0.0, self.began + typists.pause - now), self.next)

    def next(self) -> None:
        if not self.typists.is_over:
            self.ask(time.perf_counter())

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        del transport
        if not self.typists.is_over:
            self.typists.outcome.statuses[0] += 1


class Typists:
    """Many typists, each of whom presses a key every `pause` seconds, or as soon as answered."""

    def __init__(
        self, ports: Sequence[int], sentences: list[list[Exchange]], count: int, pause: float
    ) -> None:
        self.ports = ports
        self.sentences = sentences
        self.count = count
        self.pause = pause
        self.draw = random.Random(1)
        self.outcome = Outcome()
        self.is_over = False

    async def type(self, seconds: float, *, warm: float = 1.0) -> Outcome:
        self.loop = asyncio.get_running_loop()
        typists = []
        for number in range(self.count):
            url = f"ws://127.0.0.1:{self.ports[number % len(self.ports)]}/v1/type"
            _, one = await ws_connect(lambda: _Typist(self), url)
            typists.append(one)
        for one in typists:
            if self.pause:  # not all at the same moment
                self.loop.call_later(self.draw.random() * self.pause, one.next)
            else:
                one.ask(time.perf_counter())
        await asyncio.sleep(warm + self.pause)
        self.outcome = Outcome()
        began = time.perf_counter()
        await asyncio.sleep(seconds)
        self.outcome.seconds = time.perf_counter() - began
        self.is_over = True
        for one in typists:
            one.transport.disconnect()
        return self.outcome


def cpu_seconds(pid: int) -> float:
    """That a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def megabytes(pid: int) -> float:
    """Of memory that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
