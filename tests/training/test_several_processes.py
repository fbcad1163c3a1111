"""Several processes that torchrun has started train one model."""

import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from tests.training import several

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


@pytest.mark.nightly  # The gate tests that both go on after one of them was asked to stop.
def test_after_a_kill_torchrun_starts_all_again_and_they_go_on_bit_for_bit(
    text: Path, together: Path, tmp_path: Path
) -> None:
    start("killed", text, tmp_path, "--max-restarts", "1")
    killed = weights(tmp_path / "killed")
    for name, weight in weights(together / "straight").items():
        np.testing.assert_array_equal(killed[name], weight, err_msg=name)
