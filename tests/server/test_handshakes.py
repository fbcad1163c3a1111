"""Who gets a WebSocket when many want one; on a clock of the test's."""

import asyncio

import pytest

from foreword.server import handshakes
from foreword.server.handshakes import MOST_WAITING, PAUSE, Handshakes

from .conftest import run


class Queue:
    """Handshakes that take two milliseconds each, and what became of them."""

    def __init__(self) -> None:
        self.now = 0.0
        self.handshakes = Handshakes(lambda: self.now)
        self.opened: list[str] = []
        self.refused: list[str] = []

    def ask(self, source: str) -> None:
        def begin() -> None:
            self.now += 0.002
            self.opened.append(source)

        self.handshakes.ask(source, begin, lambda: self.refused.append(source))


def test_one_address_that_opens_many_does_not_keep_another_waiting() -> None:
    async def ask() -> list[str]:
        queue = Queue()
        for _ in range(100):
            queue.ask("attacker")
        queue.ask("typist")
        await asyncio.sleep(2 * (PAUSE * 0.002 + 0.001))
        return queue.opened[:2]

    assert run(ask()) == ["attacker", "typist"]


def test_between_handshakes_the_loop_is_left_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def ask() -> int:
        queue = Queue()
        monkeypatch.setattr(queue.handshakes, "_continue", pauses.append)
        for _ in range(3):
            queue.ask("attacker")
        queue.handshakes._begin_some()
        return len(queue.opened)

    assert run(ask()) == 1
    assert pauses == [0.0, pytest.approx(PAUSE * 0.002)]


def test_of_too_many_the_busiest_address_is_refused() -> None:
    async def ask() -> tuple[list[str], bool, bool]:
        queue = Queue()
        for _ in range(MOST_WAITING):
            queue.ask("attacker")
        full = queue.handshakes.would_refuse("attacker")
        queue.ask("attacker")
        for _ in range(3):
            queue.ask("typist")
        return queue.refused, full, queue.handshakes.would_refuse("typist")

    assert run(ask()) == (["attacker"] * 4, True, False)


def test_many_addresses_with_a_client_each_refuse_the_newest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(handshakes, "MOST_WAITING", 3)

    async def ask() -> list[str]:
        queue = Queue()
        for source in ("a", "b", "c", "d"):
            queue.ask(source)
        queue.handshakes._begin_some()
        return queue.refused

    assert run(ask()) == ["d"]


def test_refusing_many_at_once_leaves_the_loop_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def ask() -> int:
        queue = Queue()
        monkeypatch.setattr(queue.handshakes, "_continue", pauses.append)

        def refuse() -> None:
            queue.now += 0.002
            queue.refused.append("attacker")

        for _ in range(3):
            queue.handshakes.refuse(refuse)
        queue.handshakes._begin_some()
        return len(queue.refused)

    assert run(ask()) == 1
    assert pauses == [0.0, pytest.approx(PAUSE * 0.002)]
