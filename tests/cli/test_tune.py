import json
import shutil
from pathlib import Path

from typer.testing import CliRunner

from foreword.cli.app import app

OPTIONS = ["--steps-each", "20", "--hidden-size", "8", "--set", "batch_size=4", "--window", "5"]


def run(*words: object) -> tuple[int, str, str]:
    actual = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, [str(w) for w in words])
    if actual.exception is not None and not isinstance(actual.exception, SystemExit):
        raise actual.exception
    return actual.exit_code, actual.stdout, actual.stderr


def notes(tmp_path: Path) -> Path:
    lines = [f"the cat sat on mat {i % 7} and I like {i % 5}" for i in range(2000)]
    (tmp_path / "notes.txt").write_text("\n".join(lines), "utf-8")
    return tmp_path / "notes.txt"


def test_the_best_settings_are_shown_and_written_and_the_search_goes_on(tmp_path: Path) -> None:
    text, out = notes(tmp_path), tmp_path / "search"
    search = ["--search", "learning_rate=1e-3..3e-2:log", "--search", "dropout=0..0.5"]
    code, shown, stderr = run("tune", text, "--out", out, "--trials", 2, *OPTIONS, *search)
    assert code == 0
    assert "trial 2 of 2: learning_rate " in stderr
    assert all(name in shown for name in ("perplexity", "learning_rate", "dropout", "best.toml"))

    code, shown, _ = run("tune", "--out", out, "--resume", "--trials", 3, "--json")
    document = json.loads(shown)
    assert code == 0
    assert len(document["trials"]) == 3
    assert document["best"]["perplexity"] == min(
        trial["perplexity"] for trial in document["trials"] if trial["perplexity"] is not None
    )
    assert document["recipe"] == str(out / "best.toml")


def test_settings_of_train_are_taken_and_not_searched(tmp_path: Path) -> None:
    text, out = notes(tmp_path), tmp_path / "search"
    shared = [
        "--model",
        "gru",
        "--set",
        "reset_after=no",
        "--dropout",
        "0.1",
        "--learning-rate",
        "0.01",
    ]
    code, shown, _ = run("tune", text, "--out", out, "--trials", 1, *OPTIONS, *shared, "--json")
    (trial,) = json.loads(shown)["trials"]
    recipe = (out / "best.toml").read_text("utf-8")
    assert code == 0
    assert set(trial["settings"]) == {"weight_decay", "clip", "dropout_recurrent"}
    assert 'model = "gru"' in recipe
    assert "reset_after = false" in recipe
    assert "dropout = 0.1" in recipe
    shutil.rmtree(out)
    assert run("tune", text, "--trials", 1)[0] == 2  # --out is missing
