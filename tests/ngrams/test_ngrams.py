from collections import Counter, defaultdict

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from foreword.errors import FolderError
from foreword.evaluation.perplexity import score
from foreword.models.ngram import NgramModel
from foreword.ngrams import counts
from foreword.ngrams.counts import count
from foreword.ngrams.kneser_ney import FALLBACK, discounts, learn
from foreword.ngrams.table import NgramTable
from foreword.text.tokenizer import EOS_ID

V = 8
TEXTS = st.lists(st.integers(0, V - 1), min_size=1, max_size=120)
LONG = np.random.default_rng(3).integers(0, V, 4000) % np.tile([8, 3, 5, 2], 1000)
Gram = tuple[int, ...]


class OnPaper:
    """Chen & Goodman's equations over tuples in dictionaries, sentence by sentence."""

    def __init__(self, ids: list[int], order: int, vocab_size: int = V) -> None:
        self.order, self.vocab_size = order, vocab_size
        sentences, line = [], [EOS_ID]
        for index in ids:
            line.append(index)
            if index == EOS_ID:
                sentences.append(line)
                line = [EOS_ID]
        sentences.append(line)
        seen: dict[int, Counter[Gram]] = defaultdict(Counter)
        for words in sentences:
            for end in range(1, len(words)):
                for length in range(1, min(order, end + 1) + 1):
                    seen[length][tuple(words[end + 1 - length : end + 1])] += 1
        self.c: dict[int, dict[Gram, int]] = {order: dict(seen[order])}
        for length in range(order - 1, 0, -1):
            self.c[length] = {}
            for gram, times in seen[length].items():
                before = {longer[0] for longer in seen[length + 1] if longer[1:] == gram}
                begins = length > 1 and gram[0] == EOS_ID
                self.c[length][gram] = times if begins else len(before)
        self.d = {n: discounts(np.array([*self.c[n].values(), 0])) for n in self.c}

    def p(self, word: int, context: Gram) -> float:
        length = len(context) + 1
        known = self.c[length]
        lower = self.p(word, context[1:]) if context else 1 / self.vocab_size
        after = [c for gram, c in known.items() if gram[:-1] == context]
        if sum(after) == 0:
            return lower
        d = self.d[length]
        c = known.get((*context, word), 0)
        left = sum(d[min(n, 3)] for n in after) / sum(after)
        return max(c - d[min(c, 3)], 0) / sum(after) + left * lower

    def after(self, words: list[int]) -> list[float]:
        seen = [EOS_ID, *words]
        last_line = len(seen) - 1 - seen[::-1].index(EOS_ID)
        context = tuple(seen[last_line:][-(self.order - 1) :]) if self.order > 1 else ()
        return [self.p(word, context) for word in range(self.vocab_size)]


def shares_after(table: NgramTable, words: list[int]) -> np.ndarray:
    contexts = table.contexts(np.array([EOS_ID, *words])[:, None])
    return table.probabilities([part[-1] for part in contexts])[0]


@settings(deadline=None, max_examples=40)
@given(text=TEXTS, order=st.integers(1, 5), block=st.integers(1, 50), seen=TEXTS)
def test_probabilities_are_those_of_the_equations(
    text: list[int], order: int, block: int, seen: list[int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counts, "BLOCK", block)
        table = learn(np.array(text), V, order)
    paper = OnPaper(text, order)
    for words in ([], text[:3], seen[-6:], text):
        np.testing.assert_allclose(shares_after(table, words), paper.after(words), rtol=1e-5)


def test_discounts_of_a_longer_text_are_those_of_equation_17() -> None:
    ids = np.minimum(np.random.default_rng(5).zipf(1.5, 1500), 40) - 1
    table, paper = learn(ids, 40, 3), OnPaper(ids.tolist(), 3, 40)
    assert all(d.tolist() != list(FALLBACK) for d in paper.d.values())
    for words in ([], [2, 0], [3, 0, 4]):
        np.testing.assert_allclose(shares_after(table, words), paper.after(words), rtol=1e-5)


def test_discounts_by_hand() -> None:
    # Four seen once, three twice, two three times, one four times: Y = 4 / (4 + 2 * 3).
    actual = discounts(np.repeat([1, 2, 3, 4], [4, 3, 2, 1]))
    assert actual.tolist() == pytest.approx([0, 1 - 0.8 * 0.75, 2 - 1.2 * 2 / 3, 3 - 1.6 / 2])


@settings(deadline=None, max_examples=30)
@given(text=TEXTS, least=st.integers(1, 4), words=TEXTS)
def test_probabilities_sum_to_one_and_none_is_zero_whatever_was_left_out(
    text: list[int], least: int, words: list[int]
) -> None:
    table = learn(np.array(text), V, 4, least)
    shares = table.probabilities([part[:, 0] for part in table.contexts(np.array(words)[:, None])])
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-5)
    assert shares.min() > 0


