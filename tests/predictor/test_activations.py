"""What a predictor tells of its inside without torch, against the trace that torch makes."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import MakeFolder

from foreword.folder.quantised import dense, quantise
from foreword.folder.store import Folder
from foreword.inspect import trace
from foreword.predictor.activations import WordTrace
from foreword.predictor.predictor import Predictor

KINDS = [
    ("rnn", {}),
    ("rnn", {"nonlinearity": "relu"}),
    ("lstm", {}),
    ("lstm-peephole", {}),
    ("lstm-peephole-only", {}),
    ("lstm-coupled", {}),
    ("lstm-layernorm", {}),
    ("gru", {}),
    ("gru-layernorm", {}),
    ("gru", {"reset_after": False}),
    ("mlp-window", {"context_words": 3}),
    ("mlp-last", {}),
]
TEXTS = ["", "the", "I would like to", "the cat sat\n\nI would", "the cat , Zebra don't !", "a\n"]


def assert_last_word_is(actual: WordTrace, folder: Folder, text: str) -> None:
    expected = trace(Predictor(folder), text)
    assert actual.word == expected.reading.words[-1]
    assert len(actual.layers) == len(expected.layers)
    for ours, theirs in zip(actual.layers, expected.layers, strict=True):
        assert list(ours.gates) == list(theirs.gates)
        assert set(ours.states) == set(theirs.states)
        for name, values in {**ours.gates, **ours.states}.items():
            np.testing.assert_allclose(values, theirs.arrays[name][-1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "options"), KINDS)
def test_gates_and_states_of_the_last_word_are_those_that_torch_traces(
    name: str, options: dict[str, object], make_folder: MakeFolder
) -> None:
    folder = make_folder(name, **options)
    for key, values in folder.weights.items():
        if any(part in key for part in ("peephole", "norm_", "bias_c")):
            values[...] = np.random.default_rng(0).normal(size=values.shape)
    predictor = Predictor(folder)
    for text in TEXTS:
        assert_last_word_is(predictor.trace(text, complete=False), folder, text)


def test_of_int8_weights_the_gates_are_those_of_the_float32_that_they_stand_for(
    make_folder: MakeFolder,
) -> None:
    plain = make_folder("lstm")
    weights = quantise(plain.weights)
    config = plain.config.model_copy(update={"weights": "int8", "format_version": 2})
    int8 = Predictor(Folder(config, weights, plain.tokenizer))
    same = Folder(plain.config, dense(weights), plain.tokenizer)
    # One step from zeros, where no hidden state has been rounded yet.
    assert_last_word_is(int8.trace(""), same, "")


def test_an_unfinished_word_has_not_been_read(make_folder: MakeFolder) -> None:
    folder = make_folder("gru")
    predictor = Predictor(folder)
    assert predictor.trace("I would li").word == "would"
    assert_last_word_is(predictor.trace("I would li"), folder, "I would")
    assert predictor.trace("I would ").word == "would"
    assert predictor.trace("li").word == "<eos>"
    assert predictor.trace("I would mat", complete=None).word == "mat"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text("the cat,I\n", max_size=12), min_size=1, max_size=6))
def test_what_was_read_before_changes_no_trace(make_folder: MakeFolder, texts: list[str]) -> None:
    predictor = Predictor(make_folder("lstm"))
    typist = predictor.typist()
    for text in texts:
        assert typist.trace(text).as_json() == predictor.trace(text).as_json()


def test_as_json_holds_the_numbers_rounded_and_nothing_that_json_cannot_say(
    make_folder: MakeFolder,
) -> None:
    folder = make_folder("rnn", nonlinearity="relu")
    actual = Predictor(folder).trace("the cat", complete=True)
    document = json.loads(json.dumps(actual.as_json(), allow_nan=False))
    assert document["word"] == "the"
    for layer, lists in zip(actual.layers, document["layers"], strict=True):
        np.testing.assert_allclose(lists["states"]["h"], layer.states["h"], atol=1e-4)
        assert lists["gates"] == {}
    for values in folder.weights.values():
        values *= 1e30
    overflowed = Predictor(folder).trace("the cat on a mat ").as_json()
    assert None in overflowed["layers"][-1]["states"]["h"]
    json.dumps(overflowed, allow_nan=False)
