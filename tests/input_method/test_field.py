import pytest

from foreword.input_method.field import Field


def test_a_text_is_known_as_it_is_shown() -> None:
    field = Field().shown("I would li", "ke", is_selected=True)
    assert (field.text, field.after, field.own) == ("I would li", "ke", 0)
    assert field.is_inside_word
    assert field.is_selected


def test_the_backspace_key_erases_what_is_selected() -> None:
    field = Field().shown("the ", "", is_selected=True)
    assert field.erased().text == "the "
    assert field.erased().erased().text == "the"
    assert Field().erased().text == ""


def test_a_late_application_shows_less_than_is_known() -> None:
    field = Field().shown("So ", "").typed("l").typed("i")
    for shown in ("So ", "So l", "So li"):
        field = field.shown(shown, "")
        assert (field.text, field.own) == ("So li", 2)


def test_what_an_application_changes_by_itself_is_taken_from_it() -> None:
    field = Field().shown("teh", "").typed(" ").shown("teh ", "")
    field = field.shown("the ", "", was_typed=True)
    assert field.text == "the "


def test_a_text_typed_before_the_first_is_shown_stands_after_it() -> None:
    field = Field().typed("l").typed("i")
    assert field.shown("So l", "").text == "So li"
    assert field.shown("So li", "").text == "So li"
    assert field.shown("other", "").text == "otherli"


@pytest.mark.parametrize(
    ("before", "typed", "is_finished", "own"),
    [
        ("", "the cat", True, "the cat"),
        ("", "the cat", False, "the "),
        ("the un", "like it", True, " it"),
        ("", "don't", False, ""),
        ("", "don't ", False, "don't "),
        ("the cat ", "", True, ""),
    ],
)
def test_own_text_is_of_whole_words(before: str, typed: str, is_finished: bool, own: str) -> None:
    field = Field().shown(before, "").typed(typed)
    assert field.own_text(is_finished=is_finished) == own
