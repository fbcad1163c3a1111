from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.predictor.personal.counts import Counts, packed, unpacked
from foreword.predictor.personal.learned_memory import trigrams
from foreword.predictor.personal.ngrams import DISCOUNT, Ngrams
from foreword.predictor.personal.recency import HALF_LIFE, recency_shares

V = 6
STREAMS = st.lists(st.integers(1, V - 1), min_size=1, max_size=60)


def slow_probability(stream: list[int], u: int, v: int, w: int) -> float:
    """The same smoothing, straight from its definition, over dictionaries."""
    padded, rows = [1, 1], []
    for word in stream:
        rows.append((*padded[-2:], word))
        padded = [1, 1] if word == 1 else [*padded, word]
    three, two = Counter(rows), Counter((v, w) for _, v, w in rows)

    def discounted(
        counts: Counter[tuple[int, ...]], context: tuple[int, ...], lower: float
    ) -> float:
        n1, n2 = (sum(c == n for c in counts.values()) for n in (1, 2))
        D = n1 / (n1 + 2 * n2) if n1 and n2 else DISCOUNT
        after = {key[-1]: c for key, c in counts.items() if key[:-1] == context}
        total = sum(after.values())
        if total == 0:
            return lower
        return max(after.get(w, 0) - D, 0) / total + D * len(after) / total * lower

    one = stream.count(w) / len(stream)
    return discounted(three, (u, v), discounted(two, (v,), one))


def fast(stream: list[int]) -> Ngrams:
    counts = Counts.empty().plus(trigrams(np.array(stream)), now=1)
    return Ngrams(counts, np.bincount(stream, minlength=V))


@given(STREAMS, st.integers(0, V - 1), st.integers(1, V - 1), st.integers(1, V - 1))
def test_probabilities_are_those_of_the_definition(
    stream: list[int], u: int, v: int, w: int
) -> None:
    model = fast(stream)
    expected = slow_probability(stream, u, v, w)
    assert model.probability(model.evidence(u, v), w) == pytest.approx(expected, abs=1e-12)


@given(STREAMS, st.integers(0, V - 1), st.integers(1, V - 1))
def test_probabilities_sum_to_one_after_any_context(stream: list[int], u: int, v: int) -> None:
    model = fast(stream)
    evidence = model.evidence(u, v)
    assert sum(model.probability(evidence, w) for w in range(V)) == pytest.approx(1)


@given(STREAMS, STREAMS)
def test_counting_in_two_parts_is_counting_at_once(first: list[int], second: list[int]) -> None:
    one, two = trigrams(np.array(first)), trigrams(np.array(second))
    apart = Counts.empty().plus(one, 1).plus(two, 2)
    together = Counts.empty().plus(np.append(one, two), 2)
    assert apart.keys.tolist() == together.keys.tolist()
    assert apart.counts.tolist() == together.counts.tolist()


def test_the_words_before_a_line_do_not_count() -> None:
    u, v, w = unpacked(trigrams(np.array([2, 3, 1, 4])))
    assert list(zip(u, v, w, strict=True)) == [(1, 1, 2), (1, 2, 3), (2, 3, 1), (1, 1, 4)]


def test_the_largest_ids_fit_into_a_key() -> None:
    largest = np.array([(1 << 21) - 1])
    key = packed(largest, largest, largest)
    assert key[0] == (1 << 63) - 1
    assert [part[0] for part in unpacked(key)] == [largest[0]] * 3


def test_a_word_used_a_half_life_ago_counts_half() -> None:
    recent = np.array([2] + [3] * (int(HALF_LIFE) - 1) + [4])
    shares = recency_shares(recent, 5)
    assert shares.sum() == pytest.approx(1)
    assert shares[2] / shares[4] == pytest.approx(0.5)
