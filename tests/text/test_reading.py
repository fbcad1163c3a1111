import gzip
import json
import zipfile
from pathlib import Path

import pytest

from foreword.text import reading
from foreword.text.corpus import find_sources

RECORDS = "".join(
    json.dumps({"id": i, "text": f"message number {i}"}) + "\n" for i in range(12_000)
)


def shown(*paths: Path) -> list[tuple[str, int, int | None]]:
    actual: list[tuple[str, int, int | None]] = []
    find_sources(paths, progress=lambda *event: actual.append(event))
    return actual


@pytest.fixture
def every_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "SHOWN_FROM", 0)


@pytest.mark.usefixtures("every_size")
@pytest.mark.parametrize("kind", ["plain", "gzip", "zip"])
def test_how_far_a_form_is_read_is_told_up_to_its_end(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "records.jsonl"
    if kind == "gzip":
        path = tmp_path / "records.jsonl.gz"
        path.write_bytes(gzip.compress(RECORDS.encode(), 1))
    elif kind == "zip":
        path = tmp_path / "records.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("records.jsonl", RECORDS)
    else:
        path.write_text(RECORDS)
    actual = shown(path)
    total = path.stat().st_size
    assert {(what, whole) for what, _, whole in actual} == {("reading the texts", total)}
    done = [so_far for _, so_far, _ in actual]
    assert done == sorted(done)
    assert 0.95 * total < done[-1] <= total


@pytest.mark.usefixtures("every_size")
def test_several_texts_have_one_progress(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.jsonl", "b.jsonl")]
    for path in paths:
        path.write_text(RECORDS)
    actual = shown(*paths)
    assert actual[-1][1] == actual[-1][2] == 2 * len(RECORDS)
    assert len(actual) > 4


def test_of_small_texts_nothing_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    path.write_text(RECORDS)
    assert shown(path) == []
