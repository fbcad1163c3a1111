import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from tests.end_to_end.forking import Forking

from foreword.text.corpus import chat_source

Command = Callable[..., subprocess.CompletedProcess[str]]

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "NO_COLOR": "1", "COLUMNS": "100"}
FOREWORD = [sys.executable, "-c", "from foreword.cli.main import main; main()"]
LONGEST = 240
"""Seconds."""


@pytest.fixture(scope="session")
def forking() -> Iterator[Forking]:
    started = Forking(ENVIRONMENT)
    yield started
    started.close()


@pytest.fixture(scope="session")
def foreword_command(forking: Forking) -> Command:
    """Runs the real command line in a process of its own, forked from one that has the imports."""

    def run(
        *arguments: object, stdin: str = "", expect: int = 0
    ) -> subprocess.CompletedProcess[str]:
        return checked(forking.run([*map(str, arguments)], stdin, LONGEST), expect)

    return run


@pytest.fixture(scope="session")
def fresh_command() -> Command:
    """Runs the real command line as a user does: Python starts, and imports what it needs."""

    def run(*arguments: object, expect: int = 0, **more: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*FOREWORD, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            env={**ENVIRONMENT, **more},
            timeout=LONGEST,
        )
        return checked(done, expect)

    return run


def checked(
    done: subprocess.CompletedProcess[str], expected: int
) -> subprocess.CompletedProcess[str]:
    assert done.returncode == expected, done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="session")
def chats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real text: about 40,000 words of the carried chats."""
    lines = [piece.text for piece in chat_source("valid").read()][:4000]
    path = tmp_path_factory.mktemp("text") / "chats.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


SMALL = [
    *(
        "--hidden-size",
        32,
        "--set",
        "min_count=3",
        "--learning-rate",
        0.01,
        "--set",
        "batch_size=16",
    )
]


@pytest.fixture(scope="session")
def model(fresh_command: Command, chats: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model that has really been trained, once for all processes that run tests."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    out = shared / "small"
    with FileLock(shared / "small.lock"):
        if not out.exists():
            fresh_command("train", chats, "--out", out, "--epochs", 2, *SMALL)
    return out
