import math
from collections.abc import Callable

import numpy as np
import pytest

from foreword.folder.architecture import format_version
from foreword.folder.config import FolderConfig, ModelConfig
from foreword.folder.store import Folder
from foreword.folder.weights import expected_shapes
from foreword.predictor.predictor import Predictor
from foreword.text.tokenizer import Tokenizer, TokenizerConfig

MakeSpeaker = Callable[..., Predictor]


@pytest.fixture(scope="session")
def speaker() -> MakeSpeaker:
    """Makes a model that gives words the same probabilities after any text, the rest to <unk>."""

    def make(probabilities: dict[str, float], **options: object) -> Predictor:
        words = ["<unk>", "<eos>", *probabilities]
        tokenizer = Tokenizer(words, TokenizerConfig(**options))
        model = ModelConfig(
            name="rnn", vocab_size=len(words), embedding_size=2, hidden_size=2, tied=False
        )
        shapes = expected_shapes(model)
        weights = {name: np.zeros(shape, dtype=np.float32) for name, shape in shapes.items()}
        rest = max(1e-9, 1 - sum(probabilities.values()))
        shares = [rest, 1e-9, *probabilities.values()]
        weights["decoder.bias"] = np.array([math.log(p) for p in shares], dtype=np.float32)
        version = format_version(model, "float32", tokenizer.config)
        config = FolderConfig(format_version=version, model=model, tokenizer=tokenizer.config)
        return Predictor(Folder(config, weights, tokenizer))

    return make


@pytest.fixture
def in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets typists read in Python, whose memory can be looked into."""
    monkeypatch.setattr(Predictor, "compiled_reader", None)


@pytest.fixture(params=["core", "Python"])
def each_way(request: pytest.FixtureRequest) -> None:
    """Lets typists read in the core, and then in Python."""
    if request.param == "Python":
        request.getfixturevalue("in_python")
