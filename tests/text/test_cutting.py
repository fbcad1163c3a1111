"""Texts are cut by several processes as by this one."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.text.test_tokenizer import TEXTS

from foreword.errors import TrainingError
from foreword.text import cutting
from foreword.text.cutting import HERE, Pool
from foreword.text.tokenizer import Tokenizer, TokenizerConfig, word_counts

CONFIG = TokenizerConfig(case="fold")


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(2) as started:
        yield started


@settings(deadline=None, max_examples=30)
@given(st.lists(TEXTS, max_size=12), st.integers(1, 30))
def test_processes_count_and_encode_as_this_one_does(
    pool: Pool, texts: list[str], characters: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cutting, "BATCH_CHARACTERS", characters)
        counts = dict(pool.count(texts, CONFIG))
        batches = list(cutting.batched(texts, len))
    assert counts == HERE.count(texts, CONFIG)
    tokenizer = Tokenizer(["<unk>", "<eos>", *sorted(counts)[::2]], CONFIG, marks="–")
    many = [ids.tolist() for batch in pool.encode(batches, tokenizer) for ids in batch]
    assert many == [tokenizer.encode(text) for text in texts]


def test_words_are_counted_as_they_are_cut() -> None:
    counts = word_counts(["Don’t stop!!", "stop the “car”"], TokenizerConfig())
    words = {"Don't": 1, "stop": 2, "!!": 1, "the": 1, "car": 1}
    assert {word: counts[word] for word in words} == words


def test_a_process_that_dies_is_told_of() -> None:
    with Pool(1) as pool:
        pool._workers._all[0].kill()
        with pytest.raises(TrainingError, match="ended by itself.*use fewer processes"):
            pool.count(["some words"], CONFIG)
