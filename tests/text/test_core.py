"""The core's text layer in C++ against Python's, character by character and word by word."""

import random
import sys
import unicodedata
from functools import cache

import pytest
from tests.needs import needs

from foreword import compiled
from foreword.text import characters, segments
from foreword.text.case import Case
from foreword.text.tokenizer import EOS_ID, Tokenizer, TokenizerConfig

pytestmark = needs("kernels")
CORE = compiled.part("core") if compiled.loaded() is not None else None

# In alphabetical order, as the core numbers them.
CATEGORIES = (
    *("Cc", "Cf", "Cn", "Co", "Cs", "Ll", "Lm", "Lo", "Lt", "Lu", "Mc", "Me", "Mn", "Nd", "Nl"),
    *("No", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "Sc", "Sk", "Sm", "So", "Zl", "Zp", "Zs"),
)
DECIMAL, DIGIT, ALPHANUMERIC, UPPER, LOWER, SPACE = (1 << index for index in range(6))
UNICODE_3_2 = unicodedata.ucd_3_2_0

PIECES = [
    *("the", "Don't", "don’t", "I", "İ", "ı", "STRASSE", "Straße", "ẞ", "ΦΩΣ", "Σ", "ή", "Μάιος"),
    *("naïve", "e\u0301", "a\u0323\u0301", "a\u0301\u0323", "\u0301", "Å", "Å", "ﬁ", "ĳ", "IJs"),
    *("ｈｅｌｌｏ", "𝐡𝐢", "№", "ℋ", "Ⅷ", "½", "²", "col·lecció", "coŀlecció", "ijs", "tAthair"),
    *(
        "한국어",
        "하\u11ab",
        "\u1112\u1161\u11ab",
        "क़",
        "क\u093c",
        "हिन्दी",
        "می\u200cخواهم",
        "לא",
        'צה"ל',
    ),
    *(
        "天气",
        "ไทย",
        "ひらがな",
        "。",
        "、",
        "！",
        "１．５",
        "10:30",
        "3.14",
        "1,000",
        "1.",
        ".5",
        "٣٫٥",
    ),
    *("😀", "👩‍🚀", "👍🏽", "🇩🇪", "🇩", "❤️", "ℹ\ufe0f", "1\ufe0f\u20e3", "#\u20e3", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "©"),
    *(
        "...",
        "…",
        "!!!",
        "--",
        "—",
        "–",
        "-",
        "'",
        "’",
        "“",
        "”",
        "„",
        '"',
        "«",
        "»",
        "`",
        "´",
        "‥",
    ),
    *("http://a.b/c?d=e", "a@b.c", "#tag", "snake_case", "e.g.", "U.S.", "p.m.", "Dr.", "C++"),
    *("\xad", "\u200b", "\u200d", "\u200e", "\ufeff", "\u034f", "\ufe0f", "\u2060", "\x00", "\x1c"),
    *(" ", " ", " ", " ", "\t", "\xa0", "\u3000", "\u2028", "\n", "\r\n", "\r", "\x85", "\v"),
    *(
        "\ud7ff",
        "\ue000",
        "\ufffd",
        "\ufffe",
        "\U0010ffff",
        "<unk>",
        "<eos>",
        "=\u0338",
        "\U0001d15e",
    ),
]


def assigned() -> str:
    """Every character that Python knows, and emoji to come."""
    codes = [*range(0xD800), *range(0xE000, 0x33480), *range(0xE0000, 0xE0200)]
    return "".join(chr(code) for code in codes if unicodedata.category(chr(code)) != "Cn")


@cache
def texts(seed: int, count: int = 400) -> list[str]:
    """Random texts of pieces and of single characters, which Unicode has had for long."""
    draw = random.Random(seed)
    old = [c for c in map(chr, range(0x30000)) if UNICODE_3_2.category(c) not in ("Cn", "Cs", "Co")]
    return [
        "".join(
            draw.choice(old) if draw.random() < 0.15 else draw.choice(PIECES)
            for _ in range(draw.randrange(12))
        )
        for _ in range(count)
    ]


def test_each_character_has_the_properties_that_python_says():
    every = "".join(map(chr, range(0x3FF00))) + "".join(map(chr, range(0xE0000, 0x110000, 7)))
    bits = {
        DECIMAL: str.isdecimal,
        DIGIT: str.isdigit,
        ALPHANUMERIC: str.isalnum,
        UPPER: str.isupper,
        LOWER: str.islower,
        SPACE: str.isspace,
    }
    for character, (category, combining, flags) in zip(every, CORE.flags(every), strict=True):
        assert CATEGORIES[category] == unicodedata.category(character)
        assert combining == unicodedata.combining(character)
        for bit, method in bits.items():
            assert bool(flags & bit) == method(character), (hex(ord(character)), method)


def test_each_character_has_the_case_that_python_says():
    for character in assigned():
        assert CORE.lower(character) == character.lower()
        assert CORE.upper(character) == character.upper()
        assert CORE.casefold(character) == character.casefold()
        assert CORE.title(character) == character.title()


def test_texts_have_the_case_that_python_says():
    for text in texts(1):
        assert CORE.lower(text) == text.lower()
        assert CORE.upper(text) == text.upper()
        assert CORE.casefold(text) == text.casefold()
        assert CORE.is_upper(text) == text.isupper()
        assert CORE.is_lower(text) == text.islower()
        assert CORE.is_alpha(text) == text.isalpha()


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_texts_are_normalised_as_python_does(form):
    draw = random.Random(form)
    marks = "\u0301\u0323\u0308\u0345\u0327\u0338\u05b0\u093c\u3099\u1161\u11a8\u0315\u1dce"
    mixed = ["".join(draw.choice(f"{text}a{marks}") for _ in range(8)) for text in texts(2)]
    for text in [*assigned(), *texts(2), *mixed]:
        assert CORE.normalised(form, text) == unicodedata.normalize(form, text)


