import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from foreword.cli.app import app
from foreword.errors import PersonalError, SettingsError
from foreword.folder.saving import write_folder
from foreword.folder.store import Folder
from foreword.predictor.personal import Personal
from foreword.predictor.personal.screen import Screen, Screened

Run = Callable[..., Any]
TEXT = "I would like Annegret to see the card 4111 1111 1111 1111\nDear Annegret\n"


@pytest.fixture
def model(tmp_path: Path, make_folder: Callable[..., Folder]) -> Path:
    folder = make_folder()
    write_folder(tmp_path / "m", folder.config, folder.weights, folder.tokenizer, "")
    return tmp_path / "m"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs `foreword personal FILE ...`; an error comes as itself."""

    def run(*words: object, stdin: str = "", code: int = 0, **variables: str) -> Any:
        runner = CliRunner(env={"COLUMNS": "120", "NO_COLOR": "1", **variables})
        command = ["personal", str(tmp_path / "mine"), *map(str, words)]
        done = runner.invoke(app, command, input=stdin)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done

    return run


def test_a_text_is_learned_listed_corrected_and_forgotten(run: Run, model: Path) -> None:
    output = run("learn", "--model", model, stdin=TEXT).stdout
    assert "14 words, 6 of them new in the file" in output
    assert "card 4" in output
    listed = json.loads(run("list", "--json").stdout)
    assert {"word": "Annegret", "count": 2} in listed
    assert "       2  Annegret" in run("list", "An").stdout
    run("edit", "Annegret", "--to", "Anna", "--count", 5)
    assert json.loads(run("list", "Ann", "--json").stdout) == [{"word": "Anna", "count": 5}]
    assert json.loads(run("forget", "anna", "--json").stdout) == {"forgotten": 1}
    assert run("list", "An").stdout == ""
    assert "words forgotten" in run("forget", "--everything").stdout
    assert run("list").stdout == ""


def test_what_is_exported_can_be_imported(run: Run, model: Path, tmp_path: Path) -> None:
    run("learn", "--model", model, stdin=TEXT)
    lines = run("export").stdout
    run("forget", "--everything")
    assert "new in the file" in run("import", stdin=lines).stdout
    assert sorted(run("export").stdout.splitlines()) == sorted(lines.splitlines())


def test_the_audit_names_what_was_refused_and_never_shows_it(run: Run, model: Path) -> None:
    run("learn", "--model", model, stdin=TEXT)
    shown = run("audit").stdout
    assert "card 4" in shown
    assert "4111" not in shown
    document = json.loads(run("audit", "--json").stdout)
    assert document["refused"] == {"card": 4}
    assert document["suspects"] == []
    assert json.loads(run("info", "--json").stdout)["words"] == document["words"]
    assert "held as short hashes" in run("info").stdout


def test_the_audit_fails_where_something_looks_like_a_secret(
    run: Run, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Screen, "screened", lambda *_: Screened())
    run("learn", "--model", model, stdin="aB3dE6gH aB3dE6gH")
    monkeypatch.undo()
    shown = run("audit", code=1)
    assert "aB… (8 characters), token, seen 2 times" in shown.stdout
    assert "--suspects" in shown.stderr
    assert json.loads(run("forget", "--suspects", "--json").stdout) == {"forgotten": 1}
    run("audit")


def test_mistakes_are_explained(run: Run, model: Path, tmp_path: Path) -> None:
    with pytest.raises(PersonalError, match="there is no such file"):
        run("list")
    with pytest.raises(SettingsError, match="line 1 cannot be imported"):
        run("import", stdin="{}")
    run("learn", "--model", model, stdin=TEXT)
    with pytest.raises(SettingsError, match="name the words to forget"):
        run("forget")
    with pytest.raises(SettingsError, match="say how to write it"):
        run("edit", "Annegret")
    run("learn", stdin=TEXT, code=2)


def test_a_key_from_the_environment_encrypts_the_file(
    run: Run, model: Path, tmp_path: Path
) -> None:
    pytest.importorskip("sqlcipher3")
    key = {"FOREWORD_PERSONAL_KEY": "secret"}
    run("learn", "--model", model, stdin=TEXT, **key)
    assert b"Annegret" not in (tmp_path / "mine").read_bytes()
    assert "Annegret" in run("list", **key).stdout
    with pytest.raises(PersonalError, match="its key is another"):
        run("list")


def test_learning_weighs_the_words_against_the_model(run: Run, model: Path, tmp_path: Path) -> None:
    for _ in range(3):
        run("learn", "--model", model, stdin=TEXT * 20)
    with Personal.open(tmp_path / "mine") as layer:
        assert layer._held.memory.weights.seen[2:].sum() > 100


def test_a_model_predicts_with_a_persons_words(run: Run, model: Path, tmp_path: Path) -> None:
    run("learn", "--model", model, stdin=TEXT)
    command = ["predict", str(model), "Dear Anne", "--complete", "--json"]
    for options, is_known in ((["--personal", str(tmp_path / "mine")], True), ([], False)):
        done = CliRunner().invoke(app, [*command, *options])
        words = [p["word"] for p in json.loads(done.stdout)["predictions"]]
        assert ("Annegret" in words) == is_known


@pytest.mark.parametrize("name", ["folder", "text.txt/me", "missing/me", "n" * 300])
def test_a_file_that_cannot_be_written_to_is_refused_before_anything_is_read(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.txt").touch()
    no_model = ["--model", str(tmp_path / "no-model")]
    done = CliRunner().invoke(app, ["personal", str(tmp_path / name), "learn", *no_model])
    assert isinstance(done.exception, PersonalError)
    assert name in str(done.exception)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "text.txt"]
