"""Which words and phrases save the most keys together."""

import pytest

from foreword.predictor.suggest import Suggestion
from foreword.translator.phrases import most_saving


def offer(text: str, probability: float, replaces: int = 0) -> Suggestion:
    return Suggestion(text, probability, text, replaces)


@pytest.mark.parametrize(
    ("k", "chosen"),
    [(1, ["dog runs away"]), (2, ["dog runs away", "cat"]), (3, ["dog runs away", "cat", "dog"])],
)
def test_each_suggestion_adds_the_most_keys_to_those_before_it(k: int, chosen: list[str]) -> None:
    """Keys by hand: 0.3 x 3.3, then 0.35 x 1.3, then (0.6 - 0.3) x 1.3 against 0.1 x 1 more."""
    suggestions = [
        offer("dog", 0.6), offer("cat", 0.35), offer("dog runs", 0.4), offer("dog runs away", 0.3)
    ]  # fmt: skip

    assert [one.word for one in most_saving(suggestions, "A ", k)] == chosen


def test_words_alone_come_by_their_probability() -> None:
    suggestions = [offer("a", 0.2), offer("snowball", 0.1), offer("the", 0.3)]

    assert [one.word for one in most_saving(suggestions, "", 3)] == ["the", "a", "snowball"]


def test_another_word_with_the_same_letters_is_no_phrase() -> None:
    """After "dog", "dogs" saves 0.25 x 1.3, and "dog runs" 0.3 x 1."""
    suggestions = [offer("dog", 0.6), offer("dogs", 0.25), offer("dog runs", 0.3)]

    assert [one.word for one in most_saving(suggestions, "", 2)] == ["dog", "dogs"]
