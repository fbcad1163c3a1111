"""Many trials: resumed, interrupted, and shown."""

import csv
import json
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from foreword.errors import FolderError, MissingExtraError, SettingsError
from foreword.memory import Result, experiment, places, survey
from foreword.memory.published import CLAIMS, outcomes
from foreword.memory.records import append, read
from foreword.memory.report.files import write
from foreword.memory.report.page import page
from foreword.memory.survey import Event, planned, planned_for, run_all
from foreword.memory.trial import Trial, trial_for


def made_up(trial: Trial, *, solved: bool, steps: int = 100, error: float = 0.5) -> Result:
    norms = {"h": ((0, 0.5), (5, 0.01), (9, 0.0))}
    return Result(
        trial=trial,
        solved=solved,
        diverged=not solved and error != error,
        steps=steps,
        sequences=32 * steps,
        seconds=1.0,
        cpu_seconds=1.0,
        parameters=trial.parameters,
        error=error,
        wrong=0.0 if solved else 1.0,
        curve=((steps, error, 0.0),),
        figures={"reach": 41.0} if trial.task == "anbncn" else {},
        gradients_before={} if trial.cell == "mlp-window" else norms,
        gradients_after={} if trial.cell == "mlp-window" else norms,
    )


@pytest.fixture(scope="module")
def results() -> list[Result]:
    """Three cells on two tasks: the LSTM solves all, the RNN one of two seeds at the short lag."""
    actual = []
    for task, lags in (("adding", (10, 50)), ("anbncn", (10,))):
        for trial in planned([task], ["mlp-window", "rnn", "lstm"], lags, 2):
            is_lucky = trial.cell == "rnn" and trial.lag == 10 and trial.seed == 2
            solved = trial.cell == "lstm" or is_lucky
            actual.append(made_up(trial, solved=solved, steps=100 * trial.seed))
    return actual


def test_a_survey_runs_in_workers_keeps_its_results_and_does_nothing_twice(tmp_path: Path) -> None:
    events: list[Event] = []
    more: dict[str, Any] = {"steps": 4, "check_every": 2}
    first = survey(["adding"], ["rnn", "gru"], [10], 1, out=tmp_path, watch=events.append, **more)
    assert [r.trial.cell for r in first.results] == ["rnn", "gru"]
    assert not first.stopped
    assert sum(e.check is not None for e in events) == 4
    assert [e.done for e in events if e.result is not None] == [1, 2]
    current = experiment("adding", "rnn", 10, 1, **more)
    assert first.results[0].error == pytest.approx(current.error, rel=1e-4)

    events.clear()
    again = survey(["adding"], ["rnn", "gru"], [10], 1, out=tmp_path, watch=events.append, **more)
    assert events == []
    assert again.results == first.results


def test_ctrl_c_keeps_what_is_done_and_the_same_call_goes_on(tmp_path: Path) -> None:
    trials = planned(["adding"], ["rnn"], [10], 3, steps=2)

    def interrupt(event: Event) -> None:
        if event.result is not None:
            raise KeyboardInterrupt

    stopped = run_all(trials, tmp_path, 1, interrupt)
    assert stopped.stopped
    assert [r.trial.seed for r in stopped.results] == [1]

    done: list[int] = []
    whole = run_all(trials, tmp_path, 1, lambda e: done.append(e.trial.seed) if e.result else None)
    assert done == [2, 3]
    assert [r.trial.seed for r in whole.results] == [1, 2, 3]
    assert not whole.stopped


def test_a_line_that_was_cut_short_costs_only_itself(tmp_path: Path, results: list[Result]) -> None:
    path = tmp_path / "results.jsonl"
    append(path, results[0])
    whole = path.read_bytes()
    append(path, results[1])
    path.write_bytes(path.read_bytes()[:-30])
    assert list(read(path)) == [results[0].trial]
    append(path, results[2])
    assert path.read_bytes().startswith(whole)
    assert read(path) == {r.trial: r for r in (results[0], results[2])}


@pytest.mark.parametrize("line", ['{"perplexity": 3}\n', "[" * 100_000 + "\n"])
def test_a_file_that_is_no_survey_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "results.jsonl").write_text(line)
    with pytest.raises(FolderError, match=r"line 1 is not a result.*Choose another --out"):
        run_all([trial_for("adding")], tmp_path)


def test_a_refusal_in_a_worker_reaches_who_asked() -> None:
    with pytest.raises(SettingsError, match="the kernels are reference"):
        survey(["adding"], ["rnn"], [10], 1, workers=1, kernel="abacus", steps=1)


