"""The command that trains on many people's text."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

import foreword
from foreword.cli.app import app


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "people").mkdir()
    for k in range(4):
        (tmp_path / f"people/{k}.txt").write_text("the cat sat on a mat\n" * 9, "utf-8")
    texts = [tmp_path / "people"]
    foreword.train(texts, out=tmp_path / "base", steps=2, hidden_size=4, min_count=1)
    return tmp_path


def run(*words: object) -> tuple[int, str, str]:
    done = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, [str(w) for w in words])
    return done.exit_code, done.stdout, done.stderr


def test_a_model_is_trained_on_a_folder_of_people_and_told_of_by_info(home: Path) -> None:
    texts = (home / "people", "--continue", home / "base", "--valid", home / "people/0.txt")
    rule = ("--rounds", 3, "--clients", 2, "--epsilon", 5, "--delta", 0.01, "--window", 4)
    code, out, stderr = run("federate", "--simulate", *texts, "--out", home / "m", *rule)
    assert code == 0
    assert "perplexity" in out
    assert "4 people" in stderr
    assert "epsilon 5 at delta 0.01 for each person" in stderr
    code, out, _ = run("info", home / "m")
    assert "epsilon 5 at delta 0.01 for each person" in out
    assert "4, of whom 2 took part in each round; begun from base" in out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--simulate"], 2, "where should the model go?"),
        (["--out", "m"], 2, "Other devices take part by Flower"),
        (["--out", "m", "--simulate", "--server", "sgd"], 2, "'fedavg'"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_read(
    words: list[str], code: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    got, _, error = run("federate", *words)
    assert (got, message in error) == (code, True), error
    assert not list(tmp_path.iterdir())
