"""Whose upper and lower case a text follows: told, or found out and said."""

from pathlib import Path

import pytest

from foreword.errors import SettingsError
from foreword.text.tokenizer import Tokenizer
from foreword.training.corpus import read_corpus
from foreword.training.progress import Event, Note
from foreword.training.settings import TextSettings, settings_from

TURKISH = "Işık açık mı?\nİyi akşamlar, İstanbul.\nKapıyı açtım ve ışığı yaktım.\n"


def learned(tmp_path: Path, text: str, **settings: object) -> tuple[Tokenizer, list[str]]:
    """The tokeniser of a text, and what was said."""
    file = tmp_path / "text.txt"
    file.write_text(text * 9, encoding="utf-8")
    messages: list[Event] = []
    corpus = read_corpus([file], [], TextSettings(**settings), tmp_path, messages.append)
    return corpus.tokenizer, [event.text for event in messages if isinstance(event, Note)]


def test_turkish_is_found_out_said_recorded_and_folded_by_its_rules(tmp_path: Path) -> None:
    tokenizer, events = learned(tmp_path, TURKISH, case="fold")

    assert tokenizer.config.language == "tr"
    assert any("Turkish" in note and "--set language=" in note for note in events)
    assert {"ışık", "iyi", "istanbul"} <= set(tokenizer.words)


def test_a_language_that_was_told_is_taken_and_nothing_is_said(tmp_path: Path) -> None:
    tokenizer, events = learned(tmp_path, TURKISH, language="de")

    assert tokenizer.config.language == "de"
    assert not any("language" in note for note in events)


def test_a_text_that_shows_no_rules_has_no_language(tmp_path: Path) -> None:
    tokenizer, events = learned(tmp_path, "How are you?\nI am fine.\n")

    assert tokenizer.config.options == {}
    assert not any("language" in note for note in events)


def test_what_is_no_code_is_refused_before_anything_is_read() -> None:
    with pytest.raises(SettingsError, match="such as tr, de or pt-BR"):
        settings_from({"language": "turkish!"})
