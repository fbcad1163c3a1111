"""The everyday model as it is shipped."""

from pathlib import Path

import pytest

import foreword
from foreword.folder.store import folder_bytes
from foreword.predictor.predictor import Predictor

MODEL = Path(__file__).parents[2] / "packages/everyday-en/src/foreword_everyday_en/model"


@pytest.fixture(scope="module")
def model() -> Predictor:
    return foreword.load(MODEL)


def test_it_is_small_and_in_int8(model: Predictor) -> None:
    assert folder_bytes(MODEL) <= 6_000_000
    assert model.config.weights == "int8"
    assert 10_000 <= model.config.model.vocab_size <= 20_000


@pytest.mark.parametrize(
    ("text", "word"),
    [("how are ", "you"), ("I would li", "like"), ("Nice to meet ", "you"), ("I don'", "don't")],
)
def test_it_knows_everyday_english(model: Predictor, text: str, word: str) -> None:
    assert word in [suggestion.word for suggestion in model.suggest(text, 3)]


def test_its_card_tells_sources_and_quality() -> None:
    card = (MODEL / "README.md").read_text("utf-8")
    for told in ("chitchat-dataset", "WordNet 3.0", "perplexity", "Keystroke savings", "minutes"):
        assert told in card
