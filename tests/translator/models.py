"""Small random translation models in folders, for tests that need one."""

from pathlib import Path
from typing import Any

import numpy as np

from foreword.folder.config import TranslationFolderConfig
from foreword.folder.quantised import quantise
from foreword.folder.translation import TranslationConfig, expected_shapes
from foreword.folder.translation_store import write_translation
from foreword.text.subwords import Subwords

TEXTS = ["the cat sat on the mat", "die Katze saß auf der Matte", "a dog, ein Hund", "the contract"]


def write_random(path: Path, *, seed: int = 1, int8: bool = False, **changes: Any) -> Path:
    """Write a model whose weights are random numbers; it translates into nonsense."""
    subwords = Subwords.train(TEXTS * 9, 300)
    kind = {"cell": "gru", "embedding_size": 8, "hidden_size": 8, "heads": 2, **changes}
    model = TranslationConfig(vocab_size=subwords.size, **kind)
    random = np.random.default_rng(seed)
    weights = {
        name: random.normal(0, 0.7, shape).astype(np.float32)
        for name, shape in expected_shapes(model).items()
    }
    # Random bytes beyond ASCII would be no UTF-8.
    is_foreign = [max(piece, default=0) >= 0x80 for piece in subwords.bytes]
    weights["output.bias"] -= 100 * np.array(is_foreign, np.float32)
    config = TranslationFolderConfig(
        model=model,
        weights="int8" if int8 else "float32",
        source_language="de",
        target_language="en",
    )
    write_translation(path, config, quantise(weights) if int8 else weights, subwords, "A card.")
    return path
