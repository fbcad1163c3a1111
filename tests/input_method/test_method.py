import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.input_method.application import (
    ALT,
    CONTROL,
    DEAD_ACUTE,
    ENTER,
    ESCAPE,
    LEFT,
    Application,
    Words,
    application,
)

from foreword.input_method.keys import TAB, TakingKeys
from foreword.input_method.method import HIDE, Habits, InputMethod

both = pytest.mark.parametrize("shows_text", [True, False])


@both
def test_words_that_begin_as_typed_are_shown(shows_text: bool) -> None:
    field = application(shows_text=shows_text)
    field.type("I li")
    assert field.shown == ("like", "likely")


@both
def test_a_word_is_taken_by_its_key_alone(shows_text: bool) -> None:
    field = application(shows_text=shows_text)
    field.type("I li")
    assert field.take(2)
    assert field.text == "I likely"
    field.type("1")
    assert field.text == "I likely 1"


@both
def test_a_space_comes_with_the_next_word_and_not_before_a_mark(shows_text: bool) -> None:
    field = application(shows_text=shows_text)
    field.type("I li")
    field.take(1)
    field.type(", to")
    assert field.text == "I like, to"
    field.backspace()
    field.take(2)
    field.type("cat (")
    assert field.text == "I like, to cat ("
    field.type("li")
    field.take(1)
    field.type(")")
    assert field.text == "I like, to cat (like)"


@both
def test_words_are_taken_one_after_the_other(shows_text: bool) -> None:
    field = application(shows_text=shows_text)
    field.type("li")
    for rank in (1, 1, 2):
        assert field.take(rank)
    assert field.text == "like the like"


@both
def test_a_phrase_is_taken_by_its_key_and_a_space_follows_it(shows_text: bool) -> None:
    field = application(shows_text=shows_text, phrases=True)
    field.type("I li")
    assert field.shown == ("like the", "likely the")
    assert field.take(1)
    field.type("cat")
    assert field.text == "I like the cat"


def test_a_space_that_was_typed_after_a_taken_word_is_the_only_one() -> None:
    field = application()
    field.type("li")
    field.take(1)
    field.type(" to")
    assert field.text == "like to"


def test_a_slip_is_mended_where_the_application_can_delete() -> None:
    field = application()
    field.type("teh")
    assert field.shown == ("the",)
    field.take(1)
    assert field.text == "the"


def test_a_slip_is_mended_once_a_late_application_has_shown_its_text() -> None:
    field = application(is_late=True)
    field.type("teh")
    assert field.shown == ()
    field.show()
    assert field.shown == ("the",)
    field.take(1)
    assert field.text == "the"


def test_a_slip_is_left_where_the_application_cannot_delete() -> None:
    field = application(shows_text=False)
    field.type("teh")
    assert field.shown == ()
    assert not field.take(1)


