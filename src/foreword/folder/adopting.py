"""Change several files of a folder at once, or none of them. Knows training runs, but no models.

New files are written into a hidden folder, which one rename makes valid. From then on they count
instead of the files of the same names, and are moved to their places one by one. A process that is
killed before the rename leaves the folder as it was; one that is killed after it leaves a folder
that reads as the new one, and the next writer moves the remaining files.

The folder itself is never replaced: it may be mounted into a container, the root of a disk or a
shell's working directory, and it holds the user's own files.
"""

import contextlib
import os
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from foreword.folder.files import is_temporary, sync_folder, temporary_beside

HIDDEN = ".foreword"
"""The prefix of Foreword's hidden files in a folder, except temporary ones."""
NEW = ".foreword-new"
"""The folder of new files that count already and have yet to be moved."""
OLD = ".foreword-old"
"""The folder of a training run that was replaced and has yet to be removed."""
RUN = "training"
"""The folder of a training run; a new one replaces it as a whole."""
STAGED = "new"
"""Within it, the folder of a run that will replace the model once it has learned something."""
OF_RUN = ("step-*.safetensors", "sources.json", STAGED)
"""The files of a run's folder; all others in it belong to the user, and stay."""
CONFIG = "config.json"
"""The file that makes a folder a model folder."""
LAST = (CONFIG, "README.md", "index.html")
"""Moved last, in this order: programs that do not know `NEW` then find the files they refer to."""


def current(folder: Path, name: str) -> Path:
    """The path to read a file of a folder from: in `NEW` if a newer one has yet to be moved."""
    new = folder / NEW / name
    return new if new.exists() else folder / name


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a hidden folder to fill, whose content `path` has at the end of the context, at once.

    A missing `path` is created. In an existing one, and in the folders within it, files of the same
    names are replaced; so is the whole folder `RUN` if it was filled. Everything else stays. If the
    context is left by an exception, `path` is as before.

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
        _remove_tree(draft)


def adopt(folder: Path, draft: Path) -> None:
    """Move the content of a folder into another one on the same disk, at once; see `whole`.

    Raises:
        OSError: the folder cannot be written to.
    """
    settle(folder)
    sync_folder(draft)
    draft.rename(folder / NEW)
    sync_folder(folder)
    settle(folder)


def settle(folder: Path) -> None:
    """Complete the moves of a process that was killed before it could do so.

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
    """Remove a folder at once; after a kill a hidden one is left, which `sweep` removes."""
    if folder.exists():
        doomed = temporary_beside(folder)
        folder.rename(doomed)
        _remove_tree(doomed)


def sweep(folder: Path) -> None:
    """Remove what killed processes left unfinished in a folder that nobody else writes to.

    It is known by its name: that of `temporary_beside`, or one that begins with `.foreword-`. Call
    `settle` first, which moves the files that count already.
    """
    with contextlib.suppress(OSError):
        beside = [p for p in folder.parent.iterdir() if is_temporary(p.name, folder.name)]
        for path in beside:
            _remove(path)
    with contextlib.suppress(OSError):
        for path in list(folder.glob(f"{HIDDEN}-*")):
            _remove(path)
    for inner in (folder, folder / RUN, folder / RUN / STAGED, folder / RUN / STAGED / RUN):
        with contextlib.suppress(OSError):
            for path in [p for p in inner.iterdir() if is_temporary(p.name)]:
                _remove(path)


def is_hidden(name: str) -> bool:
    """Whether this is the name of a hidden file or folder of Foreword's."""
    return name.startswith(HIDDEN) or is_temporary(name)


def _move(source: Path, target: Path) -> None:
    """Move a file, or all files of a folder, over existing files of the same names."""
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
    """Remove the folder of a run, but move the user's files in it to the new run's folder."""
    if old.is_symlink():
        old.unlink()
        return
    for path in list(old.iterdir()):
        is_ours = is_temporary(path.name) or any(fnmatch(path.name, p) for p in OF_RUN)
        if not is_ours and not (run / path.name).exists():
            run.mkdir(exist_ok=True)
            path.rename(run / path.name)
    _remove_tree(old, ignore_errors=False)
    with contextlib.suppress(OSError):  # it holds something
        run.rmdir()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        _remove_tree(path)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def _remove_tree(path: Path, *, ignore_errors: bool = True) -> None:
    import shutil  # half a megabyte that processes which only predict do without

    shutil.rmtree(path, ignore_errors=ignore_errors)
