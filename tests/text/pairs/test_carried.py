"""The carried pairs: German sentences of a grammar, in three parts that share none."""

from pathlib import Path

import pytest

from foreword.errors import TextError
from foreword.text.pairs.carried import CARRIED, Clause, Verb
from foreword.text.pairs.reading import read_pairs
from foreword.training.corpus import absolute

FETCH = Verb("abholen", "holt", "abgeholt", ("pick up", "picks up", "picked up"), "", "ab")
PARCEL, MONDAY = ("ein Paket", "a parcel"), ("am Montag", "on Monday")


@pytest.mark.parametrize(
    ("modal", "is_past", "begins", "main", "final", "english"),
    [
        (None, False, False, "Ida holt am Montag in Wien ein Paket ab",
         "Ida am Montag in Wien ein Paket abholt", "Ida picks up a parcel in Vienna on Monday"),
        (None, True, True, "am Montag hat Ida in Wien ein Paket abgeholt",
         "Ida am Montag in Wien ein Paket abgeholt hat",
         "Ida picked up a parcel in Vienna on Monday"),
        (("will", "wants to"), False, False, "Ida will am Montag in Wien ein Paket abholen",
         "Ida am Montag in Wien ein Paket abholen will",
         "Ida wants to pick up a parcel in Vienna on Monday"),
    ],
)  # fmt: skip
def test_german_verbs_stand_second_or_last_and_english_ones_second(
    modal: tuple[str, str] | None, is_past: bool, begins: bool, main: str, final: str, english: str
) -> None:
    ida, vienna = ("Ida", "Ida"), ("in Wien", "in Vienna")
    clause = Clause(ida, FETCH, modal, is_past, MONDAY, vienna, PARCEL, begins)

    assert (clause.main(), clause.final(), clause.english()) == (main, final, english)


def test_the_parts_share_no_sentence_and_never_change() -> None:
    parts = {name: read_pairs([name]) for name in CARRIED}
    sources = [source for part in parts.values() for source in part.sources]

    assert {name: len(part) for name, part in parts.items()} == CARRIED
    assert len(set(sources)) == len(sources)
    assert parts["carried"].languages == ("de", "en")
    assert sources == [s for name in CARRIED for s in read_pairs([name]).sources]


def test_carried_pairs_are_the_same_from_whichever_folder_a_run_goes_on() -> None:
    assert absolute(["carried", "carried:valid", "x.tsv"]) == [
        "carried",
        "carried:valid",
        str(Path("x.tsv").absolute()),
    ]


def test_a_part_that_does_not_exist_is_refused_with_the_names_of_those_that_do() -> None:
    with pytest.raises(TextError, match=r"carried:tset.*carried:test, carried:valid, carried"):
        read_pairs(["carried:tset"])
