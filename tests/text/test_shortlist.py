"""Which sub-words translate which, learned from pairs whose translations are known."""

from typing import Any

import numpy as np
import pytest

from foreword.text import shortlist
from foreword.text.pair_batches import Ids
from foreword.text.shortlist import Shortlist, learn_shortlist

V, END, WORDS = 60, 3, range(10, 30)


def made_up(count: int, common: int = 50) -> tuple[Ids, Ids]:
    """Sentences in which word w is translated by w + 20, in another order, with a common word."""
    random = np.random.default_rng(1)
    sources = [random.choice(WORDS, 5, replace=False).tolist() for _ in range(count)]
    return Ids.of(sources), Ids.of([[common, *(w + 20 for w in sorted(s))] for s in sources])


def test_a_word_may_be_translated_by_what_stood_with_it_and_by_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shortlist, "COMMON", 1)
    monkeypatch.setattr(shortlist, "SMALLEST_SHARE", 0.1)
    learned = learn_shortlist(*made_up(200), V, [END])
    assert learned.common.tolist() == [END, 50]
    assert learned.of([10]).tolist() == [END, 10, 30, 50]
    assert learned.of([11, 25, 11]).tolist() == [END, 11, 25, 31, 45, 50]
    assert learned.of([]).tolist() == [END, 50]


def test_a_rare_target_is_kept_for_what_explains_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shortlist, "CANDIDATES", 0)
    monkeypatch.setattr(shortlist, "COMMON", 1)
    sources, targets = made_up(200)
    learned = learn_shortlist(sources, targets, V, [END])
    assert all(word + 20 in learned.of([word]) for word in WORDS)


def test_two_shortlists_together_have_what_either_has() -> None:
    one, other = (learn_shortlist(*made_up(count), V, [END]) for count in (3, 4))
    both = one.joined(other)
    for word in WORDS:
        assert set(both.of([word])) == set(one.of([word])) | set(other.of([word]))


def test_of_a_long_text_some_sentences_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shortlist, "COMMON", 0)
    pairs = made_up(2)
    monkeypatch.setattr(shortlist, "MOST_LINKS", 30)  # those of one sentence
    learned = learn_shortlist(*pairs, V, [END])
    assert set(learned.candidates.tolist()) == set(pairs[1][0].tolist())


def test_sentences_without_sub_words_teach_nothing() -> None:
    learned = learn_shortlist(Ids.of([[], [10], [11]]), Ids.of([[30], [], [31]]), V, [END])
    assert learned.of([11]).tolist() == [END, 11, 30, 31]  # 30 and 31 are common


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"begins": [0, 1, 0, 2]}, "begin where none are"),
        ({"begins": [0, 1, 1, 9]}, "begin where none are"),
        ({"begins": [1, 1, 1, 2]}, "begin where none are"),
        ({"candidates": [1, 3]}, "beyond the vocabulary's 3"),
        ({"common": [-1]}, "beyond the vocabulary's 3"),
    ],
)
def test_a_shortlist_that_fits_no_vocabulary_is_refused(
    change: dict[str, list[int]], message: str
) -> None:
    parts: dict[str, Any] = {"common": [0], "begins": [0, 1, 1, 2], "candidates": [1, 2], **change}
    with pytest.raises(ValueError, match=message):
        Shortlist(**{name: np.array(part, np.int32) for name, part in parts.items()})
