"""Clients on other devices, held against a simulation with the same people. No network."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import foreword
from foreword.errors import SettingsError, TrainingError
from foreword.federated.devices import Letter, answered, serve, vocabulary_of
from foreword.folder.config import FederatedRecord
from foreword.folder.store import read_folder
from foreword.training.interrupt import StopWish
from foreword.training.progress import Event, Note

FIRST = 1000
"""The number of the first device."""
QUICK: dict[str, Any] = {"rounds": 4, "clients": 2, "batch_size": 2, "window": 5}
Device = Callable[[Letter], Letter | str | None]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, and a folder in which each of three people has a text."""
    folder = tmp_path_factory.mktemp("home")
    lines = [f"person {k} likes {'tea' if k % 2 else 'coffee'} and says so" for k in range(3)]
    (folder / "all.txt").write_text("\n".join(lines * 20), "utf-8")
    foreword.train([folder / "all.txt"], out=folder / "base", steps=2, hidden_size=6, min_count=1)
    (folder / "people").mkdir()
    for k, line in enumerate(lines):
        (folder / "people" / f"{k}.txt").write_text(f"{line}\n" * (5 + k), "utf-8")
    return folder


class Memory:
    """Devices that are functions of this process; one that returns None is not answering."""

    def __init__(self, devices: Mapping[int, Device], *, absent: int = 0) -> None:
        self._devices, self._absent = devices, absent

    def devices(self) -> Collection[int]:
        self._absent -= 1
        return list(self._devices)[: 2 if self._absent >= 0 else None]

    def exchange(
        self, letters: Mapping[int, Letter], seconds: float, wish: StopWish
    ) -> Mapping[int, Letter | str]:
        answers = {node: self._devices[node](letter) for node, letter in letters.items()}
        return {node: answer for node, answer in answers.items() if answer is not None}


def devices_of(home: Path, **other: Device) -> dict[int, Device]:
    """Three devices, of which some do something else: by `device_K`."""

    def honest(person: int) -> Device:
        return lambda letter: answered(letter, home / "base", home / f"people/{person}.txt")

    return {FIRST + k: other.get(f"device_{k}", honest(k)) for k in range(3)}


def weights_of(folder: Path) -> dict[str, bytes]:
    return {name: value.tobytes() for name, value in read_folder(folder).weights.items()}


def record_of(outcome: Any) -> FederatedRecord:
    record = outcome.config.training.federated
    assert isinstance(record, FederatedRecord)
    return record


def test_devices_learn_to_the_bit_what_a_simulation_of_them_does(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foreword.federated.devices.LOOK_SECONDS", 0.0)
    events: list[Event] = []
    post = Memory(devices_of(home), absent=1)
    done = serve(
        post, people=3, continues=home / "base", out=tmp_path / "m", report=events.append, **QUICK
    )
    foreword.federate(
        home / "people", continues=home / "base", out=tmp_path / "same", processes=1, **QUICK
    )
    assert weights_of(tmp_path / "m") == weights_of(tmp_path / "same")
    assert Note("2 of 3 devices are connected") in events
    record = record_of(done)
    assert (record.people, record.received, record.simulated) == (3, 8, False)
    card = (tmp_path / "m/README.md").read_text("utf-8")
    assert "devices of 3 people read" in card
    assert "simulated" not in card


def test_devices_that_fail_lie_or_are_silent_are_left_out_and_the_rounds_go_on(
    home: Path, tmp_path: Path
) -> None:
    def sends(change: Callable[[np.ndarray], np.ndarray]) -> Device:
        return lambda letter: Letter(
            '{"words": 9}', {name: change(value) for name, value in letter.arrays.items()}
        )

    messages: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, Note):
            messages.append(event.text)

    for device_1, fault in (
        (sends(lambda a: a * np.nan), "1 of 3 changes were dropped, the first since it holds NaN"),
        (
            sends(lambda a: a[:1]),
            "device 1001 is left out of this round: decoder.bias has shape (1,",
        ),
        (sends(lambda a: a + np.float32(1e38)), "device 1001 is left out of this round: its norm"),
        (lambda _: Letter('{"words": 9}', {"\x1b[2J": np.ones(1)}), r"the model's: \x1b[2J"),
        (lambda _: "\x1b[2J" * 999, r"device 1001 is left out of this round: \x1b[2J"),
        (lambda _: None, "device 1001 is left out of this round: it did not answer in time"),
        (lambda _: "the disk is full", "device 1001 is left out of this round: the disk is full"),
        (lambda _: Letter("[", {}), "its answer cannot be read"),
        (lambda _: Letter('{"words": "many"}', {}), "it did not say how many words it read"),
    ):
        post = Memory(devices_of(home, device_1=device_1))  # type: ignore[arg-type]
        more = {**QUICK, "clients": 3, "rounds": 1}
        done = serve(
            post,
            people=3,
            continues=home / "base",
            out=tmp_path / "m",
            report=listen,
            overwrite=True,
            **more,
        )
        assert record_of(done).received == 2
        assert any(fault in sentence for sentence in messages)
        messages.clear()


