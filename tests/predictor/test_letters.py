import math
import string
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foreword.predictor.next_letter import KINDS
from foreword.predictor.predictor import Predictor
from foreword.predictor.spellings import LetterModel, Spellings
from foreword.text.case import Case

MakeSpeaker = Callable[..., Predictor]

words_and_weights = st.dictionaries(
    st.text("abc", min_size=1, max_size=4), st.integers(1, 100), min_size=1, max_size=8
)


def shares_of(weights: dict[str, int]) -> dict[str, float]:
    total = sum(weights.values()) / 0.9
    return {word: weight / total for word, weight in weights.items()}


def begun(shares: dict[str, float], prefix: str) -> float:
    """P(a word begins so), summed word by word over its three spellings."""
    spelled = [
        (typed, share * kind)
        for word, share in shares.items()
        for typed, kind in zip((word, word.capitalize(), word.upper()), KINDS, strict=True)
    ]
    unknown = 1 - sum(shares.values())
    return sum(share for typed, share in spelled if typed.startswith(prefix)) + (
        unknown * LetterModel(shares).probability(prefix)
    )


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words_and_weights, st.text("abc", max_size=3))
def test_letters_are_sums_over_the_words_that_begin_so(
    speaker: MakeSpeaker, weights: dict[str, int], prefix: str
) -> None:
    shares = shares_of(weights)

    letters = speaker(shares).letters("ab " + prefix)

    whole = begun(shares, prefix)
    for letter in LetterModel(shares).alphabet:
        expected = begun(shares, prefix + letter) / whole
        assert letters.get(letter, 0.0) == pytest.approx(expected, rel=1e-4)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words_and_weights, st.text(string.printable + "é’中学", max_size=12))
def test_letters_sum_to_one_after_any_text(
    speaker: MakeSpeaker, weights: dict[str, int], text: str
) -> None:
    model = speaker(shares_of(weights) | {",": 0.03, "é": 0.01, "中": 0.01, "学": 0.01})

    letters = model.letters(text)

    assert math.fsum(letters.values()) == pytest.approx(1.0, abs=1e-9)
    assert min(letters.values()) >= 0
    assert list(letters.values()) == sorted(letters.values(), reverse=True)


def test_the_letters_of_a_word_and_its_space_multiply_to_the_word(speaker: MakeSpeaker) -> None:
    typist = speaker({"the": 0.4, "then": 0.3, "cat": 0.2}).typist()

    chain = math.prod(
        typist.letters("cat the"[:at])["cat the "[at]] for at in range(4, len("cat the "))
    )

    # As spelled, but for what is spelled so by the letter model, and a following line end.
    unlisted = LetterModel(["the", "then", "cat"])
    spelled = 0.4 * KINDS[0] + 0.1 * unlisted.probability("the") * unlisted.after("the")[-1]
    assert chain == pytest.approx(spelled, rel=1e-3)


def test_a_mark_follows_a_word_without_a_space(speaker: MakeSpeaker) -> None:
    letters = speaker({"a": 0.5, ",": 0.4}, words="unicode").letters("a")

    assert letters[","] == pytest.approx(0.4 * letters.end_of_word, rel=0.01)
    assert letters[" "] > letters[","]


def test_a_typed_capital_is_continued_by_words_in_lower_case(speaker: MakeSpeaker) -> None:
    letters = speaker({"hello": 0.6, "world": 0.3}).letters("Hel")

    assert next(iter(letters)) == "l"


def test_an_apostrophe_within_a_word_is_a_letter(speaker: MakeSpeaker) -> None:
    letters = speaker({"don't": 0.6, "dog": 0.1}).letters("don")

    assert next(iter(letters)) == "'"


def test_a_word_of_a_folding_model_begins_sentences_with_a_capital(speaker: MakeSpeaker) -> None:
    letters = speaker({"hello": 0.999}, case="fold").letters("")

    assert letters["H"] == pytest.approx(letters["h"], rel=0.05)


def test_a_word_of_unknown_letters_without_end_has_next_letters(speaker: MakeSpeaker) -> None:
    letters = speaker({"hello": 0.6}).letters("q" * 500)

    assert math.fsum(letters.values()) == pytest.approx(1.0)


def test_a_number_outside_the_vocabulary_can_be_spelled(speaker: MakeSpeaker) -> None:
    letters = speaker({"1987": 0.3, "25": 0.3}).letters("in 19")

    assert letters["8"] > letters["5"] > 0


def test_a_script_without_spaces_goes_on_without_one(speaker: MakeSpeaker) -> None:
    letters = speaker({"中": 0.4, "学": 0.4, "a": 0.1}).letters("中")

    assert letters["学"] == pytest.approx(0.4 * letters.end_of_word, rel=0.05)
    assert letters[" "] < 0.3


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.text("aAbB", min_size=1, max_size=3), st.integers(1, 100), min_size=1),
    st.text("aAbB", max_size=3),
)
def test_without_capitals_words_count_by_their_small_letters(
    speaker: MakeSpeaker, weights: dict[str, int], prefix: str
) -> None:
    shares = shares_of(weights)
    unlisted = LetterModel({word.lower() for word in shares})

    def begun_in_lower_case(prefix: str) -> float:
        listed = sum(share for word, share in shares.items() if word.lower().startswith(prefix))
        return listed + (1 - sum(shares.values())) * unlisted.probability(prefix)

    letters = speaker(shares).letters("ab " + prefix, ignore_case=True)

    assert not set(letters) & set("AB")
    for letter in unlisted.alphabet:
        expected = begun_in_lower_case(prefix.lower() + letter)
        expected /= begun_in_lower_case(prefix.lower())
        assert letters.get(letter, 0.0) == pytest.approx(expected, rel=1e-4)


def test_a_name_can_be_spelled_without_its_capital(speaker: MakeSpeaker) -> None:
    model = speaker({"Paris": 0.5, "park": 0.1})

    assert next(iter(model.letters("to PAR", ignore_case=True))) == "i"
    assert next(iter(model.letters("to par"))) == "k"


def test_letters_are_the_same_with_and_without_memory(speaker: MakeSpeaker) -> None:
    model = speaker({"the": 0.4, "then": 0.3, ",": 0.1})
    typist = model.typist()

    for at in range(len("the then, the")):
        text = "the then, the"[:at]
        assert dict(typist.letters(text)) == dict(model.letters(text))


def test_words_after_the_last_of_all_characters_are_not_counted_with_it() -> None:
    spellings = Spellings(["a\U0010ffff", "ab", "b"], [], hidden=0, case=Case(), ignore_case=True)
    masses, _ = spellings.branching("a", np.array([0.2, 0.3, 0.5]), (1.0,))
    assert masses == {"b": 0.3, "\U0010ffff": 0.2}
