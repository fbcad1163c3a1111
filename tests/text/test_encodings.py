import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.errors import TextError
from foreword.text.corpus import find_sources
from foreword.text.encodings import guess, mojibake, wide

TEXTS = {
    "cp1252": [
        "I don’t know what you’re talking about.",
        "Il a dit que c’était déjà fini, à l’été prochain.",
        "Grüße aus München, schöne Straße für Müller.",
        "El niño comió mañana en España. ¿Qué?",
        "It costs £5 or €6 – “really”…",
        "São Paulo é uma cidade; não há coração.",
    ],
    "cp1250": [
        "Zażółć gęślą jaźń, proszę państwa.",
        "Příliš žluťoučký kůň úpěl ďábelské ódy.",
        "Árvíztűrő tükörfúrógép és hosszú őszi esték",
    ],
    "cp1251": ["Привет, как дела? Что нового у тебя?", "Не знаю."],
    "koi8_r": ["Привет, как дела? Что нового у тебя?"],
    "cp866": ["Привет, как дела? Что нового у тебя?"],
    "cp1253": ["Καλημέρα, τι κάνεις σήμερα; Όλα καλά."],
    "cp1254": ["Bugün hava çok güzel, değil mi? Işık şehir ağaç."],
    "cp1255": ["שלום, מה שלומך היום?"],
    "cp1256": ["مرحبا، كيف حالك اليوم؟"],
    "cp874": ["สวัสดีครับ วันนี้เป็นอย่างไรบ้าง"],
    "mac_roman": ["I don’t know, it’s “fine”.", "Il était déjà à l’école, ça va."],
    "shift_jis": ["こんにちは、元気ですか。今日は天気がいいです。", "カタカナとひらがな"],
    "euc_jp": ["こんにちは、元気ですか。今日は天気がいいです。"],
    "gb18030": ["你好，今天天气很好，我们去公园吧。"],
    "big5": ["你好，今天天氣很好，我們去公園吧。"],
    "euc_kr": ["안녕하세요, 오늘 날씨가 좋네요."],
}
WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")


@pytest.mark.parametrize(
    ("encoding", "text"), [(name, text) for name, texts in TEXTS.items() for text in texts]
)
def test_text_in_an_old_encoding_is_advised_what_gives_back_its_letters(
    encoding: str, text: str
) -> None:
    data = (text + "\n").encode(encoding)
    actual = guess(data)
    assert actual is not None
    assert data.decode(actual.name).strip() == text
    assert actual.sample in text


def test_a_contraction_saved_by_windows_is_never_advised_latin_1(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes("plain\nI don’t mind\n".encode("cp1252"))
    (source,) = find_sources([path])
    with pytest.raises(TextError) as caught:
        list(source.read())
    assert "notes.txt, line 2, byte 11: 0x92 is not utf-8" in str(caught.value)
    assert "Windows-1252: “I don’t mind”. Add --encoding cp1252" in str(caught.value)


def test_noise_is_advised_nothing() -> None:
    noise = random.Random(1)
    assert guess(noise.randbytes(3000)) is None
    assert guess(bytes(range(256)) * 4) is None
    assert guess(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR") is None


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", *WIDE])
@pytest.mark.parametrize(
    "text", ["hello there\nyou", "Привет, как дела\nхорошо", "你好 我们\n公园"]
)
def test_unicode_of_every_width_is_read_without_being_named(
    encoding: str, text: str, tmp_path: Path
) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(text.encode(encoding))
    (source,) = find_sources([path])
    assert [piece.text for piece in source.read()] == text.split("\n")


@given(st.binary(max_size=300))
def test_any_bytes_are_guessed_or_not_without_an_error(data: bytes) -> None:
    actual = guess(data)
    if actual is not None and wide(data) is None:
        data.decode(actual.name, "ignore")


def test_random_bytes_are_not_taken_for_wide_text() -> None:
    noise = random.Random(2)
    assert all(wide(noise.randbytes(500)) is None for _ in range(200))
    assert wide(b"text\0text\n") is None
    assert wide(b"a long text in ASCII with a zero\0\n" * 9) is None
    assert wide(b"".join(noise.randbytes(1) + b"\0" for _ in range(500))) is None


@pytest.mark.parametrize(
    "text",
    ["I don’t know", "Il était déjà là", "naïve “quotes”", "Größe über alles", "Привет, как дела"],
)
def test_text_that_was_decoded_wrongly_before_it_was_saved_is_seen(text: str) -> None:
    assert mojibake(text.encode().decode("cp1252", "replace")) is not None
    assert mojibake(text) is None


@pytest.mark.parametrize("text", ["SÃO PAULO", "ÂGE D’OR", "Ð is eth", "àéîõü", "Ça va « bien »"])
def test_letters_that_mojibake_is_made_of_are_letters_too(text: str) -> None:
    assert mojibake(text) is None


def test_the_sample_shows_the_first_letter_that_is_not_ascii() -> None:
    text = "word " * 30 + "café " + "word " * 30
    actual = guess(text.encode("cp1252"))
    assert actual is not None
    assert "café" in actual.sample
    assert len(actual.sample) <= 48
