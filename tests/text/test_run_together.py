"""Two words of a text that somebody wrote as one, told from compounds."""

import numpy as np

from foreword.text.case import Case
from foreword.text.run_together import find
from foreword.text.tokenizer import SPECIAL

WORDS = [*SPECIAL, "a", "lot", "hang", "out", "new", "of", "i", "we", "b", "c", "d", "e"]
WORDS += ["alot", "hangout", "anew", "Alot"]
ID = {word: index for index, word in enumerate(WORDS)}


def actual(**often: int) -> dict[str, str]:
    """What is found in a text of sentences, each as often as given, and of others."""
    rng = np.random.default_rng(1)
    text: list[int] = []
    for sentence, count in often.items():
        for _ in range(count):
            text += [ID[word] for word in sentence.split("_")]
            text += rng.integers(ID["b"], ID["e"] + 1, size=20).tolist()
    return find(WORDS, np.array(text), Case())


def test_a_word_far_rarer_than_two_words_between_the_same_neighbours_is_these() -> None:
    assert actual(i_a_lot_of=200, i_alot_of=10) == {"alot": "a lot", "Alot": "a lot"}


def test_a_word_between_other_neighbours_is_its_own() -> None:
    assert actual(i_a_new_of=200, we_anew_i=10) == {}


def test_a_compound_that_is_about_as_frequent_is_its_own() -> None:
    assert actual(i_hang_out_of=50, i_hangout_of=10) == {}


def test_a_word_that_hardly_occurs_is_not_judged() -> None:
    assert actual(i_a_lot_of=200, i_alot_of=4) == {}
    assert actual() == {}
