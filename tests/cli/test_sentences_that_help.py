"""What a newcomer is told who names what is not there, or asks for what cannot be."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from foreword.cli import notes
from foreword.cli.app import app
from foreword.errors import did_you_mean
from foreword.predictor.predictor import Predictor


def output_of(*arguments: object, expect: int = 0, stdin: str = "") -> str:
    """All that a command prints, its error included."""
    done = CliRunner().invoke(app, [str(a) for a in arguments], input=stdin)
    message = "" if done.exception is None else str(done.exception)
    assert done.exit_code == expect, message
    return " ".join((done.output + message).split())


@pytest.fixture
def _one_model(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("folder.absent", "folder.installed", "cli.notes", "cli.predict"):
        monkeypatch.setattr(f"foreword.{module}.installed_models", lambda: ["everyday-en"])


@pytest.mark.usefixtures("_one_model")
@pytest.mark.parametrize("verb", ["predict", "generate"])
def test_a_word_that_is_no_model_may_be_a_text(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    output = output_of(verb, "hello", expect=1)
    assert "hello: there is no such folder, nor an installed model of that name." in output
    assert output.endswith(
        f'If it is a text, name the model before it: foreword {verb} everyday-en "hello"'
    )
    assert output.count("..") == 0
    assert f'foreword {verb} everyday-en "hello there"' in output_of(
        verb, "hello", "there", expect=1
    )
    assert "If it is a text" not in output_of(verb, "./hello", expect=1)


@pytest.mark.usefixtures("_one_model")
@pytest.mark.parametrize("text", ["everyday_en", "evryday-en", "Everyday-EN", "everyday"])
def test_a_misspelt_model_is_asked_about(text: str) -> None:
    assert "Did you mean everyday-en?" in output_of("predict", text, "how are", expect=1)
    assert "Did you mean everyday-en?" in output_of("info", text, expect=1)


def test_a_misspelt_folder_is_asked_about(tmp_path: Path) -> None:
    (tmp_path / "my-model").mkdir()
    (tmp_path / "my-model" / "config.json").touch()
    (tmp_path / "my-modes").mkdir()
    output = output_of("info", tmp_path / "my_model", expect=1)
    assert f"Did you mean {tmp_path / 'my-model'}?" in output


def test_a_text_in_a_models_place_is_told_how_to_learn_it(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("some notes\n")
    assert f"foreword train {text} --out my-model" in output_of("predict", text, "how", expect=1)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").touch()
    config = tmp_path / "model" / "config.json"
    assert f"Name the folder that it is in: {config.parent}" in output_of("info", config, expect=1)


def test_a_folder_of_models_names_them(tmp_path: Path) -> None:
    assert "Train a model with: foreword train" in output_of("info", tmp_path, expect=1)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").touch()
    assert f"Models in it: {tmp_path / 'mine'}" in output_of("info", tmp_path, expect=1)


def test_a_model_without_a_name_is_refused() -> None:
    assert "the model has no name" in output_of("predict", "", expect=1)


def test_words_without_quotation_marks_are_one_text() -> None:
    words = output_of("predict", "everyday-en", "how", "are", "you", "--json")
    assert words == output_of("predict", "everyday-en", "how are you", "--json")


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("привет как дела", "none of these 3 words"),
        ("je voudrais un café", "3 of these 4 words"),
        ("ich möchte ein Bier bitte", "none of these 5 words"),
    ],
)
def test_a_language_that_the_model_does_not_know_is_told_of(text: str, known: str) -> None:
    output = output_of("predict", "everyday-en", text)
    assert f"everyday-en knows {known}" in output
    assert "everyday English" in output
    assert "foreword train TEXT --out my-model" in output


@pytest.mark.parametrize(
    "text",
    [
        *("how are you", "I would li", "xylo", "", "I saw the transformer yesterday", "12/25"),
        *("Hola", "cant", "whats", "approx. ", "whats wont dont"),
    ],
)
def test_a_text_of_the_models_language_is_not(text: str) -> None:
    output = output_of("predict", "everyday-en", text)
    assert "knows" not in output
    assert "does not know" not in output


def test_a_word_in_letters_that_the_model_lacks_is_told_of() -> None:
    assert "everyday-en does not know this word" in output_of("predict", "everyday-en", "привет")


def test_the_language_is_told_of_once_for_many_lines() -> None:
    output = output_of("predict", "everyday-en", stdin="привет как\nдела хорошо\n")
    assert output.count("knows none of these 4 words") == 1


def test_an_empty_text_is_the_beginning_of_one() -> None:
    assert output_of("predict", "everyday-en", "").startswith("(the beginning of a text)")


def test_words_of_a_small_vocabulary_are_none_the_less_of_its_language(make_folder: Any) -> None:
    predictor = Predictor(make_folder())
    reading = notes.ReadingNotes()
    known = [w for w in map(predictor.tokenizer.word_of, range(2, 12)) if w.isalpha()][:2]
    reading.add(predictor, f"{' '.join(known)} qqq zzz", [])
    assert (reading.words, reading.unknown, reading.strange) == (4, 2, 2)


def test_an_empty_personal_file_tells_how_it_learns(tmp_path: Path) -> None:
    (tmp_path / "none.db").touch()
    output = output_of(
        "predict", "everyday-en", "how", "--personal", tmp_path / "none.db", expect=1
    )
    assert f"foreword personal {tmp_path / 'none.db'} learn TEXT --model" in output
    new, empty = tmp_path / "new.db", tmp_path / "empty.txt"
    empty.touch()
    assert "no word to learn" in output_of("personal", new, "learn", "-m", "everyday-en", empty)
    how = f"{new} holds no words yet. It learns them by: foreword personal {new} learn TEXT"
    assert how in output_of("predict", "everyday-en", "how are", "--personal", new)
    for verb in ("list", "info"):
        assert how in output_of("personal", new, verb)


def test_a_forgotten_personal_file_is_asked_for() -> None:
    output = output_of("personal", "learn", "notes.txt", expect=2)
    assert "foreword personal FILE learn" in output


def test_a_name_that_is_nearly_known_is_asked_about() -> None:
    assert did_you_mean("lsmt", ["lstm", "gru"]) == " Did you mean lstm?"
    assert did_you_mean("banana", ["lstm", "gru"]) == ""
    assert "Did you mean lstm?" in output_of("compare", "--model", "lsmt", expect=1)
    assert "Did you mean lstm" in output_of("check", "--cell", "lsmt", expect=1)


def test_too_few_minutes_for_all_networks_are_refused_before_any_text_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    output = output_of("compare", "missing.txt", "--minutes", "0.05", expect=1)
    assert "0.05 minutes are too few for 8 networks" in output
    assert "Give 0.4 at least" in output
    assert list(tmp_path.iterdir()) == []


def without_torch(*arguments: Any) -> subprocess.CompletedProcess[str]:
    program = (
        "import sys; sys.modules['torch'] = None; sys.argv[0] = 'foreword'\n"
        "from foreword.cli.main import main; main()"
    )
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_doctor_works_without_torch_and_says_what_is_missing() -> None:
    done = without_torch("doctor")
    assert done.returncode == 0
    assert "everyday-en" in done.stdout
    assert "PyTorch is not installed" in done.stderr
    assert 'pip install "foreword[train]"' in done.stderr
    assert '"torch": "none"' in without_torch("doctor", "--json").stdout


@pytest.mark.parametrize(
    "arguments",
    [("train", "--out", "m"), ("evaluate", "everyday-en", "a.txt"), ("compare",), ("check",)],
)
def test_verbs_that_need_torch_name_themselves_and_the_extra(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("some text\n")
    done = without_torch(*arguments)
    assert done.returncode == 1
    assert f"error: foreword {arguments[0]} needs a library" in done.stderr
    assert 'pip install "foreword[train]"' in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
