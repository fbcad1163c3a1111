"""How many threads a run takes, on a machine whose pace is told by the test."""

from pathlib import Path

import pytest
import torch

import foreword
from foreword.training import preparing
from foreword.training.progress import Event, Note
from foreword.training.threads import BETTER, MOST_SECONDS, Threads, numbers_up_to


class Machine:
    """Steps of 100 words at a pace that depends on the number of threads, and a clock."""

    def __init__(self, paces: dict[int, float]) -> None:
        self.paces = paces
        self.now = 0.0
        self.number = 0
        self.used: list[int] = []
        self.notes: list[str] = []
        self.threads = Threads(max(paces), self.report, lambda: self.now, self.use)

    def report(self, event: Event) -> None:
        assert isinstance(event, Note)
        self.notes.append(event.text)

    def use(self, number: int) -> None:
        self.number = number

    def run(self, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until:
            step = 100 / self.paces[self.number]
            self.now += step
            self.used.append(self.number)
            self.threads.after_step(100, step)


def test_the_fastest_number_is_taken_and_said_in_one_line() -> None:
    busy = Machine({1: 3400.0, 2: 650.0})
    busy.run(5)
    assert busy.number == 1
    assert busy.notes == ["1 thread, 3,400 words/s (2: 650)"]
    quiet = Machine({1: 3400.0, 2: 6000.0})
    quiet.run(5)
    assert quiet.number == 2
    assert quiet.notes == ["2 threads, 6,000 words/s (1: 3,400)"]


def test_a_number_in_between_may_be_the_fastest() -> None:
    machine = Machine({1: 1000.0, 2: 1900.0, 4: 3000.0, 8: 700.0})
    machine.run(10)
    assert machine.number == 4


def test_when_others_come_fewer_are_taken_and_when_they_go_more() -> None:
    machine = Machine({1: 3000.0, 2: 5500.0})
    machine.run(30)
    assert machine.number == 2
    machine.paces = {1: 2900.0, 2: 700.0}
    machine.run(5)
    assert machine.number == 1
    machine.paces = {1: 3000.0, 2: 5500.0}
    machine.run(MOST_SECONDS + 10)
    assert machine.number == 2
    assert len(machine.notes) == 3


def test_a_little_better_is_no_reason_to_change() -> None:
    machine = Machine({1: 3000.0 * (BETTER - 0.01), 2: 3000.0})
    machine.run(500)
    assert machine.number == 2
    assert len(machine.notes) == 1


def test_looking_takes_a_small_share_of_the_run() -> None:
    for pace in (1.0, 100.0, 10_000.0):  # steps of 100 s, 1 s, 10 ms
        machine = Machine({1: 0.3 * pace, 2: pace})
        machine.run(200 * 100 / pace + 2000)
        machine.used.clear()
        began = machine.now
        machine.run(1000 * 100 / pace)
        slow = machine.used.count(1) * 100 / machine.paces[1]
        assert slow < 0.1 * (machine.now - began)


def test_one_thread_is_one_thread() -> None:
    assert numbers_up_to(1) == (1,)
    machine = Machine({1: 10.0})
    machine.run(100)
    assert machine.notes == []


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("the cat sat on a mat . the dog sat on the cat .\n" * 90, encoding="utf-8")
    return path


SIZES = {"hidden_size": 8, "batch_size": 4, "window": 20, "min_count": 1, "validations": 1}


def test_a_run_that_ends_by_epochs_keeps_its_first_number_of_threads(
    text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", used.append)
    monkeypatch.setattr(preparing, "most_threads", lambda: 2)
    monkeypatch.setattr(preparing, "paces_by_threads", lambda _: {2: 650.0, 1: 3400.0})
    events: list[Event] = []
    done = foreword.train(text, out=tmp_path / "m", epochs=1, report=events.append, **SIZES)
    messages = [event.text for event in events if isinstance(event, Note)]
    assert "1 thread, 3,400 words/s (2: 650), for the whole run" in messages
    assert done.config.training is not None
    assert done.config.training.settings["threads"] == 1
    assert used == [1]
    foreword.train(out=tmp_path / "m", resume=True, epochs=2)
    assert used == [1, 1]


def test_a_number_that_was_asked_for_stays(
    text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", used.append)
    monkeypatch.setattr(preparing, "most_threads", lambda: 4)
    foreword.train(text, out=tmp_path / "m", minutes=0.02, threads=2, **SIZES)
    assert set(used) == {2}


def test_a_run_by_the_clock_tries_numbers_and_gives_torch_its_own_back(
    text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[int] = []
    now = 2

    def use(number: int) -> None:
        nonlocal now
        now = number
        used.append(number)

    monkeypatch.setattr(torch, "set_num_threads", use)
    monkeypatch.setattr(torch, "get_num_threads", lambda: now)
    monkeypatch.setattr("foreword.kernels.threads.available", lambda: 2)
    events: list[Event] = []
    foreword.train(
        text, out=tmp_path / "m", minutes=5, epochs=30, dropout=0.1, report=events.append, **SIZES
    )
    assert {1, 2} <= set(used)
    assert now == 2
    messages = [event.text for event in events if isinstance(event, Note)]
    assert len([line for line in messages if " thread" in line and "words/s (" in line]) >= 1
