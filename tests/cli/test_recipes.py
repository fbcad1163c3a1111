import json
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from foreword.cli.app import app
from foreword.training.recipes import Reached, find, names, write


def invoke(*arguments: object) -> str:
    """What is printed where there is room for it."""
    command = ["recipes", *map(str, arguments)]
    done = CliRunner(env={"COLUMNS": "1000"}).invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_all_recipes_are_listed_with_what_they_are_for() -> None:
    output = invoke()
    for name in names():
        assert name in output
        assert find(name).about in output


def test_one_recipe_is_shown_with_its_settings_and_source() -> None:
    output = invoke("awd-lstm")
    assert "hidden_size = 1152" in output
    assert find("awd-lstm").source in output
    assert "keyboard" not in output


def test_what_a_recipe_reached_is_shown(tmp_path: Path) -> None:
    reached = Reached(
        text="train.txt, valid.txt, test.txt",
        machine="a laptop",
        date="2026-01-31",
        seconds=90,
        valid_perplexity=120.5,
        test_perplexity={"network": 111.25, "network + cache": 99.5},
        command="python benchmarks/quality.py",
    )
    path = tmp_path / "mine.toml"
    write(find("keyboard").model_copy(update={"reached": (reached,)}), path)
    output = invoke(path)
    for part in ("111.25, network ", "99.50, network + cache", "a laptop", "1.5 minutes"):
        assert part in output


def test_json_is_what_the_files_hold() -> None:
    listed = json.loads(invoke("--json"))
    assert [entry["name"] for entry in listed] == names()
    assert listed[0]["settings"] == find(names()[0]).settings
    assert [entry["name"] for entry in json.loads(invoke("keyboard", "--json"))] == ["keyboard"]


def test_recipes_are_listed_without_torch(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError('torch', name='torch')")
    code = "from foreword.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "recipes"],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "keyboard" in done.stdout
