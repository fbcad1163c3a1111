"""`benchmarks/cells.py`: what is run when, what is kept, and what is said of it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import WORDS

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "benchmarks" / "cells.py"
RATES, SEEDS = (1e-3, 1e-2, 1e-1), (1, 2)


def tool() -> Any:
    sys.path.insert(0, str(TOOL.parent))  # as where it is run
    try:
        import cells
    finally:
        sys.path.remove(str(TOOL.parent))
    return cells


CELLS = tool()


def done(cell: str, perplexity: float, seconds: float = 60.0, tested: float | None = None) -> Any:
    return {
        "cell": cell,
        "hidden size": 5,
        "parameters": 1234,
        "validation perplexity": perplexity,
        "perplexity": perplexity,
        "top1": perplexity / 1000,
        "top3": perplexity / 500,
        "words per core second": 1000.0,
        "seconds": seconds,
        "test seconds": tested,
    }


def table(**runs: Any) -> Any:
    actual = CELLS.Table(("gru", "ngram"), RATES, SEEDS)
    actual.runs.update({key.replace("_", " "): run for key, run in runs.items()})
    return actual


def test_seeds_wait_until_every_rate_has_been_tried_and_take_the_best_on_validation() -> None:
    tried = {"gru 0.001 0": done("gru", 90.0), "gru 0.01 0": done("gru", 70.0)}
    before = table(**tried)
    assert [job.key for job in before.jobs()] == ["ngram 0 0", "gru 0.1 0"]
    after = table(**tried, **{"gru 0.1 0": {"cell": "gru", "failed": "diverged"}})
    assert [job.key for job in after.jobs()] == ["gru 0.01 1", "gru 0.01 2", "ngram 0 0"]


def test_a_cell_that_fails_at_every_rate_is_given_up() -> None:
    failed = {"cell": "gru", "failed": "diverged"}
    assert [j.key for j in table(**{f"gru {r:g} 0": failed for r in RATES}).jobs()] == ["ngram 0 0"]


def test_a_run_is_expected_to_take_as_long_as_its_cells_slowest_and_its_test() -> None:
    job = CELLS.Job
    seen = table(
        **{"gru 0.001 0": done("gru", 9, 50.0), "lstm 0.001 0": done("lstm", 9, 80.0)},
        **{"lstm 0.01 1": done("lstm", 9, 90.0, tested=20.0)},
    )
    assert table().seconds(job("gru", 1e-2, 0)) == 0.0
    assert seen.seconds(job("gru", 1e-2, 0)) == 50.0
    assert seen.seconds(job("gru", 1e-2, 1)) == 70.0
    assert seen.seconds(job("rnn", 1e-2, 0)) == 90.0


def test_the_table_has_mean_and_spread_over_seeds_and_says_where_the_grid_ended() -> None:
    tried = {f"gru {rate:g} 0": done("gru", 1 / rate) for rate in RATES}
    final = {"gru 0.1 1": done("gru", 100.0), "gru 0.1 2": done("gru", 110.0)}
    row = CELLS.markdown(table(**tried, **final)).splitlines()[2]
    # mean 105, standard deviation sqrt(2 * 5^2 / (2 - 1)) = 7.07
    assert row == (
        "| gru | 5 | 1,234 | 0.1 (end of the grid) | 105.0 ± 7.1 | 10.50 ± 0.71 % "
        "| 21.00 ± 1.41 % | 2 | 1,000 |"
    )


def test_what_each_rate_gave_is_told_with_those_that_failed() -> None:
    tried = {"gru 0.001 0": done("gru", 90.0), "gru 0.01 0": {"cell": "gru", "failed": "diverged"}}
    assert CELLS.by_rate(table(**tried)).splitlines() == [
        "| validation at | 0.001 | 0.01 | 0.1 |",
        "|---|---|---|---|",
        "| gru | 90.0 | failed |  |",
    ]


def test_a_table_of_a_time_with_fewer_settings_is_the_same_and_another_recipe_is_not(
    tmp_path: Path,
) -> None:
    usual = CELLS.TrainingSettings.default().leaves()
    text = {"name": "notes", "sha256": {"train": "0"}}
    older = {leaf: value for leaf, value in usual.items() if leaf != "batch_ramp"} | {"steps": 5}

    def kept(recipe: dict[str, Any], runs: dict[str, Any], rates: list[float]) -> dict[str, Any]:
        which = {"cells": ["gru"], "rates": rates, "seeds": [1], "machines": ["one"]}
        return {"recipe": recipe, "text": text, "runs": runs, **which}

    path = tmp_path / "cells.json"
    tables = {
        "a": kept(older, {"gru 0.1 0": 1}, [0.1]),
        "b": kept({**usual, "steps": 5}, {"gru 0.2 0": 2}, [0.1, 0.2]),
        "c": kept({**usual, "steps": 6}, {"gru 0.1 0": 3}, [0.1]),
    }
    path.write_text(json.dumps(tables), "utf-8")
    actual = CELLS.read(path)
    assert [one["runs"] for one in actual.values()] == [
        {"gru 0.1 0": 1, "gru 0.2 0": 2},
        {"gru 0.1 0": 3},
    ]
    assert next(iter(actual.values()))["rates"] == [0.1, 0.2]
    assert list(actual) == [CELLS.identity(one["recipe"], text) for one in actual.values()]


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    for k, name in enumerate(("train", "valid", "test")):
        lines = [" ".join(WORDS[i % 7 : i % 7 + 3 + (i * k) % 5]) for i in range(400)]
        (tmp_path / name).write_text("\n".join(lines), "utf-8")
    texts = [str(tmp_path / name) for name in ("train", "valid", "test")]
    sizes = ["--hidden-size", "8", "--embedding-size", "4", "--batch-size", "4", "--window", "5"]
    plan = ["--rates", "1e-3", "1e-2", "--seeds", "1", "--models", "rnn", "gru, reset before"]
    out = ["--pretokenised", "--out", str(tmp_path / "cells.json")]
    return [sys.executable, str(TOOL), *texts, *sizes, *plan, "ngram", *out]


def kept(tmp_path: Path) -> dict[str, Any]:
    (experiment,) = json.loads((tmp_path / "cells.json").read_text("utf-8")).values()
    runs: dict[str, Any] = experiment["runs"]
    return runs


@pytest.fixture
def run_here(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Runs the command in this process, which has PyTorch already, and returns what it prints."""

    def run(*options: str) -> str:
        monkeypatch.setattr("sys.argv", [*command[1:], *options])
        CELLS.main()
        return capsys.readouterr().out

    return run