def test_nothing_to_try_and_no_workers_are_refused() -> None:
    with pytest.raises(SettingsError, match="nothing to try"):
        planned(["adding"], [], None, 1)
    with pytest.raises(SettingsError, match="at least 1"):
        run_all([trial_for("adding")], workers=0)


def test_without_a_task_the_tour_is_short() -> None:
    tour = planned_for(None, None, None, None)
    assert {t.task for t in tour} == {"adding"}
    assert len(tour) <= 10
    assert max(t.lag for t in tour) <= 50
    whole = planned_for(["noise-free"], None, None, None)
    assert {t.seed for t in whole} == {1, 2, 3}
    assert len({t.cell for t in whole}) == 6


def test_the_map_counts_seeds(results: list[Result]) -> None:
    actual = {(p.task, p.cell, p.lag): p for p in places(results)}
    assert actual["adding", "lstm", 50].share == 1.0
    assert actual["adding", "rnn", 10].share == 0.5
    assert actual["adding", "rnn", 10].steps == 200  # the seed that solved it
    assert actual["adding", "rnn", 50].steps is None
    assert actual["adding", "lstm", 10].steps == 150
    assert actual["anbncn", "lstm", 10].figures == {"reach": 41.0}


class Structure(HTMLParser):
    """What a screen reader has to go by."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.count: dict[str, int] = {}
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.count[tag] = self.count.get(tag, 0) + 1
        options = dict(attrs)
        self.fetched += [str(v) for k, v in attrs if k in ("src", "href") and v and v[0] != "#"]
        if tag == "th":
            assert options.get("scope") in ("row", "col")
        if tag not in ("meta", "line", "polyline"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [str(v) for k, v in attrs if k in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_fetches_nothing_and_names_every_table(results: list[Result]) -> None:
    text = page(results)
    structure = Structure()
    structure.feed(text)
    assert structure.open == []
    assert structure.fetched == []
    assert "url(" not in text
    assert structure.count["table"] == structure.count["caption"]
    assert structure.count["svg"] == structure.count["figure"] == text.count('role="img"')
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    for part in (
        "1 of 2",
        "0 of 2",
        "2 of 2",
        "reach 41",
        "Hochreiter &amp; Schmidhuber 1997, experiment 4",
        "at most 1 % are off by 0.08",
        "updates of 32 sequences by Adam",
        "last 10 inputs",
        "Always answering 1 has a mean squared error of 1/6",
    ):
        assert part in text


def test_gradients_are_those_by_the_memory_whatever_else_a_state_holds(
    results: list[Result],
) -> None:
    trial = trial_for("adding", "slstm", 10)
    norms = dict.fromkeys(("h", "c", "n", "m"), ((0, 1.0), (9, 0.5)))
    actual = replace(made_up(trial, solved=True), gradients_before=norms, gradients_after=norms)
    assert "slstm, c" in page([actual])
    assert "rnn, h" in page(results)


def test_results_become_a_table_a_page_and_two_pictures(
    results: list[Result], tmp_path: Path
) -> None:
    written, missing = write(results, tmp_path)
    assert missing is None
    assert [path.name for path in written] == ["results.csv", "index.html", "map.svg", "map.png"]
    with written[0].open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(results)
    assert rows[0]["task"] == "adding"
    assert rows[-1]["reach"] == "41.0"
    svg = (tmp_path / "map.svg").read_text("utf-8")
    assert "mlp-window" in svg
    assert "1/2" in svg
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_all_but_the_pictures_is_written(
    results: list[Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    written, missing = write(results, tmp_path)
    assert [path.name for path in written] == ["results.csv", "index.html"]
    assert isinstance(missing, MissingExtraError)
    assert 'pip install "foreword[plot]"' in str(missing)


def test_claims_hold_only_when_every_trial_is_done_and_as_they_say() -> None:
    assert {o.holds for o in outcomes([])} == {None}
    right, wrong = [], []
    for claim in CLAIMS:
        for trial in claim.trials:
            good = made_up(trial, solved=claim.expects != "none")
            bad = made_up(trial, solved=claim.expects == "none")
            reach = float(claim.reach)
            right.append(good if claim.expects != "reach" else with_reach(good, reach))
            wrong.append(bad if claim.expects != "reach" else with_reach(bad, reach - 1))
    assert {o.holds for o in outcomes(right)} == {True}
    assert {o.holds for o in outcomes(wrong)} == {False}
    assert {o.holds for o in outcomes(right[:-1])} == {True, None}
    json.dumps([o.as_json() for o in outcomes(right)])


def with_reach(result: Result, reach: float) -> Result:
    result.figures["reach"] = reach
    return result