def test_bytes_that_are_no_utf_8_are_replaced_as_python_does():
    draw = random.Random(3)
    for text in texts(3):
        damaged = bytearray(text.encode("utf-8", "surrogatepass"))
        for _ in range(draw.randrange(4) if damaged else 0):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        assert CORE.decoded(bytes(damaged)) == damaged.decode("utf-8", "replace")
        assert CORE.encoded(text) == text.encode()
    assert CORE.encoded("a\ud800b") == "a\ufffdb".encode()


@pytest.mark.parametrize("kept", ["", "–", "’…"])
def test_marks_and_letters_become_plain_as_in_python(kept):
    for text in [*texts(4), *assigned()[: sys.maxsize if kept == "" else 0]]:
        assert CORE.folded(text, kept) == characters.folded(text, kept)
        assert CORE.folded_with_offsets(text, kept) == characters.folded_with_offsets(text, kept)
        assert CORE.as_if_continued(text) == characters.as_if_continued(text)
        assert CORE.stand_ins(text) == list(characters.stand_ins(text))
        assert CORE.is_unspaced(text) == segments.is_unspaced(text)


@pytest.mark.parametrize("language", ["", "tr", "tt-Cyrl", "tt_cyrl_RU", "nl", "ga", "lt", "el"])
def test_case_follows_the_rules_of_a_language(language):
    ours, case = CORE.Case(language), Case(language)
    assert ours.dotless == case.dotless
    more = [
        "ijsland",
        "nGaeilge",
        "bhFuil",
        "ąjį\u0303",
        "i\u0301",
        "J\u0307\u0301",
        "į̇́",
        "Άι",
        "mBus",
    ]
    for text in [*texts(5), *more, *map(str.upper, more)]:
        assert ours.fold(text) == case.fold(text)
        assert ours.lower(text) == case.lower(text)
        assert ours.upper(text) == case.upper(text)
        assert ours.capitalised(text) == case.capitalised(text)


@pytest.mark.parametrize(
    "words",
    [
        ["ışık", "için", "İzmir"],
        ["ıa", "b", *(f"w{k}" for k in range(98))],
        ["IJsland", "IJs", "Ijs"],
        ["IJsland", "Ijs", "Ijzer"],
        ["tAthair", "nGaeilge", "bhFuil", "mB"],
        ["tAthair", *(f"w{k}" for k in range(9))],
        ["plain", "words"],
    ],
)
def test_the_rules_that_words_show_are_found(words):
    assert CORE.Case.of(words).language == Case.of(words).language


def vocabulary(config: TokenizerConfig, extra: str = "") -> list[str]:
    """The words of some texts that are not too rare, and typographic marks."""
    plain = Tokenizer(["<unk>", "<eos>"], config)
    words = dict.fromkeys(word for text in texts(6) for word in plain.cut(text))
    return [
        "<unk>",
        "<eos>",
        *[word for word in words if word not in ("<unk>", "<eos>")][::2],
        *extra,
    ]


CONFIGS = [
    TokenizerConfig(),
    TokenizerConfig(case="fold"),
    TokenizerConfig(case="fold", language="tr"),
    TokenizerConfig(lines="paragraph", language="nl"),
    TokenizerConfig(words="spaces"),
    TokenizerConfig(words="spaces", case="fold"),
]


@pytest.mark.parametrize("marks", ["", "–’"])
@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_text_is_cut_into_the_same_words(config, marks):
    words = list(dict.fromkeys(vocabulary(config, marks)))
    tokenizer = Tokenizer(words, config, marks="…" if marks else "")
    ours = CORE.Tokenizer(
        words,
        only_spaces=config.words == "spaces",
        folds_case=config.case == "fold",
        language=config.language,
        marks=["…"] if marks else [],
    )
    assert ours.vocab_size == tokenizer.vocab_size
    assert ours.language == tokenizer.case.language
    for text in texts(7):
        line = text.replace("\n", " ")
        assert ours.encode(line) == tokenizer.encode(line)
        assert ours.normalise(text) == tokenizer.normalise(text)
        assert ours.id_of(text) == tokenizer.id_of(text)
        expected = [(word.text, word.id, word.start, word.end) for word in tokenizer.split(line)]
        assert ours.split(line) == expected
        for last in (EOS_ID, 5):
            read = [(w.text, w.id, w.start, w.end) for w in tokenizer.read(text, last)]
            assert ours.read(text, last) == read


def test_each_character_is_cut_as_by_oniguruma():
    tokenizer = Tokenizer(["<unk>", "<eos>"], TokenizerConfig())
    for between in (" ", "a", "\u200d", "1"):
        text = between.join(assigned())
        assert [
            word for word, *_ in CORE.Tokenizer(["<unk>", "<eos>"]).split(text)
        ] == tokenizer.cut(text)


def test_what_the_core_cannot_read_is_refused():
    for options, message in (({"has_segmenter": True}, "ICU"), ({"lines": "wrapped"}, "wrapped")):
        with pytest.raises(CORE.Error, match=message):
            CORE.Tokenizer(["<unk>", "<eos>"], **options).read("text")
    for words in (["<unk>"], ["<eos>", "<unk>"], ["<unk>", "<eos>", "a", "a"]):
        with pytest.raises(CORE.Error, match="vocabulary"):
            CORE.Tokenizer(words)
