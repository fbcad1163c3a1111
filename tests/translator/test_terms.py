"""Terms of a glossary are found as whole words, in whatever letters a stranger writes them."""

import pytest

from foreword.errors import SettingsError
from foreword.text.subwords import Subwords
from foreword.translator.terms import MOST_REQUIRED, Terms

SUBWORDS = Subwords([])


def required(glossary: dict[str, str], text: str) -> list[str]:
    return [SUBWORDS.decode(ids) for ids in Terms(glossary, SUBWORDS).required(text)]


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("straße", "die ſtraße"),
        ("straße", "DIE STRASSE"),
        ("λόγος", "λόγοσ"),
        ("µ", "5 μ"),
        ("k", "5 \u212a"),
        ("@home", "at @HOME."),
    ],
)
def test_a_term_in_lower_case_is_found_in_letters_that_mean_the_same(term: str, text: str) -> None:
    assert required({term: "x"}, text) == ["x"]


@pytest.mark.parametrize("text", ["category", "a_cat", "Cats", "bobcat"])
def test_a_part_of_a_word_is_no_term(text: str) -> None:
    assert required({"cat": "x"}, text) == []


def test_the_longest_term_counts_and_capitals_where_the_glossary_has_them() -> None:
    glossary = {"the big cat": "x", "big": "y", "cat": "z", "US": "w"}
    assert required(glossary, "The big cat, the big dog, us and US") == ["x", "y", "w"]


def test_more_than_a_search_can_write_is_refused() -> None:
    with pytest.raises(SettingsError, match="Shorten or remove"):
        required({"cat": "x" * (MOST_REQUIRED + 1)}, "the cat")
    assert required({"cat": "x" * (MOST_REQUIRED + 1)}, "the dog") == []


def test_a_term_that_no_translation_can_hold_is_refused() -> None:
    with pytest.raises(SettingsError, match="control character"):
        required({"cat": "x\x1b[31m"}, "the cat")
