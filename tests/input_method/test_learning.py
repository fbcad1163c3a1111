import logging
from pathlib import Path

import pytest

import foreword
from foreword.errors import PersonalError
from foreword.input_method.learning import Learner
from foreword.predictor import personal


@pytest.fixture
def own_words(small_model: Path, tmp_path: Path) -> Path:
    path = tmp_path / "mine.personal"
    personal.open(path, foreword.load(small_model).tokenizer, create=True).close()
    return path


def test_texts_are_learned_in_order_before_it_is_closed(small_model: Path, own_words: Path) -> None:
    tokenizer = foreword.load(small_model).tokenizer
    learner = Learner(personal.open(own_words, tokenizer), own_words)
    for text in ("Libby sat", "Libby sat", "the cat"):
        learner.learn(text)
    learner.close()
    with personal.open(own_words, tokenizer) as layer:
        assert {held.word: held.count for held in layer.words()} == {
            "Libby": 2,
            "sat": 2,
            "the": 1,
            "cat": 1,
        }


def test_what_another_process_learns_is_read_at_the_next_focus(
    small_model: Path, own_words: Path
) -> None:
    tokenizer = foreword.load(small_model).tokenizer
    learner = Learner(personal.open(own_words, tokenizer, read_only=True), own_words)
    with personal.open(own_words, tokenizer) as other:
        other.learn("the cat")
    learner.refresh()
    learner.close()
    assert {held.word for held in learner.layer.words()} == {"the", "cat"}


def test_a_file_that_cannot_be_written_stops_no_typing(
    small_model: Path,
    own_words: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layer = personal.open(own_words, foreword.load(small_model).tokenizer)

    def full(*_: object) -> None:
        raise PersonalError("the disk is full")

    monkeypatch.setattr(layer, "learn", full)
    learner = Learner(layer, own_words)
    with caplog.at_level(logging.WARNING, "foreword"):
        learner.learn("the cat")
        learner.close()
    assert "the disk is full" in caplog.text
