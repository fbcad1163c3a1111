"""How words are used, from the weights of networks and of n-gram models."""

import numpy as np

from foreword.folder.usage import misspellings_of, vectors_of_use
from foreword.ngrams.kneser_ney import learn
from foreword.text.misspellings import COMMON
from foreword.text.tokenizer import Tokenizer, TokenizerConfig


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def test_words_of_an_ngram_model_that_stand_in_the_same_places_are_used_alike() -> None:
    rng = np.random.default_rng(1)
    ids = rng.integers(2, 12, size=20_000).astype(np.uint32)
    ids[1::4], ids[3::4] = 20, 2  # a place where 20 stands, and now and then 21
    rare = np.flatnonzero(ids == 20)[::50]
    ids[rare] = 21

    vectors = vectors_of_use(learn(ids, 22, 3, 1).to_arrays())

    assert vectors is not None
    alike = cosine(vectors[20], vectors[21])
    assert alike > 0.8
    assert alike > max(cosine(vectors[20], vectors[other]) for other in range(2, 12)) + 0.1


def test_a_networks_vectors_are_its_own() -> None:
    embedding = np.arange(12.0).reshape(6, 2)
    assert vectors_of_use({"embedding.weight": embedding}) is embedding
    assert vectors_of_use({"ngrams.1.shares": np.ones(3)}) is None


def test_misspellings_are_found_by_a_networks_vectors() -> None:
    others = [
        f"{a}{b}{c}{d}" for a in "bcdfgk" for b in "aeiou" for c in "lmnrst" for d in "aeiouxyz"
    ]
    words = ["<unk>", "<eos>", "because", *others[: COMMON + 50], "becuase"]
    vectors = np.random.default_rng(1).normal(size=(len(words), 40))
    vectors[-1] += 2 * vectors[2]
    tokenizer = Tokenizer(words, TokenizerConfig())

    assert misspellings_of(tokenizer, {"embedding.weight": vectors}) == {"becuase": "because"}
