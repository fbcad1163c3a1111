"""The core computes beside the event loop: the same answers, its errors, and its end."""

import asyncio
import gc
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foreword import compiled
from foreword.errors import FolderError
from foreword.predictor.predictor import Predictor, load
from foreword.predictor.suggest import Suggestion
from foreword.server import batching
from foreword.server.batching import TOGETHER, Batcher
from foreword.server.refusal import RequestError

from .conftest import made, run, write

pytestmark = pytest.mark.skipif(
    compiled.loaded() is None or os.name == "nt", reason="the core cannot compute beside the loop"
)

TEXTS = ["", "the c", "the cat ", "I would li", "I would like to ", "the cat " * 200, "zzz", "!"]


def held() -> tuple[int, int]:
    """The number of threads, where the system tells it, and of open files."""
    gc.collect()  # earlier tests may have left sockets
    tasks, files = Path("/proc/self/task"), Path("/dev/fd")
    return len(list(tasks.glob("*"))), len(list(files.glob("*")))


def asked(predictor: Predictor, texts: list[str], **limits: Any) -> list[Any]:
    """What users get who all ask at the same time, an error included."""

    async def ask() -> list[Any]:
        batcher = Batcher(**{"waiting": 10_000, "deadline": 60.0, **limits})
        with batcher.beside():
            works = [batcher.together(predictor.typist().suggesting(text)) for text in texts]
            answers = await asyncio.gather(*works, return_exceptions=True)
            assert batcher.waiting == 0
        return answers

    return run(ask())


def test_many_users_get_what_each_would_get_alone(predictor: Predictor) -> None:
    texts = TEXTS * (2 * TOGETHER // len(TEXTS))
    assert asked(predictor, texts) == [predictor.suggest(text) for text in texts]


def test_one_user_is_answered_again_and_again(predictor: Predictor) -> None:
    async def ask() -> list[list[Suggestion]]:
        batcher = Batcher(waiting=10, deadline=60.0)
        typist = predictor.typist()
        with batcher.beside():
            return [await batcher.together(typist.suggesting(text)) for text in TEXTS]

    assert run(ask()) == [predictor.suggest(text) for text in TEXTS]


def test_work_of_the_core_and_of_the_loop_is_mixed(predictor: Predictor) -> None:
    async def ask() -> tuple[list[Any], list[Any]]:
        batcher = Batcher(waiting=1000, deadline=60.0)
        start = predictor.start()
        with batcher.beside():
            suggested = [batcher.together(predictor.typist().suggesting(text)) for text in TEXTS]
            reads = [batcher.together(predictor.reading(["the"] * n, start)) for n in range(9)]
            both = await asyncio.gather(*suggested, *reads)
        return both[: len(TEXTS)], both[len(TEXTS) :]

    suggested, states = run(ask())
    assert suggested == [predictor.suggest(text) for text in TEXTS]
    assert states == [predictor.read("the " * n) for n in range(9)]


def test_an_error_of_the_core_is_the_answer_of_whoever_asked(tmp_path: Path) -> None:
    folder = made("lstm")
    for name in ("embedding.weight", "decoder.bias"):
        folder.weights[name] = np.full_like(folder.weights[name], 3e38)
    broken = load(write(folder, tmp_path / "broken"))
    (outcome,) = asked(broken, ["the "])
    with pytest.raises(FolderError) as alone:
        broken.suggest("the ")
    assert isinstance(outcome, FolderError)
    assert str(outcome) == str(alone.value)


def test_who_waits_for_the_cores_thread_has_a_deadline(predictor: Predictor) -> None:
    outcomes = asked(predictor, ["the "] * (TOGETHER + 3), deadline=0.0)
    assert not any(isinstance(outcome, Exception) for outcome in outcomes[:TOGETHER])
    late = outcomes[TOGETHER:]
    assert [one.code for one in late if isinstance(one, RequestError)] == ["deadline"] * 3


def test_the_thread_ends_with_the_server_and_leaves_what_it_has_not_begun(
    predictor: Predictor,
) -> None:
    before = held()

    async def ask() -> list[Any]:
        batcher = Batcher(waiting=1000, deadline=60.0)
        finished: list[Any] = []
        with batcher.beside():
            for _ in range(TOGETHER):
                batcher.start(predictor.typist().suggesting("the cat " * 200), finished.append)
            assert batcher.waiting == TOGETHER
        assert batcher.waiting == 0
        await asyncio.sleep(0.01)
        return finished

    assert run(ask()) == []
    assert held() == before


def test_without_another_thread_the_loop_computes(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*arguments: Any) -> Any:
        raise RuntimeError("no more threads")

    monkeypatch.setattr(batching, "core_thread", refused)
    assert asked(predictor, TEXTS) == [predictor.suggest(text) for text in TEXTS]
