"""`foreword prepare`."""

import json
from pathlib import Path

from typer.testing import CliRunner

from foreword.cli.app import app

SENTENCE = "the cat sat on a mat . the dog sat on the cat .\n"


def run(*words: object) -> tuple[int, str, str]:
    done = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, [str(w) for w in words])
    return done.exit_code, done.stdout, done.stderr


def test_a_text_is_prepared_and_trained_on(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text(SENTENCE * 60)
    code, shown, stderr = run(
        "prepare", tmp_path / "text.txt", "--out", tmp_path / "ids", "--processes", 1
    )
    assert code == 0, stderr
    assert "words in" in shown
    assert f"foreword train {tmp_path / 'ids'} --out DIR" in stderr
    quick = ("--steps", 2, "--hidden-size", 8)
    code, _, stderr = run("train", tmp_path / "ids", "--out", tmp_path / "m", *quick)
    assert code == 0, stderr


def test_what_is_kept_is_printed_as_json(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text(SENTENCE * 10)
    inputs = (tmp_path / "text.txt", "--out", tmp_path / "ids", "--processes", 1)
    code, shown, _ = run("prepare", *inputs, "--case", "fold", "--json")
    assert code == 0
    assert json.loads(shown) == json.loads((tmp_path / "ids/prepared.json").read_text())
    assert json.loads(shown)["text"]["case"] == "fold"


def test_a_place_for_the_ids_is_asked_for() -> None:
    code, _, stderr = run("prepare")
    assert (code, "where should the ids go?" in stderr) == (2, True)
