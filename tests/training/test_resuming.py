"""What a folder has besides its network, when a training in it goes on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import foreword
from foreword.folder.saving import write_folder
from foreword.folder.store import read_folder
from foreword.training import next_words
from foreword.training.progress import Event, Validated


def test_rare_words_that_a_folder_was_given_are_there_after_more_steps(tmp_path: Path) -> None:
    text, out = tmp_path / "notes.txt", tmp_path / "m"
    text.write_text("how are you\ni am fine\n" * 200, "utf-8")
    foreword.train([text], out=out, hidden_size=4, batch_size=4, window=5, steps=5)
    folder = read_folder(out)
    card = (out / "README.md").read_text("utf-8")
    write_folder(out, folder.config, folder.weights, folder.tokenizer, card, ["Matterhorn"])
    foreword.train(out=out, resume=True, steps=10)
    after = read_folder(out)
    assert after.config.training is not None
    assert after.config.training.steps == 10
    assert after.rare == ("Matterhorn",)


def test_a_killed_training_leaves_the_misspellings_found_so_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(next_words, "misspellings_of", lambda *_: {"gou": "you"})
    text, out = tmp_path / "notes.txt", tmp_path / "m"
    text.write_text("how are you\nhow are gou\ni am fine\n" * 200, "utf-8")

    actual: list[Mapping[str, str]] = []

    def look(event: Event) -> None:
        if isinstance(event, Validated) and out.exists():
            actual.append(read_folder(out).misspellings)

    options: dict[str, Any] = {"hidden_size": 4, "batch_size": 4, "window": 5, "validations": 4}
    foreword.train([text], out=out, valid=text, steps=8, save_seconds=1e-9, report=look, **options)
    assert actual[-1] == {"gou": "you"}
