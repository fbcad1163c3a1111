"""Changes several files of a folder at once, or none of them. Knows a run's folder, but no models.

What is new is written into a hidden folder, which one rename makes valid. From then on its files
count instead of those of the same names; afterwards they are moved to their places, one by one. A
process that is killed before that rename leaves the folder as it was, and one that is killed after
it leaves a folder that reads as the new one. The next writer moves what was not moved.

The folder itself is never exchanged for another: it may be mounted into a container, it may be the
root of a disk or what a shell stands in, and it holds files of the user's.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from foreword.folder.files import is_temporary, sync_folder, temporary_beside

HIDDEN = ".foreword"
"""Begins the names of hidden files of ours in a folder, of all but temporary ones."""
NEW = ".foreword-new"
"""What counts already, and is moved to its place."""
OLD = ".foreword-old"
"""The folder of a run that has been replaced, and is cleared away."""
RUN = "training"
"""The folder of a run. It is replaced as a whole by one that is adopted."""
STAGED = "new"
"""In it, the folder of a run that is to replace the model, once it has learned something."""
OF_RUN = ("step-*.safetensors", "sources.json", STAGED)
"""What a run's folder holds; everything else in it is the user's, and stays."""
LAST = ("config.json", "README.md", "index.html")
"""Moved after the others, in this order: a program that knows nothing of `NEW` finds them whole."""


def current(folder: Path, name: str) -> Path:
    """Where a file of a folder is read from: its place, unless a newer one has not been moved."""
    new = folder / NEW / name
    return new if new.exists() else folder / name


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A hidden folder to fill. At the end of the context, `path` has all that is in it, at once.

    A `path` that is missing appears. In one that is there, files of the same names are replaced,
    and the folder `RUN` if it was filled; everything else stays. If the context is left by an
    exception, `path` is as it was, and nothing is left over. In folders within it, too, files of
    the same names are replaced.

    Raises:
        OSError: the disk is full, or the folder cannot be written to.
    """
    is_new = not path.exists()
    if is_new:
        path.parent.mkdir(parents=True, exist_ok=True)
    else:
        settle(path)
    draft = temporary_beside(path if is_new else path / NEW)
    draft.mkdir()
    try:
        yield draft
        if is_new:
            sync_folder(draft)
            draft.rename(path)
            sync_folder(path.parent)
        else:
            adopt(path, draft)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def adopt(folder: Path, draft: Path) -> None:
    """Makes what a folder on the same disk holds count in another; see `whole`.

    Raises:
        OSError: the folder cannot be written to.
    """
    settle(folder)
    sync_folder(draft)
    draft.rename(folder / NEW)
    sync_folder(folder)
    settle(folder)


def settle(folder: Path) -> None:
    """Moves to its place what counts already, after a process that could not do so itself.

    Raises:
        OSError: the folder cannot be written to.
    """
    new = folder / NEW
    if new.is_dir():
        if (new / RUN).is_dir():
            if os.path.lexists(folder / RUN):
                (folder / RUN).rename(folder / OLD)
            (new / RUN).rename(folder / RUN)
        for path in sorted(new.iterdir(), key=lambda path: (_turn(path.name), path.name)):
            _move(path, folder / path.name)
        sync_folder(folder)
        new.rmdir()
    if os.path.lexists(folder / OLD):
        _clear(folder / OLD, folder / RUN)
        sync_folder(folder)


def discard(folder: Path) -> None:
    """Removes a folder at once; a kill on the way leaves a hidden one that is swept later."""
    if folder.exists():
        doomed = temporary_beside(folder)
        folder.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Removes what killed processes left unfinished in a folder that nobody else writes to.

    That is known by its name: see `temporary_beside`; or it begins with `.foreword-`, as folders do
    in which something is tried out. What counts already must have been moved: see `settle`.
    """
    with contextlib.suppress(OSError):
        beside = [p for p in folder.parent.iterdir() if is_temporary(p.name, folder.name)]
        for path in beside:
            _remove(path)
    with contextlib.suppress(OSError):
        for path in list(folder.glob(f"{HIDDEN}-*")):
            _remove(path)
    for place in (folder, folder / RUN, folder / RUN / STAGED, folder / RUN / STAGED / RUN):
        with contextlib.suppress(OSError):
            for path in [p for p in place.iterdir() if is_temporary(p.name)]:
                _remove(path)


def is_hidden(name: str) -> bool:
    """Whether a hidden file or folder in a folder is ours, and nothing that it was made for."""
    return name.startswith(HIDDEN) or is_temporary(name)


def _move(source: Path, target: Path) -> None:
    """Moves a file, or all files of a folder, to where others of the same names may be."""
    if source.is_dir() and target.is_dir():
        for path in list(source.iterdir()):
            _move(path, target / path.name)
        sync_folder(target)
        source.rmdir()
    else:
        source.replace(target)


def _turn(name: str) -> int:
    return 1 + LAST.index(name) if name in LAST else 0


def _clear(old: Path, run: Path) -> None:
    """Removes the folder of a run, but for what is the user's, which comes into the new one's."""
    if old.is_symlink():
        old.unlink()
        return
    for path in list(old.iterdir()):
        is_ours = is_temporary(path.name) or any(fnmatch(path.name, p) for p in OF_RUN)
        if not is_ours and not (run / path.name).exists():
            run.mkdir(exist_ok=True)
            path.rename(run / path.name)
    shutil.rmtree(old)
    with contextlib.suppress(OSError):  # it holds something
        run.rmdir()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()
