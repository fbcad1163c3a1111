"""Find files by paths, folders and globs. Looks at names and links, never into files."""

import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from foreword.errors import TextError

JUNK = frozenset(
    {
        *("node_modules", "__pycache__", "__MACOSX", "site-packages", "bower_components"),
        *("$RECYCLE.BIN", "System Volume Information", "Thumbs.db", "desktop.ini", "lost+found"),
    }
)
"""Names of files and folders that programs keep beside people's files."""


@dataclass
class LeftOut:
    """The names of files that were not read, by reason."""

    names: dict[str, list[str]] = field(default_factory=dict)

    def add(self, reason: str, name: str) -> None:
        """Record one name."""
        self.names.setdefault(reason, []).append(name)

    def summary(self, most: int = 3) -> str:
        """Return all reasons with the first names of each; empty if nothing was left out."""
        parts = []
        for reason, names in sorted(self.names.items(), key=lambda item: -len(item[1])):
            shown = ", ".join(names[:most]) + (", …" if len(names) > most else "")
            parts.append(f"{len(names):,} {reason} ({shown})")
        return "; ".join(parts)


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is read only if it is named itself."""
    return name.startswith(".") and name not in (".", "..")


def is_junk(name: str) -> bool:
    """Whether a name belongs to a program, an editor's backup, or the lock of an open document."""
    return name in JUNK or name.endswith("~") or name.startswith(("~$", "#"))


def files_below(folder: Path, left_out: LeftOut) -> list[Path]:
    """Return the files in a folder and the folders below it, in sorted order.

    Names that begin with a dot are left out, as are links that lead out of the folder or in
    circles. Each file is returned once, however many links lead to it.
    """
    try:
        root = folder.resolve(strict=True)
        os.listdir(root)  # noqa: PTH208 (only checks that the folder may be read)
    except (OSError, RuntimeError) as error:
        raise TextError(f"{folder}: cannot be read: {error}") from error
    seen: set[Path] = set()
    files: list[Path] = []

    def fail(error: OSError) -> None:
        left_out.add("that cannot be read", _below(Path(str(error.filename)), folder))

    for parent, folders, names in os.walk(folder, onerror=fail):
        folder_path = Path(parent)
        for name in list(folders):
            reason = _reason(folder_path / name, name, root)
            if reason is None and (folder_path / name).is_symlink():
                reason = "links to folders that are read already"
            if reason is not None:
                folders.remove(name)
                left_out.add(reason, _below(folder_path / name, folder) + "/")
        folders.sort()
        for name in names:
            path = folder_path / name
            reason = _reason(path, name, root)
            if reason is not None:
                left_out.add(reason, _below(path, folder))
            elif path.is_file() and (real := path.resolve()) not in seen:
                seen.add(real)
                files.append(path)
    return sorted(files)


def _reason(path: Path, name: str, root: Path) -> str | None:
    """Return why a file in a folder is left out; None if it is read."""
    if is_hidden(name):
        return "with names that begin with a dot"
    if is_junk(name):
        return "backups and programs' own"
    return _of_link(path, root) if path.is_symlink() else None


def _of_link(path: Path, root: Path) -> str | None:
    """Return why the target of a link is left out; None if it is read."""
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return "links that lead nowhere"
    if not real.is_relative_to(root):
        return "links that lead out of the folder"
    if any(is_hidden(part) or is_junk(part) for part in real.relative_to(root).parts):
        return "links to what is not read"
    return None


def _below(path: Path, folder: Path) -> str:
    try:
        return str(path.relative_to(folder))
    except ValueError:
        return path.name


def matching(pattern: str, left_out: LeftOut) -> list[Path]:
    """Return the files that match a glob, in sorted order, each once.

    Names that begin with a dot match only where the pattern has the dot. Links below the part
    without wildcards may not lead out of it.
    """
    parts = Path(pattern).parts
    literal = [part for part in parts if not glob.has_magic(part)]
    base = Path(*_before_magic(parts))
    seen: set[Path] = set()
    files = []
    for match in sorted(glob.iglob(pattern, recursive=True)):  # noqa: PTH207
        path = Path(match)
        if not path.is_file():
            continue
        inner = path.relative_to(base).parts if path.is_relative_to(base) else path.parts
        if any(is_junk(part) and part not in literal for part in inner):
            left_out.add("backups and programs' own", match)
            continue
        if _passes_link(base, inner) and (reason := _of_link(path, base.resolve())) is not None:
            left_out.add(reason, match)
            continue
        if (real := path.resolve()) not in seen:
            seen.add(real)
            files.append(path)
    return files


def _before_magic(parts: tuple[str, ...]) -> Iterator[str]:
    for part in parts:
        if glob.has_magic(part):
            return
        yield part


def _passes_link(base: Path, inner: tuple[str, ...]) -> bool:
    path = base
    for part in inner:
        path /= part
        if path.is_symlink():
            return True
    return False
