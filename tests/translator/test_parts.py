"""Cutting text into sentences: nothing is lost, and no sentence is cut within."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreword.translator.parts import halves, parts_of

TEXTS = st.text(st.sampled_from("aB. !?\n\r…😀❤\ufe0f,\t。3"), max_size=40)


@given(TEXTS, st.booleans())
@settings(max_examples=50)
def test_the_parts_together_are_the_text(text: str, sentences: bool) -> None:
    parts = list(parts_of(text, sentences=sentences))
    assert "".join(part.text for part in parts) == text
    for part in parts:
        if not part.is_copied:
            assert part.text == part.text.strip()
            assert any(character.isalpha() for character in part.text)
            assert "\n" not in part.text


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Dr. May came. She left.", ["Dr. May came.", "She left."]),
        ("Am 3. Oktober war es. Gut?", ["Am 3. Oktober war es.", "Gut?"]),
        ("“Go!” He went.", ["“Go!”", "He went."]),
        ("It costs 3.50 euros, e.g. here.", ["It costs 3.50 euros, e.g. here."]),
        ("Wait... what?", ["Wait... what?"]),
        ("你好。再见！", ["你好。", "再见！"]),
        ("Hi 😀👍🏽 Bob ❤️", ["Hi 😀👍🏽 Bob"]),
        ("In 1999. Then more.", ["In 1999.", "Then more."]),
        ("😀 !!! 12:30", []),
    ],
)
def test_sentences_end_where_a_reader_sees_them_end(text: str, sentences: list[str]) -> None:
    assert [part.text for part in parts_of(text) if not part.is_copied] == sentences


@pytest.mark.parametrize("text", ["one two three, four five six", "abcdefgh", "a b", "x, " * 9])
def test_halves_are_the_whole_text_again_and_shorter(text: str) -> None:
    left, spaces, right = halves(text)
    assert left + spaces + right == text
    assert max(len(left), len(right)) <= len(text) * 3 // 4 + 1
    assert not spaces.strip()


def test_a_long_sentence_is_cut_after_a_clause_near_its_middle() -> None:
    assert halves("one two three, four five six") == ("one two three,", " ", "four five six")


@pytest.mark.parametrize("text", ["." * 100_000, "?!" * 50_000, "a. %s " * 20_000])
def test_long_runs_of_marks_and_of_placeholders_are_cut_in_linear_time(text: str) -> None:
    """It would take minutes if each mark, or each placeholder, were held against all others."""
    assert "".join(part.text for part in parts_of(text)) == text
    left, spaces, right = halves(text)
    assert left + spaces + right == text
