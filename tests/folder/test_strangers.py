"""Words and records of a stranger's folder, whose checksums fit: refused, and never written."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from foreword.errors import FolderError, SettingsError
from foreword.folder import store
from foreword.folder.config import FolderConfig, ModelConfig, TrainingRecord
from foreword.folder.saving import write_folder
from foreword.folder.store import read_config, read_folder
from foreword.folder.weights import expected_shapes
from foreword.text.lines import Piece
from foreword.text.spacing import counted
from foreword.text.tokenizer import Tokenizer, TokenizerConfig
from foreword.visible import is_plain

SPACING = counted(["How are you ? Fine !"] * 9)
TOKENIZER = Tokenizer(["<unk>", "<eos>", "one", "two"], TokenizerConfig(), spacing=SPACING)
MODEL = ModelConfig(name="rnn", vocab_size=4, embedding_size=2, hidden_size=2)
RECORD = TrainingRecord(
    text="notes.txt", words=1, words_seen=1, steps=1, epochs=1.0, seconds=1.0, seed=1,
    settings={}, torch_version="2", finished=True,
)  # fmt: skip
HOSTILE = ["\x1b]52;c;eA==\x07", "\x9b31m", "a\u202eb", "a\U000e0041b", "a\u2028b", "a\u200bb"]


def written(path: Path, record: TrainingRecord = RECORD) -> Path:
    config = FolderConfig(model=MODEL, tokenizer=TOKENIZER.config, training=record)
    weights = {k: np.zeros(s, dtype=np.float32) for k, s in expected_shapes(MODEL).items()}
    write_folder(path, config, weights, TOKENIZER, "", ["zany", "zebra"])
    return path


def forged(folder: Path, name: str, change: Callable[[str], str]) -> None:
    """Changes a file as a stranger would, who knows how checksums are made."""
    file, about = folder / name, folder / "config.json"
    file.write_text(change(file.read_text("utf-8")), "utf-8", newline="\n")
    document = json.loads(about.read_text("utf-8"))
    checksums = document.pop("checksums")
    if name != "config.json":
        checksums[name] = store.sha256(file.read_bytes())
    del checksums["config.json"]
    checksums["config.json"] = store.config_checksum(document, checksums)
    about.write_text(json.dumps({**document, "checksums": checksums}))


@pytest.mark.parametrize("word", HOSTILE)
@pytest.mark.parametrize(
    ("name", "old", "where"),
    [
        ("tokenizer.json", "one", "tokenizer.json: the word with the id 2"),
        ("rare.txt", "zany", "rare.txt, line 1"),
        ("spacing.json", "?", "spacing.json"),
        ("config.json", "notes.txt", "config.json"),
    ],
)
def test_a_folder_is_refused_whose_strings_a_terminal_would_obey(
    tmp_path: Path, word: str, name: str, old: str, where: str
) -> None:
    folder = written(tmp_path / "m")
    new = word if name == "rare.txt" else json.dumps(word)[1:-1]
    forged(folder, name, lambda text: text.replace(old, new, 1))
    with pytest.raises(FolderError, match="nobody sees|is no mark") as raised:
        read_folder(folder)
    assert where in str(raised.value)
    assert is_plain(str(raised.value))


@pytest.mark.parametrize("space", ["\n", "\u2028", "\x85", "\x1c", "\x0b"])
def test_a_space_beside_a_mark_ends_no_line(tmp_path: Path, space: str) -> None:
    folder = written(tmp_path / "m")
    old, new = '"space_before": " "', f'"space_before": {json.dumps(space)}'
    forged(folder, "spacing.json", lambda text: text.replace(old, new, 1))
    with pytest.raises(FolderError, match=r"spacing\.json.*space_before must be a space"):
        read_folder(folder)


def test_names_of_texts_are_written_as_escapes(tmp_path: Path) -> None:
    name = "\x1b]0;x\x07[/b].txt"
    folder = written(tmp_path / "m", RECORD.model_copy(update={"text": name}))
    record = read_config(folder).training
    assert record is not None
    assert record.text == "\\x1b]0;x\\x07[/b].txt"


@pytest.mark.parametrize("rare", [False, True])
def test_words_that_a_terminal_would_obey_are_not_written(tmp_path: Path, rare: bool) -> None:
    words = ["<unk>", "<eos>", "one", "two" if rare else "\x1bc"]
    config = FolderConfig(model=MODEL, tokenizer=TOKENIZER.config)
    weights = {k: np.zeros(s, dtype=np.float32) for k, s in expected_shapes(MODEL).items()}
    tokenizer = Tokenizer(words, TOKENIZER.config)
    with pytest.raises(SettingsError, match=r"'\\\\x1bc' holds a character"):
        write_folder(tmp_path / "m", config, weights, tokenizer, "", ["\x1bc"] if rare else [])
    assert not (tmp_path / "m").exists()


def test_a_vocabulary_that_is_learned_from_cut_text_has_no_such_word() -> None:
    text = " ".join(["fine", *HOSTILE, "👩‍🚀", "😀\U000e0041"])
    for words in ("spaces", "unicode"):
        learned = Tokenizer.learn([Piece(text, ends_line=True)] * 3, TokenizerConfig(words=words))
        assert {"fine", "👩‍🚀"} <= {*learned.words}
        assert all(is_plain(word) for word in learned.words)


def test_the_line_ends_of_a_text_are_no_spaces_beside_marks() -> None:
    spacing = counted(["one ,\u2028two ,\u2028three"] * 9)
    assert spacing.space("after", ",") == " "
