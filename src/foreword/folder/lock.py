"""A lock between processes: a file that the operating system locks. Knows nothing of folders.

The system gives the lock up when the process dies, however it dies. The file that is then left is
taken over by whoever locks it next, and removed when the lock is given back.
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
"""What a file system without locks answers."""
FAR = 1 << 30
"""The byte that is locked on Windows, where nobody can read what is locked."""


@dataclass(frozen=True)
class Holder:
    """Who has the lock; the content of its file."""

    verb: str
    pid: int
    host: str
    since: str
    """Local time, ISO 8601."""

    @classmethod
    def me(cls, verb: str) -> "Holder":
        """This process, now."""
        since = datetime.now().astimezone().isoformat(timespec="seconds")
        return cls(verb, os.getpid(), socket.gethostname(), since)

    def __str__(self) -> str:
        """Who it is, for those who have to wait."""
        since = datetime.fromisoformat(self.since)
        is_today = since.date() == datetime.now(since.tzinfo).date()
        clock = since.strftime("%H:%M" if is_today else "%Y-%m-%d %H:%M")
        place = "" if self.host == socket.gethostname() else f" on {self.host}"
        return f"another foreword {self.verb} (process {self.pid}{place}, since {clock})"


class LockedError(Exception):
    """Somebody else has the lock; `holder` is None where it is not known who."""

    def __init__(self, holder: Holder | None) -> None:
        super().__init__(str(holder))
        self.holder = holder


class UnsupportedError(Exception):
    """The file system has no locks."""


@contextlib.contextmanager
def locked(path: Path, verb: str) -> Iterator[None]:
    """Has the lock while active; `verb` is what the holder does, as in `foreword train`.

    Raises:
        LockedError: somebody else has it, in this process or another.
        UnsupportedError: the file system has no locks.
        OSError: the file cannot be made.
    """
    handle = _acquired(path)
    try:
        with contextlib.suppress(OSError):  # another user's, left by a kill: it locks all the same
            os.ftruncate(handle, 0)
            os.write(handle, json.dumps(asdict(Holder.me(verb))).encode())
        yield
    finally:
        if sys.platform == "win32":  # an open file cannot be removed there
            os.close(handle)
            with contextlib.suppress(OSError):
                path.unlink()
        else:  # removed while it is locked: afterwards it may be the next one's
            if _is(handle, path):
                with contextlib.suppress(OSError):
                    path.unlink()
            os.close(handle)


def _acquired(path: Path) -> int:
    """An open file that is locked, and that still is the one of this name."""
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
        os.close(handle)  # its last holder has removed it meanwhile


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError:
        if not path.exists():
            raise
        return os.open(path, os.O_RDONLY)  # another user's


def _is(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _holder(path: Path) -> Holder | None:
    """Who wrote the file; it may be about to."""
    for _ in range(20):
        with contextlib.suppress(OSError, ValueError, TypeError):
            return Holder(**json.loads(path.read_text("utf-8")))
        time.sleep(0.02)
    return None


def _lock(handle: int) -> None:
    if sys.platform == "win32":
        os.lseek(handle, FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
