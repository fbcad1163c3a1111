from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foreword.text.corpus import find_sources

Lines = Callable[..., list[str]]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file of characters or bytes."""

    def written(content: str | bytes, name: str = "text.txt") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


@pytest.fixture
def lines() -> Lines:
    """The lines that are learned from a file or folder."""

    def read(path: Path, **options: Any) -> list[str]:
        return [piece.text for source in find_sources([path], **options) for piece in source.read()]

    return read


@pytest.fixture
def notes() -> Lines:
    """What is said of a file or folder."""

    def read(path: Path, **options: Any) -> list[str]:
        actual: list[str] = []
        find_sources([path], tell=actual.append, **options)
        return actual

    return read
