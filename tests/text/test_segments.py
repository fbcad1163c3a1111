import importlib.util
from dataclasses import replace

import pytest

from foreword.errors import MissingExtraError
from foreword.text import segments
from foreword.text.lines import Piece
from foreword.text.tokenizer import Tokenizer, TokenizerConfig

ICU = TokenizerConfig(segmenter="icu")

# As dictionaries and grammars of these languages have them.
SENTENCES = {
    "今天天气很好，我们去公园。": ["今天", "天气", "很好", "，", "我们", "去", "公园", "。"],
    "私は東京に": ["私", "は", "東京", "に"],
    "ผมรักประเทศไทย": ["ผม", "รัก", "ประเทศไทย"],
    "ភាសាខ្មែរគឺជាភាសា": ["ភាសាខ្មែរ", "គឺជា", "ភាសា"],
    "ພາສາລາວ": ["ພາສາ", "ລາວ"],
}


@pytest.mark.parametrize(("text", "words"), SENTENCES.items())
def test_words_are_told_apart_where_no_spaces_are(text: str, words: list[str]) -> None:
    tokenizer = Tokenizer.learn([Piece(text, ends_line=True)], ICU)
    actual = tokenizer.split(text)
    assert [word.text for word in actual] == words == tokenizer.cut(text)
    assert [text[word.start : word.end] for word in actual] == words
    assert [word.id for word in actual] == tokenizer.encode(text)
    assert tokenizer.encode_lines([text])[0].tolist() == tokenizer.encode(text)
    assert all(tokenizer.id_of(word) >= 2 for word in words)


def test_places_are_right_beside_what_is_folded() -> None:
    text = "“今天天气”… ｏｋ ﬁne ไทย"
    tokenizer = Tokenizer(["<unk>", "<eos>"], ICU)
    actual = [(word.text, text[word.start : word.end]) for word in tokenizer.split(text)]
    assert actual == [
        *(('"', "“"), ("今天", "今天"), ("天气", "天气"), ('"', "”"), ("...", "…")),
        *(("ok", "ｏｋ"), ("fine", "ﬁne"), ("ไทย", "ไทย")),
    ]


@pytest.mark.parametrize("text", ["It's so.", "привет мир", "한국어 단어", "می\u200cخواهم", "नमस्ते"])
def test_scripts_with_spaces_are_cut_as_without_a_segmenter(text: str) -> None:
    plain = Tokenizer(["<unk>", "<eos>"], TokenizerConfig())
    assert Tokenizer(["<unk>", "<eos>"], ICU).split(text) == plain.split(text)
    assert segments.unspaced_share([text]) == 0


def test_the_share_of_such_letters_is_that_of_the_text() -> None:
    assert segments.unspaced_share(["今天天气", "abcd"]) == 0.5
    assert segments.unspaced_share([]) == 0


def test_a_model_that_needs_the_library_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(segments, "find_spec", lambda name: None if "icu" in name else find(name))
    with pytest.raises(MissingExtraError, match=r'pip install "foreword\[segment\]"'):
        Tokenizer(["<unk>", "<eos>"], ICU)
    Tokenizer(["<unk>", "<eos>"], replace(ICU, segmenter="none"))


@pytest.mark.parametrize(
    "option", [{"segmenter": "jieba"}, {"segmenter": "icu", "words": "spaces"}]
)
def test_a_segmenter_that_cannot_be_is_refused(option: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="segmenter"):
        TokenizerConfig(**option)
