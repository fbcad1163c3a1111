"""Embeddings from the words beside each word, against loops and a decomposition of numpy's."""

from collections import defaultdict
from math import log

import numpy as np
import pytest
import torch

from foreword.models.model import Embedding
from foreword.training import cooccurrence
from foreword.training.cooccurrence import embeddings, information

WORDS, LENGTH = 12, 400
IDS = (np.random.default_rng(1).random(LENGTH) ** 2 * WORDS).astype(np.uint16)


def by_loops(ids: list[int], frequent: list[int]) -> np.ndarray:
    """The positive pointwise mutual information, term by term; contexts before, then after."""
    n: dict[tuple[int, int], float] = defaultdict(float)
    for position, word in enumerate(ids):
        for distance in (-2, -1, 1, 2):
            other = position + distance
            if 0 <= other < len(ids) and ids[other] in frequent:
                column = frequent.index(ids[other]) + (len(frequent) if distance > 0 else 0)
                n[word, column] += 1 / abs(distance)
    n_word: dict[int, float] = defaultdict(float)
    n_context: dict[int, float] = defaultdict(float)
    for (word, column), count in n.items():
        n_word[word] += count
        n_context[column] += count
    total = sum(count**0.75 for count in n_context.values())
    matrix = np.zeros((WORDS, 2 * len(frequent)))
    for (word, column), count in n.items():
        share = n_context[column] ** 0.75 / total
        matrix[word, column] = max(log(count / (n_word[word] * share)), 0)
    return matrix


@pytest.mark.parametrize("contexts", [5, 4096])
def test_the_information_is_that_of_its_equation(
    contexts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cooccurrence, "CONTEXTS", contexts)
    counts = np.bincount(IDS, minlength=WORDS)
    frequent = sorted(range(WORDS), key=lambda word: -counts[word])[:contexts]
    expected = by_loops(IDS.tolist(), frequent)
    assert (expected > 0).any()
    assert (expected == 0).any()
    np.testing.assert_allclose(information(IDS, WORDS).to_dense(), expected, rtol=1e-5)


@pytest.mark.parametrize("size", [3, WORDS, 20])
def test_embeddings_are_the_best_of_their_size_but_for_a_rotation(size: int) -> None:
    actual = embeddings(IDS, WORDS, size, torch.Generator().manual_seed(1)).numpy()
    u, s, _ = np.linalg.svd(information(IDS, WORDS).to_dense().numpy().astype(np.float64))
    rank = min(size, WORDS)
    expected = (u[:, :rank] * s[:rank]) @ u[:, :rank].T
    assert actual.shape == (WORDS, size)
    np.testing.assert_allclose(actual @ actual.T, expected, atol=1e-4)


def test_words_that_are_used_alike_begin_alike() -> None:
    text = "a cat sat . the cat ran . a dog sat . the dog ran . we saw him . they saw us . "
    words = sorted(set(text.split()))
    ids = np.array([words.index(word) for word in (3 * text).split()])
    vectors = torch.nn.functional.normalize(embeddings(ids, len(words), 8))
    alike = vectors @ vectors.T
    cat = words.index("cat")
    nearest = alike[cat].argsort(descending=True)[:2].tolist()
    assert [words[word] for word in nearest] == ["cat", "dog"]


def test_passages_of_a_long_text_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cooccurrence, "MOST_WORDS", 100)
    monkeypatch.setattr(cooccurrence, "PASSAGE", 10)
    read = cooccurrence._spread(np.arange(1000))
    assert len(read) == 100
    assert (read[0], read[-1]) == (0, 999)
    assert (np.diff(read) == 1).sum() == 90
    monkeypatch.setattr(cooccurrence, "MOST_WORDS", 1000)
    assert np.array_equal(cooccurrence._spread(np.arange(1000)), np.arange(1000))


@pytest.mark.parametrize("ids", [[0], [0, 0, 0, 0], [1, 2]])
def test_a_text_without_contexts_says_nothing(ids: list[int]) -> None:
    vectors = embeddings(np.array(ids), 4, 3)
    assert vectors.shape == (4, 3)
    assert vectors.isfinite().all()


def test_embeddings_stay_random_where_counts_say_nothing() -> None:
    learned = embeddings(np.zeros(LENGTH, dtype=np.int64), 1, 4)
    assert not learned.any()
    before = torch.randn(1, 4)
    embedding = Embedding(before.clone())
    embedding.start_from(learned)
    assert torch.equal(embedding.weight, before)
