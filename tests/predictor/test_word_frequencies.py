import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from foreword.predictor.predictor import Predictor
from foreword.predictor.word_frequencies import UNKNOWN, WordFrequencies

MakeSpeaker = Callable[..., Predictor]
WORDS = ["le", "homme", "l'eau", "été", "Paris"]


@pytest.fixture(scope="session")
def french(speaker: MakeSpeaker) -> WordFrequencies:
    return speaker(dict.fromkeys(WORDS, 0.1)).word_frequencies


def p(share: tuple[float, bool]) -> float:
    return math.exp(share[0])


def test_the_shares_of_all_words_are_those_of_zipf(french: WordFrequencies) -> None:
    shares = [french.share(word) for word in WORDS]

    assert all(is_known for _, is_known in shares)
    assert sum(map(p, shares)) == pytest.approx(1 - UNKNOWN)
    assert [p(shares[0]) / p(share) for share in shares] == pytest.approx([1, 2, 3, 4, 5])


def test_a_beginning_has_the_sum_of_its_words(french: WordFrequencies) -> None:
    expected = p(french.share("le")) + p(french.share("l'eau"))

    assert p(french.share("l", is_unfinished=True)) == pytest.approx(expected)
    assert p(french.share("L", is_unfinished=True)) == pytest.approx(expected)
    assert not french.share("lx", is_unfinished=True)[1]


def test_a_whole_word_before_a_mark_is_no_beginning(french: WordFrequencies) -> None:
    assert french.share("le,", is_unfinished=True) == french.share("le")
    assert french.share("l,", is_unfinished=True) == french.share("l")


def test_careless_spellings_are_known(french: WordFrequencies) -> None:
    assert french.share("ete") == french.share("été")
    assert french.share("PARIS") == french.share("Paris")


def test_the_words_of_a_piece_are_multiplied(french: WordFrequencies) -> None:
    both = french.share("Paris/homme!")

    assert p(both) == pytest.approx(p(french.share("Paris")) * p(french.share("homme")))
    assert both[1]


def test_an_unknown_word_costs_a_factor_for_each_letter(french: WordFrequencies) -> None:
    unknown = french.share("house")

    assert p(unknown) == pytest.approx(UNKNOWN / 8**5)
    assert not unknown[1]
    assert not french.share("Paris-house")[1]
    assert french.share("1999") == (0.0, False)


def test_rare_words_share_half_of_what_is_unknown(speaker: MakeSpeaker) -> None:
    model = speaker({"le": 0.5})
    rare = Predictor(replace(model.folder, rare=("Matterhorn", "matin")))
    french = rare.word_frequencies

    assert p(french.share("matterhorn")) == pytest.approx(UNKNOWN / 4)
    assert french.share("matin")[1]
