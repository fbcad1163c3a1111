"""The numpy engine against the torch models, whose cells are tested against torch and ONNX."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from foreword.folder.store import Folder
from foreword.models.build import from_folder
from foreword.predictor.engine import Engine

MakeFolder = Callable[..., Folder]

KINDS = [
    ("mlp-last", {}),
    ("mlp-last", {"nonlinearity": "relu", "embedding_size": 5}),
    ("mlp-window", {"context_words": 3}),
    ("rnn", {}),
    ("rnn", {"nonlinearity": "relu", "tied": False}),
    ("lstm", {}),
    ("lstm", {"tied": False}),
    ("lstm", {"embedding_size": 5, "num_layers": 1}),
    ("lstm-peephole", {}),
    ("lstm-peephole-only", {}),
    ("lstm-coupled", {}),
    ("gru", {}),
    ("gru", {"reset_after": False}),
]


@pytest.mark.parametrize(("name", "options"), KINDS)
def test_probabilities_equal_the_torch_models(
    name: str, options: dict[str, object], make_folder: MakeFolder
) -> None:
    folder = make_folder(name, **options)
    if name == "lstm-peephole":
        for key in folder.weights:
            if "peephole" in key:
                shape = folder.weights[key].shape
                folder.weights[key] = np.random.default_rng(0).normal(size=shape).astype("f4")
    engine, model = Engine(folder.config.model, folder.weights), from_folder(folder)
    ids = [1, 5, 3, 0, 7, 2, 2, 11]

    state = engine.start()
    ours = []
    for index in ids:
        state = engine.advance(state, index)
        ours.append(engine.probabilities(state))
    with torch.inference_mode():
        logits, _ = model(torch.tensor(ids)[:, None], model.start(1))
        theirs = logits[:, 0].double().softmax(dim=1).numpy()

    np.testing.assert_allclose(np.stack(ours), theirs, rtol=2e-4, atol=1e-7)
    np.testing.assert_allclose(np.stack(ours).sum(axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize("name", ["lstm", "gru", "mlp-window"])
def test_a_state_is_a_value_that_advancing_leaves_alone(name: str, make_folder: MakeFolder) -> None:
    options = {"context_words": 3} if name == "mlp-window" else {}
    folder = make_folder(name, **options)
    engine = Engine(folder.config.model, folder.weights)
    before = engine.advance(engine.start(), 3)

    one, other = engine.advance(before, 4), engine.advance(before, 5)

    assert before == engine.advance(engine.start(), 3)
    assert hash(before) == hash(engine.advance(engine.start(), 3))
    assert one != other
    assert one == engine.advance(before, 4)
    with pytest.raises(ValueError, match="read-only"):
        before.parts[0][...] = 0


def test_an_mlp_forgets_what_its_window_does_not_hold(make_folder: MakeFolder) -> None:
    folder = make_folder("mlp-window", context_words=2)
    engine = Engine(folder.config.model, folder.weights)

    def after(*ids: int) -> np.ndarray:
        state = engine.start()
        for index in ids:
            state = engine.advance(state, index)
        return engine.probabilities(state)

    assert np.array_equal(after(3, 4, 5), after(9, 4, 5))
    assert not np.array_equal(after(3, 4), after(9, 4))