def test_a_device_that_did_not_answer_is_not_asked_the_next_time(
    home: Path, tmp_path: Path
) -> None:
    letters: list[Letter] = []
    messages: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, Note):
            messages.append(event.text)

    post = Memory(devices_of(home, device_1=letters.append))
    more = {**QUICK, "clients": 3, "rounds": 5, "separation": 1}
    done = serve(post, people=3, continues=home / "base", out=tmp_path / "m", report=listen, **more)
    assert len(letters) == 2  # in rounds 1 and 3
    assert record_of(done).received == 2 * 5
    left_out = [text for text in messages if "device 1001 is left out of this round" in text]
    before = [text.endswith("it did not answer before") for text in left_out]
    assert before == [False, True, False, True, True]


def test_a_round_with_too_few_usable_changes_ends_the_run_which_can_be_resumed(
    home: Path, tmp_path: Path
) -> None:
    silent = Memory(devices_of(home, device_1=lambda _: None))
    more = {**QUICK, "clients": 3, "rounds": 1, "min_clients": 3}
    with pytest.raises(TrainingError, match="in round 1, 2 of 3 clients gave a change"):
        serve(silent, people=3, continues=home / "base", out=tmp_path / "m", **more)
    resumed = {"people": 3, "continues": None, "out": tmp_path / "m", "resume": True}
    done = serve(Memory(devices_of(home)), **resumed)
    assert record_of(done).received == 3
    one_fewer = {**more, "min_clients": 4}
    with pytest.raises(SettingsError, match="min_clients is 4, and a round has 3 clients"):
        serve(silent, people=3, continues=home / "base", out=tmp_path / "n", **one_fewer)


def test_who_claims_to_have_read_more_does_not_count_for_more(home: Path, tmp_path: Path) -> None:
    def boasts(letter: Letter) -> Letter:
        answer = answered(letter, home / "base", home / "people/1.txt")
        return replace(answer, document='{"words": 1000000000}')

    post = Memory(devices_of(home, device_1=boasts))
    more = {**QUICK, "clients": 3, "rounds": 1, "person_words": 30}
    done = serve(post, people=3, continues=home / "base", out=tmp_path / "m", **more)
    assert done.config.training is not None
    assert done.config.training.words_seen <= 3 * 30


def test_a_device_refuses_a_model_that_it_does_not_have(home: Path, tmp_path: Path) -> None:
    base = read_folder(home / "base")
    expected = {"rule": {"rate": 0.1}, "seed": [1], "vocabulary": vocabulary_of(base)}
    other = Letter(json.dumps({**expected, "vocabulary": "another"}), base.weights)
    with pytest.raises(TrainingError, match="not the model that the server trains"):
        answered(other, home / "base", home / "people/0.txt")
    fewer = Letter(json.dumps(expected), dict(list(base.weights.items())[1:]))
    with pytest.raises(TrainingError, match="that the server sent are not those of"):
        answered(fewer, home / "base", home / "people/0.txt")
    (tmp_path / "empty.txt").write_text("\n", "utf-8")
    answer = answered(
        Letter(json.dumps(expected), base.weights), home / "base", tmp_path / "empty.txt"
    )
    assert json.loads(answer.document) == {"words": 0}


def test_canaries_are_for_simulations(home: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="in a simulation alone"):
        serve(
            Memory(devices_of(home)), people=3, continues=home / "base", out=tmp_path / "m",
            canaries=1, **QUICK,
        )  # fmt: skip
