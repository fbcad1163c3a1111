import json
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from foreword.errors import FolderError
from foreword.visible import as_json, first_unsafe, is_plain, plain, shown, shown_lines, strings

HOSTILE = [
    *(
        "\x1b]52;c;cm0gLXJmIH4=\x07",
        "\x1b]0;title\x07",
        "\x9b31m",
        "a\x00b",
        "a\nb",
        "a\rb",
        "\x7f",
    ),
    *("\u202eevil", "\u2066x\u2069", "\u200fx", "\u061cx", "a\u2028b", "a\u2029b", "a\x85b"),
    *(
        "a\U000e0041\U000e0042b",
        "\U0001f3f4\U000e0067\U000e0062",
        "\U000e0001",
        "a\u200bb",
        "\ufeffa",
    ),
    *("a\ufe00\ufe01b", "a\U000e0101", "\u200d\u200c", "\ud800", "\u3164", "\ufff9x", "\ufffe"),
]
HARMLESS = [
    *("naïve", "don't", "👩‍🚀", "❤️", "👍🏽", "🇩🇪", "1️⃣", "می‌خواهم", "क्‍ष", "葛\U000e0100"),
    *(
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "日本",
        "שלום",
        "عربي",
    ),
    *("soft\xadhyphen", "a b", "ᠭ\u180bᠣ", "Zoe\u0308", "한국어", "$x^2$", "[/b]", "<b>&amp;"),
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_terminal_would_obey_or_nobody_sees_is_shown_as_an_escape(text: str) -> None:
    assert not is_plain(text)
    output = shown(text)
    assert is_plain(output)
    assert "\\" in output
    assert first_unsafe(["one", text, "two"]) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_letters_marks_joiners_flags_and_emoji_are_shown_as_they_are(text: str) -> None:
    assert is_plain(text)
    assert shown(text) == shown_lines(text) == text


@example("\ud800\udc00")
@given(st.text(st.characters(categories=["Cc", "Cf", "Zl", "Zp", "Cs", "Lu", "Mn", "Zs"])))
def test_whatever_is_shown_holds_no_control_character_and_no_override(text: str) -> None:
    for output in (shown(text), as_json(text)):
        assert is_plain(output)
        assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in output)
        assert not set(output) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    # JSON cannot tell two halves of a pair of surrogates from the character that they make.
    paired = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    assert json.loads(as_json(text)) == paired


def test_lines_and_indents_stay_where_a_text_of_several_lines_is_shown() -> None:
    assert shown_lines("one\n\ttwo\x1b[m") == "one\n\ttwo\\x1b[m"
    assert as_json({"a": ["\x9b"]}, indent=1) == '{\n "a": [\n  "\\u009b"\n ]\n}'


def test_every_string_of_a_document_is_found_and_shown() -> None:
    document = {"a\x1b": [1, None, "b\u202e", {"c": ("d",)}]}
    assert plain(document) == {"a\\x1b": [1, None, "b\\u202e", {"c": ["d"]}]}
    assert strings(document) == ["a\x1b", "b\u202e", "c", "d"]


def test_an_errors_message_quotes_a_strangers_name_as_an_escape() -> None:
    assert str(FolderError("\x1b]0;x\x07.txt is missing")) == "\\x1b]0;x\\x07.txt is missing"
