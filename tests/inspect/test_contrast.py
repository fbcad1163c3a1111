"""A second run is the run of the changed text, and its difference is theirs."""

from collections.abc import Callable

import numpy as np
import pytest
from tests.conftest import MakeFolder

from foreword.errors import SettingsError
from foreword.inspect import Contrast, TextTrace, replacing, resetting, trace, without
from foreword.predictor.predictor import Predictor

TEXT = "the cat sat on a mat ; I would like"


def traced(make_folder: MakeFolder, text: str = TEXT, name: str = "lstm") -> TextTrace:
    return trace(Predictor(make_folder(name)), text)


def bits(p: np.ndarray, q: np.ndarray) -> float:
    return float((p * np.log2(p / q)).sum())


def test_without_a_word_it_is_the_run_of_the_text_without_it(make_folder: MakeFolder) -> None:
    first = traced(make_folder)
    actual = without(first, 3)
    other = traced(make_folder, TEXT.replace("sat ", ""))
    assert actual.reading.words == other.reading.words
    np.testing.assert_allclose(actual.layers[1].states["c"], other.layers[1].states["c"], atol=1e-6)
    assert actual.pairs[:5].tolist() == [[0, 0], [1, 1], [2, 2], [4, 3], [5, 4]]
    assert actual.label == "without “sat” (word 3)"
    at = [first.reading.words[a] == actual.reading.words[b] for a, b in actual.pairs]
    assert all(at)


def test_with_another_word_it_is_the_run_of_the_text_with_it(make_folder: MakeFolder) -> None:
    first = traced(make_folder)
    actual = replacing(first, 6, "Paris")
    other = traced(make_folder, TEXT.replace("mat", "Paris"))
    assert actual.reading.words == other.reading.words
    np.testing.assert_allclose(actual.predictions.came, other.predictions.came, atol=1e-5)
    np.testing.assert_allclose(
        actual.difference[0], other.layers[0].states["c"] - first.layers[0].states["c"], atol=1e-6
    )
    assert (actual.difference[0][:6] == 0).all()
    assert (actual.difference[0][6:] != 0).any()


def test_after_a_reset_it_is_the_run_of_the_rest_alone(make_folder: MakeFolder) -> None:
    predictor = Predictor(make_folder("gru"))
    first = trace(predictor, TEXT)
    actual = resetting(first, 8)
    engine = predictor._engine
    state = engine.start()
    for t in range(8, len(first.reading)):
        state = engine.advance(state, int(first.reading.ids[t]))
        np.testing.assert_allclose(actual.layers[1].states["h"][t], state.parts[0][1], atol=1e-5)
    np.testing.assert_array_equal(actual.divergence[:8] < 1e-9, True)


def test_divergence_is_kullback_and_leiblers(make_folder: MakeFolder) -> None:
    predictor = Predictor(make_folder("lstm"))
    actual = replacing(trace(predictor, TEXT), 2, "mat")
    for t in (2, 7):
        words = TEXT.split()[:t]
        p = predictor.probabilities(predictor.read(" ".join(words)))
        words[1] = "mat"
        q = predictor.probabilities(predictor.read(" ".join(words)))
        assert actual.divergence[t] == pytest.approx(bits(p, q), rel=1e-3, abs=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: without(t, 0), "no word 0 to change: the words of this text are 1 to 10"),
        (lambda t: resetting(t, 11), "no word 11"),
        (lambda t: replacing(t, 3, "two words"), "'two words' is 2 words to this model"),
        (lambda t: replacing(t, 3, ""), "'' is 0 words"),
    ],
)
def test_what_cannot_be_changed_is_said(
    change: Callable[[TextTrace], Contrast], message: str, make_folder: MakeFolder
) -> None:
    with pytest.raises(SettingsError, match=message):
        change(traced(make_folder))
