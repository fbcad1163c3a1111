"""The gates and states of the C library and of its module for browsers, against Python's."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
from tests.core.library import CModel, Library
from tests.core.test_library import SIZES, made
from tests.core.test_module import answers, written
from tests.core.test_typist import EVERYDAY
from tests.core.typed_texts import KINDS, random_words, texts_of
from tests.needs import needs
from tests.predictor.test_compiled_network import CELLS, random_model

from foreword.folder.quantised import quantise
from foreword.folder.store import read_folder
from foreword.predictor.activations import WordTrace
from foreword.predictor.predictor import Predictor

TEXT = "wört5 wört7\nwört2 wört39 wört"
CLOSE = {"float32": 1e-5, "int8": 0.03}
"""The largest difference; in int8, the library rounds the hidden state, and Python does not."""


def assert_same(ours: WordTrace, theirs: WordTrace, close: float) -> None:
    assert ours.word == theirs.word
    for own, other in zip(ours.layers, theirs.layers, strict=True):
        for some, others in ((own.gates, other.gates), (own.states, other.states)):
            assert list(some) == list(others)
            for name, values in some.items():
                np.testing.assert_allclose(values, others[name], atol=close, err_msg=name)


@needs("c_library")
@pytest.mark.parametrize("kind", ["float32", "int8"])
@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_has_the_gates_and_states_of_python(
    library: Library, cell: str, kind: str
) -> None:
    config, weights = random_model(cell, SIZES)
    folder, files = made(config, quantise(weights) if kind == "int8" else weights)
    ours, theirs = CModel(library, files).typist(), Predictor(folder).typist()
    for text in ("", "wört5", "wört5 ", "\n", TEXT):
        for complete in (None, True, False):
            expected = theirs.trace(text, complete=complete)
            assert_same(ours.trace(text, complete=complete), expected, CLOSE[kind])


@needs("c_library")
@pytest.mark.parametrize("seed", range(4))
def test_any_text_is_traced_at_the_same_word(library: Library, seed: int) -> None:
    model = random_words(seed, 60, **KINDS[seed])
    ours, theirs = CModel(library, model.files).typist(), model.predictor.typist()
    for text in texts_of(random.Random(seed), model, 20):
        assert_same(ours.trace(text), theirs.trace(text), 1e-4)


@needs("npm")
def test_in_node_the_everyday_model_is_traced_as_in_python(tmp_path: Path) -> None:
    config, weights = random_model("rnn", SIZES)
    folder, files = made(config, weights)
    traced = ["I would like the ca", "how are you", ""]
    models = [
        {"folder": str(EVERYDAY), "traced": traced},
        {"folder": str(EVERYDAY), "traced": traced, "complete": False},
        {"folder": written(files, tmp_path / "elman"), "traced": traced},
    ]
    everyday = Predictor(read_folder(EVERYDAY)).typist()
    typists = (everyday, everyday, Predictor(folder).typist())
    for typist, asked, answer in zip(typists, models, answers(models), strict=True):
        for text, ours in zip(traced, answer["traces"], strict=True):
            theirs = typist.trace(text, complete=asked.get("complete")).as_json()
            assert ours["word"] == theirs["word"]
            for own, other in zip(ours["layers"], theirs["layers"], strict=True):
                assert own.keys() == other.keys() == {"gates", "states"}
                for part in own:
                    assert own[part].keys() == other[part].keys(), json.dumps(text)
                    for name, values in own[part].items():
                        np.testing.assert_allclose(values, other[part][name], atol=0.1)
                        assert np.abs(np.subtract(values, other[part][name])).mean() < 0.01
