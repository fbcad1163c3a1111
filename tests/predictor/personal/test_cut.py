import pytest

from foreword.predictor.personal.cut import Cutter
from foreword.text.tokenizer import SPECIAL, Tokenizer, TokenizerConfig


def cutter(**options: str) -> Cutter:
    return Cutter(Tokenizer(SPECIAL, TokenizerConfig(**options)))


def test_forms_of_characters_are_learned_as_the_plain_ones() -> None:
    typeset = cutter().cut("“The com\xadmit\xadtee’s ﬁne…” — ｏｋ")
    assert typeset == cutter().cut('"The committee\'s fine..." -- ok')


@pytest.mark.parametrize(
    "text",
    [
        "write to me＠example.org",
        "write to me\u2060@exam\xadple.org",
        "my card is ４１１１１１１１１１１１１１１１",
        "my card is 4111\u200e1111\xad1111\u20601111",
    ],
)
def test_what_looks_like_a_secret_is_seen_behind_odd_characters(text: str) -> None:
    cut = cutter().cut(text)
    assert sum(cut.refused.values()) == 1
    assert cut.lines[0][-1] is None


def test_words_without_spaces_between_them_are_learned_one_by_one() -> None:
    text = "今天天气很好，" * 60  # longer than any word may be
    cut = cutter(segmenter="icu").cut(text)
    assert cut.refused == {}
    assert cut.lines[0][:4] == ["今天", "天气", "很好", "，"]
    assert cutter(segmenter="icu").is_word("今天天气")
