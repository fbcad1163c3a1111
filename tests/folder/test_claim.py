"""Who may write in a folder, and what is said at once when it cannot be written to."""

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from foreword.errors import FolderError, SettingsError
from foreword.folder.claim import claimed, unless_replacing
from foreword.folder.files import atomic_write, temporary_beside
from foreword.folder.lock import Holder

HOLDING = """
import sys, time
from pathlib import Path
from foreword.folder.claim import claimed
with claimed(Path(sys.argv[1]), "tune"):
    print("claimed", flush=True)
    sys.stdin.read()
print("free", flush=True)
"""


@contextmanager
def another_process(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that has claimed a folder, until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "claimed\n"
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            stream.close()


def test_a_folder_is_claimed_by_one_at_a_time_and_the_other_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    with another_process(folder) as process:
        with pytest.raises(FolderError) as refused, claimed(folder, "train"):
            pass
        assert f"{folder}: another foreword tune (process {process.pid}, since " in str(
            refused.value
        )
        assert str(refused.value).endswith(
            ") is writing here. Wait for it, stop it, or give another --out"
        )
        assert process.stdin is not None
        process.stdin.close()
        assert process.stdout is not None
        assert process.stdout.readline() == "free\n"
        with claimed(folder, "train"):
            pass
    assert list(tmp_path.iterdir()) == []


def test_one_process_cannot_claim_a_folder_twice(tmp_path: Path) -> None:
    expected = f"process {os.getpid()}"
    with (
        claimed(tmp_path / "m", "train"),
        pytest.raises(FolderError, match=expected),
        claimed(tmp_path / "m", "train"),
    ):
        pass


def test_a_claim_ends_with_a_process_that_is_killed(tmp_path: Path) -> None:
    with another_process(tmp_path / "m") as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        with claimed(tmp_path / "m", "train"):
            pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("way", ["link", "link to the folder above", "relative", "dots"])
def test_a_folder_is_the_same_by_whichever_path_it_is_named(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "models" / "m"
    folder.mkdir(parents=True)
    (tmp_path / "link").symlink_to(folder)
    (tmp_path / "above").symlink_to(folder.parent)
    other = {
        "link": tmp_path / "link",
        "link to the folder above": tmp_path / "above" / "m",
        "relative": Path("models/m"),
        "dots": tmp_path / "models" / ".." / "models" / "m",
    }[way]
    with (
        another_process(folder),
        pytest.raises(FolderError, match="is writing here"),
        claimed(other, "train"),
    ):
        pass


def test_a_folder_that_is_put_in_the_place_of_another_is_claimed_like_that(tmp_path: Path) -> None:
    # Whoever writes does so by the name: a second writer of that name would be in the way.
    (tmp_path / "m").mkdir()
    (tmp_path / "new").mkdir()
    with another_process(tmp_path / "m"):
        (tmp_path / "m").rename(tmp_path / "old")
        (tmp_path / "new").rename(tmp_path / "m")
        with pytest.raises(FolderError, match="is writing here"), claimed(tmp_path / "m", "train"):
            pass
        with claimed(tmp_path / "old", "train"):
            pass


def test_what_is_claimed_holds_nothing_of_it(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    with claimed(tmp_path / "m", "train"):
        assert list((tmp_path / "m").iterdir()) == []
    assert list(tmp_path.iterdir()) == [tmp_path / "m"]


def test_folders_above_are_made_and_stay_only_if_something_is_written(tmp_path: Path) -> None:
    with claimed(tmp_path / "a" / "b" / "m", "train"):
        assert (tmp_path / "a" / "b").is_dir()
    assert list(tmp_path.iterdir()) == []
    with claimed(tmp_path / "a" / "b" / "m", "train"):
        (tmp_path / "a" / "b" / "m").mkdir()
        (tmp_path / "a" / "b" / "m" / "file").touch()
    assert (tmp_path / "a" / "b" / "m" / "file").exists()


def test_where_nothing_may_be_written_beside_a_folder_the_lock_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    with claimed(folder, "train"):
        assert [path.name for path in folder.iterdir()] == [".foreword.lock"]
        assert [path.name for path in tmp_path.iterdir()] == ["m"]
    assert list(folder.iterdir()) == []


def test_a_file_system_without_locks_is_worked_on_after_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    messages: list[str] = []
    with claimed(tmp_path / "m", "train", tell=messages.append):
        assert "has no locks" in messages[0]
    assert list(tmp_path.iterdir()) == []


def test_a_file_and_what_lies_below_one_are_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(SettingsError, match="is a file, not a folder"):
        claimed(tmp_path / "notes.txt", "train").__enter__()
    with pytest.raises(FolderError, match="cannot be written to: Not a directory"):
        claimed(tmp_path / "notes.txt" / "m", "train").__enter__()
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_names_may_be_as_long_as_the_system_allows(tmp_path: Path) -> None:
    longest = tmp_path / ("ä" * 127 + "b")
    with claimed(longest, "train"):
        temporary = temporary_beside(longest)
        temporary.mkdir()
        (temporary / "file").touch()
        temporary.rename(longest)
    assert list(tmp_path.iterdir()) == [longest]
    with pytest.raises(SettingsError, match="has 300 bytes, but a folder's name may have 255"):
        claimed(tmp_path / ("n" * 300), "train").__enter__()


@pytest.mark.parametrize("fault", [errno.EROFS, errno.EACCES, errno.ENOSPC, errno.EDQUOT])
def test_what_cannot_be_written_to_is_said_and_nothing_is_left(
    fault: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise OSError(fault, os.strerror(fault))

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(FolderError) as refused:
        claimed(tmp_path / "a" / "m", "train").__enter__()
    assert os.strerror(fault) in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_the_work_itself_stays_what_it_is(tmp_path: Path) -> None:
    error = OSError(errno.ENOSPC, "full")
    with pytest.raises(OSError, match="full") as raised, claimed(tmp_path / "m", "train"):
        raise error
    assert raised.value is error


def test_somebody_elses_files_of_the_same_names_are_not_replaced(tmp_path: Path) -> None:
    refusal = unless_replacing(("table.csv",), lambda f: (f / "mark").exists(), "compare")
    assert refusal(tmp_path) is None
    (tmp_path / "other.csv").touch()
    assert refusal(tmp_path) is None
    (tmp_path / "table.csv").touch()
    assert "table.csv" in (refusal(tmp_path) or "")
    (tmp_path / "mark").touch()
    assert refusal(tmp_path) is None


def test_whoever_holds_a_lock_elsewhere_or_since_another_day_is_told_so() -> None:
    summary = str(Holder("train", 4711, "attic", "2026-01-02T16:02:09+00:00"))
    assert summary == "another foreword train (process 4711 on attic, since 2026-01-02 16:02)"


def test_a_lock_that_a_killed_process_left_unreadable_is_taken_over(tmp_path: Path) -> None:
    atomic_write(tmp_path / ".m.lock", b"\xff{")
    with claimed(tmp_path / "m", "train"):
        holder = json.loads((tmp_path / ".m.lock").read_text())
        assert (holder["verb"], holder["pid"]) == ("train", os.getpid())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "written",
    ["[" * 100_000, '{"verb": "train", "pid": 1, "host": "attic", "since": "\\u001b]0;x\\u0007"}'],
)
def test_who_holds_a_lock_is_unknown_if_its_file_says_nothing_sensible(
    tmp_path: Path, written: str
) -> None:
    with claimed(tmp_path / "m", "train"):
        (tmp_path / ".m.lock").write_text(written)
        with (
            pytest.raises(FolderError, match="another program is writing here"),
            claimed(tmp_path / "m", "train"),
        ):
            pass
