import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from foreword.text.corpus import chat_source

Command = Callable[..., subprocess.CompletedProcess[str]]

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "NO_COLOR": "1", "COLUMNS": "100"}
FOREWORD = [sys.executable, "-c", "from foreword.cli.main import main; main()"]


@pytest.fixture(scope="session")
def foreword_command() -> Command:
    """Runs the real command line in a process of its own, as a user does."""

    def run(
        *arguments: object, stdin: str = "", expect: int = 0, **more: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*FOREWORD, *map(str, arguments)],
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            env={**ENVIRONMENT, **more},
            timeout=240,
        )
        assert done.returncode == expect, done.stderr
        assert "Traceback" not in done.stderr
        return done

    return run


@pytest.fixture(scope="session")
def chats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real text: about 40,000 words of the carried chats."""
    lines = [piece.text for piece in chat_source("valid").read()][:4000]
    path = tmp_path_factory.mktemp("text") / "chats.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


SMALL = ["--hidden-size", 32, "--min-count", 3, "--learning-rate", 0.01, "--batch-size", 16]


@pytest.fixture(scope="session")
def model(foreword_command: Command, chats: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model that has really been trained."""
    out = tmp_path_factory.mktemp("models") / "small"
    foreword_command("train", chats, "--out", out, "--epochs", 4, *SMALL)
    return out