@pytest.mark.parametrize(
    ("purpose", "hints"),
    [(2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (8, 0), (9, 0), (10, 0), (0, 1 << 11), (0, 1 << 12)],
    ids=str,
)
def test_nothing_is_read_or_learned_in_fields_for_secrets_numbers_and_addresses(
    purpose: int, hints: int
) -> None:
    typist = Words()
    field = Application(InputMethod(typist, Habits(learns=True)))
    field.obey(field.method.be_told_content(purpose, hints))
    field.type("I li")
    assert not field.take(1)
    field.key(ENTER)
    field.obey(field.method.leave())
    assert (field.shown, field.learned, typist.asked) == ((), [], [])


def test_a_field_that_becomes_one_for_a_password_forgets_what_was_typed() -> None:
    field = application(learns=True)
    field.type("I li")
    field.obey(field.method.be_told_content(8, 0))
    assert field.shown == ()
    field.obey(field.method.be_told_content(0, 0))
    field.obey(field.method.leave())
    assert field.learned == []


def test_what_stands_in_the_field_is_read() -> None:
    typist = Words()
    field = Application(InputMethod(typist, Habits()), "I would ")
    assert typist.asked == []
    field.type("l")
    assert typist.asked == ["I would l"]


def test_no_field_shows_words_before_a_key_is_pressed() -> None:
    field = application("I would li")
    assert field.shown == ()
    assert not field.take(1)


def test_nothing_is_suggested_inside_of_a_word() -> None:
    field = application("tke")
    for _ in "ke":
        field.key(LEFT)
    field.type("o")
    assert field.shown == ()


def test_the_line_before_is_read_where_only_one_line_is_shown() -> None:
    typist = Words()
    method = InputMethod(typist, Habits())
    field = Application(method)
    field.type("the cat")
    field.key(ENTER)
    method.be_shown("", 0, 0)
    field.text, field.cursor = "", 0
    field.type("l")
    assert typist.asked[-1] == "the cat\nl"


def test_a_text_that_was_cleared_is_read_no_more() -> None:
    typist = Words()
    field = Application(InputMethod(typist, Habits()), "the cat")
    field.text, field.cursor = "", 0
    field.key(0, state=CONTROL)
    field.type("l")
    assert typist.asked[-1] == "l"


def test_without_its_text_a_moved_cursor_ends_what_is_known() -> None:
    typist = Words()
    field = Application(InputMethod(typist, Habits()), shows_text=False)
    field.type("the l")
    field.key(LEFT)
    assert field.shown == ()
    field.type("l")
    assert typist.asked[-1] == "l"


def test_escape_puts_the_words_away_until_the_next_word_and_passes_on() -> None:
    field = application()
    field.type("l")
    assert not field.key(ESCAPE)
    assert field.shown == ()
    field.type("i")
    assert field.shown == ()
    field.type(" l")
    assert field.shown == ("like", "likely")


def test_other_keys_with_modifiers_pass_on() -> None:
    field = application()
    field.type("li")
    assert not field.key(ord("3"), state=ALT, character="3")  # only two words are shown
    assert not field.key(ord("1"), state=ALT | CONTROL, character="1")
    assert not field.key(TAB)


def test_tab_takes_the_first_word_if_it_is_to() -> None:
    field = Application(InputMethod(Words(), Habits(keys=TakingKeys(is_tab_used=True))))
    field.type("li")
    assert field.key(TAB)
    assert field.text == "like"
    assert not Application(InputMethod(Words(), Habits())).key(TAB)


def test_a_word_is_taken_by_the_mouse() -> None:
    field = application()
    field.type("li")
    field.obey(field.method.take(1))
    assert field.text == "likely"
    assert field.method.take(7) == []


def test_the_words_vanish_with_the_focus() -> None:
    field = application()
    field.type("li")
    assert field.method.leave() == [HIDE]
    assert field.method.take(0) == []


def test_a_letter_with_an_accent_that_the_application_makes_is_read() -> None:
    typist = Words()
    field = Application(InputMethod(typist, Habits()))
    field.type("caf")
    field.key(DEAD_ACUTE)
    field.key(ord("e"), character="e", types="é")
    assert typist.asked[-1] == "café"


# Learning


def test_a_line_is_learned_where_it_ends() -> None:
    field = application(learns=True)
    field.type("the ca")
    field.take(1)
    field.key(ENTER)
    field.type("to")
    field.key(ENTER)
    assert field.learned == ["the cat", "to"]


def test_nothing_is_learned_without_being_told() -> None:
    field = application()
    field.type("the cat")
    field.key(ENTER)
    field.obey(field.method.leave())
    assert field.learned == []


def test_nothing_is_learned_where_the_application_does_not_show_its_text() -> None:
    field = application(shows_text=False, learns=True)
    field.type("the cat")
    field.key(ENTER)
    assert field.learned == []


def test_only_what_was_typed_is_learned() -> None:
    field = application("She wrote: ", learns=True)
    field.type("the ")
    field.paste("a pasted text ")
    field.type("cat")
    field.key(ENTER)
    assert field.learned == ["cat"]


def test_characters_that_the_cursor_passes_are_not_learned() -> None:
    field = application("their secret", learns=True)
    field.cursor = 0
    for _ in "their":
        field.key(0xFF53)  # to the right, which the application here leaves to the test
        field.cursor += 1
        field.obey(field.method.be_shown(field.text, field.cursor, field.cursor))
    field.key(ENTER)
    assert field.learned == []


def test_where_the_focus_is_lost_only_whole_words_are_learned() -> None:
    field = application("un", learns=True)
    field.type("like the ca")
    field.obey(field.method.leave())
    assert field.learned == [" the "]


def test_accents_are_learned_with_their_letters() -> None:
    field = application(learns=True)
    field.type("caf")
    field.key(DEAD_ACUTE)
    field.key(ord("e"), character="e", types="é")
    field.key(ENTER)
    assert field.learned == ["café"]


def test_what_was_erased_is_not_learned() -> None:
    field = application(learns=True)
    field.type("the secret")
    for _ in "secret":
        field.backspace()
    field.type("cat")
    field.key(ENTER)
    assert field.learned == ["the cat"]


# Applications that are late

deed = st.one_of(
    st.sampled_from(["the ", "li", "teh", " ", ", ", "x", "\b", "take 1", "take 2", "show"]),
    st.text("abehilkt ,", max_size=3),
)


@given(st.sampled_from(["", "So ", "the cat\n"]), st.lists(deed, max_size=25))
def test_however_late_an_application_is_the_text_is_known(before: str, deeds: list[str]) -> None:
    typist = Words()
    field = Application(InputMethod(typist, Habits(learns=True)), before, is_late=True)
    field.show()
    for one in deeds:
        if one == "\b" and len(field.text) > len(before):
            field.backspace()
        elif one == "show":
            field.show()
        elif one.startswith("take") and int(one[-1]) <= len(field.shown):
            field.take(int(one[-1]))
        elif one.isprintable() and not one.startswith("take"):
            field.type(one)
    own = field.text.removeprefix(before)
    while field._unshown:
        field.show()
    field.type("x")
    field.key(ENTER)

    assert typist.asked[-1] in (f"{before}{own}x", f"{before}{own} x")
    assert field.learned in ([f"{own}x"], [f"{own} x"])
