import os
import pty
import select
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document

from foreword.cli.typing_prompt import accept, rest_of
from foreword.folder.config import FolderConfig, ModelConfig
from foreword.folder.saving import write_folder
from foreword.models.build import build, weights_of
from foreword.predictor.suggest import Suggestion
from foreword.text.tokenizer import Tokenizer, TokenizerConfig


@pytest.mark.parametrize(
    ("text", "suggestion", "ghost", "accepted"),
    [
        ("I would li", Suggestion("like", 0.9, "like", 2), "ke", "I would like "),
        ("I would", Suggestion("like", 0.9, " like", 0), " like", "I would like "),
        ("I like ", Suggestion(".", 0.9, ".", 1), "", "I like. "),
        ("in lon", Suggestion("London", 0.9, "London", 3), "", "in London "),
        ("", Suggestion("I", 0.9, "I", 0), "I", "I "),
    ],
)
def test_a_suggestion_is_shown_behind_the_text_and_accepted_with_a_space(
    text: str, suggestion: Suggestion, ghost: str, accepted: str
) -> None:
    buffer = Buffer(document=Document(text))
    assert rest_of(suggestion, text) == ghost
    accept(buffer, suggestion)
    assert buffer.text == accepted


def test_suggestions_follow_the_keys_in_a_real_terminal(tmp_path: Path) -> None:
    words = ["<unk>", "<eos>", "hello", "help", "world"]
    tokenizer = Tokenizer(words, TokenizerConfig())
    config = ModelConfig(name="rnn", vocab_size=5, embedding_size=4, hidden_size=4)
    folder = FolderConfig(model=config, tokenizer=tokenizer.config)
    write_folder(tmp_path / "m", folder, weights_of(build(config)), tokenizer, "")
    main, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 80))
    program = "from foreword.cli.main import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, "predict", str(tmp_path / "m"), "--interactive"],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={
            **os.environ,
            "TERM": "xterm",
            "COLUMNS": "80",
            "LINES": "24",
        },
    )
    os.close(terminal)
    shown = b""

    def wait_for(*parts: bytes) -> None:
        nonlocal shown
        deadline = time.monotonic() + 120
        while not all(part in shown for part in parts):
            assert time.monotonic() < deadline, shown
            if select.select([main], [], [], 0.1)[0]:
                actual = os.read(main, 65536)
                shown += actual
                if b"\x1b[6n" in actual:  # the program asks where the cursor is
                    os.write(main, b"\x1b[1;1R")

    try:
        wait_for(b"hello", b"help", b"world")
        os.write(main, b"hel")
        wait_for(b"hel")
        shown = b""
        os.write(main, b"\x0c")  # Ctrl-L: draws all anew
        wait_for(b"hello", b"help", b"%")
        assert b"world" not in shown
        os.write(main, b"\x04" * 2 + b"\x03")
        assert process.wait(timeout=120) == 0
    finally:
        process.kill()
        process.wait()
        os.close(main)