def test_what_was_kept_when_it_was_killed_is_not_run_again(
    command: list[str], tmp_path: Path, run_here: Callable[..., str]
) -> None:
    scratch = {**os.environ, "TMPDIR": str(tmp_path)}  # nobody clears up after what is killed
    one = [*command, "--steps", "30", "--workers", "1"]
    started = subprocess.Popen(one, stdout=subprocess.DEVNULL, env=scratch)
    until = time.monotonic() + 120
    while not (tmp_path / "cells.json").exists() and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(started.pid, signal.SIGKILL)
    started.wait()
    before = kept(tmp_path)
    assert before

    output = run_here("--steps", "30", "--workers", "1")

    runs = kept(tmp_path)
    assert {key: runs[key] for key in before} == before
    assert not any(f"  {key}: " in output for key in before)
    assert len(runs) == 2 * 3 + 1
    assert runs["ngram 0 0"]["perplexity"] > 1.0
    sizes = [run["parameters"] for key, run in runs.items() if not key.startswith("ngram")]
    assert max(sizes) - min(sizes) < 0.1 * max(sizes)
    shown = run_here("--print")
    assert output.endswith(shown)
    assert shown.count("| gru, reset before |") == 2  # what it reached, and its rates


def test_at_its_deadline_it_ends_and_what_was_not_done_is_not_kept(
    run_here: Callable[..., str],
) -> None:
    # Without the deadline it would go on for longer than any test may.
    output = run_here("--steps", "1000000", "--deadline", "6", "--workers", "1")
    assert "there was no time for more" in output
    assert "rnn 0.001 0" not in output
