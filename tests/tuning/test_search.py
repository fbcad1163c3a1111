"""Searches on a small text: what is tried, kept, given up, gone on with."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import foreword
from foreword.errors import FolderError, MissingExtraError, SettingsError, TextError, TrainingError
from foreword.training.progress import Event, Note, Validated
from foreword.training.recipes import find
from foreword.tuning.trials import Tuning

SIZES: dict[str, Any] = {"hidden_size": 8, "batch_size": 4, "window": 5, "steps_each": 40}
SEARCH = ["learning_rate=1e-3..1e-1:log", "dropout=0..0.5"]
Tune = Callable[..., Tuning]


@pytest.fixture
def text(tmp_path: Path) -> Path:
    words = ["the", "cat", "sat", "on", "a", "mat", "and", "I", "would", "like", "to", "see"]
    lines = [" ".join(words[i % 7 : i % 7 + 3 + i % 5]) for i in range(5000)]
    (tmp_path / "notes.txt").write_text("\n".join(lines), "utf-8")
    return tmp_path / "notes.txt"


@pytest.fixture
def tune(text: Path, tmp_path: Path) -> Tune:
    def run(**options: Any) -> Tuning:
        values = {"out": tmp_path / "search", "search": SEARCH, "trials": 3, **SIZES, **options}
        return foreword.tune([text], **values)

    return run


def tried(actual: Tuning) -> list[Any]:
    return [(t.settings, t.outcome, t.perplexity, t.validations) for t in actual.trials]


def test_the_best_of_the_trials_is_written_as_a_recipe_and_trains_as_it_did(
    tune: Tune, text: Path, tmp_path: Path
) -> None:
    actual = tune(trials=5)
    done = [t for t in actual.trials if t.perplexity is not None]
    assert len(actual.trials) == 5
    assert actual.best == min(done, key=lambda t: t.perplexity)
    assert actual.recipe is not None
    assert find(actual.recipe).settings == {
        "model": "lstm",
        "hidden_size": 8,
        "batch_size": 4,
        "window": 5,
        **actual.best.settings,
    }
    again = foreword.train([text], out=tmp_path / "m", steps=40, recipe=actual.recipe)
    assert again.config.evaluation is not None
    assert again.config.evaluation.perplexity == pytest.approx(actual.best.perplexity, rel=1e-6)
    kept = json.loads((tmp_path / "search" / "trials.json").read_text("utf-8"))
    assert [t["perplexity"] for t in kept["trials"]] == [t.perplexity for t in actual.trials]
    assert kept["best"] == actual.best.number
    names = {path.name for path in (tmp_path / "search").iterdir()}
    assert names == {"best.toml", "trials.json", "search.json", "journal.log"}


def test_the_first_trial_is_what_train_would_do_by_itself(
    tune: Tune, text: Path, tmp_path: Path
) -> None:
    usual = foreword.train([text], out=tmp_path / "m", steps=40, **{
        name: value for name, value in SIZES.items() if name != "steps_each"
    })  # fmt: skip
    assert usual.config.evaluation is not None
    first = tune(trials=1).trials[0]
    assert first.perplexity == pytest.approx(usual.config.evaluation.perplexity, rel=1e-6)


def test_a_search_that_was_interrupted_goes_on_as_if_it_had_not_been(
    tune: Tune, tmp_path: Path
) -> None:
    whole = tune(out=tmp_path / "whole", trials=4)

    def interrupt(event: Event) -> None:
        if isinstance(event, Validated) and "trial 3 of 4" in heard[-1]:
            signal.raise_signal(signal.SIGINT)
        elif isinstance(event, Note) and event.text.startswith("trial"):
            heard.append(event.text)

    heard: list[str] = []
    stopped = tune(trials=4, report=interrupt)
    assert stopped.stopped_by == "SIGINT"
    assert tried(stopped) == tried(whole)[:2]
    rest = foreword.tune(out=tmp_path / "search", resume=True, trials=4)
    assert rest.stopped_by is None
    assert tried(rest) == tried(whole)


def test_a_process_that_is_killed_loses_the_trial_that_ran_and_no_more(
    tune: Tune, text: Path, tmp_path: Path
) -> None:
    whole, out = tune(out=tmp_path / "whole", trials=2), tmp_path / "killed"
    command = [*(sys.executable, "-m", "foreword", "tune", text, "--out", out, "--trials", "2")]
    options = ("hidden_size", "window", "steps_each")
    sizes = [f"--{name.replace('_', '-')}={SIZES[name]}" for name in options]
    sizes.append(f"--set=batch_size={SIZES['batch_size']}")
    process = subprocess.Popen([*command, *sizes, *(f"--search={s}" for s in SEARCH)])
    until = time.monotonic() + 120
    while not list(out.glob(".trial-*")) and time.monotonic() < until:
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert tried(foreword.tune(out=out, resume=True, trials=2)) == tried(whole)
    assert not list(out.glob(".trial-*"))


def test_trials_that_are_behind_half_of_the_others_are_given_up(
    tune: Tune, monkeypatch: pytest.MonkeyPatch
) -> None:
    actual = tune(trials=10, search=["learning_rate=1e-7..1e-1:log"], steps_each=60)
    pruned = [t for t in actual.trials if t.outcome == "pruned"]
    assert pruned
    assert all(t.perplexity is None and len(t.validations) < 10 for t in pruned)
    assert all(t.outcome != "pruned" for t in actual.trials[:4])
    best = actual.best
    assert best is not None
    for t in pruned:
        assert t.validations[-1] > best.validations[len(t.validations) - 1]


def test_a_trial_that_diverges_is_told_and_the_search_goes_on(
    tune: Tune, monkeypatch: pytest.MonkeyPatch
) -> None:
    from foreword.tuning import trials

    train_on = trials.train_on
    calls = iter(range(3))

    def second_diverges(*arguments: Any, **options: Any) -> Any:
        if next(calls) == 1:
            raise TrainingError("training diverged 7 times")
        return train_on(*arguments, **options)

    monkeypatch.setattr(trials, "train_on", second_diverges)
    assert [t.outcome for t in tune(trials=3).trials] == ["done", "diverged", "done"]


def test_an_ngram_models_order_can_be_searched(tune: Tune) -> None:
    actual = tune(model="ngram", search=["ngram_order=1,2,3"], trials=3)
    assert {t.outcome for t in actual.trials} == {"done"}
    assert actual.best is not None
    assert actual.best.settings["ngram_order"] != 1


MINE = """
about = "mine"
source = "me"
[settings]
model = "gru"
learning_rate = 0.02
minutes = 90
"""


def test_a_recipe_is_searched_around(tune: Tune, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(MINE, "utf-8")
    actual = tune(search=(), recipe=tmp_path / "mine.toml", dropout=0.1, trials=1)
    assert actual.trials[0].settings["learning_rate"] == 0.02
    assert "dropout" not in actual.trials[0].settings
    assert actual.recipe is not None
    recipe = find(actual.recipe).settings
    assert recipe["model"] == "gru"
    assert "minutes" not in recipe


def test_what_is_set_is_not_searched(tune: Tune) -> None:
    actual = tune(search=(), learning_rate=0.01, clip=1.0, trials=1)
    assert set(actual.trials[0].settings) == {"dropout", "weight_decay", "dropout_recurrent"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trials": 0}, "trials must be at least 1"),
        ({"dropout": 0.1}, "dropout is both set and searched"),
        ({"minutes": 3}, "set for each trial: use minutes_each"),
        ({"hidden": 3}, "there is no setting 'hidden'"),
        ({"search": ["dropout=2..3"]}, "less than 1"),
    ],
)
def test_what_makes_no_search_is_refused_before_anything_is_written(
    options: dict[str, Any], message: str, tune: Tune, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=message):
        tune(**options)
    assert not (tmp_path / "search").exists()


def test_going_on_takes_the_same_text_and_settings_or_refuses(
    tune: Tune, text: Path, tmp_path: Path
) -> None:
    out = tmp_path / "search"
    with pytest.raises(FolderError, match="no search to continue"):
        tune(resume=True)
    tune(trials=1)
    with pytest.raises(SettingsError, match="holds a search already"):
        tune()
    with pytest.raises(SettingsError, match="hidden_size is 8 .* cannot become 9"):
        foreword.tune(out=out, resume=True, hidden_size=9)
    with pytest.raises(SettingsError, match="steps is 40 .* cannot become 50"):
        foreword.tune(out=out, resume=True, steps_each=50)
    with pytest.raises(SettingsError, match="is of learning_rate=0.001..0.1:log, dropout"):
        foreword.tune(out=out, resume=True, search=["dropout=0..0.5"])
    assert len(tune(resume=True, trials=1).trials) == 1  # the same, named again
    other = tmp_path / "other.txt"
    other.write_text(text.read_text("utf-8").replace("cat ", ""), "utf-8")
    with pytest.raises(TrainingError, match="train text is not the one"):
        foreword.tune([other], out=out, resume=True)
    assert len(tune(overwrite=True, trials=1).trials) == 1


def test_a_damaged_record_is_told(tune: Tune, tmp_path: Path) -> None:
    tune(trials=1)
    record, journal = (tmp_path / "search" / name for name in ("search.json", "journal.log"))
    whole = record.read_text("utf-8")
    without_text = {name: part for name, part in json.loads(whole).items() if name != "text"}
    for damaged in ('{"settings": ', "[" * 100_000, json.dumps(without_text), "[]"):
        record.write_text(damaged, "utf-8")
        with pytest.raises(FolderError, match=r"search\.json is damaged"):
            tune(resume=True)
    record.write_text(whole, "utf-8")
    for line in (b"[]", b"\xff", b'{"op_code": ' + b"9" * 5000 + b"}", b'{"op_code": 4}'):
        journal.write_bytes(line + b"\n")
        with pytest.raises(FolderError, match=r"journal\.log is damaged"):
            tune(resume=True)


def test_a_text_without_a_part_to_hold_out_is_refused(tmp_path: Path) -> None:
    (tmp_path / "short.txt").write_text("so short\n", "utf-8")
    with pytest.raises(TextError, match="--valid FILE"):
        foreword.tune([tmp_path / "short.txt"], out=tmp_path / "s", steps_each=1, min_count=1)


@pytest.mark.parametrize("missing", ["optuna", "tomli_w"])
def test_a_missing_library_is_answered_with_the_line_that_brings_it(
    missing: str, tune: Tune, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingExtraError, match=r'pip install "foreword\[tune\]"'):
        tune()
