"""Vectors that words share while they are trained."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

import foreword
from foreword.compression import compress
from foreword.folder.store import read_folder
from foreword.models.model import Embedding
from foreword.text.tokenizer import Tokenizer
from foreword.training import next_words
from foreword.training.cooccurrence import embeddings
from foreword.training.word_parts import LEAST, WordParts, word_parts

ENDINGS = (
    *("<unk>", "<eos>", ",", "1987", "2003"),
    *(f"{chr(ord('b') + number)}tion" for number in range(LEAST)),
    *("ation", "Ation"),
)


def parts_of(word: str) -> set[int]:
    parts = word_parts(ENDINGS)
    at = ENDINGS.index(word)
    return set(parts.parts[parts.offsets[at] : parts.offsets[at + 1]].tolist())


def test_words_share_the_runs_of_letters_that_many_words_have() -> None:
    shared = parts_of("btion") & parts_of("ction")
    assert len(shared) == len(["tio", "ion", "on>", "tion", "ion>"])
    assert parts_of("btion") == shared  # only one word has <bt, and only one is btion


def test_a_capital_and_digits_are_parts_and_the_rest_is_as_without_them() -> None:
    assert len(parts_of("ation") - parts_of("btion")) == 1  # that of ation and Ation
    assert parts_of("Ation") == parts_of("ation")  # a capital of one word alone is no part
    assert parts_of("1987") == parts_of("2003") != set()
    capitals = word_parts(tuple(word.title() for word in ENDINGS[5:]))
    small = word_parts(tuple(word.lower() for word in ENDINGS[5:]))
    assert capitals.count == small.count + 1


@pytest.mark.parametrize("word", ["<unk>", "<eos>", ","])
def test_special_words_and_marks_share_nothing(word: str) -> None:
    assert parts_of(word) == set()


def test_each_part_of_a_word_counts_once() -> None:
    parts = word_parts(tuple(f"{chr(ord('b') + number)}lalalala" for number in range(LEAST)))
    for begin, end in zip(parts.offsets, parts.offsets[1:], strict=False):
        own = parts.parts[begin:end].tolist()
        assert len(set(own)) == len(own) > 0
    assert parts.parts.max() == parts.count - 1


def test_the_vector_of_a_word_is_its_own_and_those_of_its_parts() -> None:
    embedding, parts = shared_embedding()
    assert embedding.parts is not None
    vectors = embedding.parts.detach()
    expected = embedding.weight.detach().clone()
    for word, (begin, end) in enumerate(zip(parts.offsets, parts.offsets[1:], strict=False)):
        own = parts.parts[begin:end]
        if len(own):
            expected[word] += vectors[own].sum(0) / len(own) ** 0.5
    torch.testing.assert_close(embedding.table(), expected)
    ids = torch.tensor([[3, 0, 7], [3, 10, 2]])
    torch.testing.assert_close(embedding.of(ids), expected[ids])
    assert embedding.of(ids[:0]).shape == (0, 3, 4)


def test_gradients_of_some_words_are_those_of_the_whole_table() -> None:
    embedding, _ = shared_embedding()
    ids = torch.tensor([5, 3, 3, 0, 10, 11, 5])
    scale = torch.randn(len(ids), 4, generator=torch.Generator().manual_seed(2))
    expected = torch.autograd.grad(
        (embedding.table()[ids] * scale).sum(), list(embedding.parameters())
    )
    actual = torch.autograd.grad((embedding.of(ids) * scale).sum(), list(embedding.parameters()))
    for one, other in zip(actual, expected, strict=True):
        torch.testing.assert_close(one, other)


def shared_embedding() -> tuple[Embedding, WordParts]:
    generator = torch.Generator().manual_seed(1)
    parts = word_parts(ENDINGS)
    embedding = Embedding(torch.randn(len(ENDINGS), 4, generator=generator))
    embedding.share(torch.from_numpy(parts.parts), torch.from_numpy(parts.offsets), parts.count)
    assert embedding.parts is not None
    with torch.no_grad():
        embedding.parts.normal_(generator=generator)
    return embedding, parts


def test_a_word_is_learned_with_those_that_end_like_it_unless_told_otherwise(
    tmp_path: Path,
) -> None:
    """In the text all of them stand between the same words; the last one stands alone."""
    path = tmp_path / "text.txt"
    words = [f"{stem}ing" for stem in "abcdefghijklmnopqrst"]
    path.write_text("".join(f"we {word} it\n" for word in words[:-1]) * 20 + words[-1] + "\n")

    def likeness(share: bool | None) -> float:
        folder = tmp_path / str(share)
        foreword.train(
            [path],
            out=folder,
            valid=[path],
            steps=60,
            hidden_size=16,
            dropout=0.0,
            min_count=1,
            share_parts=share,
        )
        trained = read_folder(folder)
        assert "embedding.parts" not in trained.weights
        vectors = trained.weights["embedding.weight"]
        assert vectors.shape == (trained.tokenizer.vocab_size, 16)
        vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        ids = [trained.tokenizer.ids[word] for word in words]
        return float(np.mean(vectors[ids[:-1]] @ vectors[ids[-1]]))

    shared, alone = likeness(None), likeness(False)
    assert shared > alone + 0.2


@pytest.mark.parametrize("share", [True, False])
def test_misspellings_are_not_found_by_vectors_that_depend_on_spelling(
    share: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, seen = tmp_path / "text.txt", []

    def find(tokenizer: Tokenizer, weights: Mapping[str, np.ndarray], ids: np.ndarray) -> object:
        vectors = weights["embedding.weight"]
        generator = torch.Generator().manual_seed(3)
        seen.append((vectors, embeddings(ids, *vectors.shape, generator).numpy()))
        return {}

    monkeypatch.setattr(next_words, "misspellings_of", find)
    path.write_text("walking talking singing ringing\nwalked talked\n" * 30)
    foreword.train(path, out=tmp_path / "m", hidden_size=4, steps=2, seed=3, share_parts=share)
    vectors, of_text = seen[-1]
    trained = read_folder(tmp_path / "m").weights["embedding.weight"]
    np.testing.assert_array_equal(vectors, of_text if share else trained)

    refound = []
    monkeypatch.setattr(compress, "misspellings_of", lambda *_: refound.append(1) or {})
    foreword.compress(tmp_path / "m", tmp_path / "small", [path], bound=10.0)
    assert bool(refound) != share
