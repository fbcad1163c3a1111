"""The everyday model as it is shipped."""

from pathlib import Path

import pytest

import foreword
from foreword.errors import SettingsError
from foreword.folder.store import folder_bytes, read_folder
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


def test_it_goes_by_its_name_wherever_a_model_is_taken(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("how are you\ni am fine\n" * 20, "utf-8")
    by_name = foreword.evaluate("everyday-en", [text])
    assert by_name.perplexity == foreword.evaluate(MODEL, [text]).perplexity
    assert foreword.inspect.subject_of("everyday-en").config == read_folder(MODEL).config
    with pytest.raises(SettingsError, match="compressed already"):
        foreword.compress("everyday-en", tmp_path / "small", [text])
