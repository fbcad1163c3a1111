"""Overload: what is taken on in a turn of the loop, and that nothing of it is left over."""

import asyncio
import re
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from foreword.server.endpoint import answer_with
from foreword.server.gathering import GatheringProtocol
from foreword.server.pressure import ALWAYS, RUSH, TURN, Pressure

from .conftest import run

REQUEST = b"POST /v1/predict HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}"


class Clock:
    """Seconds that pass as they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: Any) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing is there to be closed."""


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def taken_in_a_turn(pressure: Pressure, clock: Clock, asked: int, cost: float) -> int:
    """Of so many that arrive at once; each that is taken on takes so long."""
    taken = [pressure.admits() for _ in range(asked)].count(True)
    await asyncio.sleep(0)  # all are read
    clock.now += taken * cost
    await turns(2)
    return taken


def test_a_turn_takes_on_what_it_can_answer_in_time() -> None:
    async def ask() -> list[int]:
        clock = Clock()
        pressure = Pressure(clock)
        cost = TURN / 100
        return [await taken_in_a_turn(pressure, clock, 1000, cost) for _ in range(40)]

    taken = run(ask())
    assert taken[0] == 1000  # nothing is known yet
    assert 100 <= taken[-1] <= 101


def test_many_who_come_at_once_are_taken_on_unless_the_turn_before_was_full() -> None:
    async def ask() -> list[int]:
        clock = Clock()
        pressure = Pressure(clock)
        cost = TURN / 100
        for _ in range(40):  # what one costs is known
            await taken_in_a_turn(pressure, clock, 10, cost)
        taken = [await taken_in_a_turn(pressure, clock, 1000, cost) for _ in range(2)]
        clock.now += 2 * TURN  # nobody comes
        return [*taken, await taken_in_a_turn(pressure, clock, 1000, cost)]

    rush, full, again = run(ask())
    most = RUSH / TURN * 100
    assert most <= rush <= most + 1
    assert 100 <= full <= 101
    assert most <= again <= most + 1


def test_a_few_are_taken_on_however_slow_they_were() -> None:
    async def ask() -> list[int]:
        clock = Clock()
        pressure = Pressure(clock)
        return [await taken_in_a_turn(pressure, clock, ALWAYS + 1, 10.0) for _ in range(3)]

    assert run(ask()) == [ALWAYS + 1, ALWAYS, ALWAYS]


def test_the_turn_after_an_overload_takes_on_all_again() -> None:
    async def ask() -> int:
        clock = Clock()
        pressure = Pressure(clock)
        for _ in range(20):
            await taken_in_a_turn(pressure, clock, 1000, TURN / 100)
        return await taken_in_a_turn(pressure, clock, 90, TURN / 100)

    assert run(ask()) == 90


def connections(count: int, free: list[bool]) -> list[GatheringProtocol]:
    """Of a server that answers everything, but takes on only as long as `free` says so."""

    class Protocol(GatheringProtocol):
        admits = staticmethod(lambda target: free.pop(0) if target == b"/v1/predict" else True)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        body = (await receive())["body"]
        await answer_with(send, 200, bytes(body))

    config = uvicorn.Config(app, lifespan="off", log_config=None)
    config.load()
    made = []
    for _ in range(count):
        protocol = Protocol(config, ServerState(), {})
        transport = Transport()
        protocol.connection_made(transport)
        made.append(protocol)
    return made


def statuses(protocol: GatheringProtocol) -> list[bytes]:
    written = protocol.transport._transport.written  # type: ignore[attr-defined]
    return re.findall(rb"HTTP/1.1 (\d+)", written)


def test_a_refused_request_leaves_its_connection_as_it_was() -> None:
    async def ask() -> tuple[list[bytes], bytes, list[bytes]]:
        one, other = connections(2, [False, True, True, False])
        one.data_received(REQUEST)
        await turns(4)
        written: bytes = one.transport._transport.written  # type: ignore[attr-defined]
        one.data_received(REQUEST)
        await turns(4)
        other.data_received(REQUEST)
        await turns(4)
        other.data_received(REQUEST[:-1])  # its body comes in two parts
        await turns(4)
        assert statuses(other) == [b"200"]
        other.data_received(REQUEST[-1:])
        await turns(4)
        for protocol in (one, other):
            protocol.connection_lost(None)
        return statuses(one), written, statuses(other)

    one, refusal, other = run(ask())
    assert one == [b"503", b"200"]
    assert other == [b"200", b"503"]
    head, _, body = refusal.partition(b"\r\n\r\n")
    assert b"retry-after: 1" in head.split(b"\r\n")
    assert b"content-length: %d" % len(body) in head.split(b"\r\n")
    assert b'"code":"overloaded"' in body


def test_the_server_tells_of_itself_however_busy_it_is() -> None:
    async def ask() -> list[bytes]:
        (one,) = connections(1, [])
        one.data_received(b"GET /health HTTP/1.1\r\nhost: a\r\n\r\n")
        await turns(4)
        actual = statuses(one)
        one.connection_lost(None)
        return actual

    assert run(ask()) == [b"200"]


def test_requests_that_still_wait_count_as_accepted() -> None:
    async def ask() -> list[int]:
        clock = Clock()
        waiting = [0]
        pressure = Pressure(clock, waiting=lambda: waiting[0])
        for _ in range(40):  # what one costs is known
            await taken_in_a_turn(pressure, clock, 10, TURN / 100)
        waiting[0] = 1000
        full = await taken_in_a_turn(pressure, clock, 10, TURN / 100)
        waiting[0] = 10
        clock.now += 20 * TURN
        return [full, await taken_in_a_turn(pressure, clock, 10, TURN / 100)]

    assert run(ask()) == [0, 10]


def test_answers_of_later_iterations_tell_what_a_request_takes() -> None:
    async def ask() -> int:
        clock = Clock()
        waiting = [0]
        pressure = Pressure(clock, waiting=lambda: waiting[0])
        for _ in range(40):
            waiting[0] = [pressure.admits() for _ in range(10)].count(True)
            await turns(2)
            clock.now += 10 * TURN / 100  # another thread computes, and the loop has nothing to do
            waiting[0] = 0
            pressure.measure()
        return await taken_in_a_turn(pressure, clock, 1000, 0.0)

    most = RUSH / TURN * 100
    assert most <= run(ask()) <= most + 1


def test_time_without_a_request_tells_nothing() -> None:
    async def ask() -> int:
        clock = Clock()
        pressure = Pressure(clock)
        for _ in range(40):
            await taken_in_a_turn(pressure, clock, 10, TURN / 100)
            clock.now += 1.0
        return await taken_in_a_turn(pressure, clock, 1000, TURN / 100)

    most = RUSH / TURN * 100
    assert most <= run(ask()) <= most + 1
