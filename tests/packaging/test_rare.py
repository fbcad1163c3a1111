"""Words that a vocabulary lacks are kept in the form that they have within lines."""

from foreword.packaging.rare import has_many_new, rare_words
from foreword.text.tokenizer import Tokenizer, TokenizerConfig

KNOWN = Tokenizer(["<unk>", "<eos>", "the", "house", "don't"], TokenizerConfig())


def words_of(*lines: str, **limits: int) -> list[str]:
    return rare_words(((line, 1) for line in lines), KNOWN, **limits)


def test_words_that_the_vocabulary_has_in_any_form_are_none() -> None:
    assert words_of("The HOUSE dont don't Don't") == []


def test_a_capital_at_the_beginning_of_a_line_is_no_form() -> None:
    assert words_of("Castles the castles", "Cardiff", "the Cardiff") == ["Cardiff", "castles"]


def test_short_words_numbers_and_marks_are_none() -> None:
    assert words_of("ab 2026 x2 -- 12th") == []


def test_the_most_frequent_are_kept() -> None:
    lines = ("the tower", "the tower wall", "the wall tower gate")

    assert words_of(*lines, most=1) == ["tower"]
    assert words_of(*lines, fewest=2) == ["tower", "wall"]


def test_a_text_with_a_word_in_fifty_beyond_the_known_ones_has_many_new_words() -> None:
    lines = ["the house the tower 1234 -- of"] * 12  # 48 words
    known = ["Tower"]

    assert not has_many_new(lines, KNOWN, known)
    assert has_many_new([*lines, "the gate"], KNOWN, known)
    assert not has_many_new([*lines, "the gate the"], KNOWN, known)
    assert not has_many_new([], KNOWN, known)
