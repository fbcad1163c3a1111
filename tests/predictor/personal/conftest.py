from collections.abc import Callable
from pathlib import Path

import pytest

from foreword.predictor.personal import Personal
from foreword.text.tokenizer import Tokenizer, TokenizerConfig

COMMON = ["Dear", "dear", "how", "are", "you", "see", "at", "the", "station", ",", ".", "I"]

Opened = Callable[..., Personal]

MADE_UP = 'lambda i: "".join("bdfgklmnprst"[i // 12**k % 12] + "aeiou"[k] for k in range(5))'
"""Source of a function that makes a word that may be learned of each number below 248,832."""
made_up: Callable[[int], str] = eval(MADE_UP)


def tokenizer(case: str = "keep") -> Tokenizer:
    words = COMMON if case == "keep" else list(dict.fromkeys(w.lower() for w in COMMON))
    return Tokenizer(["<unk>", "<eos>", *words], TokenizerConfig(case=case))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mine.personal"


@pytest.fixture
def layer(file: Path) -> Personal:
    """An empty layer over a model of a few words."""
    return Personal.open(file, tokenizer(), create=True)
