"""Federated training from a folder of people's texts to a model folder."""

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import foreword
from foreword.errors import SettingsError, TextError, TrainingError
from foreword.federated import pool
from foreword.federated.client import Learned, client_update
from foreword.federated.position import chosen_people
from foreword.federated.server import Update
from foreword.federated.settings import FederatedSettings, planned
from foreword.folder.config import FederatedRecord, FolderConfig
from foreword.folder.store import read_folder
from foreword.training.progress import Event, Note, StepProgress

PEOPLE = 7
QUICK: dict[str, Any] = {
    "rounds": 6,
    "clients": 2,
    "batch_size": 2,
    "window": 5,
    "clip": 0.5,
    "processes": 1,  # whatever else the machine does
}
PRIVATE: dict[str, Any] = {**QUICK, "epsilon": 4.0, "noise_seed": 4711_0815_4711}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, and a folder in which each of seven people has a text."""
    folder = tmp_path_factory.mktemp("home")
    lines = [f"person {k} likes {'tea' if k % 2 else 'coffee'} and says so" for k in range(PEOPLE)]
    (folder / "all.txt").write_text("\n".join(lines * 20), "utf-8")
    foreword.train([folder / "all.txt"], out=folder / "base", steps=3, hidden_size=6, min_count=1)
    (folder / "people").mkdir()
    for k, line in enumerate(lines):
        (folder / "people" / f"{k}.txt").write_text(f"{line}\n" * (5 + k), "utf-8")
    return folder


def federate(home: Path, out: Path, **more: Any) -> Any:
    begins = {} if more.get("resume") else {"continues": home / "base"}
    return foreword.federate(home / "people", out=out, **{**begins, **more})


def record_of(config: FolderConfig) -> FederatedRecord:
    assert config.training is not None
    assert config.training.federated is not None
    return config.training.federated


def weights_of(folder: Path) -> dict[str, bytes]:
    return {name: value.tobytes() for name, value in read_folder(folder).weights.items()}


def test_what_comes_out_is_an_ordinary_model_whose_folder_says_how(
    home: Path, tmp_path: Path
) -> None:
    done = federate(home, tmp_path / "m", **QUICK, valid=home / "all.txt")
    record = record_of(done.config)
    assert (record.people, record.clients, record.separation) == (PEOPLE, 2, 3)
    assert (record.received, record.dropped, record.base) == (12, 0, "base")
    assert record.privacy is None
    assert done.config.evaluation is not None
    assert weights_of(tmp_path / "m") != weights_of(home / "base")
    assert foreword.load(tmp_path / "m").predict("person 1 likes ", k=3)
    card = (tmp_path / "m/README.md").read_text("utf-8")
    assert "6 of 6 rounds of 2 people" in card
    assert "None. Changes were added up without noise" in card


def test_rounds_make_the_model_better_on_the_peoples_text(home: Path, tmp_path: Path) -> None:
    longer = {**QUICK, "rounds": 20, "clip": 5.0}
    done = federate(home, tmp_path / "m", **longer, valid=home / "all.txt")
    before = foreword.evaluate(home / "base", [home / "all.txt"])
    assert done.config.evaluation.perplexity < 0.8 * before.perplexity


def test_the_card_states_epsilon_with_its_assumptions(home: Path, tmp_path: Path) -> None:
    done = federate(home, tmp_path / "m", **PRIVATE)
    privacy = record_of(done.config).privacy
    assert privacy is not None
    assert privacy.epsilon == pytest.approx(4.0)
    assert (privacy.participations, privacy.seed_is_known) == (2, True)
    card = (tmp_path / "m/README.md").read_text("utf-8")
    for text in (
        "epsilon = 4",
        "e^4 = 54.6 times",
        "zero-out adjacency",
        "takes part in 2 of 6 rounds",
        "by hand",
    ):
        assert text in card


def test_a_finished_private_model_does_not_hold_the_seed_of_its_noise(
    home: Path, tmp_path: Path
) -> None:
    done = federate(home, tmp_path / "m", **PRIVATE)
    assert done.config.training.settings["noise_seed"] is None
    assert not list((tmp_path / "m").rglob("step-*"))
    held = b"".join(path.read_bytes() for path in (tmp_path / "m").rglob("*") if path.is_file())
    assert b"471108154711" not in held
    with pytest.raises(TrainingError, match="has no checkpoint"):
        federate(home, tmp_path / "m", resume=True)


def test_the_seed_of_the_noise_is_drawn_anew_for_each_run(home: Path, tmp_path: Path) -> None:
    settings = {**PRIVATE, "noise_seed": None}
    for name in ("one", "two"):
        federate(home, tmp_path / name, **settings)
    assert weights_of(tmp_path / "one") != weights_of(tmp_path / "two")


@pytest.mark.parametrize("server", ["fedavg", "fedadam"])
def test_a_run_that_is_killed_and_resumed_equals_one_that_is_not(
    home: Path, tmp_path: Path, server: str
) -> None:
    settings = {**PRIVATE, "server": server, "momentum": 0.5}
    federate(home, tmp_path / "whole", **settings)

    def kill(event: Event) -> None:
        if isinstance(event, StepProgress) and event.step == 5:
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        federate(home, tmp_path / "parts", **settings, save_seconds=1e-9, report=kill)
    assert not read_folder(tmp_path / "parts").config.training.finished  # type: ignore[union-attr]
    done = federate(home, tmp_path / "parts", resume=True)
    assert weights_of(tmp_path / "parts") == weights_of(tmp_path / "whole")
    whole = read_folder(tmp_path / "whole").config
    assert record_of(done.config) == record_of(whole)
    assert done.config.training.words_seen == whole.training.words_seen  # type: ignore[union-attr]


def test_ctrl_c_within_a_round_saves_and_the_round_is_done_again(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    federate(home, tmp_path / "whole", **QUICK)
    calls = 0

    def interrupted(*arguments: Any) -> Learned:
        nonlocal calls
        calls += 1
        if calls == 5:  # the first of the two clients of the third round
            signal.raise_signal(signal.SIGINT)
        return client_update(*arguments)

    monkeypatch.setattr(pool, "client_update", interrupted)
    done = federate(home, tmp_path / "parts", **QUICK)
    assert done.stopped_by == "SIGINT"
    assert done.config.training.steps == 2
    done = federate(home, tmp_path / "parts", resume=True)
    assert (done.stopped_by, done.config.training.steps) == (None, 6)
    assert weights_of(tmp_path / "parts") == weights_of(tmp_path / "whole")


def test_several_processes_make_the_same_bits_also_where_they_are_interrupted(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    federate(home, tmp_path / "whole", **PRIVATE)
    # By default others are started where it is seen, after a round, that there is much to do.
    monkeypatch.setattr(pool, "WORTHWHILE_SECONDS", 0.0)
    monkeypatch.setattr(pool, "available", lambda: 2)
    together, rounds = pool._together, []

    def interrupted(*arguments: Any) -> Any:
        rounds.append(len(arguments[2]))
        if len(rounds) == 3:  # the fourth round, as the first was computed here
            signal.raise_signal(signal.SIGINT)
        return together(*arguments)

    monkeypatch.setattr(pool, "_together", interrupted)
    done = federate(home, tmp_path / "parts", **{**PRIVATE, "processes": None})
    assert rounds == [2, 2, 2]
    assert (done.stopped_by, done.config.training.steps) == ("SIGINT", 3)
    federate(home, tmp_path / "parts", resume=True, processes=1)
    assert weights_of(tmp_path / "parts") == weights_of(tmp_path / "whole")


def test_a_sentence_that_one_person_repeats_is_learned_unless_there_is_privacy(
    home: Path, tmp_path: Path
) -> None:
    often = {**QUICK, "rounds": 12, "clients": PEOPLE, "clip": 5.0, "canaries": 1}
    often |= {"batch_size": 8, "window": 12, "client_rate": 2.0}
    exposures = {}
    for name, more in (("open", {}), ("private", {"epsilon": 1.0, "noise_seed": 1})):
        done = federate(home, tmp_path / name, **often, canary_repeats=80, **more)
        canaries = record_of(done.config).canaries
        assert canaries is not None
        assert (canaries.sentences, canaries.people, canaries.took_part) == (1, 1, 1)
        exposures[name] = canaries.exposures[0]
    assert exposures["open"] > 10.0
    assert exposures["private"] < 5.0
    card = (tmp_path / "open/README.md").read_text("utf-8")
    assert "each 80 times in that of 1 " in card
    assert f"Exposures in bits: {exposures['open']:.1f}." in card


def test_a_client_that_sends_garbage_is_dropped_and_the_rounds_go_on(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sometimes(model: Any, weights: Any, ids: Any, rule: Any, seed: Any) -> Learned:
        learned = client_update(model, weights, ids, rule, seed)
        if seed[-1] != 3:
            return learned
        delta = {name: np.full_like(value, np.nan) for name, value in learned.update.delta.items()}
        return Learned(Update(delta, 10), 1.0)

    monkeypatch.setattr(pool, "client_update", sometimes)
    messages: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, Note):
            messages.append(event.text)

    done = federate(home, tmp_path / "m", **QUICK, report=listen)
    record = record_of(done.config)
    assert record.dropped >= 1
    assert record.received == 12 - record.dropped
    assert any("1 of 2 changes were dropped, the first since it holds NaN" in t for t in messages)


def test_nobody_takes_part_again_before_the_others_and_each_round_is_full() -> None:
    plan = planned(FederatedSettings(clients=3, separation=4), 13)
    last, rounds = np.full(13, -1), []
    for number in range(200):
        chosen = chosen_people(last, number, plan)
        assert len(set(chosen)) == 3
        last[chosen] = number
        rounds.append(set(map(int, chosen)))
        assert all(rounds[-1].isdisjoint(earlier) for earlier in rounds[-4:-1])
    assert set.union(*rounds) == set(range(13))


def test_people_without_words_are_left_out_and_counted(home: Path, tmp_path: Path) -> None:
    people = tmp_path / "people"
    people.mkdir()
    for k in range(3):
        (people / f"{k}.txt").write_text("person 1 likes tea\n" * 5 if k else "\n", "utf-8")
    events: list[Event] = []
    done = foreword.federate(
        people, continues=home / "base", out=tmp_path / "m", **QUICK, report=events.append
    )
    assert record_of(done.config).people == 2
    assert Note("1 of 3 people have written nothing, and take no part") in events


def test_a_folder_without_anybody_is_refused(home: Path, tmp_path: Path) -> None:
    (tmp_path / "people").mkdir()
    (tmp_path / "people/anna.txt").write_text("\n", "utf-8")
    with pytest.raises(TextError, match="there is nobody to learn from"):
        foreword.federate(tmp_path / "people", continues=home / "base", out=tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_counted_model_is_no_beginning(home: Path, tmp_path: Path) -> None:
    foreword.train([home / "all.txt"], out=tmp_path / "counted", model="ngram", min_count=1)
    with pytest.raises(SettingsError, match="begin from a network"):
        federate(home, tmp_path / "m", continues=tmp_path / "counted")


def test_what_cannot_be_is_said_before_anything_is_written(home: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Give --continue MODEL"):
        foreword.federate(home / "people", out=tmp_path / "m")
    with pytest.raises(SettingsError, match=r"no setting 'epsylon'\. Did you mean epsilon"):
        federate(home, tmp_path / "m", epsylon=3)
    with pytest.raises(SettingsError, match="holds a model already"):
        federate(home, home / "base", **QUICK)
    assert not (tmp_path / "m").exists()


def test_a_resumed_run_keeps_its_settings_and_its_people(home: Path, tmp_path: Path) -> None:
    def kill(event: Event) -> None:
        if isinstance(event, StepProgress) and event.step == 2:
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        federate(home, tmp_path / "m", **QUICK, report=kill)
    with pytest.raises(SettingsError, match="clip is 0.5 in the run to resume and cannot become 1"):
        federate(home, tmp_path / "m", resume=True, clip=1.0)
    with pytest.raises(TrainingError, match="the people's text is not the one"):
        foreword.federate(home / "all.txt", out=tmp_path / "m", resume=True)
    with pytest.raises(TrainingError, match="of no run that could be continued"):
        federate(home, home / "base", resume=True)
