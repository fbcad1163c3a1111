"""What each process of `test_several_processes` does; started by torchrun.

    several.py whole|compressed|killed TEXT OUT

`whole` trains OUT/undropped, OUT/muon, OUT/straight, and OUT/stopped, in which the second process
is asked to stop after some steps, before all go on. Then the second process is started in wrong
ways, and in the end its disk is full; what the processes raise is written to OUT/errors-RANK.json.
`compressed` trains OUT/float16 and OUT/bfloat16, which are named for the format of the gradients;
then the second process's disk is full, and the first one's error is written to OUT/error.
In `killed` the second process is killed after some steps.
"""

import errno
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import foreword
from foreword.errors import ForewordError
from foreword.training import corpus, trainer
from foreword.training import run as run_module
from foreword.training.next_words import NextWordTask
from foreword.training.objective import NextWords
from foreword.training.progress import Reporter, silent

HALF = 5
"""The steps after which something happens to the second process."""


def run(text: Path, out: Path, dropout: float, report: Reporter = silent, **more: Any) -> Any:
    """Train a small model for twelve steps."""
    return foreword.train(
        text, valid=text, validations=2, out=out, steps=12, dropout=dropout, seed=3, threads=1,
        vocab_size=60, embedding_size=8, hidden_size=12, batch_size=7, window=10,
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


def errors(text: Path, out: Path, *, is_second: bool) -> dict[str, str]:
    """Return what this process raises when the second one differs, by what differs."""
    longer = out / f"longer-{is_second}.txt"
    longer.write_text(text.read_text() + "one more line\n" * is_second)
    wrong: dict[str, dict[str, Any]] = {
        "version": {},
        "setting": {"clip": 0.5} if is_second else {},
        "text": {"text": longer},
        "no text": {"text": out / "none"} if is_second else {},
        "words": {},
        "disk": {},
    }
    raised = {}
    for what, more in wrong.items():
        version, advance, tokenise = run_module.version, NextWords.advance, corpus.tokenise
        if is_second and what == "version":
            run_module.version = lambda _: "0.0"
        if is_second and what == "words":
            corpus.tokenise = fail
        if is_second and what == "disk":
            NextWords.advance = fail
        try:
            run(**{"text": text, "out": out / "refused", "dropout": 0.0, **more})
        except (ForewordError, OSError) as error:
            raised[what] = f"{type(error).__name__}: {error}"
        run_module.version, NextWords.advance, corpus.tokenise = version, advance, tokenise
    return raised


def fail(*_: object, **__: object) -> Any:
    """Fail as a write to a full disk does."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def main(mode: str, text: Path, out: Path) -> None:
    """Train what the mode says."""
    is_second = os.environ["RANK"] == "1"
    if is_second:
        NextWordTask.write = fail  # type: ignore[method-assign]  # the first process alone writes
    if mode == "whole":
        run(text, out / "undropped", 0.0)
        run(text, out / "muon", 0.0, optimiser="muon")
        run(text, out / "straight", 0.3)
        if is_second:
            interrupt(signal.SIGTERM)
        assert run(text, out / "stopped", 0.3).stopped_by == "SIGTERM"
        foreword.train(out=out / "stopped", resume=True)
        raised = errors(text, out, is_second=is_second)
        (out / f"errors-{int(is_second)}.json").write_text(json.dumps(raised))
        return
    if mode == "compressed":
        for kind in ("float16", "bfloat16"):
            run(text, out / kind, 0.0, compress_gradients=kind)
        if is_second:
            NextWords.advance = fail  # type: ignore[method-assign]
        try:
            run(text, out / "refused", 0.0, compress_gradients="bfloat16")
        except (ForewordError, OSError) as error:
            if not is_second:
                (out / "error").write_text(str(error))
        return
    if is_second and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0":
        interrupt(signal.SIGKILL)
    run(text, out / "killed", 0.3)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
