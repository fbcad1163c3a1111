"""Savings that one can count by hand."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.errors import SettingsError, TextError
from foreword.evaluation.keystrokes import SimulatedTypist, simulate
from foreword.text.spacing import USUAL, Spacing, counted


class Always:
    """Suggests the same words, whatever stands there."""

    def __init__(self, *words: str) -> None:
        self.words = words
        self.asked: list[str] = []

    def suggest(self, text: str, k: int) -> Sequence[str]:
        self.asked.append(text)
        return self.words[:k]


class AfterLetter(Always):
    """Suggests its words only where a letter has been typed."""

    def suggest(self, text: str, k: int) -> Sequence[str]:
        return super().suggest(text, k) if text and text[-1] != " " else ()


class Remembers(Always):
    """Suggests whatever it has learned, the newest first."""

    def learn(self, text: str) -> None:
        self.words = (*reversed(text.split()), *self.words)


class Knows(Always):
    """Completes a message rightly from its second word on."""

    def rest(self, text: str) -> str:
        return "how are you?"[len(text) :] if " " in text else " is it?"


def keys(predictor: Always, message: str, **choices: object) -> int:
    return simulate(predictor, [message], SimulatedTypist(**choices)).tally.keys  # type: ignore[arg-type]


def test_without_suggestions_every_character_is_a_key() -> None:
    report = simulate(Always(), ["How are you?"])

    assert (report.tally.characters, report.tally.keys) == (12, 12)
    assert report.tally.savings == 0.0


def test_a_word_shown_before_its_first_letter_costs_one_key_and_brings_its_space() -> None:
    assert keys(Always("you"), "you can") == 1 + len("can")


def test_a_word_shown_after_its_first_letter_costs_that_letter_and_one_key() -> None:
    assert keys(AfterLetter("hello"), "hello you") == 1 + 1 + len("you")


def test_ghost_text_is_taken_whole_once_it_is_right_to_the_end() -> None:
    assert keys(Knows(), "how are you?", ghost=True) == len("how ") + 1
    assert keys(Knows(), "how are you?") == len("how are you?")
    with pytest.raises(SettingsError, match="no ghost text"):
        keys(Always(), "how", ghost=True)


def test_acceptance_may_cost_nothing() -> None:
    assert keys(Always("you"), "you can", acceptance=0) == len("can")


def test_the_space_is_typed_where_it_is_not_automatic() -> None:
    assert keys(Always("you"), "you can", automatic_space=False) == 1 + len(" can")


def test_a_mark_takes_the_automatic_space_away() -> None:
    assert keys(Always("hello"), "hello, you") == 1 + len(", you")


def test_a_hyphen_does_not_and_the_typist_deletes_the_space() -> None:
    assert keys(Always("well"), "well-known") == 1 + 1 + len("-known")


def test_a_suggestion_that_saves_nothing_is_not_taken() -> None:
    report = simulate(Always("I", "a"), ["a-b I"])

    # "a" would cost a key and another that deletes the space; "I" at the end as much as typing it.
    assert report.tally.keys == 5
    assert report.tally.accepted == 0


def test_of_two_that_fit_the_typist_takes_the_one_that_saves_more() -> None:
    assert keys(Always("New", "New York"), "New York") == 1


def test_the_beginning_of_a_longer_word_does_not_fit() -> None:
    assert keys(Always("like"), "likely") == len("likely")


def test_a_part_before_an_apostrophe_fits_as_some_predictors_know_no_more() -> None:
    assert keys(Always("don"), "don't") == 1 + len("'t")


def test_only_the_slots_in_sight_count() -> None:
    assert keys(Always("one", "two", "three", "four"), "four", slots=3) == 4
    assert keys(Always("one", "two", "three", "four"), "four", slots=4) == 1


def test_what_was_passed_over_makes_room_for_the_next() -> None:
    predictor = Always("tea", "ten", "tent", "term", "termite")

    assert keys(predictor, "termite", slots=2) == 7
    # Before t: tea, ten; before e: tent, term; before r: termite.
    assert keys(predictor, "termite", slots=2, repeats=False) == 2 + 1


def test_case_is_ignored_or_not() -> None:
    assert keys(Always("how"), "How") == 1
    assert keys(Always("how"), "How", case="exact") == 3


def test_ranks_are_those_before_the_first_letter() -> None:
    report = simulate(Always("a", "b", "c", "ddd", "eee"), ["a b c ddd eee zzz"])

    record = report.record()
    assert record["words"] == 6
    assert record["top1"] == pytest.approx(1 / 6)
    assert record["top3"] == pytest.approx(3 / 6)
    assert record["mean_reciprocal_rank"] == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5) / 6)


def test_words_before_their_first_letter_are_told_from_those_completed() -> None:
    record = simulate(AfterLetter("hello", "there"), ["hello there you"]).record()

    assert record["words_accepted"] == pytest.approx(2 / 3)
    assert record["words_before_first_letter"] == 0.0


def test_the_ceiling_is_one_key_a_word_and_what_stands_between() -> None:
    # "How", "are" and "you" cost a key each, the question mark one: 4 keys of 12.
    assert simulate(Always(), ["How are you?"]).ceiling == pytest.approx(1 - 4 / 12)


def test_a_predictor_learns_a_message_only_after_it_was_typed() -> None:
    messages = ["zebras graze", "zebras graze"]

    without = simulate(Remembers(), messages)
    learned = simulate(Remembers(), messages, learn=True)

    assert without.tally.keys == 24
    assert [tally.keys for tally in learned.by_message] == [12, 2]


def test_what_cannot_learn_is_refused_if_it_shall() -> None:
    with pytest.raises(SettingsError, match=r"Always cannot learn: it has no learn\(text\)"):
        simulate(Always(), ["you"], learn=True)


def test_messages_are_typed_each_on_its_own_and_asked_about_before_every_letter() -> None:
    predictor = Always()

    simulate(predictor, ["a b", "", "  ", "c!"])

    assert predictor.asked == ["", "a ", ""]


def test_numbers_are_words_and_their_points_keys() -> None:
    report = simulate(Always("3"), ["3.14"])

    assert report.tally.words == 1
    assert report.tally.keys == 4


def test_times_are_those_of_the_clock() -> None:
    ticks = iter(range(100))

    record = simulate(Always(), ["ab"], clock=lambda: next(ticks)).record()

    assert record["median_microseconds"] == 1e6


@pytest.mark.parametrize(
    ("choices", "fault"),
    [
        ({"slots": 0}, "slots must be at least 1, not 0"),
        ({"acceptance": 2}, "acceptance costs 0 keys or 1, not 2"),
        ({"case": "kept"}, "case is ignored or exact, not 'kept'"),
    ],
)
def test_a_typist_that_cannot_be_is_refused(choices: dict[str, object], fault: str) -> None:
    with pytest.raises(SettingsError, match=fault):
        SimulatedTypist(**choices)  # type: ignore[arg-type]


def test_nothing_to_type_is_an_error() -> None:
    with pytest.raises(TextError, match="no message has a word"):
        simulate(Always("a"), ["", "?!", "🙂"])


TYPISTS = st.builds(SimulatedTypist, acceptance=st.integers(0, 1), automatic_space=st.booleans())


@given(message=st.text(max_size=40), words=st.lists(st.text(max_size=8)), typist=TYPISTS)
def test_no_suggestion_costs_keys(message: str, words: list[str], typist: SimulatedTypist) -> None:
    try:
        tally = simulate(Always(*words), [message], typist).tally
    except TextError:
        return
    assert 0 <= tally.keys <= tally.characters


@given(
    message=st.text("abA'-, .", min_size=1, max_size=20).map(lambda text: text + "a"),
    words=st.lists(st.text("abA", min_size=1, max_size=4), max_size=8),
    typist=TYPISTS,
)
def test_no_words_save_more_than_the_oracle(
    message: str, words: list[str], typist: SimulatedTypist
) -> None:
    report = simulate(Always(*words), [message], typist)

    assert report.tally.savings <= report.ceiling


LEARNED = counted(["Voulez-vous ? Oui, peut-être !", "Est-ce vrai ? C'est-à-dire : non."] * 9)


def test_a_mark_takes_the_space_away_where_the_models_text_never_has_one_before_it() -> None:
    def typed(spacing: Spacing) -> int:
        return simulate(Always("peut"), ["peut-il"], spacing=spacing).tally.keys

    assert typed(USUAL) == 1 + len(" -il")  # the space is deleted by a key
    assert typed(LEARNED) == 1 + len("-il")


def test_a_mark_that_has_a_space_before_it_in_the_models_text_lets_it_stand() -> None:
    def typed(spacing: Spacing) -> int:
        return simulate(Always("oui"), ["oui!"], spacing=spacing).tally.keys

    assert typed(USUAL) == 1 + len("!")
    assert typed(LEARNED) == 1 + len(" !")
