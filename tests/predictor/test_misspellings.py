import pytest

from foreword.predictor.misspellings import Misspellings

OTHERS = [f"{a}{b}{c}" for a in "bcdf" for b in "aeio" for c in "wxyz"]


def meant(common: str, rare: str, similarity: float, rank: int = 2000) -> str | None:
    """What a rare word is a misspelling of, where a common one is used so similarly."""
    folds = [common, *(f"{word}{number}" for number in range(40) for word in OTHERS)]
    folds.insert(rank, rare)
    index = Misspellings(folds, 0, lambda a, b: similarity).meant(rank)
    return None if index is None else folds[index]


@pytest.mark.parametrize(
    ("rare", "common"),
    [
        *(("becuase", "because"), ("wierd", "weird"), ("teh", "the"), ("recieve", "receive")),
        *(("definately", "definitely"), ("seperate", "separate"), ("tommorow", "tomorow")),
        *(("begining", "beginning"), ("untill", "until"), ("goverment", "government")),
        *(("quelqeu", "quelque"), ("aparece", "apparece"), ("wieder", "weider")),
    ],
)
def test_a_word_one_slip_away_from_a_common_word_used_alike_is_a_misspelling(
    rare: str, common: str
) -> None:
    assert meant(common, rare, 0.5) == common


@pytest.mark.parametrize(
    ("rare", "common"),
    [
        *(("tow", "two"), ("form", "from"), ("trail", "trial"), ("casual", "causal")),
        *(("angel", "angle"), ("diner", "dinner"), ("quite", "quiet"), ("untied", "united")),
    ],
)
def test_a_word_that_is_used_otherwise_is_none(rare: str, common: str) -> None:
    assert meant(common, rare, 0.05, rank=40) is None


@pytest.mark.parametrize(
    ("rare", "common"),
    [
        *(("cats", "cat"), ("liked", "like"), ("its", "it's"), ("we're", "were"), ("an", "a")),
        *(("favourite", "favorite"), ("travelled", "traveled"), ("realise", "realize")),
        *(("computer's", "computers"), ("colour", "color"), ("grey", "greys")),
    ],
)
def test_endings_apostrophes_and_british_spellings_are_none(rare: str, common: str) -> None:
    assert meant(common, rare, 0.6) is None


def test_a_word_about_as_common_is_none() -> None:
    folds = ["weird", "wierd"]
    assert Misspellings(folds, 0, lambda a, b: 0.9).meant(1) is None
    assert Misspellings(folds, 0, lambda a, b: 0.9).meant(0) is None
