import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreword.errors import SettingsError
from foreword.text.subword_dropout import SubwordDropout
from foreword.text.subwords import SLOT_CHARACTERS, Subwords

LINES = [
    "Ein Mann in einem blauen Hemd steht auf einer Leiter und putzt ein Fenster.",
    "",
    "A man in a blue shirt is standing on a ladder cleaning a window, a blue window.",
    f" Zwei Männer  in {SLOT_CHARACTERS[0]}!",
]
SUBWORDS = Subwords.train(LINES[:3] * 3, 420)


def drawn(texts: list[str], rate: float, *, seed: int = 0, number: int = 0) -> list[list[int]]:
    ids, first = SubwordDropout(SUBWORDS, texts, rate=rate, seed=seed).draw(number)
    return [ids[start:end].tolist() for start, end in pairwise(first)]


def by_the_paper(text: str, rate: float, random: random.Random) -> list[str]:
    """Algorithm 1 of Provilkov et al. 2020, a loop over single pairs."""
    ranks = {pair: rank for rank, pair in enumerate(SUBWORDS.merges)}
    letters = {index: letter for letter, index in SUBWORDS.ids.items()}
    tokens = []
    for word in text.split(" "):
        for piece in SUBWORDS.pieces(word):
            split = [letters[index] for index in piece]
            while True:
                merges = [
                    (ranks[pair], at)
                    for at, pair in enumerate(pairwise(split))
                    if pair in ranks and random.random() >= rate
                ]
                if not merges:
                    break
                at = min(merges)[1]
                split[at : at + 2] = [split[at] + split[at + 1]]
            tokens += split
    return tokens


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text(" aeinmnEM.\n😂", max_size=30), max_size=4))
def test_without_dropout_texts_are_encoded_as_usual(texts: list[str]) -> None:
    assert drawn(LINES + texts, 0.0) == SUBWORDS.encode_batch(LINES + texts)


def test_every_draw_spells_the_text() -> None:
    for rate in (0.1, 0.5, 1.0):
        assert [SUBWORDS.decode(ids) for ids in drawn(LINES, rate)] == LINES


def test_at_rate_one_nothing_is_merged() -> None:
    assert [len(ids) for ids in drawn(["Männer"], 1.0)] == [len(b" M\xc3\xa4nner")]


def test_the_same_seed_and_pass_give_the_same_draws() -> None:
    assert drawn(LINES, 0.3, seed=5, number=2) == drawn(LINES, 0.3, seed=5, number=2)
    assert drawn(LINES, 0.3, seed=5, number=2) != drawn(LINES, 0.3, seed=5, number=3)
    assert drawn(LINES, 0.3, seed=5, number=2) != drawn(LINES, 0.3, seed=6, number=2)


def test_a_word_that_occurs_often_is_cut_in_several_ways() -> None:
    ways = {tuple(ids) for ids in drawn(["window"] * 100, 0.3)}

    assert 3 < len(ways) <= 8


def test_the_lengths_are_distributed_as_in_the_paper() -> None:
    own = [len(ids) for number in range(150) for ids in drawn([LINES[2]], 0.2, number=number)]
    chance = random.Random(0)
    papers = [len(by_the_paper(LINES[2], 0.2, chance)) for _ in range(150)]

    error = np.hypot(np.std(own), np.std(papers)) / np.sqrt(150)
    assert abs(np.mean(own) - np.mean(papers)) < 3 * error
    assert np.std(own) == pytest.approx(np.std(papers), rel=0.25)


def test_a_rate_that_is_no_probability_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"from 0 to 1, not 1\.5"):
        drawn(LINES, 1.5)


def test_no_texts_give_no_subwords() -> None:
    assert drawn([], 0.1) == []
