"""What a network knows before its first step."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import foreword
from foreword.errors import SettingsError
from foreword.folder.store import read_folder
from foreword.training.cooccurrence import embeddings

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


@pytest.mark.parametrize(
    ("model", "clip", "expected"),
    [
        ("lstm", None, 0.0),
        ("lstm", 3.0, 3.0),
        ("lstm-peephole", None, 5.0),
        ("lstm-peephole-only", None, 5.0),
        ("lstm-peephole", 0.0, 0.0),
    ],
)
def test_networks_whose_gates_look_at_their_memory_have_it_clipped(
    model: str, clip: float | None, expected: float, tmp_path: Path
) -> None:
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    sizes = {"steps": 1, "hidden_size": 4}
    actual = foreword.train([path], out=tmp_path / "m", model=model, cell_clip=clip, **sizes)
    assert actual.config.model.cell_clip == expected  # type: ignore[union-attr]


def test_only_lstms_have_a_memory_to_clip(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^cell_clip is for lstm, .*, not gru$"):
        foreword.train(out=tmp_path / "m", model="gru", cell_clip=2.0)


@pytest.mark.parametrize("model", ["lstm", "mlp-window"])
@pytest.mark.parametrize("start", [None, "cooccurrences", "random"])
def test_embeddings_start_from_the_words_beside_each_word_unless_told_otherwise(
    model: str, start: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    foreword.train(
        [path],
        out=tmp_path / "m",
        valid=[path],
        steps=1,
        model=model,
        hidden_size=4,
        learning_rate=1e-12,
        embedding_start=start,
    )
    folder = read_folder(tmp_path / "m")
    actual, words = folder.weights["embedding.weight"], list(folder.tokenizer.words)
    ids = [words.index(word) for word in TEXT.replace("\n", " <eos> ").split()]
    expected = embeddings(np.array(ids), *actual.shape).numpy()
    is_alike = np.corrcoef(np.ravel(actual @ actual.T), np.ravel(expected @ expected.T))[0, 1]
    assert (is_alike > 0.999) == (start != "random")
