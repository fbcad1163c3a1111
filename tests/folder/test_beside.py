"""Work in a thread of its own."""

from threading import Thread, get_ident

import pytest

from foreword.folder.beside import Beside


def test_work_is_done_in_another_thread_and_returns_its_result() -> None:
    with Beside(get_ident) as work:
        assert work.result() not in (None, get_ident())


def test_the_error_of_the_work_is_raised_where_the_result_is_wanted() -> None:
    with Beside(lambda: 1 / 0) as work:
        pass
    with pytest.raises(ZeroDivisionError):
        work.result()


def test_work_has_ended_when_the_context_is_left_by_an_error() -> None:
    done: list[int] = []
    with pytest.raises(KeyError), Beside(lambda: done.extend(range(10**5))):
        raise KeyError
    assert len(done) == 10**5


def test_without_another_thread_the_caller_does_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", refuse)
    with Beside(get_ident) as work:
        assert work.result() == get_ident()
