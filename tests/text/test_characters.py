import unicodedata

import pytest

from foreword.text.characters import folded, folded_with_offsets, stand_ins
from foreword.text.lines import Piece
from foreword.text.tokenizer import UNK_ID, Tokenizer, TokenizerConfig


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("“so” ‘it’ „goes“ ‚on‘", "\"so\" 'it' \"goes\" 'on'"),
        ("wait… no — or – well―", "wait... no -- or - well--"),
        ("self‑aware self‐aware −5 ﹣5", "self-aware self-aware -5 -5"),
        ("don’t donʼt don＇t don´t 5′ 10″", "don't don't don't don't 5' 10\""),
        ("ﬁnd ﬂy eﬀect oﬃce ﬅill", "find fly effect office still"),
        ("ｈｅｌｌｏ　１２３ ３．１４ １０：３０", "hello　123 3.14 10:30"),
        ("𝐡𝐞𝐥𝐥𝐨 𝒽ℯ𝓁𝓁ℴ 𝕙𝕖𝕝𝕝𝕠 𝟏𝟐", "hello hello hello 12"),
        ("ſo ĳs ǆep Ⅷ", "so ijs džep VIII"),
        ("coŀlegi CoŀLEGI", "col·legi Col·LEGI"),
        ("ﻣﺮﺣﺒﺎ", "مرحبا"),
        ("ｶﾀｶﾅ", "カタカナ"),
        ("com\xadmit\xadtee", "committee"),
        ("hel\u2060lo hel\ufefflo hel\u200elo hel\u202alo\u202c", "hello hello hello hello"),
        ("hel\u200clo при\u200dвет", "hello привет"),
        ("a\ufe0f 1\ufe0e 葛\U000e0100", "a 1 葛"),
        ('צה"ל', "צה״ל"),
    ],
)
def test_forms_of_a_character_are_read_as_the_plain_one(text: str, plain: str) -> None:
    assert unicodedata.normalize("NFC", folded(text)) == plain


@pytest.mark.parametrize(
    "text",
    [
        "½ x² ™ ㎏ ① № ℃",  # NFKC would have 1⁄2, x2, TM, kg, 1, No and °C
        "ㅋㅋㅋ",  # and letters that do not stand alone
        "ทำ ນ້ຳ",  # and two characters for one
        "« oui » ‹non› 「はい」 你好！",
        "می\u200cخواهم ක්\u200dෂ",
        "👨\u200d👩\u200d👧 ❤\ufe0f 1\ufe0f\u20e3 🏴\u200d☠\ufe0f ℹ\ufe0f",
        "ការ\u200bងារ",  # Khmer parts words by what cannot be seen
        "¿qué? ¡sí!",
    ],
)
def test_what_has_a_meaning_of_its_own_stays(text: str) -> None:
    assert folded(text) == text


def test_places_are_those_in_the_text_as_it_was() -> None:
    text = "“com\xadmit\xadtee…” ﬁne"
    plain, starts = folded_with_offsets(text)
    assert plain == folded(text)
    assert [text[starts[index]] for index in range(len(plain))] == [
        *("“", *"committee", "…", "…", "…", "”", " ", "ﬁ", "ﬁ", "n", "e")
    ]
    assert starts[-1] == len(text)


def test_words_lie_where_they_stand_in_the_text_as_it_was() -> None:
    tokenizer = Tokenizer(["<unk>", "<eos>", "committee", "...", '"'], TokenizerConfig())
    text = "“com\xadmit\xadtee…”"
    actual = [(word.text, text[word.start : word.end]) for word in tokenizer.split(text)]
    assert actual == [('"', "“"), ("committee", "com\xadmit\xadtee"), ("...", "…"), ('"', "”")]


def test_typographic_and_plain_marks_are_one_word_in_what_is_learned() -> None:
    lines = ["wait… what", "wait... what", "“so” he said", '"so" he said', "so—so", "so--so"]
    pieces = [Piece(line, ends_line=True) for line in lines]
    words = Tokenizer.learn(pieces, TokenizerConfig()).words
    assert {"...", '"', "--"} <= set(words)
    assert not {"…", "“", "”", "—"} & set(words)


def test_a_vocabulary_that_has_typographic_marks_keeps_them() -> None:
    tokenizer = Tokenizer(["<unk>", "<eos>", "…", "“", "so"], TokenizerConfig())
    assert tokenizer.encode("“so…") == [3, 4, 2]
    assert tokenizer.encode("—") == [UNK_ID]


def test_text_that_is_cut_already_stays_as_it_is() -> None:
    pieces = [Piece("“ so … ”", ends_line=True)]
    words = Tokenizer.learn(pieces, TokenizerConfig(words="spaces")).words
    assert set(words[2:]) == {"“", "so", "…", "”"}


@pytest.mark.parametrize(
    ("mark", "other"),
    [("…", "..."), ("...", "…"), ("！", "!"), ("«", '"'), ("--", "—"), ("!!!!", "!!")],
)
def test_a_mark_that_is_lacking_stands_for_another_spelling(mark: str, other: str) -> None:
    assert other in stand_ins(mark)


@pytest.mark.parametrize("word", ["", "it", "ｉｔ", "\n\n"])
def test_what_is_no_mark_has_no_other_spelling(word: str) -> None:
    assert list(stand_ins(word)) == []
