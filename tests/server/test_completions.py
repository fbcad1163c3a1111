import asyncio
import itertools
import json
from types import SimpleNamespace
from typing import Any

import httpx2
import numpy as np
import pytest
from starlette.testclient import TestClient

from foreword.predictor.engine import Engine
from foreword.predictor.generate import generate
from foreword.predictor.predictor import Predictor
from foreword.server import batching
from foreword.server.app import make_app

from .conftest import HOME, MakeService, client_of, run

PROMPT = "I would like"
SEED = {"prompt": PROMPT, "seed": 7, "max_tokens": 12}


def complete(client: TestClient, **request: Any) -> dict[str, Any]:
    answer = client.post("/v1/completions", json=request)
    assert answer.status_code == 200, answer.text
    return answer.json()


def streamed(client: TestClient, **request: Any) -> list[dict[str, Any]]:
    answer = client.post("/v1/completions", json={**request, "stream": True})
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    events = answer.text.split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    return [json.loads(event.removeprefix("data: ")) for event in events[:-2]]


def test_the_same_seed_draws_the_same_words(client: TestClient) -> None:
    texts = [complete(client, **SEED)["choices"][0]["text"] for _ in range(2)]
    texts += [complete(client, **{**SEED, "seed": seed})["choices"][0]["text"] for seed in range(5)]
    assert texts[0] == texts[1]
    assert len(set(texts)) > 2


def test_the_coldest_draws_what_the_generator_draws(
    client: TestClient, predictor: Predictor
) -> None:
    choice = complete(client, **SEED, temperature=0)["choices"][0]
    expected = list(generate(predictor, PROMPT, max_words=12, temperature=0))
    assert choice["text"] == "".join(expected)
    assert choice["finish_reason"] == ("length" if len(expected) == 12 else "stop")


def test_a_small_top_p_is_the_coldest(client: TestClient) -> None:
    cold = complete(client, **SEED, temperature=0)
    sure = complete(client, **SEED, top_p=1e-9)
    assert sure["choices"][0]["text"] == cold["choices"][0]["text"]


def test_at_most_max_tokens_are_drawn(client: TestClient) -> None:
    for most in range(6):
        answer = complete(client, **{**SEED, "max_tokens": most})
        assert answer["usage"]["completion_tokens"] <= most
        assert answer["usage"]["prompt_tokens"] == 3
    assert complete(client, prompt="a")["usage"]["completion_tokens"] <= 16


def test_streams_hold_what_whole_answers_hold(client: TestClient) -> None:
    whole = complete(client, **SEED, logprobs=2, echo=True, n=2)
    events = streamed(client, **SEED, logprobs=2, echo=True, n=2)
    for choice in whole["choices"]:
        parts = [e["choices"][0] for e in events if e["choices"][0]["index"] == choice["index"]]
        assert "".join(part["text"] for part in parts) == choice["text"]
        assert parts[-1]["finish_reason"] == choice["finish_reason"]
        assert {part["finish_reason"] for part in parts[:-1]} <= {None}
        for key, values in choice["logprobs"].items():
            assert [value for part in parts for value in part["logprobs"][key]] == values


def test_a_stream_tells_the_usage_where_it_is_asked_to(client: TestClient) -> None:
    *events, last = streamed(client, **SEED, stream_options={"include_usage": True})
    assert all(event["usage"] is None for event in events)
    assert last["choices"] == []
    assert last["usage"] == complete(client, **SEED)["usage"]


def test_stops_end_the_text_and_are_not_in_it(client: TestClient) -> None:
    full = complete(client, **SEED, temperature=2.0)["choices"][0]["text"]
    for begin in range(1, len(full) - 3):
        stop = full[begin : begin + 3]
        expected = full[: full.index(stop)]
        choice = complete(client, **SEED, temperature=2.0, stop=stop)["choices"][0]
        assert (choice["text"], choice["finish_reason"]) == (expected, "stop")
        events = streamed(client, **SEED, temperature=2.0, stop=["zzz", stop])
        assert "".join(event["choices"][0]["text"] for event in events) == expected


def test_what_only_begins_a_stop_is_given(client: TestClient) -> None:
    full = complete(client, **SEED)["choices"][0]["text"]
    events = streamed(client, **SEED, stop=full[-2:] + "zz")
    assert "".join(event["choices"][0]["text"] for event in events) == full


def test_an_echo_with_logprobs_scores_the_prompt(client: TestClient) -> None:
    text = "the cat\nsat  on "
    score = client.post("/v1/score", json={"text": text}).json()
    choice = complete(client, prompt=text, echo=True, logprobs=1, max_tokens=0)["choices"][0]
    logs = choice["logprobs"]
    assert choice["text"] == text
    np.testing.assert_allclose(
        logs["token_logprobs"], [word["log_probability"] for word in score["words"]]
    )
    for token, offset in zip(logs["tokens"], logs["text_offset"], strict=True):
        assert text[offset : offset + len(token)] == token


