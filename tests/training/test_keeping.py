"""The paths of a run's texts are read from a file that anybody may have changed."""

from pathlib import Path

import pytest

from foreword.errors import TrainingError
from foreword.training.keeping import remember, remembered


def test_the_paths_of_texts_are_remembered(tmp_path: Path) -> None:
    remember(tmp_path, ["/a"], ["/b"], ["/c"])
    assert remembered(tmp_path, (), ()) == (["/a"], ["/b"], ["/c"])
    assert remembered(tmp_path, ["/d"], ()) == (["/d"], ["/b"], ["/c"])


@pytest.mark.parametrize(
    "content",
    [
        b"\xff", b"[]", b'"x"', b"3", b"{}", b"[" * 100_000, b'{"texts": "abc", "valid": []}',
        b'{"texts": [3], "valid": []}', b'{"texts": [], "valid": [], "old": {}}',
    ],
)  # fmt: skip
def test_a_file_that_was_changed_is_named_and_the_texts_asked_for(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "training" / "sources.json"
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(TrainingError, match=r"sources\.json cannot be read.*Name the text again"):
        remembered(tmp_path, (), ())
    assert remembered(tmp_path, ["/d"], ()) == (["/d"], (), ())
