"""Words for the typist from a model whose probabilities are known."""

from collections.abc import Callable

import numpy as np
import pytest

from foreword.evaluation.suggester import Suggester
from foreword.folder.store import Folder
from foreword.predictor.predictor import Predictor


@pytest.fixture
def suggester(make_folder: Callable[..., Folder]) -> Suggester:
    """A model that knows no context: words are the likelier, the earlier they stand in WORDS."""
    folder = make_folder()
    weights = {name: np.zeros_like(array) for name, array in folder.weights.items()}
    weights["decoder.bias"] = -np.arange(folder.tokenizer.vocab_size, dtype=np.float32)
    return Suggester(Predictor(Folder(folder.config, weights, folder.tokenizer)))


def test_marks_are_left_out_and_words_that_differ_in_case_come_once(suggester: Suggester) -> None:
    words = ["the", "cat", "sat", "on", "a", "mat", "like", "likely", "I", "would", "to", "don't"]

    assert suggester.suggest("", 12) == words


@pytest.mark.parametrize(
    ("text", "completions"),
    [
        ("the l", ["like", "likely"]),
        ("like", ["like", "likely"]),
        ("I don'", ["don't"]),
        ("zzz", []),
    ],
)
def test_a_text_that_ends_in_a_letter_is_completed(
    suggester: Suggester, text: str, completions: list[str]
) -> None:
    assert suggester.suggest(text, 3) == completions


@pytest.mark.parametrize("text", ["like ", "like, ", "like,", "(", "'"])
def test_after_all_else_comes_a_new_word(suggester: Suggester, text: str) -> None:
    assert suggester.suggest(text, 3) == ["the", "cat", "sat"]
