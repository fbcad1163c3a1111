"""Ctrl-C, SIGTERM and SIGKILL, on the real command, and what can be done afterwards."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.end_to_end.forking import Forked, Forking

import foreword
from foreword.folder.files import read_tensors
from foreword.training.checkpoint import latest

Command = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., Forked]

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "NO_COLOR": "1"}
OPTIONS = [
    *("--hidden-size", "16", "--vocab-size", "400", "--threads", "1", "--set", "validations=3"),
    *("--set", "save_seconds=0.3", "--dropout", "0.1"),
]


@pytest.fixture
def start(forking: Forking, chats: Path) -> Start:
    """Starts a training."""

    def start(out: Path, *more: str) -> Forked:
        return forking.start(["train", str(chats), "--out", str(out), *OPTIONS, *more])

    return start


def wait_for_steps(out: Path, steps: int, process: Forked) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        actual = sorted((out / "training").glob("step-*.safetensors"))
        if actual and int(actual[-1].stem.removeprefix("step-")) >= steps:
            return
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.02)
    raise AssertionError("the run did not get so far")


STEPS = ("--steps", "400")


@pytest.fixture(scope="module")
def whole(chats: Path, foreword_command: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose training was never stopped."""
    out = tmp_path_factory.mktemp("never-stopped") / "whole"
    foreword_command("train", chats, "--out", out, *OPTIONS, *STEPS)
    return out


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_and_stops_and_resuming_equals_never_having_stopped(
    number: signal.Signals,
    code: int,
    whole: Path,
    tmp_path: Path,
    start: Start,
    foreword_command: Command,
) -> None:
    process = start(tmp_path / "stopped", *STEPS)
    wait_for_steps(tmp_path / "stopped", 20, process)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=120)

    assert process.returncode == code
    assert "--resume" in stderr
    assert "Traceback" not in stderr
    middle = latest(tmp_path / "stopped")
    assert 20 <= middle.step < 400
    assert foreword.load(tmp_path / "stopped").predict("how are")
    config = json.loads((tmp_path / "stopped" / "config.json").read_text())
    assert config["training"]["finished"] is False

    foreword_command("train", "--out", tmp_path / "stopped", "--resume")
    resumed, never_stopped = latest(tmp_path / "stopped"), latest(whole)
    assert resumed.step == never_stopped.step == 400
    assert resumed.arrays.keys() == never_stopped.arrays.keys()
    for name, array in never_stopped.arrays.items():
        assert resumed.arrays[name].tobytes() == array.tobytes(), name
    assert resumed.document["windows"] == never_stopped.document["windows"]
    (weights, _), (expected, _) = (
        read_tensors(path / "model.safetensors") for path in (tmp_path / "stopped", whole)
    )
    assert all(weights[name].tobytes() == array.tobytes() for name, array in expected.items())


@pytest.mark.parametrize("delay", [0.0, 0.13, 0.31])
def test_a_kill_at_any_moment_leaves_a_whole_checkpoint_and_a_loadable_model(
    delay: float, tmp_path: Path, start: Start, foreword_command: Command
) -> None:
    out = tmp_path / "killed"
    process = start(out, "--steps", "100000", "--set", "save_seconds=0.01")
    wait_for_steps(out, 5, process)
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=120)

    checkpoint = latest(out)
    assert checkpoint.step >= 5
    assert foreword.load(out).predict("how are")
    foreword_command("train", "--out", out, "--resume", "--steps", checkpoint.step + 20)
    assert latest(out).step == checkpoint.step + 20
    leftovers = [p.name for p in tmp_path.iterdir() if p.name != "killed"]
    assert leftovers == []


def test_a_signal_during_the_last_evaluation_leaves_the_model_and_says_how_to_go_on(
    chats: Path, tmp_path: Path, start: Start, foreword_command: Command
) -> None:
    process = start(tmp_path / "m", "--steps", "40", "--valid", str(chats))
    for line in process.stderr:
        if line.startswith("evaluating"):
            process.send_signal(signal.SIGINT)
            break
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "--resume" in errors
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    assert (config["training"]["finished"], config["evaluation"]) == (False, None)
    foreword_command("train", "--out", tmp_path / "m", "--resume")
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    assert config["evaluation"]["perplexity"] > 1


