"""Several processes that torchrun has started train one model."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from tempfile import gettempdir

import numpy as np
import pytest
from safetensors.numpy import load_file
from tests.training import several

from foreword.errors import SettingsError
from foreword.training.progress import Event, Note, StepProgress

TORCHRUN = "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"


def start(mode: str, text: Path, out: Path, *options: str) -> None:
    command = [sys.executable, *TORCHRUN, *options, several.__file__, mode, str(text), str(out)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    words = random.Random(1).choices([f"w{k}" for k in range(50)], k=2400)
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text("\n".join(" ".join(words[i : i + 8]) for i in range(0, 2400, 8)) + "\n")
    return path


@pytest.fixture(scope="module")
def together(text: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("together")
    start("whole", text, out)
    return out


def weights(folder: Path) -> dict[str, np.ndarray]:
    return load_file(folder / "model.safetensors")


def config(folder: Path) -> dict[str, dict[str, float]]:
    document: dict[str, dict[str, float]] = json.loads((folder / "config.json").read_text())
    return document


def test_two_processes_learn_what_one_learns(text: Path, together: Path, tmp_path: Path) -> None:
    several.run(text, tmp_path / "alone", 0.0)
    alone, two = tmp_path / "alone", together / "undropped"
    for name, weight in weights(alone).items():
        np.testing.assert_allclose(weights(two)[name], weight, atol=2e-3, err_msg=name)
    assert config(two)["evaluation"]["perplexity"] == pytest.approx(
        config(alone)["evaluation"]["perplexity"], rel=1e-5
    )
    assert config(alone)["training"]["processes"] == 1
    assert config(two)["training"]["processes"] == 2


def test_with_compressed_gradients_they_learn_nearly_the_same(
    text: Path, together: Path, tmp_path: Path
) -> None:
    start("compressed", text, tmp_path)
    whole = together / "undropped"
    for kind in ("float16", "bfloat16"):
        compressed = tmp_path / kind
        names = weights(whole)
        assert any(not np.array_equal(weights(compressed)[n], weights(whole)[n]) for n in names)
        assert config(compressed)["evaluation"]["perplexity"] == pytest.approx(
            config(whole)["evaluation"]["perplexity"], rel=5e-3
        )
    error = (tmp_path / "error").read_text()
    assert error == f"process 1: {OSError(28, os.strerror(28))}"


def test_two_processes_learn_by_muon_what_one_learns(
    text: Path, together: Path, tmp_path: Path
) -> None:
    several.run(text, tmp_path / "alone", 0.0, optimiser="muon")
    one, two = (config(out)["evaluation"] for out in (tmp_path / "alone", together / "muon"))
    assert two["perplexity"] == pytest.approx(one["perplexity"], rel=5e-3)


def test_a_stop_of_one_process_stops_all_and_they_go_on_bit_for_bit(together: Path) -> None:
    stopped = weights(together / "stopped")
    for name, weight in weights(together / "straight").items():
        np.testing.assert_array_equal(stopped[name], weight, err_msg=name)


def test_the_first_process_says_what_is_wrong_with_another(together: Path) -> None:
    actual = json.loads((together / "errors-0.json").read_text())
    assert actual["version"].startswith(
        "TrainingError: process 1 has another version of foreword than process 0 (0.0, not "
    )
    assert "process 1 has another clip than process 0 (0.5, not " in actual["setting"]
    assert "process 1 has another text than process 0: " in actual["text"]
    assert "process 1: " in actual["no text"]
    assert str(together / "none") in actual["no text"]
    kept = f"process 1: {gettempdir()}: the text's words cannot be kept there in a hidden file"
    assert kept in actual["words"]
    assert actual["words"].endswith(
        f"{os.strerror(28)}. Set TMPDIR to a folder on a disk with room"
    )
    assert actual["disk"] == f"TrainingError: process 1: {OSError(28, os.strerror(28))}"


def test_the_other_process_leaves_it_to_the_first_to_say_so(together: Path) -> None:
    actual = json.loads((together / "errors-1.json").read_text())
    kinds = {what: message.partition(":")[0] for what, message in actual.items()}
    silent = dict.fromkeys(("version", "setting", "text", "no text", "words"), "SilentError")
    assert kinds == {**silent, "disk": "OSError"}


def set_as_torchrun_does(patch: pytest.MonkeyPatch, name: str, restarts: int) -> None:
    number = {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}
    started = {"TORCHELASTIC_RUN_ID": name, "TORCHELASTIC_RESTART_COUNT": str(restarts)}
    for variable, value in {**number, **started}.items():
        patch.setenv(variable, value)


@pytest.fixture(scope="module")
def begun(text: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train in a single process of a run that torchrun names "chats"."""
    out = tmp_path_factory.mktemp("begun") / "model"
    with pytest.MonkeyPatch.context() as patch:
        set_as_torchrun_does(patch, "chats", 0)
        several.run(text, out, 0.0)
    return out


@pytest.mark.parametrize(("name", "restarts"), [("notes", 1), ("none", 0)])
def test_another_run_is_refused_in_the_folder_however_often_torchrun_starts_it(
    text: Path, begun: Path, monkeypatch: pytest.MonkeyPatch, name: str, restarts: int
) -> None:
    set_as_torchrun_does(monkeypatch, name, restarts)
    with pytest.raises(SettingsError, match="--resume"):
        several.run(text, begun, 0.0)


@pytest.mark.parametrize(("name", "restarts"), [("chats", 0), ("none", 1)])
def test_the_process_that_is_left_goes_on_when_torchrun_starts_it_again(
    text: Path, begun: Path, monkeypatch: pytest.MonkeyPatch, name: str, restarts: int
) -> None:
    set_as_torchrun_does(monkeypatch, name, restarts)
    events: list[Event] = []
    several.run(text, begun, 0.0, events.append)
    assert not any(isinstance(event, StepProgress) for event in events)  # all were taken before
    assert config(begun)["training"]["steps"] == 12


def test_a_restarted_run_whose_checkpoint_is_missing_says_that_it_begins_again(
    text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_as_torchrun_does(monkeypatch, "chats", 1)
    events: list[Event] = []
    several.run(text, tmp_path / "model", 0.0, events.append)
    notes = [event.text for event in events if isinstance(event, Note)]
    assert notes[0] == (
        f"torchrun has restarted the processes, but {tmp_path / 'model'} has no checkpoint of this "
        "run: it begins again. All hosts must share this folder"
    )


@pytest.mark.nightly  # The gate tests that both go on after one of them was asked to stop.
def test_after_a_kill_torchrun_starts_all_again_and_they_go_on_bit_for_bit(
    text: Path, together: Path, tmp_path: Path
) -> None:
    start("killed", text, tmp_path, "--max-restarts", "1")
    killed = weights(tmp_path / "killed")
    for name, weight in weights(together / "straight").items():
        np.testing.assert_array_equal(killed[name], weight, err_msg=name)
