"""Claim a folder so that only one process writes in it. Knows no models.

While the folder is claimed, the lock file `.NAME.lock` is beside it, and is not part of the result.
It is inside the folder if the parent folder is not writable, or if the folder is the root of a
mounted disk, which other machines may mount elsewhere. Readers take no lock.
"""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from foreword.errors import FolderError, SettingsError
from foreword.folder.adopting import HIDDEN, settle, sweep
from foreword.folder.digest import sha256
from foreword.folder.files import LONGEST_NAME
from foreword.folder.lock import LockedError, UnsupportedError, locked

INSIDE = ".foreword.lock"
"""The name of the lock file if it is inside the folder."""
PROBE = 1 << 20
"""Bytes written to a temporary file to check that the disk is not full."""

Refusal = Callable[[Path], str | None]
"""Why an existing folder may not be written to, as the end of a sentence; None if it may."""


@contextlib.contextmanager
def claimed(
    folder: Path,
    verb: str,
    refusal: Refusal = lambda _: None,
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[None]:
    """While active, no other process, and no other call in this process, can claim the folder.

    The folder is first checked to be writable. Missing parent folders are created, and removed in
    the end if nothing was written in them. Unfinished work of a killed process is completed or
    removed.

    Args:
        folder: the folder, which may be missing.
        verb: the command that claims it, as in `foreword train`.
        refusal: called with an existing folder.
        tell: called with a warning if the file system has no locks.

    Raises:
        SettingsError: it is a file, or `refusal` refuses it.
        FolderError: it cannot be written to, or another process has claimed it.
    """
    with contextlib.ExitStack() as until_end:
        try:
            real = folder.resolve()
            _check(real, folder, refusal)
            was_there = real.exists()
            until_end.enter_context(_parents(real.parent))
            until_end.callback(_remove_empty, [] if was_there else [real])
            _probe(real if was_there else real.parent)
            is_locked = _enter(until_end, real, verb)
            settle(real)
            if is_locked:  # otherwise another process may still use the temporary files
                sweep(real)
        except LockedError as error:
            raise FolderError(
                f"{folder}: {error.holder or 'another program'} is writing here. Wait for it, stop "
                "it, or give another --out"
            ) from error
        except (OSError, ValueError, RuntimeError) as error:  # a NUL; a loop of links
            told = getattr(error, "strerror", None) or str(error)
            raise FolderError(
                f"{folder}: cannot be written to: {told}. Give another --out"
            ) from error
        if not is_locked:
            tell(f"{folder}: the file system has no locks. Make sure that nothing else writes here")
        yield


def _enter(until_end: contextlib.ExitStack, folder: Path, verb: str) -> bool:
    """Lock a folder until the end; return False if the file system has no locks."""
    try:
        until_end.enter_context(locked(_lock_file(folder), verb))
    except UnsupportedError:
        return False
    return True


def refuse_unclaimable(folder: Path, verb: str, refusal: Refusal = lambda _: None) -> None:
    """Raise the errors of `claimed`, before slow work begins."""
    with claimed(folder, verb, refusal):
        pass


def unless_replacing(names: Sequence[str], is_ours: Callable[[Path], bool], verb: str) -> Refusal:
    """Refuse a folder whose files of the same names were not written by Foreword.

    Args:
        names: the files and folders that will be written.
        is_ours: whether the command has written to the folder before.
        verb: the command, as in `foreword compare`.
    """

    def refusal(folder: Path) -> str | None:
        if is_ours(folder):
            return None
        taken = next((name for name in names if (folder / name).exists()), None)
        if taken is None:
            return None
        return (
            f"holds {taken}, which no foreword {verb} has written: it would be replaced. Give "
            "another --out"
        )

    return refusal


def _check(real: Path, named: Path, refusal: Refusal) -> None:
    if (length := len(os.fsencode(real.name))) > LONGEST_NAME:
        raise SettingsError(
            f"--out: the name {real.name[:20]}... has {length} bytes, but a folder's name may have "
            f"{LONGEST_NAME}. Give a shorter one"
        )
    if not real.exists():
        return
    if not real.is_dir():
        raise SettingsError(f"{named} is a file, not a folder. Give another --out")
    if (why := refusal(real)) is not None:
        raise SettingsError(f"{named} {why}")


@contextlib.contextmanager
def _parents(folder: Path) -> Iterator[None]:
    """Create a folder and its parents; in the end remove those that are still empty."""
    made: list[Path] = []
    try:
        for parent in reversed([p for p in (folder, *folder.parents) if not p.exists()]):
            parent.mkdir(exist_ok=True)
            made.insert(0, parent)
        yield
    finally:
        _remove_empty(made)


def _remove_empty(folders: Sequence[Path]) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):  # it is missing, or not empty
            folder.rmdir()


def _probe(folder: Path) -> None:
    """Write to a temporary file in the folder, so that a full or read-only disk raises OSError."""
    with tempfile.TemporaryFile(prefix=f"{HIDDEN}-", dir=folder) as file:
        file.write(bytes(PROBE))


def _lock_file(folder: Path) -> Path:
    """The path of a folder's lock file, the same for all paths that lead to the folder."""
    if folder.is_dir() and (folder.is_mount() or not os.access(folder.parent, os.W_OK)):
        return folder / INSIDE
    name = f".{folder.name}.lock"
    if len(os.fsencode(name)) > LONGEST_NAME:
        name = f".{sha256(os.fsencode(folder.name)).hexdigest()}.lock"
    return folder.with_name(name)
