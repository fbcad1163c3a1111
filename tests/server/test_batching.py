import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from foreword.predictor.lockstep import Call, Work
from foreword.predictor.lockstep import together as together_in_lockstep
from foreword.predictor.predictor import Predictor
from foreword.server import batching
from foreword.server.batching import SLICE, Batcher
from foreword.server.refusal import RequestError

from .conftest import MakeService, run, together


def test_more_than_may_wait_are_told_to_come_back(serve: MakeService) -> None:
    service = serve(waiting=3)
    answers = together(service, *[("/v1/predict", {"text": "the "})] * 8)
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] * 3 + [503] * 5
    for answer in answers:
        if answer.status_code == 503:
            assert answer.json()["error"]["code"] == "overloaded"
            assert answer.headers["retry-after"] == "1"
    assert together(service, ("/v1/predict", {"text": "the "}))[0].status_code == 200


def test_what_waited_past_the_deadline_is_not_computed() -> None:
    computed: list[int] = []

    async def ask() -> None:
        batcher = Batcher(waiting=10, deadline=0.0)
        with pytest.raises(RequestError, match="would have waited") as refused:
            await batcher.run(lambda: computed.append(1))
        assert (refused.value.status, refused.value.code) == (503, "deadline")

    run(ask())
    assert computed == []


def test_what_nobody_waits_for_is_not_computed() -> None:
    computed: list[int] = []

    async def ask() -> None:
        batcher = Batcher(waiting=10, deadline=9.0)
        gone = asyncio.ensure_future(batcher.run(lambda: computed.append(1)))
        await asyncio.sleep(0)
        gone.cancel()
        await batcher.run(lambda: computed.append(2))

    run(ask())
    assert computed == [2]


def test_an_error_reaches_whoever_asked_and_nobody_else() -> None:
    async def ask() -> list[Any]:
        batcher = Batcher(waiting=10, deadline=9.0)
        tasks = [batcher.run(lambda n=n: 1 // n) for n in (1, 0, 1)]
        return await asyncio.gather(*tasks, return_exceptions=True)

    first, second, third = run(ask())
    assert (first, third) == (1, 1)
    assert isinstance(second, ZeroDivisionError)


def test_an_answer_that_cannot_be_sent_stops_nobody_else(
    predictor: Predictor, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(outcome: Any) -> None:
        raise OSError("the line is cut")

    async def ask() -> Any:
        batcher = Batcher(waiting=10, deadline=9.0)
        batcher.start(predictor.reading(["the"], predictor.start()), fails)
        return await batcher.together(predictor.reading(["cat"], predictor.start()))

    assert run(ask()) == predictor.read("cat")
    assert "the line is cut" in caplog.text


def test_readings_of_different_lengths_end_as_alone(predictor: Predictor) -> None:
    texts = [["the"] * n + ["cat"] for n in range(9)]

    async def ask() -> list[Any]:
        batcher = Batcher(waiting=10, deadline=9.0)
        start = predictor.start()
        return await asyncio.gather(
            *(batcher.together(predictor.reading(words, start)) for words in texts)
        )

    for words, state in zip(texts, run(ask()), strict=True):
        assert state == predictor.read(" ".join(words))


def test_long_work_lets_others_pass_between_its_parts(serve: MakeService) -> None:
    order: list[str] = []
    service = serve()

    async def ask(name: str, path: str, body: dict[str, Any]) -> None:
        import httpx2

        from foreword.server.app import make_app

        from .conftest import HOME

        transport = httpx2.ASGITransport(make_app(service))
        async with httpx2.AsyncClient(transport=transport, base_url=HOME) as client:
            assert (await client.post(path, json=body)).status_code == 200
        order.append(name)

    async def both() -> None:
        long = {"text": "the cat " * 1000}
        await asyncio.gather(
            ask("long", "/v1/score", long), ask("short", "/v1/predict", {"text": "the "})
        )

    run(both())
    assert order == ["short", "long"]


def test_work_is_not_left_behind_by_others_that_want_nothing_of_a_model(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(batching, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    steps: list[float] = []

    def step(wanted: list[Any]) -> list[Any]:
        clock[0] += SLICE / 2
        steps.append(clock[0])
        return together_in_lockstep(wanted)

    monkeypatch.setattr(batching, "together", step)

    async def ask() -> float:
        batcher = Batcher(waiting=10, deadline=9.0)
        reading = asyncio.ensure_future(
            batcher.together(predictor.reading(["the"] * 100, predictor.start()))
        )
        others = 0.0
        while not reading.done():
            await asyncio.sleep(0)
            clock[0] += 10 * SLICE  # that others took in this turn
            others += 10 * SLICE
        return others

    others = run(ask())
    assert len(steps) == 100
    assert others <= 2 * 100 * SLICE / 2


def test_calls_end_with_the_slice_and_all_have_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(batching, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    order: list[str] = []

    def call(name: str) -> str:
        clock[0] += SLICE / 2
        order.append(name)
        return name

    def work(name: str) -> Work[str]:
        first = yield Call(lambda: call(name))
        second = yield Call(lambda: call(name))
        return first + second

    async def ask() -> list[str]:
        batcher = Batcher(waiting=10, deadline=9.0)
        answers = asyncio.gather(*(batcher.together(work(name)) for name in "abc"))
        while not answers.done():
            await asyncio.sleep(0)
            order.append("|")
        return await answers

    assert run(ask()) == ["aa", "bb", "cc"]
    assert "".join(order).strip("|").split("|") == ["ab", "ca", "bc"]
