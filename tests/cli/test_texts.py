from typing import Any

import pytest
import typer

from foreword.cli.app import app
from foreword.cli.texts import OPTIONS

READING = {"--encoding", "--lines", "--as", "--speaker", "--column", "--mend"}


def options(*words: str) -> set[str]:
    command: Any = typer.main.get_command(app)
    for word in words:
        command = command.commands[word]
    return {option for parameter in command.params for option in parameter.opts}


@pytest.mark.parametrize(
    "words",
    [
        *(("train",), ("evaluate",), ("keystrokes",), ("compress",), ("tune",), ("compare",)),
        ("prepare",),
        ("personal", "learn"),
    ],
)
def test_every_verb_that_reads_texts_has_the_same_options(words: tuple[str, ...]) -> None:
    assert options(*words) >= READING
    assert len(OPTIONS) == len(READING)
