import ctypes

import pytest
from tests.needs import needs

from foreword.input_method.bus import characters
from foreword.input_method.keys import Key, KeyChoice, TakingKeys

SHIFT, CONTROL, ALT, NUM_LOCK, SUPER, LEVEL3, META = 1, 4, 8, 16, 64, 128, 1 << 28


@pytest.mark.parametrize(
    ("choice", "symbol", "code", "state", "rank"),
    [
        ("alt", 0x31, 2, ALT, 0),
        ("alt", 0x39, 10, ALT | NUM_LOCK | META, 8),
        ("alt", 0xFFB2, 80, ALT, 1),  # of the number pad
        ("alt", 0x26, 2, ALT, 0),  # & on the key of 1, as in France
        ("alt", 0x30, 11, ALT, None),
        ("alt", 0x31, 2, 0, None),
        ("alt", 0x31, 2, ALT | SHIFT, None),
        ("alt", 0x31, 2, ALT | CONTROL, None),
        ("alt", 0x31, 2, LEVEL3, None),  # ¹ of AltGr
        ("alt", 0x61, 30, ALT, None),
        ("control", 0x32, 3, CONTROL, 1),
        ("control", 0x32, 3, ALT, None),
        ("super", 0x33, 4, SUPER | 1 << 26, 2),
        ("function", 0xFFBE, 59, 0, 0),
        ("function", 0xFFC6, 67, NUM_LOCK, 8),
        ("function", 0xFFC7, 68, 0, None),  # F10
        ("function", 0xFFBE, 59, ALT, None),
        ("function", 0x31, 2, 0, None),
    ],
)
def test_a_key_takes_the_word_with_its_number(
    choice: KeyChoice, symbol: int, code: int, state: int, rank: int | None
) -> None:
    assert TakingKeys(choice).rank(Key(symbol, code, state)) == rank


def test_tab_takes_the_first_word_if_it_is_to() -> None:
    tab = Key(0xFF09, 15)
    assert TakingKeys().rank(tab) is None
    assert TakingKeys(is_tab_used=True).rank(tab) == 0
    assert TakingKeys(is_tab_used=True).rank(Key(0xFF09, 15, ALT)) is None


@pytest.mark.parametrize(
    ("character", "is_typing"),
    [("a", True), (" ", True), ("\u00a0", True), ("ж", True), ("", False), ("\r", False)],
)
def test_keys_that_type_are_those_with_a_character(character: str, is_typing: bool) -> None:
    assert Key(0, character=character).is_typing == is_typing


@needs("ibus")
def test_characters_are_those_of_ibus() -> None:
    library = ctypes.CDLL("libibus-1.0.so.5")
    library.ibus_keyval_to_unicode.restype = ctypes.c_uint32
    character = characters()
    # Latin, Polish, Cyrillic, Greek, Hebrew, Arabic, Thai, €, ő, an emoji, Shift, Left.
    symbols = [0x61, 0x1B1, 0x6C1, 0x7E1, 0xCE0, 0x5C7, 0xDA1, 0x20AC, 0x1F5, 0x101F600]
    for symbol in [*symbols, 0xFFE1, 0xFF51]:
        code = library.ibus_keyval_to_unicode(symbol)
        assert character(symbol) == (chr(code) if code else "")