def test_rare_long_ngrams_are_left_out_and_short_ones_kept() -> None:
    whole, smaller = learn(LONG, V, 4), learn(LONG, V, 4, min_count=3)
    levels = count(LONG, V, 4)
    assert len(smaller.levels[0].keys) == len(whole.levels[0].keys)
    for kept, level in zip(smaller.levels[1:], levels[2:], strict=True):
        assert len(kept.keys) == int((level.counts >= 3).sum()) > 0


@settings(deadline=None, max_examples=30)
@given(text=TEXTS, words=TEXTS)
@example(text=[2], words=[EOS_ID, 2, 3])  # no n-gram of three words
def test_one_words_probability_is_that_of_the_whole_distribution(
    text: list[int], words: list[int]
) -> None:
    table = learn(np.array(text), V, 3)
    contexts = [part[:, 0] for part in table.contexts(np.array(words)[:, None])]
    every = table.probabilities(contexts)
    targets = np.roll(words, -1)
    actual, known = table.probability_of(contexts, targets)
    np.testing.assert_allclose(actual, every[np.arange(len(words)), targets], rtol=1e-5)
    assert known.max() <= 2


def test_as_a_model_it_carries_its_words_from_window_to_window_and_sees_no_future() -> None:
    model = NgramModel(learn(LONG, V, 4))
    ids = torch.from_numpy(LONG[:24].reshape(12, 2))
    whole, last = model(ids, model.start(2))
    first, middle = model(ids[:5], model.start(2))
    second, end = model(ids[5:], middle)
    assert torch.equal(torch.cat([first, second]), whole)
    assert torch.equal(end[0], last[0])
    other = ids.clone()
    other[7:] = ids[7:].flip(0)
    assert torch.equal(model(other, model.start(2))[0][:7], whole[:7])
    torch.testing.assert_close(whole.exp().sum(-1), torch.ones(12, 2))


def test_arrays_make_the_same_table_again_and_disorder_is_refused() -> None:
    table = learn(LONG, V, 3)
    arrays = table.to_arrays()
    again = NgramTable.from_arrays(arrays)
    assert np.array_equal(shares_after(again, [2, 1]), shares_after(table, [2, 1]))
    with pytest.raises(FolderError, match="n-grams of 3 words are not in order"):
        NgramTable.from_arrays(arrays | {"ngrams.3.keys": arrays["ngrams.3.keys"][::-1]})
    with pytest.raises(FolderError, match="between 0 and 1"):
        NgramTable.from_arrays(arrays | {"ngrams.2.left": arrays["ngrams.2.left"] + 2})


def test_without_a_context_every_place_has_the_same_probabilities() -> None:
    model = NgramModel(learn(np.array([1, 2, 3, 1, 2, 4] * 50), 8, 1, 1))
    logits, _ = model(torch.tensor([[1, 2], [2, 3], [3, 1]]), model.start(2))
    assert logits.shape == (3, 2, 8)
    assert (logits == logits[0, 0]).all()
    text = np.array([1, 2, 3, 1, 2, 4])
    expected = -logits[0, 0, text].double().sum().item()
    assert score(model, text).nats == pytest.approx(expected)
