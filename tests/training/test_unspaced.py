from pathlib import Path

import pytest

import foreword
from foreword.errors import MissingExtraError
from foreword.text import segments
from foreword.training.progress import Event, Note

CHINESE = "今天天气很好，我们去公园。\n我们今天去公园，天气很好。\n" * 40


def train(tmp_path: Path) -> list[str]:
    text = tmp_path / "zh.txt"
    text.write_text(CHINESE, "utf-8")
    events: list[Event] = []
    foreword.train(
        text,
        out=tmp_path / "model",
        report=events.append,
        model="rnn",
        steps=3,
        hidden_size=4,
        embedding_size=4,
    )
    return [event.text for event in events if isinstance(event, Note)]


def test_words_without_spaces_are_told_apart_and_that_is_told_and_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    description = train(tmp_path)
    assert any("100% of the text's letters" in text and "ICU" in text for text in description)
    model = foreword.load(tmp_path / "model")
    assert {"今天", "天气", "公园"} <= set(model.tokenizer.words)
    assert model.config.tokenizer.segmenter == "icu"
    monkeypatch.setattr(segments, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"foreword\[segment\]"):
        foreword.load(tmp_path / "model")


def test_a_text_whose_words_cannot_be_told_apart_is_told_loudly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "find_spec", lambda _: None)
    warnings = [text for text in train(tmp_path) if text.startswith("WARNING")]
    assert len(warnings) == 1
    assert "100% of the text's letters" in warnings[0]
    assert 'pip install "foreword[segment]"' in warnings[0]
    assert "今天天气很好" in foreword.load(tmp_path / "model").tokenizer.words
