"""`foreword memory` as a user runs it, in this process; the trials in workers all the same."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import foreword
from foreword.cli.app import app
from foreword.errors import SettingsError
from foreword.memory.survey import Event

QUICK = ["adding", "--cell", "rnn", "--lag", "10", "--seeds", "1", "--steps", "2"]


def invoke(*words: str | Path, code: int = 0):  # type: ignore[no-untyped-def]
    done = CliRunner(env={"COLUMNS": "100", "NO_COLOR": "1"}).invoke(
        app, ["memory", *map(str, words)]
    )
    assert done.exit_code == code, done.output
    return done


def test_tasks_are_listed_with_their_sources_and_criteria() -> None:
    output = invoke("--list").stdout
    for part in ("adding", "experiment 4", "anbncn", "Gers & Schmidhuber 2001", "solved when"):
        assert part in output
    tasks = json.loads(invoke("--list", "--json").stdout)
    assert {"name", "source", "criterion", "definition"} <= set(tasks[0])
    assert len({task["name"] for task in tasks}) == len(tasks) >= 16


def test_results_are_printed_written_and_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = invoke(*QUICK, "--out", tmp_path)
    assert "Adding problem" in done.stdout
    assert "0/1" in done.stdout
    assert "not solved after 2 updates" in done.stderr
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"results.jsonl", "results.csv", "index.html", "map.svg", "map.png"}

    monkeypatch.setitem(sys.modules, "matplotlib", None)
    again = invoke(*QUICK, "--out", tmp_path, "--json")
    assert 'pip install "foreword[plot]"' in again.stderr
    document = json.loads(again.stdout)
    assert document["map"][0]["cell"] == "rnn"
    assert document["trials"][0]["trial"]["steps"] == 2
    assert document["stopped"] is False
    assert "updates" not in again.stderr  # nothing was done again


def test_ctrl_c_ends_with_130_and_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(self: object, event: Event) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("foreword.cli.memory._Watch.__call__", interrupt)
    stopped = invoke(*QUICK, "--out", tmp_path, code=130)
    assert "the same command continues from there" in stopped.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["adition"], "the tasks are adding"),
        (["adding", "--cell", "elman"], "the cells are mlp-window, rnn"),
        (["reber", "--lag", "100"], "from 5 to 30, not 100"),
        (["--published", "--seeds", "2"], "leave them out"),
    ],
)
def test_mistakes_are_answered_with_what_is_known(words: list[str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        CliRunner().invoke(app, ["memory", *words], catch_exceptions=False)


def test_the_library_is_a_room_of_the_package() -> None:
    assert foreword.memory.experiment("two-sequence", lag=10, steps=1).steps == 1
