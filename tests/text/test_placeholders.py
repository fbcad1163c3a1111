import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreword.text.placeholders import (
    is_placeholder,
    masked,
    masked_pair,
    placeholders,
    practised,
    slotted,
)
from foreword.text.subwords import SLOT_CHARACTERS

A, B, C = SLOT_CHARACTERS[:3]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello {name}, {0} and {{ user.name }}!", "{name}|{0}|{{ user.name }}"),
        ("${total} of %{all} or {x:.2f}", "${total}|%{all}|{x:.2f}"),
        (
            "%s has %d files, %1$s, %(count)d, %5.2f, %ld and %@",
            "%s|%d|%1$s|%(count)d|%5.2f|%ld|%@",
        ),
        ('<a href="x.html" class=y>Open</a><br/>', '<a href="x.html" class=y>|</a>|<br/>'),
        ("Fish &amp; chips&#39;&#x2F;", "&amp;|&#39;|&#x2F;"),
        ("See https://a.org/b?c=d&e#f, or (www.x.com).", "https://a.org/b?c=d&e#f|www.x.com"),
        ("Write to first.last+tag@mail.example.org.", "first.last+tag@mail.example.org"),
        ("Ask about #rivers", "#rivers"),
        ("Ask @anna", "@anna"),
        ("100%ig und 5 %, 3 < 4 > 2, R&D; {a set of things}, a@b", ""),
        ("50%d and 100% sure, <3 you", ""),
    ],
)
def test_placeholders_are_found_and_nothing_else(text: str, expected: str) -> None:
    assert "|".join(actual[0] for actual in placeholders(text)) == expected


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["{n}", "%s", "<b>", " ", "word", "😀", "&amp;", "%"]), max_size=8))
def test_a_masked_text_has_a_slot_for_each_placeholder(parts: list[str]) -> None:
    text = "".join(parts)
    hidden = masked(text)

    assert hidden is not None
    assert hidden.originals == tuple(match[0] for match in placeholders(text))
    assert sorted(set(hidden.text) & set(SLOT_CHARACTERS)) == list(
        SLOT_CHARACTERS[: len(hidden.originals)]
    )
    assert not list(placeholders(hidden.text))


def test_a_text_cannot_bring_slots_of_its_own() -> None:
    hidden = masked(f"{A} and {{name}}")

    assert hidden is not None
    assert hidden.text == f"\ufffd and {A}"


def test_more_placeholders_than_slots_are_not_masked() -> None:
    assert masked("%s " * 8) is not None
    assert masked("%s " * 9) is None


def test_a_pair_shares_its_slots_whatever_their_order() -> None:
    pair = masked_pair("{who} ate {what} <b>x</b> <b>y</b>", "<b>u</b> {what} <b>v</b> von {who}")
    slots = SLOT_CHARACTERS

    assert pair == (
        f"{slots[0]} ate {slots[1]} {slots[2]}x{slots[3]} {slots[4]}y{slots[5]}",
        f"{slots[2]}u{slots[3]} {slots[1]} {slots[4]}v{slots[5]} von {slots[0]}",
    )


def test_a_pair_whose_placeholders_differ_stays_as_it_is() -> None:
    assert masked_pair("%s files", "Dateien") == ("%s files", "Dateien")
    assert masked_pair("%s files", "%d Dateien") == ("%s files", "%d Dateien")


def test_training_practises_slots_on_names_and_numbers() -> None:
    random = np.random.default_rng(1)
    source, target = practised("Tom kam 2016 nach Rom", "In 2016 Tom came to Rome", random)

    assert source.count(A) == target.count(A) == 1
    assert source.replace(A, "x").replace(B, "x") != target
    assert {"Tom", "2016"} - set(source.split()) == {"Tom", "2016"} - set(target.split())
    assert practised("ja", "yes", random) == (f"{A}ja{B}", f"{A}yes{B}")


def test_training_practises_slots_on_words_that_translate_each_other() -> None:
    pair = "dort bellt ein Hund", "a dog barks there"
    actual = {
        practised(*pair, np.random.default_rng(seed), {"Hund": "dog", "bellt": "barks"})
        for seed in range(20)
    }

    # Half of the time as tags are; where a word has a capital, others are no names.
    tags = f"{A}{pair[0]}{B}", f"{A}{pair[1]}{B}"
    assert actual == {(f"dort bellt ein {A}", f"a {A} barks there"), tags}


def test_training_practises_names_without_articles() -> None:
    pair, lexicon = ("Vier Hunde bellen", "Four dogs bark"), {"Vier": "Four", "Hunde": "dogs"}
    actual = {practised(*pair, np.random.default_rng(seed), lexicon) for seed in range(20)}

    tags = f"{A}{pair[0]}{B}", f"{A}{pair[1]}{B}"
    assert actual == {(f"{A} bellen", f"{A} bark"), tags}


def test_slots_stand_for_whole_words_in_a_text_that_is_begun() -> None:
    assert slotted("Annas Ann, Ann", ["Ann", "Ann"]) == f"Annas {A}, {B}"
    assert slotted("<b>bold", ["<b>"]) == f"{A}bold"
    assert slotted("in 1987", ["198", "1987"]) == f"in {B}"


def test_one_placeholder_alone_is_told_from_text() -> None:
    assert is_placeholder("<b>")
    assert not is_placeholder("<b>x")
