"""Everything that can be wrong with what a user gives: one clear message, no traceback."""

import gzip
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has 0 words"),
        (b"\n\n  \n", "has 0 words"),
        (b"\x89PNG\r\n\x1a\n\0\0", "binary file"),
        (b"text\0text\n", "binary file"),
        ("Übel".encode("latin-1"), "line 1, byte 0"),
        (gzip.compress(b"some words\n" * 99)[:-12], "cannot be read"),
    ],
    ids=["nothing", "no words", "picture", "NUL", "latin-1", "gzip cut short"],
)
def test_texts_that_cannot_be_used_are_named(
    content: bytes, message: str, tmp_path: Path, foreword_command: Command
) -> None:
    (tmp_path / "text.txt").write_bytes(content)
    failed = foreword_command(
        "train", tmp_path / "text.txt", "--out", tmp_path / "m", "--steps", 1, expect=1
    )
    assert message in failed.stderr
    assert "text.txt" in failed.stderr
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"word",
        b"the the the the",
        b"a few words only\n",
        "ein zweites Wörtchen\n".encode() * 30,
        b"long " * 400_000,
    ],
    ids=["one word", "one-word vocabulary", "shorter than a batch", "short", "2 MB line"],
)
def test_odd_but_usable_texts_give_a_model(
    content: bytes, tmp_path: Path, foreword_command: Command
) -> None:
    (tmp_path / "text.txt").write_bytes(content)
    done = foreword_command(
        *("train", tmp_path / "text.txt", "--out", tmp_path / "m", "--steps", 3),
        *("--hidden-size", 8),
    )
    assert ("will not be measured" in done.stderr) == (len(content) < 10_000)
    assert foreword_command("predict", tmp_path / "m", "the").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "missing.txt", "--out", "m"], "no such file"),
        (["train", "--out", "m", "--learning-rate", "-1"], "learning_rate"),
        (["train", "--out", "m", "--dropout", "2"], "dropout"),
        (["train", "--out", "m", "--resume"], "no checkpoint"),
        (["train", "text.txt", "--out", "m", "--device", "abacus"], "device 'abacus'"),
        (["evaluate", "m"], "give a TEXT"),
        (["predict", "m", "hello"], "no such folder"),
        (["info", "m"], "no such folder"),
        (["compare", "--model", "lsmt"], "no model 'lsmt'"),
        (["predict", "m", "--interactive"], "no such folder"),
    ],
)
def test_mistakes_end_with_code_one_and_say_what_to_do(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    foreword_command: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text("a few words to train on\n" * 20)
    failed = foreword_command(*arguments, expect=1)
    assert message in failed.stderr
    assert failed.stdout == ""
    assert [p.name for p in tmp_path.iterdir()] == ["text.txt"]


@pytest.mark.parametrize(
    "arguments",
    [["train"], ["train", "--out", "m", "--model", "lsmt"], ["fly"], ["predict"]],
)
def test_wrong_usage_ends_with_code_two(
    arguments: list[str], foreword_command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    foreword_command(*arguments, expect=2)


def test_a_folder_that_is_no_model_is_left_alone(tmp_path: Path, foreword_command: Command) -> None:
    (tmp_path / "text.txt").write_text("some words to train on\n" * 9)
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").write_text("years")
    failed = foreword_command(
        "train", tmp_path / "text.txt", "--out", tmp_path / "precious", "--steps", 1, expect=1
    )
    assert "not a model folder" in failed.stderr
    assert [p.name for p in (tmp_path / "precious").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    "verb",
    [
        ["train", "text.txt"],
        ["train", "text.txt", "--overwrite"],
        ["tune", "text.txt"],
        ["tune", "text.txt", "--overwrite"],
        ["compress", "model", "--overwrite"],
        ["compare", "text.txt"],
        ["memory"],
        ["inspect", "model", "a text"],
    ],
    ids=" ".join,
)
def test_a_folder_with_other_files_is_refused_before_anything_is_read(
    verb: list[str],
    tmp_path: Path,
    fresh_command: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text("a few words to train on\n" * 20)
    (tmp_path / "mine").mkdir()
    names = ["thesis.txt", "journal.log", "best.toml", "table.csv", "index.html"]
    for name in names:
        (tmp_path / "mine" / name).write_text("years")
    failed = fresh_command(*verb, "--out", "mine", expect=1)
    assert "mine " in failed.stderr
    assert "--out" in failed.stderr or "Choose another" in failed.stderr
    assert len(failed.stderr.splitlines()) == 1  # nothing was loaded or read before
    assert sorted(p.name for p in (tmp_path / "mine").iterdir()) == sorted(names)
    assert all((tmp_path / "mine" / name).read_text() == "years" for name in names)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine", "text.txt"]


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (".", "exists and is not a model folder"),
        ("/", "exists and is not a model folder"),
        ("text.txt", "is a file, not a folder"),
        ("text.txt/m", "cannot be written to: Not a directory"),
        ("n" * 300, "has 300 bytes"),
        ("/proc/m", "cannot be written to"),
    ],
    ids=["here", "the root", "a file", "below a file", "300 letters", "not writable"],
)
def test_a_place_that_cannot_be_written_to_is_refused_before_anything_is_read(
    out: str,
    message: str,
    tmp_path: Path,
    fresh_command: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text("a few words to train on\n" * 20)
    failed = fresh_command("train", "text.txt", "--out", out, "--overwrite", expect=1)
    assert message in failed.stderr
    assert len(failed.stderr.splitlines()) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["text.txt"]


def test_interactive_needs_a_terminal(model: Path, foreword_command: Command) -> None:
    failed = foreword_command("predict", model, "--interactive", expect=1)
    assert "needs a terminal" in failed.stderr


def test_damage_is_named_by_every_verb(
    model: Path, tmp_path: Path, foreword_command: Command, chats: Path
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (broken / name).write_bytes((model / name).read_bytes())
    config = json.loads((broken / "config.json").read_text())
    config["format_version"] = 99
    (broken / "config.json").write_text(json.dumps(config))
    for verb in (["predict", broken, "a"], ["info", broken], ["evaluate", broken, chats]):
        assert "newer Foreword" in foreword_command(*verb, expect=1).stderr
