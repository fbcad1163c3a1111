"""A lock between processes: a file that the operating system locks. Knows nothing of folders.

The system releases the lock when the process dies, however it dies. The file that a dead process
leaves behind is reused by the next holder, and removed when the lock is released.
"""

import contextlib
import errno
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

UNSUPPORTED = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL})
"""The errors of file systems without locks."""
FAR = 1 << 30
"""The position of the locked byte on Windows, where a locked byte cannot be read."""


@dataclass(frozen=True)
class Holder:
    """The process that holds the lock; stored in the lock file as JSON."""

    verb: str
    pid: int
    host: str
    since: str
    """Local time, ISO 8601."""

    @classmethod
    def me(cls, verb: str) -> "Holder":
        """This process, at the current time."""
        since = datetime.now().astimezone().isoformat(timespec="seconds")
        return cls(verb, os.getpid(), socket.gethostname(), since)

    def __str__(self) -> str:
        """The holder, for an error message."""
        since = datetime.fromisoformat(self.since)
        is_today = since.date() == datetime.now(since.tzinfo).date()
        clock = since.strftime("%H:%M" if is_today else "%Y-%m-%d %H:%M")
        machine = "" if self.host == socket.gethostname() else f" on {self.host}"
        return f"another foreword {self.verb} (process {self.pid}{machine}, since {clock})"


class LockedError(Exception):
    """Another process or call holds the lock; `holder` is None if it is unknown."""

    def __init__(self, holder: Holder | None) -> None:
        super().__init__(str(holder))
        self.holder = holder


class UnsupportedError(Exception):
    """The file system has no locks."""


@contextlib.contextmanager
def locked(path: Path, verb: str) -> Iterator[None]:
    """Hold the lock while active; `verb` is the holder's command, as in `foreword train`.

    Raises:
        LockedError: another process, or another call in this one, holds it.
        UnsupportedError: the file system has no locks.
        OSError: the file cannot be created.
    """
    handle = _acquired(path)
    try:
        with contextlib.suppress(
            OSError
        ):  # another user's file, left by a kill, still serves as a lock
            os.ftruncate(handle, 0)
            os.write(handle, json.dumps(asdict(Holder.me(verb))).encode())
        yield
    finally:
        if sys.platform == "win32":  # an open file cannot be removed there
            os.close(handle)
            with contextlib.suppress(OSError):
                path.unlink()
        else:  # removed while locked: after the release it may be the next holder's
            if _is(handle, path):
                with contextlib.suppress(OSError):
                    path.unlink()
            os.close(handle)


def _acquired(path: Path) -> int:
    """An open, locked file that still has this name."""
    while True:
        handle = _opened(path)
        try:
            _lock(handle)
        except OSError as error:
            holder = None if error.errno in UNSUPPORTED else _holder(path)
            os.close(handle)
            if error.errno in UNSUPPORTED:
                with contextlib.suppress(OSError):
                    path.unlink()
                raise UnsupportedError from error
            raise LockedError(holder) from error
        if _is(handle, path):
            return handle
        os.close(handle)  # its last holder has removed it in the meantime


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError:
        if not path.exists():
            raise
        return os.open(path, os.O_RDONLY)  # another user's file


def _is(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _holder(path: Path) -> Holder | None:
    """The holder according to the file, which may be about to be written."""
    for _ in range(20):
        with contextlib.suppress(OSError, ValueError, TypeError, OverflowError, RecursionError):
            holder = Holder(**json.loads(path.read_text("utf-8")))
            str(holder)  # anyone may have written the file
            return holder
        time.sleep(0.02)
    return None


def _lock(handle: int) -> None:
    if sys.platform == "win32":
        os.lseek(handle, FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
