"""What each process of `test_several_processes` does; started by torchrun.

    several.py whole|killed TEXT OUT

`whole` trains OUT/undropped, OUT/muon, OUT/straight, and OUT/stopped, in which the second process
is asked to stop after some steps, before all go on. In `killed` the second process is killed
instead.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import foreword
from foreword.training import trainer
from foreword.training.progress import Reporter, silent

HALF = 5
"""The steps after which something happens to the second process."""


def run(text: Path, out: Path, dropout: float, report: Reporter = silent, **more: Any) -> Any:
    """Train a small model for twelve steps."""
    return foreword.train(
        text, valid=text, validations=2, out=out, steps=12, dropout=dropout, seed=3, threads=1,
        vocab_size=60, embedding_size=8, hidden_size=12, batch_size=8, window=10,
        save_seconds=1e-3, report=report, **more,
    )  # fmt: skip


def interrupt(number: int) -> None:
    """Send this process a signal after some steps of its next run."""
    step = trainer._step

    def counted(run: trainer.Run, *others: Any) -> str | None:
        if run.position.step == HALF:
            trainer._step = step
            os.kill(os.getpid(), number)
        return step(run, *others)

    trainer._step = counted


def main(mode: str, text: Path, out: Path) -> None:
    """Train what the mode says."""
    is_second = os.environ["RANK"] == "1"
    if mode == "whole":
        run(text, out / "undropped", 0.0)
        run(text, out / "muon", 0.0, optimiser="muon")
        run(text, out / "straight", 0.3)
        if is_second:
            interrupt(signal.SIGTERM)
        assert run(text, out / "stopped", 0.3).stopped_by == "SIGTERM"
        foreword.train(out=out / "stopped", resume=True)
        return
    if is_second and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0":
        interrupt(signal.SIGKILL)
    run(text, out / "killed", 0.3)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
