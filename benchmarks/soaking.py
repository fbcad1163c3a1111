"""Mixed traffic for a long time: well-behaved clients, and misbehaving ones.

The answers to good clients are compared with the right ones. Bad clients disconnect within a
request, before its answer or within a stream, send invalid HTTP, frames or JSON or too much data,
or do not read.
"""

import asyncio
import contextlib
import itertools
import random
import re
import time
from typing import Any, Protocol

import msgspec
import numpy as np

from load import Exchange, HTTPClients, Outcome, Typists, megabytes, post

EVERY = 10.0
"""Seconds between two measurements of the server's memory."""
HELLO = (
    b"GET /v1/type HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
    b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n"
)
STREAM = post(
    "/v1/completions",
    msgspec.json.encode({"prompt": "I would", "max_tokens": 500, "stream": True, "n": 4}),
).request


class Served(Protocol):
    pid: int
    port: int


def frame(payload: bytes, kind: int = 1) -> bytes:
    """A client's WebSocket frame (RFC 6455, section 5.2), masked with zeros."""
    length = len(payload)
    size = bytes([0x80 | length]) if length < 126 else b"\xfe" + length.to_bytes(2, "big")
    return bytes([0x80 | kind]) + size + bytes(4) + payload


def told_of_clients(line: str) -> bool:
    """Whether a line of the log tells of what a client did."""
    pattern = "Invalid HTTP request received|Exceeded concurrency limit|Invalid UTF-8"
    return re.search(pattern, line) is not None


class BadClients:
    """Misbehaving clients, one after the other, each in another way."""

    def __init__(self, port: int, request: bytes) -> None:
        self.port = port
        self.draw = random.Random(2)
        self.done = 0
        keystroke = frame(b'{"id": 1, "text": "I would li"}')
        self.says = [
            request[:-9],
            request,
            STREAM,
            self.draw.randbytes(400),
            b"POST /v1/predict HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 90000000\r\n\r\n{",
            post("/v1/predict", b'{"text": ').request,
            post("/v1/predict", b"[" * 50_000).request,
            post("/v1/advance", b'{"state": "fw1.AAAA", "text": "a"}').request,
            HELLO[:60],
            HELLO + self.draw.randbytes(200),
            HELLO + frame(b"\xff\xfe"),
            HELLO + frame(b"{}", kind=2),
            HELLO + frame(b"no JSON"),
            HELLO + frame(b"", kind=8),
            HELLO + keystroke[:9],
            HELLO + b"\x81\xff" + (1 << 40).to_bytes(8, "big"),
            HELLO + keystroke,
        ]
        self.flood = keystroke * 50

    async def one(self) -> None:
        with contextlib.suppress(ConnectionError, TimeoutError):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                if self.draw.random() < 0.05:
                    await self.types_without_reading(writer)
                    return
                writer.write(self.draw.choice(self.says))
                await writer.drain()
                if self.draw.random() < 0.5:
                    await asyncio.wait_for(reader.read(200), 0.05)
            finally:
                writer.transport.abort()
                self.done += 1

    async def types_without_reading(self, writer: asyncio.StreamWriter) -> None:
        writer.write(HELLO)
        for _ in range(200):
            writer.write(self.flood)
            await asyncio.wait_for(writer.drain(), 0.2)


class Holder:
    """Reads on from states that it holds itself, and scores the same words."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answers = 0
        self.wrong = 0

    async def reads(self, words: list[str]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            state, offered, log = None, [], 0.0
            for word in words:
                body = {"text": word, "k": 50} | ({} if state is None else {"state": state})
                answer = await self.ask(reader, writer, "/v1/advance", body)
                log += next((np.log(p) for known, p in offered if known == word), np.nan)
                state = answer["state"]
                offered = [(one["word"], one["probability"]) for one in answer["predictions"]]
            score = await self.ask(reader, writer, "/v1/score", {"text": " ".join(words)})
            scored = [one["log_probability"] for one in score["words"]]
            # Where every word was among those offered, both say the same.
            total = log + scored[0]
            if not np.isnan(log) and abs(sum(scored) - total) > 1e-3:
                self.wrong += 1
        finally:
            writer.close()

    async def ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, body: Any
    ) -> Any:
        writer.write(post(path, msgspec.json.encode(body)).request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", head)[1])  # type: ignore[index]
        answer = msgspec.json.decode(await reader.readexactly(length))
        self.answers += 1
        self.wrong += not head.startswith(b"HTTP/1.1 200")
        return answer


async def metrics(port: int) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /metrics HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")
    text = (await reader.read()).decode()
    writer.close()
    return text


def counted(text: str, pattern: str) -> float:
    return sum(float(value) for value in re.findall(pattern + r".* (\S+)$", text, re.MULTILINE))


async def soaked(
    server: Served, http: list[list[Exchange]], frames: list[list[Exchange]], minutes: float
) -> dict[str, Any]:
    """What became of the clients, and the server's memory while they came."""
    began = time.monotonic()
    end = began + 60 * minutes
    outcomes: list[Outcome] = []
    memory: list[tuple[float, float]] = []
    bad, holder = BadClients(server.port, http[0][-1].request), Holder(server.port)

    async def type_and_ask() -> None:
        for turn in itertools.count():
            if time.monotonic() > end:
                return
            if turn % 2:
                outcomes.append(await Typists([server.port], frames, 200, 0.2).type(5))
                continue
            clients = HTTPClients(server.port, http, 32)
            await clients.connect()
            outcomes.append(await clients.open_loop(1000, 5))
            await asyncio.sleep(0.5)
            clients.close()

    async def misbehave() -> None:
        while time.monotonic() < end:
            await bad.one()
            await asyncio.sleep(0.02)

    async def hold() -> None:
        draw = random.Random(3)
        while time.monotonic() < end:
            await holder.reads(draw.choice(["how are you", "i like it", "what do you do"]).split())
            await asyncio.sleep(0.05)

    async def watch() -> None:
        while time.monotonic() < end:
            memory.append(((time.monotonic() - began) / 60, megabytes(server.pid)))
            print(f"   {memory[-1][0]:6.1f} min  {memory[-1][1]:7.1f} MB", flush=True)
            await asyncio.sleep(min(EVERY, max(0.1, end - time.monotonic())))

    await asyncio.gather(type_and_ask(), misbehave(), misbehave(), hold(), watch())
    await asyncio.sleep(1)
    text = await metrics(server.port)
    # What the first fifth fills is kept: caches, pools of memory, connections' buffers.
    settled = np.array(memory[len(memory) // 5 :])
    slope = np.polyfit(settled[:, 0], settled[:, 1], 1)[0] if len(settled) > 2 else np.nan
    return {
        "right answers": sum(len(one.latencies) for one in outcomes) + holder.answers,
        "wrong answers": sum(one.wrong for one in outcomes) + holder.wrong,
        "good clients' requests that failed": sum(
            n for one in outcomes for status, n in one.statuses.items() if status not in (200, -1)
        ),
        "bad clients": bad.done,
        "answers with status 500": counted(text, r'foreword_requests_total\{.*status="5'),
        "keystrokes that failed": counted(text, r'foreword_keystrokes_total\{outcome="failed"'),
        "WebSockets left open": counted(text, "^foreword_websockets"),
        "MB after a fifth": float(settled[0, 1]),
        "MB at the end": float(settled[-1, 1]),
        "MB at most": float(settled[:, 1].max()),
        "MB/hour": 60 * float(slope),
    }
