"""Worker processes: asked, heard, refused and killed."""

import os
import pickle
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest
from tests import working

from foreword import errors
from foreword.workers.pool import Workers

ROOT = Path(__file__).parents[1]
WORK, ADVICE = "added numbers", "take fewer numbers."
Start = Callable[..., Workers]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start processes that can import `tests.working`, and end them with the test."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    started: list[Workers] = []

    def start(count: int = 1, **environment: str) -> Workers:
        started.append(Workers(count, ADVICE, **environment))
        return started[-1]

    yield start
    for workers in started:
        workers.close()


def test_a_process_keeps_its_state_until_it_is_asked_for_something_else(start: Start) -> None:
    workers, answer = start(), working.Sum()
    assert [workers.submit(WORK, answer, n).result() for n in (1, 2, 3)] == [1, 3, 6]
    assert workers.submit(WORK, working.variable, "NONE").result() is None
    assert workers.submit(WORK, answer, 5).result() == 5
    assert answer.sum == 0


def test_all_processes_answer_and_have_the_given_environment(start: Start) -> None:
    workers = start(2, FOREWORD_TEST="on")
    assert workers.ask_all(WORK, working.variable, "FOREWORD_TEST") == ["on", "on"]
    answer = working.Sum()
    for future in [workers.submit(WORK, answer, 1) for _ in range(6)]:
        future.result()
    assert sum(workers.ask_all(WORK, answer, 0)) == 6


def test_what_a_process_tells_is_heard_before_its_answer(start: Start) -> None:
    heard: list[int] = []
    assert start().submit(WORK, working.counting, 3, heard.append).result() == "done"
    assert heard == [0, 1, 2]


def test_an_error_in_a_process_is_raised_here_and_the_process_goes_on(start: Start) -> None:
    workers = start()
    with pytest.raises(errors.MissingExtraError, match=r"Drawing needs .*foreword\[plot\]"):
        workers.submit(WORK, working.refusing, "Drawing").result()
    assert workers.submit(WORK, working.Sum(), 4).result() == 4


def test_every_error_comes_out_of_a_process_as_it_went_in() -> None:
    kinds = {errors.ForewordError, *errors.ForewordError.__subclasses__()}
    kinds.remove(errors.MissingExtraError)
    raised = [kind("what was wrong") for kind in kinds]
    for error in (*raised, errors.MissingExtraError("Drawing", "plot")):
        received = pickle.loads(pickle.dumps(error))
        assert (type(received), str(received)) == (type(error), str(error))


def test_a_process_that_fails_is_told_of(start: Start, capfd: pytest.CaptureFixture[str]) -> None:
    told = f"a process that {WORK} ended by itself.*{ADVICE}"
    with pytest.raises(errors.TrainingError, match=told):
        start().submit(WORK, working.failing, 0).result()
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_ctrl_c_is_left_to_this_process(start: Start) -> None:
    workers, answer = start(), working.Sum()
    workers.submit(WORK, answer, 1).result()
    workers._all[0]._process.send_signal(signal.SIGINT)
    assert workers.submit(WORK, answer, 1).result() == 2
    assert os.getsid(workers._all[0]._process.pid) != os.getsid(0)


def test_a_process_ends_in_the_middle_of_an_answer_when_nobody_needs_it(start: Start) -> None:
    workers, heard = start(), SimpleQueue[str]()
    future = workers.submit(WORK, working.waiting, 60.0, heard.put)
    assert heard.get() == "begun"
    process = workers._all[0]._process
    assert process.stdin is not None
    process.stdin.close()  # as the system does if this process is killed
    process.stdin = None
    with pytest.raises(errors.TrainingError, match="ended by itself"):
        future.result()


def test_processes_end_with_the_context_whatever_they_are_doing(start: Start) -> None:
    heard = SimpleQueue[str]()
    with start() as workers:
        workers.submit(WORK, working.waiting, 60.0, heard.put)
        heard.get()
    assert workers._all[0]._process.poll() is not None


def test_files_in_the_current_folder_are_not_imported(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("foreword", "json", "numpy", "pickle", "signal", "torch"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    assert start().submit(WORK, working.Sum(), 1).result() == 1
    assert not (tmp_path / "imported").exists()
