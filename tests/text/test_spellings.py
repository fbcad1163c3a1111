"""Names that a text hardly has, told from its words and from words that are made of them."""

import pytest

from foreword.text.spellings import Spellings

GERMAN = [
    "Ein Hund liegt vor einer Hütte.",
    "Die Kinder spielen vor der Schule mit einem Fahrrad.",
    "Anna sieht im Schnee einen Helm.",
    "Ein Mann fährt mit der Straßenbahn zur Haltestelle.",
]
ENGLISH = [
    "A dog is lying in front of a hut.",
    "The children play with a bicycle in front of the school.",
    "Anna sees a helmet in the snow.",
    "A man takes the tram to the stop.",
]


@pytest.fixture(scope="module")
def spellings() -> Spellings:
    return Spellings.learn(GERMAN, ENGLISH)


@pytest.mark.parametrize("name", ["Krzysztof", "Ouagadougou", "Nguyen", "Oz", "Łódź", "KYOTO"])
def test_names_that_are_spelled_like_no_word_are_strange(spellings: Spellings, name: str) -> None:
    assert spellings.is_strange_name(name)


@pytest.mark.parametrize(
    "word", ["Hundeschule", "Fahrradhelm", "Straßenbahnhaltestelle", "Schulkinder", "Mann", "HUND"]
)
def test_words_and_compounds_of_them_are_not(spellings: Spellings, word: str) -> None:
    assert not spellings.is_strange_name(word)


def test_a_word_in_lower_case_is_no_name(spellings: Spellings) -> None:
    assert not spellings.is_strange_name("krzysztof")
    assert not spellings.is_strange_name("")


def test_a_name_that_occurred_once_is_strange_still_but_not_a_frequent_one() -> None:
    once = Spellings.learn(["Olga schläft.", "Peru schläft."], ["Olga sleeps.", "It sleeps."])
    often = Spellings.learn(["Olga schläft."] * 3, ["Olga sleeps."] * 3)

    assert once.is_strange_name("Olga")
    assert not once.is_strange_name("Peru")  # it was not copied
    assert not often.is_strange_name("Olga")


def test_two_texts_together_have_the_words_of_both(spellings: Spellings) -> None:
    both = spellings.joined(Spellings.learn(["Ouagadougou"], ["it"]))

    assert not both.is_strange_name("Ouagadougou")
    assert not both.is_strange_name("Hütte")
    assert both.is_strange_name("Krzysztof")
