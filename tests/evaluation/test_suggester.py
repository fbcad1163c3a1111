"""Words for the typist from a model whose probabilities are known."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.translator.models import write_random

from foreword.evaluation.keystrokes import simulate
from foreword.evaluation.suggester import (
    LearningSuggester,
    Suggester,
    TranslationSuggester,
    Vocabulary,
)
from foreword.folder.store import Folder
from foreword.predictor.personal.personal import Personal
from foreword.predictor.predictor import Predictor
from foreword.translator.translator import Translator


@pytest.fixture
def predictor(make_folder: Callable[..., Folder]) -> Predictor:
    """A model that knows no context: words are the likelier, the earlier they stand in WORDS."""
    folder = make_folder()
    weights = {name: np.zeros_like(array) for name, array in folder.weights.items()}
    weights["decoder.bias"] = -np.arange(folder.tokenizer.vocab_size, dtype=np.float32)
    return Predictor(Folder(folder.config, weights, folder.tokenizer))


def test_marks_are_left_out_and_words_that_differ_in_case_come_once(predictor: Predictor) -> None:
    words = ["the", "cat", "sat", "on", "a", "mat", "like", "likely", "I", "would", "to", "don't"]

    actual = Suggester(predictor).suggest("so ", 20)

    assert actual[: len(words)] == words
    assert "," not in actual
    assert len({word.casefold() for word in actual}) == len(actual)


def test_a_vocabulary_has_the_models_words_and_their_probabilities(predictor: Predictor) -> None:
    vocabulary = Vocabulary(predictor)

    probabilities = vocabulary.probabilities("I would ")

    assert probabilities.sum() == pytest.approx(1.0)
    # This model finds its words the likelier, the earlier they stand.
    assert probabilities.tolist() == sorted(probabilities.tolist(), reverse=True)
    assert len(vocabulary.words) == len(probabilities)
    assert vocabulary.fold("LIKE") == vocabulary.fold("Like")


def test_the_first_slots_may_have_phrases(predictor: Predictor) -> None:
    """After `th`, this model is sure of `the`, and it always finds `the` likeliest."""
    shown = Suggester(predictor, phrase_slots=2).suggest("so th", 4)

    chosen = predictor.suggest("so th", 2, complete=True, phrases=True)
    assert shown[:2] == [one.word for one in chosen]
    assert "the the" in shown[:2]
    assert not any(" " in word for word in shown[2:])
    assert len(set(shown)) == len(shown)


@pytest.mark.parametrize(
    ("text", "completions"), [("the l", ["like", "likely"]), ("I don'", ["don't"])]
)
def test_a_text_that_ends_in_a_letter_is_completed(
    predictor: Predictor, text: str, completions: list[str]
) -> None:
    assert Suggester(predictor).suggest(text, 3)[:2] == completions


def test_a_whole_word_may_still_become_another(predictor: Predictor) -> None:
    assert "likely" in Suggester(predictor).suggest("so like", 3)


@pytest.mark.parametrize("text", ["like ", "like, "])
def test_after_a_space_comes_a_new_word(predictor: Predictor, text: str) -> None:
    assert Suggester(predictor).suggest(text, 3) == ["the", "cat", "sat"]


def test_the_personal_layer_learns_what_was_typed(predictor: Predictor, tmp_path: Path) -> None:
    messages = ["zebras graze quietly"] * 4

    frozen = simulate(Suggester(predictor), messages)
    with Personal.open(tmp_path / "mine.db", predictor.tokenizer, create=True) as personal:
        learning = simulate(LearningSuggester(predictor, personal), messages, learn=True)

    assert frozen.tally.savings == 0.0
    assert learning.by_message[0].savings == 0.0
    # Words of one's own are held when they were seen twice; then each costs a key.
    assert learning.by_message[3].keys == 3


def test_a_translation_is_typed_with_whole_words_that_begin_as_typed(tmp_path: Path) -> None:
    suggester = TranslationSuggester(Translator.load(write_random(tmp_path / "model")))
    assert list(suggester.typed([("die Katze", "the cat")])) == ["the cat"]
    for text, typed in (("the ", ""), ("the c", "c"), ('the "c', "c"), ("the cat-c", "c")):
        words = suggester.suggest(text, 5)
        assert len(words) == len({word.casefold() for word in words}) == 5
        assert all(word.startswith(typed) and " " not in word for word in words)
