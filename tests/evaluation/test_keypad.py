"""Keys that one can count by hand, and those of random vocabularies counted slowly."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.errors import TextError
from foreword.evaluation.keypad import measure_keypad


class Words:
    """A vocabulary, and probabilities that depend on the text alone."""

    def __init__(self, *words: str, likely: str = "") -> None:
        self.words = words
        self.likely = likely
        self.asked: list[str] = []

    def fold(self, word: str) -> str:
        return word.casefold()

    def probabilities(self, text: str) -> np.ndarray:
        self.asked.append(text)
        if self.likely:
            return np.array([float(word == self.likely) for word in self.words])
        drawn = random.Random(text)
        return np.array([drawn.choice([0.1, 0.2, 0.3]) for _ in self.words])


def test_the_context_chooses_among_words_with_the_same_digits() -> None:
    vocabulary = Words("the", "good", "home", "gone", likely="gone")

    report = measure_keypad(vocabulary, ["the gone"])

    assert report.first == 2
    assert report.keys == len("the gone")
    # By frequency alone, "good" and "home" come before.
    assert report.first_by_frequency == 1
    assert report.keys_by_frequency == len("the gone") + 2
    assert vocabulary.asked == ["the "]


def test_forms_of_a_word_that_differ_in_case_are_one() -> None:
    report = measure_keypad(Words("US", "us", "up", likely="us"), ["Us"])

    assert (report.words, report.first, report.keys) == (1, 1, 2)


def test_accents_need_no_key_and_an_apostrophe_one() -> None:
    assert measure_keypad(Words("déjà"), ["Déjà"]).keys == 4
    assert measure_keypad(Words("don't"), ["don't"]).keys == 5
    assert measure_keypad(Words("cœur"), ["cœur"]).keys == 5


def test_an_unknown_word_costs_the_positions_of_its_letters_and_a_key_before_them() -> None:
    report = measure_keypad(Words("the"), ["the cab"])

    assert (report.words, report.known) == (2, 1)
    assert report.keys == len("the ") + 1 + (3 + 1 + 2)


def test_what_the_keys_cannot_type_costs_a_key_a_character() -> None:
    report = measure_keypad(Words("at"), ["at 4th слово, 10!"])

    assert report.words == 1
    assert report.record()["keystrokes_per_character"] == 1.0


KEY = {**dict.fromkeys("abc", "2"), **dict.fromkeys("def", "3")}


@given(
    st.lists(st.text("abde", min_size=1, max_size=3), min_size=1, max_size=12, unique=True),
    st.lists(st.text("abde", min_size=1, max_size=3), min_size=1, max_size=5),
)
def test_keys_are_those_of_trying_every_word_in_turn(words: list[str], typed: list[str]) -> None:
    message = " ".join(typed)
    keys = first = at = 0
    for word in typed:
        shares = dict(zip(words, Words(*words).probabilities(message[:at]), strict=True))
        same = [w for w in words if [KEY[c] for c in w] == [KEY[c] for c in word]]
        offered = sorted(same, key=lambda w: (-shares[w], words.index(w)))
        if word in words:
            keys += len(word) + offered.index(word)
            first += offered[0] == word
        else:
            keys += 1 + sum({"a": 1, "b": 2, "d": 1, "e": 2}[letter] for letter in word)
        at += len(word) + 1

    report = measure_keypad(Words(*words), [message])

    assert (report.keys, report.first) == (keys + len(typed) - 1, first)


def test_a_text_in_another_script_is_refused() -> None:
    with pytest.raises(TextError, match="letters A to Z"):
        measure_keypad(Words("слово"), ["слово"])
