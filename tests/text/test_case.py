"""Upper and lower case by language. What is right stands in Unicode's and CLDR's special casing."""

import pytest

from foreword.predictor.letters import skeleton
from foreword.predictor.personal.plausible import letters
from foreword.text.case import (
    LATIN,
    Case,
    bare,
    case_of,
    checked_language,
    fold_in_any_language,
)
from foreword.text.tokenizer import Tokenizer, TokenizerConfig


@pytest.mark.parametrize(
    ("language", "word", "lower", "upper", "capitalised"),
    [
        *(("tr", "iyi", "iyi", "İYİ", "İyi"), ("az-Latn", "ışıq", "ışıq", "IŞIQ", "Işıq")),
        *(("az-Cyrl", "iyi", "iyi", "IYI", "Iyi"), ("", "iyi", "iyi", "IYI", "Iyi")),
        *(("nl", "ijsland", "ijsland", "IJSLAND", "IJsland"), ("nl", "ik", "ik", "IK", "Ik")),
        ("de", "straße", "straße", "STRASSE", "Straße"),
        ("ga", "tAthair", "tathair", "tATHAIR", "tAthair"),
        ("ga", "nGaeilge", "ngaeilge", "nGAEILGE", "nGaeilge"),
        ("ga", "iPhone", "iphone", "IPHONE", "iPhone"),
        *(("el", "άλφα", "άλφα", "ΑΛΦΑ", "Άλφα"), ("", "μάιος", "μάιος", "ΜΑΪΟΣ", "Μάιος")),
        *(("el", "ή", "ή", "Ή", "Ή"), ("el", "προϊόν", "προϊόν", "ΠΡΟΪΟΝ", "Προϊόν")),
        ("lt", "i\u0307\u0301š", "i\u0307\u0301š", "ÍŠ", "Íš"),
    ],
)
def test_each_language_has_its_capitals(
    language: str, word: str, lower: str, upper: str, capitalised: str
) -> None:
    case = Case(language)

    assert case.lower(word) == lower
    assert case.upper(word) == upper
    assert case.capitalised(word) == capitalised


def test_lithuanian_keeps_the_dot_under_an_accent() -> None:
    assert Case("lt").lower("Ì") == "i\u0307\u0300"
    assert Case().lower("Ì") == "ì"


def test_the_final_sigma_stands_at_the_end_alone() -> None:
    assert Case("el").lower("ΟΔΟΣ ΣΟΦΟΣ") == "οδος σοφος"
    assert Case().fold("οδός") == Case().fold("οδόσ")


@pytest.mark.parametrize(
    ("lines", "language"),
    [
        (["Bugün hava çok güzel.", "Işık açık mı?", "İstanbul'da yağmur var."], "tr"),
        (["Wij gaan naar IJsland.", "Het IJsselmeer is groot.", "Ik blijf hier."], "nl"),
        (["Ár nAthair atá ar neamh,", "tá Gaeilge ag mo mháthair i nGaillimh."], "ga"),
        (["I have an iPhone and an eBay account.", "It is mine."], ""),
        (["Prije podne dijete ide kući.", "Ijekavica je lijepa."], ""),
        (["Ich weiß, daß die Straße lang ist."], ""),
    ],
)
def test_a_text_shows_whose_rules_it_follows(lines: list[str], language: str) -> None:
    assert case_of(lines).language == language


@pytest.mark.parametrize("code", ["turkish", "t", "tr-", "tr_TR.UTF-8", "12", "tr TR", "x" * 99])
def test_what_is_no_code_of_a_language_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="such as tr, de or pt-BR"):
        checked_language(code)


def test_folding_lowers_capitals_as_the_language_does() -> None:
    words = ["<unk>", "<eos>", "ışık", "iyi", "isik"]
    turkish = Tokenizer(words, TokenizerConfig(case="fold", language="tr"))
    english = Tokenizer(words, TokenizerConfig(case="fold"))

    assert turkish.cut("IŞIK İYİ I\u0307yi") == ["ışık", "iyi", "iyi"]
    assert english.cut("ISIK IYI") == ["isik", "iyi"]
    again = Tokenizer.from_json(turkish.to_json(), turkish.config, path="tokenizer.json")
    assert again.cut("IŞIK") == ["ışık"]


def test_a_language_that_was_told_goes_before_what_the_letters_show() -> None:
    words = ["<unk>", "<eos>", "ışık", "için", "kadın"]

    assert Tokenizer(words, TokenizerConfig()).case.dotless
    assert not Tokenizer(words, TokenizerConfig(language="en")).case.dotless


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("İZMİR", "izmir"),
        ("IŞIK", "ışık"),
        ("STRASSE", "Straße"),
        ("ΟΔΟΣ", "οδος"),
        ("ZOË", "Zoe\u0308"),
    ],
)
def test_without_a_language_all_cases_of_a_word_fold_alike(typed: str, word: str) -> None:
    assert fold_in_any_language(typed) == fold_in_any_language(word)


def test_letters_without_accents_are_the_same_wherever_they_are_looked_up() -> None:
    for letter, plain in LATIN.items():
        assert (bare(letter), skeleton(letter), letters(letter)) == (plain, plain, plain)
