from collections.abc import Sequence
from typing import Any

import pytest
from jeepney import DBusAddress, HeaderFields, Message, new_method_call
from tests.input_method.application import Words

from foreword.input_method.component import Component
from foreword.input_method.engine import ENGINE, Engine, component_value, text_value
from foreword.input_method.method import Habits, InputMethod

PROPERTIES = "org.freedesktop.DBus.Properties"


@pytest.fixture
def engine() -> Engine:
    method = InputMethod(Words(), Habits(k=2))
    made = Engine("/engine", method, character=lambda symbol: chr(symbol) if symbol < 128 else "")
    made.answer(ENGINE, "FocusIn", ())
    made.answer(ENGINE, "SetCapabilities", (1 << 5,))
    return made


def sent(messages: Sequence[Message]) -> list[tuple[str, tuple[Any, ...]]]:
    """The signals as they would arrive: names and bodies."""
    parsed = [Message.from_buffer(one.serialise(serial=1)) for one in messages]
    return [(one.header.fields[HeaderFields.member], one.body) for one in parsed]


def typed(engine: Engine, text: str) -> list[tuple[str, tuple[Any, ...]]]:
    """The signals at the last key of a text."""
    for character in text:
        _, signals = engine.answer(ENGINE, "ProcessKeyEvent", (ord(character), 0, 0))
    return sent(signals)


def test_suggestions_are_shown_as_a_lookup_table(engine: Engine) -> None:
    ((name, (table, is_visible)),) = typed(engine, "li")
    signature, (kind, _, page, _, _, _, _, candidates, labels) = table
    assert (name, is_visible, signature) == ("UpdateLookupTable", True, "(sa{sv}uubbiavav)")
    assert (kind, page) == ("IBusLookupTable", 2)
    assert [text[2] for _, text in candidates] == ["like", "likely"]
    assert [text[2] for _, text in labels] == ["Alt+1.", "2."]


def test_a_taken_word_is_deleted_and_committed_before_the_answer(engine: Engine) -> None:
    engine.answer(ENGINE, "SetSurroundingText", (text_value("te"), 2, 2))
    typed(engine, "h")
    value, signals = engine.answer(ENGINE, "ProcessKeyEvent", (ord("1"), 2, 8))
    delete, commit = sent(signals)[:2]
    assert value == ("b", True)
    assert delete == ("DeleteSurroundingText", (-2, 2))
    assert commit[0] == "CommitText"
    assert commit[1][0][1][2] == "he"


def test_a_content_type_of_passwords_closes_the_field(engine: Engine) -> None:
    engine.answer(PROPERTIES, "Set", (ENGINE, "ContentType", ("(uu)", (8, 0))))
    assert typed(engine, "li") == []
    engine.answer(PROPERTIES, "Set", (ENGINE, "ContentType", ("(uu)", (0, 0))))
    assert typed(engine, "li") != []


def test_a_click_takes_a_word(engine: Engine) -> None:
    typed(engine, "li")
    _, signals = engine.answer(ENGINE, "CandidateClicked", (1, 1, 0))
    assert sent(signals)[0][1][0][1][2] == "kely"


def test_the_surrounding_text_is_asked_for(engine: Engine) -> None:
    _, signals = engine.answer(ENGINE, "Enable", ())
    assert sent(signals) == [("RequireSurroundingText", ())]
    assert engine.answer(PROPERTIES, "Get", (ENGINE, "ActiveSurroundingText"))[0] == (
        "v",
        ("b", True),
    )


@pytest.mark.parametrize("name", ["SetCursorLocation", "PageUp", "PropertyActivate"])
def test_messages_of_no_use_are_answered(engine: Engine, name: str) -> None:
    assert engine.answer(ENGINE, name, (0, 0, 0, 0)) == (None, [])


@pytest.mark.parametrize("interface", [ENGINE, PROPERTIES])
def test_unknown_messages_are_refused(engine: Engine, interface: str) -> None:
    with pytest.raises(LookupError):
        engine.answer(interface, "Sing", ())


def test_a_component_is_a_value_of_ibus() -> None:
    component = Component("my-model", "en", ("foreword",), "1")
    address = DBusAddress("/", "a.b")
    call = new_method_call(address, "Register", "v", (component_value(component),))
    (value,) = Message.from_buffer(call.serialise(serial=1)).body
    _, (kind, _, name, *_, engines) = value
    assert (kind, name) == ("IBusComponent", "org.freedesktop.IBus.foreword_my_model")
    assert engines[0][1][2:4] == ("foreword-my-model", "Foreword (my-model)")
