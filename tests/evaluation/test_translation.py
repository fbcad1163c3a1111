"""Translations are measured as sacreBLEU measures them, and by the length of their sources."""

import pytest

from foreword.errors import TextError
from foreword.evaluation.translation import measure

ONES = ["the cat sat on the mat .", "it is raining today .", "two dogs run ."]
OTHERS = ["the cat is on the mat .", "today it is raining .", "two dogs run ."]


def test_what_equals_its_reference_is_perfect() -> None:
    quality = measure(ONES, ONES)
    assert (round(quality.bleu, 6), round(quality.chrf, 6), quality.ter) == (100, 100, 0)
    assert "tok:13a" in quality.signatures["bleu"]
    assert "case:mixed" in quality.signatures["bleu"]


def test_bleu_is_that_of_the_papers_formula() -> None:
    """7 + 5 + 4 words, all of them of 1, 2, 3 and 4 words counted by hand."""
    matches, totals = (15, 9, 5, 2), (16, 13, 10, 7)
    product = 1.0
    for matched, total in zip(matches, totals, strict=True):
        product *= matched / total
    assert measure(ONES, OTHERS).bleu == pytest.approx(100 * product**0.25)


def test_other_numbers_of_references_are_refused() -> None:
    with pytest.raises(TextError, match="3 translations and 2 references"):
        measure(ONES, OTHERS[:2])
    with pytest.raises(TextError, match="no translations"):
        measure([], [])
