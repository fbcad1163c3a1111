"""Tries a wheel where it was installed: words are predicted, and by the compiled network.

    python native/tests/installed.py

Makes a model with random weights in memory, without PyTorch. The module for browsers must be there.
"""

import numpy as np

from foreword import compiled
from foreword.exporting.browser import MODULE, package_file
from foreword.folder.config import FolderConfig, ModelConfig
from foreword.folder.store import Folder
from foreword.folder.weights import expected_shapes
from foreword.predictor.predictor import Predictor
from foreword.text.tokenizer import Tokenizer, TokenizerConfig


def main() -> None:
    actual = compiled.loaded()
    assert actual is not None, "the wheel has no compiled kernels"
    print("instruction sets:", ", ".join(actual.instruction_sets()))
    tokenizer = Tokenizer(["<unk>", "<eos>", "how", "are", "you"], TokenizerConfig())
    model = ModelConfig(name="lstm", vocab_size=5, embedding_size=4, hidden_size=8)
    draw = np.random.default_rng(1)
    weights = {
        name: draw.normal(size=shape).astype(np.float32)
        for name, shape in expected_shapes(model).items()
    }
    predictor = Predictor(
        Folder(FolderConfig(model=model, tokenizer=tokenizer.config), weights, tokenizer)
    )
    assert predictor._engine.is_compiled, "the network runs in numpy"
    shares = predictor.probabilities(predictor.read("how are"))
    assert abs(float(shares.sum()) - 1) < 1e-5
    print("predicts:", predictor.predict("how are ")[0].word)
    print(f"{MODULE}: {len(package_file(MODULE)):,} bytes")


if __name__ == "__main__":
    main()
