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
    code, shown, told = run(
        "prepare", tmp_path / "text.txt", "--out", tmp_path / "ids", "--processes", 1
    )
    assert code == 0, told
    assert "words in" in shown
    assert f"foreword train {tmp_path / 'ids'} --out DIR" in told
    quick = ("--steps", 2, "--hidden-size", 8)
    code, _, told = run("train", tmp_path / "ids", "--out", tmp_path / "m", *quick)
    assert code == 0, told


def test_what_is_kept_is_printed_as_json(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text(SENTENCE * 10)
    given = (tmp_path / "text.txt", "--out", tmp_path / "ids", "--processes", 1)
    code, shown, _ = run("prepare", *given, "--case", "fold", "--json")
    assert code == 0
    assert json.loads(shown) == json.loads((tmp_path / "ids/prepared.json").read_text())
    assert json.loads(shown)["text"]["case"] == "fold"


def test_a_place_for_the_ids_is_asked_for() -> None:
    code, _, told = run("prepare")
    assert (code, "where should the ids go?" in told) == (2, True)