START = "from foreword.cli.main import main; main()"
WHILE_IMPORTING = """
import importlib.abc, os, signal, sys
class Interrupting(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.{number})
sys.meta_path.insert(0, Interrupting())
"""


@pytest.mark.parametrize(
    ("module", "number", "code"),
    [("typer", "SIGINT", 130), ("torch.nn", "SIGINT", 130), ("torch", "SIGTERM", 143)],
)
def test_a_signal_while_python_imports_ends_with_one_sentence_and_leaves_nothing(
    module: str, number: str, code: int, chats: Path, tmp_path: Path
) -> None:
    program = WHILE_IMPORTING.format(module=module, number=number) + START
    done = subprocess.run(
        [sys.executable, "-c", program, "train", str(chats), "--out", str(tmp_path / "m")],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == code, done.stderr
    assert done.stderr.removeprefix("loading PyTorch\n") == "stopped: nothing had begun\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("verb", "number", "code"),
    [
        ("train", signal.SIGINT, 130),
        ("tune", signal.SIGTERM, 143),
        ("compare", signal.SIGINT, 130),
        ("compress", signal.SIGTERM, 143),
    ],
)
def test_a_signal_while_the_text_is_read_leaves_nothing_and_says_so(
    verb: str, number: signal.Signals, code: int, model: Path, tmp_path: Path, forking: Forking
) -> None:
    text = tmp_path / "text.pipe"
    os.mkfifo(text)  # reading it lasts as long as this test wants
    out = tmp_path / "new" / "m"
    texts = [str(model), "--text", str(text)] if verb == "compress" else [str(text)]
    process = forking.start([verb, *texts, "--out", str(out)])
    with text.open("w") as pipe:  # opens when it is read
        assert (out.parent / ".m.lock").exists()
        process.send_signal(number)
        _, stderr = process.communicate(timeout=120)
        del pipe
    assert process.returncode == code, stderr
    last = stderr.splitlines()[-1]
    assert last.startswith("stopped: ")
    assert last.endswith(f"nothing was written to {out}")
    assert "Traceback" not in stderr
    assert [path.name for path in tmp_path.iterdir()] == ["text.pipe"]


def test_a_second_training_in_a_folder_is_refused_while_the_first_goes_on(
    chats: Path, tmp_path: Path, start: Start, fresh_command: Command
) -> None:
    out = tmp_path / "m"
    process = start(out, "--steps", "100000")
    wait_for_steps(out, 1, process)
    for again in (["--resume"], [chats, "--overwrite"]):
        failed = fresh_command("train", *again, "--out", out, "--steps", 3, expect=1)
        assert f"another foreword train (process {process.pid}, since" in failed.stderr
        assert "loading PyTorch" not in failed.stderr
    assert foreword.load(out).predict("how are")  # reading needs no lock
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert latest(out).step < 100000
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_a_finished_model_is_not_overwritten_unless_told(
    model: Path, chats: Path, foreword_command: Command
) -> None:
    before = (model / "model.safetensors").read_bytes()
    failed = foreword_command("train", chats, "--out", model, "--steps", 3, expect=1)
    assert "--overwrite" in failed.stderr
    assert (model / "model.safetensors").read_bytes() == before


def test_resuming_refuses_another_text_and_other_sizes(
    model: Path, tmp_path: Path, foreword_command: Command
) -> None:
    (tmp_path / "other.txt").write_text("not the same text\n" * 400)
    failed = foreword_command(
        "train", tmp_path / "other.txt", "--out", model, "--resume", "--epochs", 9, expect=1
    )
    assert "not the one that this run was started with" in failed.stderr
    failed = foreword_command("train", "--out", model, "--resume", "--hidden-size", 9, expect=1)
    assert "hidden_size" in failed.stderr
