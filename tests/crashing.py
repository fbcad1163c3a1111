"""What a kill leaves before each call to the file system, and a disk that is full from one call on.

The calls are those by which Python changes files. What a kill leaves is what lies in the folder at
that moment, since nothing is done afterwards: so one run shows the state before every call.
"""

import builtins
import errno
import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHANGES = ("mkdir", "rename", "replace", "unlink", "remove", "rmdir", "link", "symlink")
"""Functions of `os` that change folders."""
CONTENTS = ("fsync", "write", "ftruncate", "truncate")
"""Functions of `os` that change a file, or make sure that it was changed."""
TAKES_ROOM = ("mkdir", "open", "fsync", "write", "symlink")

EVERY = 1 if os.environ.get("FOREWORD_CRASHES") == "all" else 3
"""Of the states that a kill may leave, all are read; so many apart, they are gone on with."""

Tree = dict[str, bytes | None]
"""Files by their paths, with their contents; folders with None."""


@contextmanager
def before_each_call(act: Callable[[str], None]) -> Iterator[None]:
    """While active, `act` is given the name of each call to come that changes a file."""
    with pytest.MonkeyPatch.context() as patch:
        for name in (*CHANGES, *CONTENTS):
            patch.setattr(os, name, _told(act, name, getattr(os, name)))
        opened = os.open

        def os_open(path: Any, flags: int, *more: Any, **named: Any) -> int:
            if flags & (os.O_CREAT | os.O_TRUNC):
                act("open")
            return opened(path, flags, *more, **named)

        patch.setattr(os, "open", os_open)
        for module in (builtins, io):
            patch.setattr(module, "open", _told_if_writing(act, module.open))
        yield


def states_before_each_call(root: Path, work: Callable[[], object]) -> list[Tree]:
    """What lies in a folder before each call while some work is done, and after it: each once."""
    actual: list[Tree] = []

    def note(_: str) -> None:
        tree = tree_of(root)
        if not actual or actual[-1] != tree:
            actual.append(tree)

    with before_each_call(note):
        work()
    note("")
    return actual


@contextmanager
def full_disk_from(number: int) -> Iterator[list[str]]:
    """While active, the disk is full from the call of this number on; gives the calls so far."""
    calls: list[str] = []

    def act(name: str) -> None:
        if name in TAKES_ROOM:
            calls.append(name)
            if len(calls) > number:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with before_each_call(act):
        yield calls


def tree_of(root: Path) -> Tree:
    """All that lies in a folder."""
    actual: Tree = {}
    for folder, _, names in os.walk(root):
        for path in (Path(folder), *(Path(folder) / name for name in names)):
            actual[str(path.relative_to(root))] = None if path.is_dir() else path.read_bytes()
    return actual


def put(tree: Tree, root: Path) -> Path:
    """Makes a folder hold nothing but this; returns it."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    for name, content in tree.items():
        path = root / name
        if content is None:
            path.mkdir(exist_ok=True, parents=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return root


def one_of_each(states: list[Tree]) -> list[Tree]:
    """Those that differ for whoever goes on: in more than what was not finished being written."""
    actual: dict[str, Tree] = {}
    for state in states:
        kept = {name: data for name, data in state.items() if ".foreword/" not in name + "/"}
        actual.setdefault(repr(sorted(kept.items())), state)
    return list(actual.values())


def hidden(root: Path) -> list[str]:
    """Paths of hidden files and folders."""
    return sorted(str(path) for path in root.rglob(".*"))


def _told(act: Callable[[str], None], name: str, function: Callable[..., Any]) -> Any:
    def called(*arguments: Any, **named: Any) -> Any:
        act(name)
        return function(*arguments, **named)

    return called


def _told_if_writing(act: Callable[[str], None], function: Callable[..., Any]) -> Any:
    def called(file: Any, mode: str = "r", *arguments: Any, **named: Any) -> Any:
        if set(mode) & set("wxa+"):
            act("open")
        return function(file, mode, *arguments, **named)

    return called
