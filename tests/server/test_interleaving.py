"""Users who ask in turns get what each would get alone, on a server that keeps nothing of them."""

from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)
from starlette.testclient import TestClient

from foreword.predictor.predictor import Predictor
from foreword.server.app import make_app, make_service
from foreword.server.settings import ServerSettings

from .conftest import HOME

WORDS = st.lists(
    st.sampled_from(["the", "cat", "I", "would", "li", "like", ",", "\n", "zzz", "don't"]),
    max_size=5,
).map(" ".join)


class Users(RuleBasedStateMachine):
    """Some with states, some with whole texts, of two replicas with one key."""

    predictor: Predictor
    path: Path
    users = Bundle("users")

    @initialize()
    def begin(self) -> None:
        key = (b"a key of thirty-two bytes or so.",)
        self.replicas = [
            TestClient(
                make_app(
                    make_service([str(self.path)], ServerSettings(state_keys=key, typists=most))
                ),
                base_url=HOME,
            )
            for most in (2, 0)  # one remembers few typists, one none
        ]

    @rule(target=users, text=WORDS, replica=st.sampled_from([0, 1]))
    def arrive(self, text: str, replica: int) -> tuple[str, str]:
        return self.advanced(replica, {"text": text}, text)

    @rule(target=users, user=users, text=WORDS, replica=st.sampled_from([0, 1]))
    def go_on(self, user: tuple[str, str], text: str, replica: int) -> tuple[str, str]:
        before, state = user
        return self.advanced(replica, {"text": text, "state": state}, before + " " + text)

    @rule(user=users, letters=st.sampled_from(["", " ", "l", " li"]), replica=st.integers(0, 1))
    def type(self, user: tuple[str, str], letters: str, replica: int) -> None:
        text = user[0] + letters
        answer = self.replicas[replica].post("/v1/predict", json={"text": text}).json()
        assert answer["suggestions"] == [
            {"word": s.word, "text": s.accepted(text), "probability": s.probability}
            for s in self.predictor.suggest(text)
        ]

    def advanced(self, replica: int, body: dict[str, str], text: str) -> tuple[str, str]:
        answer = self.replicas[replica].post("/v1/advance", json=body).json()
        shares = self.predictor.probabilities(self.predictor.read(text))
        for prediction in answer["predictions"]:
            index = self.predictor.tokenizer.id_of(prediction["word"])
            assert prediction["probability"] == float(shares[index])
        assert len(answer["predictions"]) == 3
        return text, answer["state"]


def test_interleaved_users_are_answered_as_if_alone(
    model_path: Path, predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # For this test alone: a network that a class keeps to the end is a leak to nanobind.
    monkeypatch.setattr(Users, "path", model_path, raising=False)
    monkeypatch.setattr(Users, "predictor", predictor, raising=False)
    run_state_machine_as_test(
        Users, settings=settings(max_examples=15, stateful_step_count=12, deadline=None)
    )