def test_logprobs_are_those_of_the_words_drawn(client: TestClient, predictor: Predictor) -> None:
    choice = complete(client, **SEED, logprobs=3)["choices"][0]
    logs = choice["logprobs"]
    state = predictor.read(PROMPT)
    for token, log, top in zip(
        logs["tokens"], logs["token_logprobs"], logs["top_logprobs"], strict=True
    ):
        expected = predictor.log_probabilities(state)
        assert log == pytest.approx(expected[predictor.tokenizer.id_of(token.strip())])
        assert sorted(top.values(), reverse=True) == pytest.approx(np.sort(expected)[:-4:-1])
        state = predictor.advance(state, token.strip())
    assert "".join(logs["tokens"]) == choice["text"]


def test_many_prompts_are_answered_in_their_order(client: TestClient) -> None:
    prompts = ["the", "I would", ""]
    answer = complete(client, prompt=prompts, temperature=0, n=2)
    alone = [complete(client, prompt=prompt, temperature=0) for prompt in prompts]
    assert [choice["index"] for choice in answer["choices"]] == list(range(6))
    assert [choice["text"] for choice in answer["choices"]] == [
        one["choices"][0]["text"] for one in alone for _ in range(2)
    ]
    assert answer["usage"]["prompt_tokens"] == sum(one["usage"]["prompt_tokens"] for one in alone)


@pytest.mark.parametrize(
    ("request_", "param"),
    [
        ({"suffix": "after"}, "suffix"),
        ({"presence_penalty": 0.5}, "presence_penalty"),
        ({"frequency_penalty": -1}, "frequency_penalty"),
        ({"logit_bias": {"50256": -100}}, "logit_bias"),
        ({"best_of": 3}, "best_of"),
        ({"prompt": [1, 2, 3]}, "prompt[0]"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": 1025}, "max_tokens"),
        ({"temperature": -0.1}, "temperature"),
        ({"top_p": 0}, "top_p"),
        ({"n": 0}, "n"),
        ({"logprobs": -1}, "logprobs"),
        ({"stop": ""}, "stop"),
        ({"stop": ["a"] * 5}, "stop"),
        ({"stop": "a" * 257}, "stop"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"repetition_penalty": 1.0}, "repetition_penalty"),
    ],
)
def test_nothing_is_silently_dropped(
    client: TestClient, request_: dict[str, Any], param: str
) -> None:
    answer = client.post("/v1/completions", json={"prompt": "the", **request_})
    assert answer.status_code == 422
    assert answer.json()["error"]["param"] == param


def test_values_that_change_nothing_are_taken(client: TestClient) -> None:
    neutral = {
        "suffix": None,
        "presence_penalty": 0,
        "frequency_penalty": 0.0,
        "logit_bias": {},
        "best_of": 1,
        "user": "someone",
        "stop": None,
        "logprobs": None,
    }
    assert complete(client, **SEED, **neutral)["choices"] == complete(client, **SEED)["choices"]


def test_too_many_at_once_are_refused(serve: MakeService) -> None:
    with client_of(serve(most_texts=4)) as client:
        answer = client.post("/v1/completions", json={"prompt": ["a"] * 3, "n": 2})
    assert answer.status_code == 413


@pytest.mark.parametrize("echo", [False, True])
def test_a_prompt_is_read_once_for_all_its_choices(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, echo: bool
) -> None:
    words = []
    advance = Engine.advance

    def counted(self: Engine, state: Any, word: int) -> Any:
        words.append(word)
        return advance(self, state, word)

    monkeypatch.setattr(Engine, "advance", counted)
    complete(client, prompt="the cat sat", n=4, logprobs=1, max_tokens=0, echo=echo)
    assert len(words) == 3


@pytest.mark.parametrize("echo", [False, True])
def test_others_are_answered_while_a_long_prompt_is_read(
    serve: MakeService, echo: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each look at this clock takes a tenth of a millisecond, so that slices end after so many steps
    # however busy the machine is.
    looks = itertools.count()
    clock = SimpleNamespace(monotonic=lambda: next(looks) * 1e-4)
    monkeypatch.setattr(batching, "time", clock)
    prompt = "the cat sat on a mat " * 700

    async def ask() -> tuple[int, int]:
        transport = httpx2.ASGITransport(make_app(serve()))
        async with httpx2.AsyncClient(transport=transport, base_url=HOME) as client:
            body = {"prompt": prompt, "max_tokens": 1, "logprobs": 1, "echo": echo, "n": 2}
            long = asyncio.create_task(client.post("/v1/completions", json=body))
            others = 0
            while not long.done():
                await client.post("/v1/predict", json={"text": "the "})
                others += 1
            return others, (await long).json()["usage"]["prompt_tokens"]

    others, words = run(ask())
    assert words == 4200
    assert others > 8
