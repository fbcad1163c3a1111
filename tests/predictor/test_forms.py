"""Words that are typed without capitals, apostrophes or accents are read as what is meant."""

import pytest
from tests.predictor.conftest import MakeSpeaker

from foreword.predictor.predictor import Predictor


def read_as(model: Predictor, text: str) -> str:
    """The last word of a text as the model reads it."""
    return model.tokenizer.word_of(model.read(text).last)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        *(("i", "I"), ("dont", "don't"), ("Dont", "don't"), ("THE", "the"), ("english", "English")),
        *(("cafe", "café"), ("deja", "déjà"), ("strasse", "Straße"), ("coeur", "cœur")),
        *(("oclock", "o'clock"), ("MUNCHEN", "München")),
    ],
)
def test_a_careless_form_is_read_as_the_far_commoner_one_known_or_not(
    speaker: MakeSpeaker, typed: str, meant: str
) -> None:
    without = speaker({meant: 0.1})
    beside = speaker({meant: 0.1, typed: 0.001})

    assert read_as(without, typed) == meant
    assert read_as(beside, typed) == meant


@pytest.mark.parametrize(
    ("typed", "other"), [("I", "i"), ("don't", "dont"), ("é", "e"), ("déjà", "deja"), ("el", "él")]
)
def test_a_word_that_is_as_common_as_typed_is_read_as_it_stands(
    speaker: MakeSpeaker, typed: str, other: str
) -> None:
    model = speaker({other: 0.1, typed: 0.05})

    assert read_as(model, typed) == typed


def test_apostrophes_and_accents_that_were_typed_are_respected(speaker: MakeSpeaker) -> None:
    model = speaker({"ou": 0.2, "its": 0.2, "pèche": 0.1})

    assert read_as(model, "où") == "<unk>"
    assert read_as(model, "it's") == "<unk>"
    assert read_as(model, "pêche") == "<unk>"
    assert read_as(model, "peche") == "pèche"


def test_a_word_to_score_is_read_as_it_stands(speaker: MakeSpeaker) -> None:
    model = speaker({"I": 0.1, "i": 0.001})

    assert model.tokenizer.word_of(model.advance(model.start(), "i").last) == "I"
    assert model.tokenizer.word_of(model.advance(model.start(), "i", mend=False).last) == "i"


def test_all_ways_to_read_agree_on_a_careless_form(speaker: MakeSpeaker) -> None:
    model = speaker({"I": 0.1, "don't": 0.05, "i": 0.001, "dont": 0.001})
    (many,) = model.advance_many([model.advance(model.start(), "i")], ["dont"])

    assert many.to_bytes() == model.read("I don't").to_bytes() == model.read("i dont").to_bytes()
    assert model.typist().suggest("i dont ") == model.typist().suggest("I don't ")
