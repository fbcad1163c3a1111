"""Which words and phrases save the most keys together."""

from collections.abc import Callable

import pytest

from foreword.predictor.lockstep import Work, alone
from foreword.predictor.phrases import Phrase, most_saving, phrases_of, without_marks
from foreword.predictor.suggest import Suggestion


def offer(text: str, probability: float, replaces: int = 0) -> Suggestion:
    return Suggestion(text, probability, text, replaces)


@pytest.mark.parametrize(
    ("k", "chosen"),
    [(1, ["dog runs away"]), (2, ["dog runs away", "cat"]), (3, ["dog runs away", "cat", "dog"])],
)
def test_each_suggestion_adds_the_most_keys_to_those_before_it(k: int, chosen: list[str]) -> None:
    """Keys by hand: 0.3 x 3.3, then 0.35 x 1.3, then (0.6 - 0.3) x 1.3 against 0.1 x 1 more."""
    words = [offer("dog", 0.6), offer("cat", 0.35)]
    phrases = [Phrase(0, 2, offer("dog runs", 0.4)), Phrase(0, 3, offer("dog runs away", 0.3))]

    assert [one.word for one in most_saving(words, phrases, "A ", k)] == chosen


def test_words_alone_come_by_their_probability() -> None:
    words = [offer("the", 0.3), offer("a", 0.2), offer("snowball", 0.1)]

    assert [one.word for one in most_saving(words, [], "", 3)] == ["the", "a", "snowball"]


def test_another_word_with_the_same_letters_is_no_phrase() -> None:
    """After "dog", "dogs" saves 0.25 x 1.3, and "dog runs" 0.3 x 1."""
    words = [offer("dog", 0.6), offer("dogs", 0.25)]

    chosen = most_saving(words, [Phrase(0, 2, offer("dog runs", 0.3))], "", 2)

    assert [one.word for one in chosen] == ["dog", "dogs"]


@pytest.mark.parametrize(("other", "chosen"), [("Told", "tomorrow"), ("so", "I")])
def test_a_word_that_its_next_letter_would_not_show_is_shown_now(other: str, chosen: str) -> None:
    """In one slot, "tomorrow" is shown after "t", or after "tom": 0.2 x 1.3 or 0.2 x 3.9 keys."""
    words = [offer("I", 0.35), offer(other, 0.25), offer("tomorrow", 0.2)]

    assert [one.word for one in most_saving(words, [], "", 1)] == [chosen]


def test_letters_count_from_those_that_are_typed() -> None:
    """After "to", "tomorrow" needs one letter more, as the other words do."""
    words = [offer("told", 0.3, 2), offer("Toad", 0.25, 2), offer("tomorrow", 0.2, 2)]

    assert [one.word for one in most_saving(words, [], "so to", 1)] == ["told"]


def follow_of(
    following: dict[str, Suggestion],
) -> tuple[list[str], Callable[[str], Work[Suggestion | None]]]:
    asked: list[str] = []

    def follow(text: str) -> Work[Suggestion | None]:
        asked.append(text)
        return following.get(text)
        yield

    return asked, follow


def test_the_likeliest_words_are_continued_while_phrases_are_probable() -> None:
    words = [offer("of", 0.5, 1), offer("on", 0.3, 1), offer("or", 0.1, 1)]
    following = {
        "one of": Suggestion("the", 0.4, " the", 0),
        "one of the": Suggestion("best", 0.2, " best", 0),
        "one on": Suggestion("one", 0.2, " one", 0),
    }
    asked, follow = follow_of(following)

    phrases = alone(phrases_of(words, "one o", 3, follow))

    # 0.5 x 0.4 x 0.2 is less than a twentieth, and "on one" less than a tenth.
    expected = [(0, 2, "of the", 0.2), (1, 2, "on one", 0.06)]
    assert [(one.first, one.words, one.suggestion.word) for one in phrases] == [
        row[:3] for row in expected
    ]
    assert [one.suggestion.probability for one in phrases] == pytest.approx([0.2, 0.06])
    assert phrases[0].suggestion.accepted("one o") == "one of the"
    assert asked == ["one of", "one of the", "one on"]


def test_no_phrase_is_followed_that_saves_less_than_the_last_word() -> None:
    words = [offer("of", 0.45), offer("on", 0.41), offer("or", 0.4)]
    asked, follow = follow_of({"of": Suggestion("the", 0.35, " the", 0)})

    assert alone(phrases_of(words, "", 3, follow)) == []
    assert asked == ["of", "on"]


def test_marks_save_no_keys() -> None:
    words = [offer(word, 0.1) for word in (".", "I", "...", "2", "😀", "?")]

    assert [one.word for one in without_marks(words)] == ["I", "2", "😀"]
