"""Claims a folder for one process to write in, and says at once if it cannot be. Knows no models.

The lock's file lies beside the folder, as `.NAME.lock`, while the work goes on: so it is never in
what is made. Where nothing may be written beside the folder, or the folder is the root of a mounted
disk, which others may have mounted elsewhere, it lies in it. Reading takes no lock.
"""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from foreword.errors import FolderError, SettingsError
from foreword.folder.adopting import HIDDEN, settle, sweep
from foreword.folder.files import LONGEST_NAME
from foreword.folder.lock import LockedError, UnsupportedError, locked

INSIDE = ".foreword.lock"
"""The lock's file where it lies in the folder."""
PROBE = 1 << 20
"""Bytes that are written, and never kept, to see whether the disk has any room at all."""

Refusal = Callable[[Path], str | None]
"""Why what a folder holds may not be written to, as the end of a sentence; None if it may."""


@contextlib.contextmanager
def claimed(
    folder: Path,
    verb: str,
    refusal: Refusal = lambda _: None,
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[None]:
    """While active, no other process, and no other call in this one, can claim the folder.

    Checks first that the folder can be written to. Folders above it are made, and removed again if
    nothing was written in them. What an earlier process was killed over is finished or removed.

    Args:
        folder: may be missing.
        verb: who claims it, as in `foreword train`.
        refusal: is asked about a folder that is there.
        tell: is told where the file system has no locks.

    Raises:
        SettingsError: it is a file, or holds what is not to be touched.
        FolderError: it cannot be written to, or another writes in it.
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
            if is_locked:  # otherwise another process may be about to use what is left
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
    """Locks a folder until the end; False where the file system has no locks."""
    try:
        until_end.enter_context(locked(_lock_file(folder), verb))
    except UnsupportedError:
        return False
    return True


def refuse_unclaimable(folder: Path, verb: str, refusal: Refusal = lambda _: None) -> None:
    """Says now what `claimed` would say, before anything slow begins; see there."""
    with claimed(folder, verb, refusal):
        pass


def unless_replacing(names: Sequence[str], is_ours: Callable[[Path], bool], verb: str) -> Refusal:
    """Refuses a folder in which files of the same names are somebody else's.

    Args:
        names: of what is going to be written.
        is_ours: whether the folder is one that the verb has written to before.
        verb: as in `foreword compare`.
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
    """Makes a folder and those above it; removes those it made that are empty in the end."""
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
    """Writes to a nameless file in the folder: what cannot be written to says so."""
    with tempfile.TemporaryFile(prefix=f"{HIDDEN}-", dir=folder) as file:
        file.write(bytes(PROBE))


def _lock_file(folder: Path) -> Path:
    """Where a folder's lock lies, by whichever path the folder was named."""
    if folder.is_dir() and (folder.is_mount() or not os.access(folder.parent, os.W_OK)):
        return folder / INSIDE
    name = f".{folder.name}.lock"
    if len(os.fsencode(name)) > LONGEST_NAME:
        name = f".{hashlib.sha256(os.fsencode(folder.name)).hexdigest()}.lock"
    return folder.with_name(name)
