"""Confidences of translations: what is fitted, and how it is measured."""

from pathlib import Path

import numpy as np
import pytest
from tests.translator.models import write_random

import foreword
from foreword.errors import FolderError, TextError
from foreword.evaluation.calibration import fit, reliability, right_words
from foreword.evaluation.reliability_plot import plot_reliability
from foreword.folder.calibration import Calibration
from foreword.folder.claim import claimed
from foreword.folder.translation_store import keep_calibration, read_translation
from foreword.translator.translation import TranslatedWord, Translation
from foreword.translator.translator import Translator


def translation(*words: tuple[str, float]) -> Translation:
    text = " ".join(word for word, _ in words)
    mean = float(np.exp(np.mean([np.log(p) for _, p in words])))
    return Translation(text, 0.0, mean, tuple(TranslatedWord(w, p, ()) for w, p in words))


def drawn(chance_of: object, count: int = 4000) -> tuple[list[Translation], list[str]]:
    """Translations of one word, which is right with a chance that depends on its probability."""
    random = np.random.default_rng(1)
    probabilities = random.uniform(0.02, 0.98, count)
    right = random.random(count) < np.array([chance_of(p) for p in probabilities])  # type: ignore[operator]
    made = [translation(("yes", float(p))) for p in probabilities]
    return made, ["yes" if one else "no" for one in right]


def test_a_word_is_right_as_often_as_the_reference_has_it() -> None:
    inputs = translation(("the", 0.5), ("cat", 0.5), ("the", 0.5), ("the", 0.5))
    assert right_words(inputs, "the dog and the cat") == [True, True, True, False]


@pytest.mark.parametrize("chance_of", [lambda p: p, lambda p: 0.3 + 0.6 * p, lambda p: p**3])
def test_fitted_confidences_are_the_chances_of_being_right(chance_of: object) -> None:
    translations, references = drawn(chance_of)
    calibration = fit(translations, references, "words")
    for p in (0.1, 0.4, 0.7, 0.9):
        expected = chance_of(p)  # type: ignore[operator]
        assert calibration.chance(np.log(p), np.log(p)) == pytest.approx(expected, abs=0.06)
    assert calibration.words == 4000


def test_the_calibration_error_is_the_mean_distance_of_confidence_and_truth() -> None:
    """Ten words of confidence 0.9, six of them right; ten of 0.1, of which one is right."""
    translations = [translation(("yes", 0.9))] * 10 + [translation(("yes", 0.1))] * 10
    references = ["yes"] * 6 + ["no"] * 4 + ["yes"] + ["no"] * 9
    measured = reliability(translations, references)
    assert [(one.count, round(one.right, 3)) for one in measured.words] == [(10, 0.1), (10, 0.6)]
    assert measured.word_error == pytest.approx(0.5 * 0.3)
    assert measured.sentence_error == pytest.approx(0.15)


def test_too_few_words_are_refused() -> None:
    with pytest.raises(TextError, match="at least 500"):
        fit([translation(("yes", 0.5))], ["yes"], "one pair")


def test_a_kept_calibration_makes_the_confidences_and_decides_on_abstaining(
    tmp_path: Path,
) -> None:
    path = write_random(tmp_path / "model")
    raw = foreword.load(path, Translator).translate("the cat sat")
    keep_calibration(
        path, Calibration((3.0, 0.0, 0.0, 0.0), "some pairs", 900), read_translation(path).document
    )
    translator = foreword.load(path, Translator)
    translated = translator.translate("the cat sat")
    assert translated.text == raw.text
    assert translated.confidence == pytest.approx(1 / (1 + np.exp(-3)))
    assert len({round(word.confidence, 9) for word in translated.words}) == 1
    assert not translator.translate("the cat sat", abstain=0.95).abstained
    assert translator.translate("the cat sat", abstain=0.96).abstained
    assert read_translation(path).config.calibration == translator.folder.calibration


@pytest.mark.parametrize("text", ["", "😀 🎉", "\n\n", "12:30", "{name}"])
def test_what_needs_no_translation_is_certain(tmp_path: Path, text: str) -> None:
    path = write_random(tmp_path / "model")
    keep_calibration(path, Calibration((-3.0, 0.0, 0.0, 0.0)), read_translation(path).document)
    inputs = foreword.load(path, Translator).translate(text, abstain=0.9)
    assert (inputs.text, inputs.confidence, inputs.abstained) == (text, 1.0, False)


def test_a_model_that_is_being_trained_is_not_calibrated(tmp_path: Path) -> None:
    path = write_random(tmp_path / "model")
    with claimed(path, "train"), pytest.raises(FolderError, match="foreword train .* is writing"):
        foreword.evaluate(path, pairs=["a.de", "a.en"], calibrate=True)


def test_a_damaged_calibration_is_refused(tmp_path: Path) -> None:
    path = write_random(tmp_path / "model")
    keep_calibration(path, Calibration((3.0, 0.0, 0.0, 0.0)), read_translation(path).document)
    file = path / "config.json"
    file.write_text(file.read_text().replace('"factors": [', '"factors": ["x", '))
    with pytest.raises(FolderError):
        foreword.load(path, Translator)


def test_the_reliability_is_drawn(tmp_path: Path) -> None:
    measured = reliability(*drawn(lambda p: p, 200))
    plot_reliability(measured, tmp_path / "reliability.svg", "some $pairs")
    assert (tmp_path / "reliability.svg").stat().st_size > 5_000
