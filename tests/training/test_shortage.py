"""A lack of memory is told as such, and never laid to what lies on the disk."""

import errno
import mmap
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
import torch

import foreword
from foreword.cli import app
from foreword.errors import TrainingError
from foreword.training.trainer import Run

BEYOND_ANY_MACHINE = 10**15


def of_numpy() -> object:
    return np.empty(BEYOND_ANY_MACHINE)


def of_torch() -> object:
    return torch.empty(BEYOND_ANY_MACHINE)


def raising(error: Exception) -> Callable[[], NoReturn]:
    def fail() -> NoReturn:
        raise error

    return fail


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    text = tmp_path_factory.mktemp("text") / "a.txt"
    text.write_text("the cat sat on the mat\n" * 20)
    return text


@pytest.fixture(scope="module")
def run(text: Path) -> Path:
    return trained(text, text.with_name("m"))


def trained(text: Path, out: Path) -> Path:
    foreword.train(
        text, out=out, valid=text, hidden_size=4, batch_size=2, window=4, steps=1, validations=1,
        threads=1, dropout=0.0, learning_rate=0.01,
    )  # fmt: skip
    return out


@pytest.mark.parametrize(
    "fail",
    [
        of_numpy,
        of_torch,
        raising(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0")),
        raising(RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be reported")),
        raising(RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`")),
    ],
)
def test_resuming_without_memory_says_so_and_keeps_the_run(
    run: Path, monkeypatch: pytest.MonkeyPatch, fail: Callable[[], object]
) -> None:
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    monkeypatch.setattr(Run, "restore", lambda *_: fail())
    with pytest.raises(MemoryError, match="not enough memory for this training.*--resume"):
        foreword.train(out=run, resume=True, steps=2)
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_training_without_memory_names_the_options_that_need_less(
    text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Run, "start_at", lambda *_, **__: of_torch())
    with pytest.raises(MemoryError, match=r"allocate.*: train with a smaller --hidden-size"):
        trained(text, tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_fault_of_a_gpu_is_not_laid_to_the_checkpoint(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        Run, "restore", lambda *_: raising(RuntimeError("CUDA error: an illegal memory access"))()
    )
    with pytest.raises(RuntimeError, match="illegal memory access"):
        foreword.train(out=run, resume=True, steps=2)


@pytest.mark.parametrize(
    ("number", "kind", "message"),
    [
        (errno.ENOMEM, MemoryError, "not enough memory to read .*safetensors"),
        (errno.EMFILE, TrainingError, "safetensors: cannot be read: .*Too many open files"),
    ],
)
def test_a_file_that_the_machine_cannot_read_is_not_called_damaged(
    run: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception], message: str
) -> None:
    error = OSError(number, "Too many open files" if number == errno.EMFILE else "no memory")
    monkeypatch.setattr(mmap, "mmap", lambda *_, **__: raising(error)())
    with pytest.raises(kind, match=message) as raised:
        foreword.train(out=run, resume=True, steps=2)
    assert "damaged" not in str(raised.value)


def test_the_command_line_tells_of_a_lack_of_memory_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(app, "app", raising(MemoryError()))
    with pytest.raises(SystemExit) as ended:
        app.run()
    assert ended.value.code == 1
    assert "there is not enough memory" in capsys.readouterr().err
