import base64
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from foreword.predictor.predictor import Predictor, load
from foreword.server.refusal import RequestError
from foreword.server.states import PREFIX, Signer

from .conftest import MakeService, client_of, made, together, write

KEY = b"a key of thirty-two bytes or so."


def state_after(answer: dict) -> str:
    return answer["state"]


def test_a_state_goes_on_where_it_ended(client: TestClient, predictor: Predictor) -> None:
    first = client.post("/v1/advance", json={"text": "I would"}).json()
    second = client.post("/v1/advance", json={"text": "like\nto", "state": first["state"]}).json()

    shares = predictor.probabilities(predictor.read("I would like\nto"))
    for prediction in second["predictions"]:
        index = predictor.tokenizer.id_of(prediction["word"])
        assert prediction["probability"] == pytest.approx(shares[index])
    shares[:2] = 0
    best = [predictor.tokenizer.word_of(int(i)) for i in np.argsort(-shares)[:3]]
    assert [prediction["word"] for prediction in second["predictions"]] == best


def test_predictions_begin_with_the_prefix_and_sum_to_one(client: TestClient) -> None:
    answer = client.post("/v1/advance", json={"text": "I would", "prefix": "li", "k": 50}).json()
    words = {p["word"] for p in answer["predictions"]}
    assert words == {"like", "likely", "Like"}
    assert sum(p["probability"] for p in answer["predictions"]) == pytest.approx(1)


def test_an_older_state_takes_back_what_came_after(client: TestClient) -> None:
    first = client.post("/v1/advance", json={"text": "I would"}).json()
    once = client.post("/v1/advance", json={"text": "like", "state": first["state"]}).json()
    client.post("/v1/advance", json={"text": "the cat", "state": once["state"]})
    again = client.post("/v1/advance", json={"text": "like", "state": first["state"]}).json()
    assert again == once


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru", "mlp-window"])
@settings(max_examples=25, deadline=None)
@given(text=st.text(alphabet="the cat\n,!zI'", max_size=40))
def test_words_read_are_those_of_the_predictor(name: str, text: str) -> None:
    predictor = _PREDICTORS.get(name) or _PREDICTORS.setdefault(name, _made(name))
    state = predictor.start()
    for word in predictor.tokenizer.read(text, state.last):
        state = predictor.advance(state, word.text)
    assert state == predictor.read(text)


_PREDICTORS: dict[str, Predictor] = {}


def _made(name: str) -> Predictor:
    context = {"context_words": 3} if name == "mlp-window" else {}
    return Predictor(made(name, **context))


def refused(client: TestClient, state: str, model: str = "small") -> str:
    answer = client.post("/v1/advance", json={"state": state, "text": "cat", "model": model})
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert (error["code"], error["param"]) == ("bad_state", "state")
    return error["message"]


def test_a_changed_state_is_refused_wherever_it_was_changed(client: TestClient) -> None:
    state = client.post("/v1/advance", json={"text": "the"}).json()["state"]
    for index in range(len(state)):
        other = "A" if state[index] != "A" else "B"
        refused(client, state[:index] + other + state[index + 1 :])
    for broken in ("", "fw1.", state[:-1], state + "A", state + "=", state[4:], "fw1.é"):
        refused(client, broken)


def test_a_state_of_another_model_is_refused(client: TestClient) -> None:
    state = client.post("/v1/advance", json={"text": "the"}).json()["state"]
    assert "another model" in refused(client, state, model="other")


def test_a_state_of_other_weights_is_refused(predictor: Predictor, tmp_path: Path) -> None:
    folder = made("lstm")
    folder.weights["decoder.bias"] = folder.weights["decoder.bias"] + 1
    trained_further = load(write(folder, tmp_path / "further"))
    signer = Signer([KEY])
    token = signer.sign(predictor.start())
    with pytest.raises(RequestError, match="another model"):
        signer.read(token, trained_further)


def test_a_state_that_another_key_signed_is_refused(serve: MakeService, client: TestClient) -> None:
    with client_of(serve(state_keys=(KEY,))) as foreign:
        state = foreign.post("/v1/advance", json={"text": "the"}).json()["state"]
    assert "another key" in refused(client, state)


def test_an_unsigned_state_is_refused(client: TestClient, predictor: Predictor) -> None:
    data = predictor.start().to_bytes()
    refused(client, PREFIX + base64.urlsafe_b64encode(data).decode().rstrip("="))
    refused(client, PREFIX + base64.urlsafe_b64encode(data + bytes(32)).decode().rstrip("="))


def test_replicas_with_the_same_key_read_each_others_states(serve: MakeService) -> None:
    with client_of(serve(state_keys=(KEY,))) as one, client_of(serve(state_keys=(KEY,))) as two:
        state = one.post("/v1/advance", json={"text": "the"}).json()["state"]
        body = {"text": "cat", "state": state}
        assert (
            two.post("/v1/advance", json=body).json() == one.post("/v1/advance", json=body).json()
        )


def test_an_old_key_is_accepted_while_a_new_one_signs(serve: MakeService) -> None:
    new = b"another key, of the same length."
    with (
        client_of(serve(state_keys=(KEY,))) as old,
        client_of(serve(state_keys=(new, KEY))) as both,
    ):
        state = old.post("/v1/advance", json={"text": "the"}).json()["state"]
        after = both.post("/v1/advance", json={"text": "cat", "state": state})
        assert after.status_code == 200
        refused(old, after.json()["state"])


def test_what_arrives_together_is_answered_as_alone(serve: MakeService) -> None:
    bodies = [
        {"text": text, "model": model, "k": 5}
        for text in ("the cat", "I", "", "sat on a mat\nI would like to", "the " * 40)
        for model in ("small", "other")
    ]
    service = serve(state_keys=(KEY,))
    at_once = together(service, *(("/v1/advance", body) for body in bodies))
    for body, answer in zip(bodies, at_once, strict=True):
        (alone,) = together(serve(state_keys=(KEY,)), ("/v1/advance", body))
        assert answer.json() == alone.json()
