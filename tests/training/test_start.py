"""What a network knows before its first step."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import foreword
from foreword.folder.store import read_folder

TEXT = "the cat sat\nthe dog sat on the mat\nthe end\n" * 40


@pytest.mark.parametrize("start", [None, "frequencies", "equal"])
def test_training_starts_from_how_common_words_are_unless_told_otherwise(
    start: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    foreword.train(
        [path],
        out=tmp_path / "m",
        valid=[path],
        steps=1,
        hidden_size=4,
        learning_rate=1e-12,  # so that what it started with is seen at the end
        softmax_start=start,
    )
    folder = read_folder(tmp_path / "m")
    counted = Counter(TEXT.replace("\n", " <eos> ").split())
    often = np.array([counted[word] + 1 for word in folder.tokenizer.words])
    expected = np.zeros(len(often)) if start == "equal" else np.log(often / often.sum())
    np.testing.assert_allclose(folder.weights["decoder.bias"], expected, atol=1e-6)
