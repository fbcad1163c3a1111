"""Words that a vocabulary lacks are kept in the form that they have within lines."""

from foreword.packaging.rare import rare_words
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
