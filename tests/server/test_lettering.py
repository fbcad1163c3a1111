"""`/v1/letters` gives what `Predictor.letters` gives, within the limits of every endpoint."""

import asyncio
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.testclient import TestClient

from foreword.predictor.predictor import Predictor, load
from foreword.server.models import Model

from .conftest import MakeService, client_of, run, together

SOCKET = "ws://127.0.0.1:8765/v1/letters"
TEXT = "I would like the cat, to sat\non a mat"


def expected(predictor: Predictor, text: str, **options: bool) -> dict[str, Any]:
    letters = predictor.letters(text, **options)
    return {"letters": dict(letters), "end_of_word": letters.end_of_word}


@pytest.mark.parametrize("text", ["", "I would li", "the cat sat on the", "the\ncat\n\n", "zzz"])
def test_letters_are_those_of_the_predictor(
    client: TestClient, predictor: Predictor, text: str
) -> None:
    answer = client.post("/v1/letters", json={"text": text})

    assert answer.status_code == 200
    assert answer.json() == {"model": "small", **expected(predictor, text)}


def test_typing_a_text_gives_what_each_of_its_beginnings_gives_alone(
    client: TestClient, predictor: Predictor
) -> None:
    for end in range(len(TEXT)):
        actual = client.post("/v1/letters", json={"text": TEXT[:end]}).json()
        assert actual == {"model": "small", **expected(predictor, TEXT[:end])}


def test_the_most_probable_characters_come_first_and_no_more_than_asked_for(
    client: TestClient, predictor: Predictor
) -> None:
    answer = client.post("/v1/letters", json={"text": "the ", "k": 3}).json()

    assert list(answer["letters"].items()) == list(predictor.letters("the ").items())[:3]


def test_letters_without_capitals_are_those_of_the_predictor(
    client: TestClient, predictor: Predictor
) -> None:
    for text in ("the PAR", "the par"):
        answer = client.post("/v1/letters", json={"text": text, "ignore_case": True}).json()
        assert answer == {"model": "small", **expected(predictor, text, ignore_case=True)}


def test_many_texts_are_answered_in_their_order(client: TestClient, predictor: Predictor) -> None:
    texts = ["the ", "", "I would li"]
    answer = client.post("/v1/letters", json={"text": texts}).json()

    assert answer == {"model": "small", "results": [expected(predictor, text) for text in texts]}


def test_models_are_chosen_by_name(client: TestClient, other_path: Path) -> None:
    answer = client.post("/v1/letters", json={"text": "the ", "model": "other"}).json()

    assert answer == {"model": "other", **expected(load(other_path), "the ")}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"text": "a", "kk": 3}, 422, "invalid"),
        ({"text": "a", "k": 0}, 422, "invalid"),
        ({"text": "a", "k": 1 << 63}, 422, "invalid"),
        ({"k": 3}, 422, "invalid"),
        ({"text": "a", "model": "none"}, 404, "model_not_found"),
        ({"text": "a" * 101}, 413, "too_large"),
        ({"text": ["a"] * 4}, 413, "too_large"),
    ],
)
def test_what_is_wrong_is_said(
    serve: MakeService, body: dict[str, Any], status: int, code: str
) -> None:
    with client_of(serve(longest_text=100, most_texts=3)) as client:
        answer = client.post("/v1/letters", json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_more_than_may_wait_are_told_to_come_back(serve: MakeService) -> None:
    service = serve(waiting=3)
    together(service, ("/v1/letters", {"text": ""}))  # the words are sorted

    requests = [("/v1/letters", {"text": "the "})] * 8
    statuses = sorted(answer.status_code for answer in together(service, *requests))

    assert statuses == [200] * 3 + [503] * 5


def test_every_keystroke_is_answered_as_if_it_were_the_only_one(
    client: TestClient, predictor: Predictor
) -> None:
    with client.websocket_connect(SOCKET) as socket:
        for end in range(len(TEXT)):
            socket.send_json({"id": end, "text": TEXT[:end]})
            assert socket.receive_json() == {"id": end, **expected(predictor, TEXT[:end])}


def test_models_and_case_can_change_between_keystrokes(
    client: TestClient, predictor: Predictor, other_path: Path
) -> None:
    other = load(other_path)
    with client.websocket_connect(SOCKET) as socket:
        for model, named in ((predictor, "small"), (other, "other"), (predictor, "small")):
            for ignore_case in (False, True):
                socket.send_json(
                    {"id": 1, "text": "the P", "model": named, "ignore_case": ignore_case}
                )
                actual = socket.receive_json()
                assert actual == {"id": 1, **expected(model, "the P", ignore_case=ignore_case)}


def test_a_rate_holds_for_keystrokes(serve: MakeService) -> None:
    with client_of(serve(rate=1.0)) as client, client.websocket_connect(SOCKET) as socket:
        answers = []
        for keystroke in range(2):
            socket.send_json({"id": keystroke, "text": "the "})
            answers.append(socket.receive_json())

    assert "letters" in answers[0]
    assert answers[1]["error"]["code"] == "rate_limited"


def test_words_are_sorted_once_and_without_holding_up_the_loop() -> None:
    may_end, calls = threading.Event(), []

    def letters(text: str, *, ignore_case: bool) -> None:
        calls.append(ignore_case)
        assert may_end.wait(5)

    model = Model("a", SimpleNamespace(letters=letters), None, 0, [])  # type: ignore[arg-type]

    async def ask() -> None:
        waiting = [asyncio.ensure_future(model.sort_letters(ignore_case=False)) for _ in range(3)]
        await asyncio.sleep(0.01)
        may_end.set()
        await asyncio.gather(*waiting)

    run(ask())
    assert calls == [False]
