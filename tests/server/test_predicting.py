import math
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from foreword.predictor.mixed_typist import MixedTypist
from foreword.predictor.predictor import Predictor, load

TEXTS = ["", "I would li", "I would like ", "the cat sat on the", "the\ncat\n\nsat ", "zzz", "Pari"]


def expected(predictor: Predictor, text: str, k: int = 3, **options: object) -> list[dict]:
    return [
        {"word": s.word, "text": s.accepted(text), "probability": s.probability}
        for s in predictor.suggest(text, k, **options)
    ]


@pytest.mark.parametrize("text", TEXTS)
def test_suggestions_are_those_of_the_predictor(
    client: TestClient, predictor: Predictor, text: str
) -> None:
    answer = client.post("/v1/predict", json={"text": text, "k": 4})

    assert answer.status_code == 200
    assert answer.json() == {"model": "small", "suggestions": expected(predictor, text, 4)}


def test_typing_a_text_gives_what_each_of_its_beginnings_gives_alone(
    client: TestClient, predictor: Predictor
) -> None:
    text = "I would like the cat, to sat on a mat\nlike I would"
    for end in range(len(text)):
        actual = client.post("/v1/predict", json={"text": text[:end]}).json()["suggestions"]
        assert actual == expected(predictor, text[:end])


@pytest.mark.parametrize(
    "options",
    [
        {"complete": False},
        {"complete": None},
        {"phrases": True},
        {"phrases": True, "complete": True},
        {"tolerant": True},
        {"offensive": True},
        {"blocked": ["like", "cat"]},
    ],
)
def test_every_rule_is_followed(
    client: TestClient, predictor: Predictor, options: dict[str, object]
) -> None:
    for text in ("I would li", "the c", "lke"):
        actual = client.post("/v1/predict", json={"text": text, **options}).json()
        assert actual["suggestions"] == expected(predictor, text, **options)


def test_phrases_are_suggested_if_they_are_wanted(client: TestClient) -> None:
    for wanted in (True, False):
        answer = client.post("/v1/predict", json={"text": "I would li", "phrases": wanted}).json()
        assert any(" " in one["word"] for one in answer["suggestions"]) == wanted


def test_many_texts_are_answered_in_their_order(client: TestClient, predictor: Predictor) -> None:
    answer = client.post("/v1/predict", json={"text": TEXTS}).json()
    assert answer == {
        "model": "small",
        "results": [{"suggestions": expected(predictor, text)} for text in TEXTS],
    }


def test_models_are_chosen_by_name(client: TestClient, other_path: Path) -> None:
    answer = client.post("/v1/predict", json={"text": "the ", "model": "other"}).json()
    assert answer == {"model": "other", "suggestions": expected(load(other_path), "the ")}


@pytest.mark.parametrize("options", [{}, {"tolerant": True, "blocked": ["cat"]}])
def test_several_models_suggest_in_one_list(
    client: TestClient, predictor: Predictor, other_path: Path, options: dict[str, object]
) -> None:
    mixed = MixedTypist([predictor, load(other_path)], **options)  # type: ignore[arg-type]
    for text in ("", "I would li", "I would like ", "the c"):
        body = {"text": text, "also": ["other"], **options}
        answer = client.post("/v1/predict", json=body).json()
        offered = [
            {"word": s.word, "text": s.accepted(text), "probability": pytest.approx(s.probability)}
            for s in mixed.suggest(text)
        ]
        assert answer == {"model": "small", "suggestions": offered}


def test_which_further_models_are_wrong_is_told(client: TestClient) -> None:
    for also, status, code in [
        (["none"], 404, "model_not_found"),
        (["small"], 422, "invalid"),
        (["other", "other"], 422, "invalid"),
        (["other"] * 8, 422, "invalid"),
    ]:
        answer = client.post("/v1/predict", json={"text": "the ", "also": also})
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize("name", ["none", "../small", "/etc/passwd", ""])
def test_a_models_name_is_no_path(client: TestClient, name: str) -> None:
    answer = client.post("/v1/predict", json={"text": "the ", "model": name})
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "model_not_found"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ('{"text": "a", "kk": 3}', 422, "invalid"),
        ('{"text": 1}', 422, "invalid"),
        ('{"text": "a", "k": 0}', 422, "invalid"),
        ('{"text": "a", "k": 51}', 422, "invalid"),
        ("{}", 422, "invalid"),
        ("[]", 422, "invalid"),
        ("", 400, "bad_json"),
        ("{", 400, "bad_json"),
        ("[" * 5000, 422, "invalid"),
    ],
)
def test_what_is_wrong_is_said(client: TestClient, body: str, status: int, code: str) -> None:
    answer = client.post("/v1/predict", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_the_field_at_fault_is_named(client: TestClient) -> None:
    for body, param in [
        ({"text": "a", "kk": 3}, "kk"),
        ({"text": "a", "k": "3"}, "k"),
        ({"text": ["a", 1]}, "text[1]"),
    ]:
        assert client.post("/v1/predict", json=body).json()["error"]["param"] == param


def test_half_a_surrogate_pair_is_no_text(client: TestClient) -> None:
    answer = client.post(
        "/v1/predict",
        content=b'{"text": "the \\ud800"}',
        headers={"content-type": "application/json"},
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_json")


def test_scores_are_the_log_probabilities_of_the_words(
    client: TestClient, predictor: Predictor
) -> None:
    text = "the cat\nsat  zzz"
    answer = client.post("/v1/score", json={"text": text}).json()

    state, logs = predictor.start(), []
    for word in ("the", "cat", "<eos>", "sat", "zzz"):
        logs.append(predictor.log_probabilities(state)[predictor.tokenizer.id_of(word)])
        state = predictor.advance(state, word)
    assert [w["word"] for w in answer["words"]] == ["the", "cat", "<eos>", "sat", "zzz"]
    assert [text[w["start"] : w["end"]] for w in answer["words"]] == [
        "the",
        "cat",
        "\n",
        "sat",
        "zzz",
    ]
    assert [w["is_known"] for w in answer["words"]] == [True, True, True, True, False]
    np.testing.assert_allclose([w["log_probability"] for w in answer["words"]], logs)
    assert answer["log_probability"] == pytest.approx(sum(logs))
    assert answer["perplexity"] == pytest.approx(math.exp(-sum(logs) / 5))


def test_a_text_without_words_has_no_perplexity(client: TestClient) -> None:
    answer = client.post("/v1/score", json={"text": " "}).json()
    assert (answer["words"], answer["perplexity"]) == ([], None)
