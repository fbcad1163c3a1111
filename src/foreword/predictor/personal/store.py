"""Keep a person's memory in one SQLite file: opening, locking, changing, errors. Knows no text.

The journal is a rollback journal, so that a file at rest is one file. Every change is a transaction
that is flushed to disk before it counts. What is deleted is overwritten.
"""

import contextlib
import os
import secrets
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from foreword.errors import MissingExtraError, PersonalError
from foreword.predictor.personal.learned_memory import Memory
from foreword.predictor.personal.rows import (
    LARGEST_CLOCK,
    SALT_BYTES,
    SCHEMA,
    Held,
    bounded,
    read_memory,
    read_revision,
    write_difference,
)

FORMAT_VERSION = 1
APPLICATION_ID = 0x46577064
LARGEST_FILE = 256 << 20
"""The size in bytes above which a file is refused. The default limits need less than 20 MB."""
TIMEOUT = 5.0
"""The number of seconds to wait for another program that is writing."""

_LEFT_ALONE = (
    "Foreword leaves it as it is: put a copy or an export of it in its place, or use another file"
)

Change = Callable[[Memory], Memory]
Read = TypeVar("Read")


class Store:
    """An open file. Thread-safe; several processes may have the same file open."""

    def __init__(
        self, path: Path, *, create: bool, read_only: bool, key: str | None, timeout: float
    ) -> None:
        """Open a file, or make one.

        Raises:
            PersonalError: the file is missing, no personal file, damaged, locked, or newer.
        """
        self.path = path
        self._engine = _engine(key)
        self._lock = threading.Lock()
        self._must_exist(create and not read_only)
        with self._explained():
            mode = "ro" if read_only else "rw"
            self._db = self._engine.connect(
                f"{path.absolute().as_uri()}?mode={mode}",
                uri=True,
                timeout=timeout,
                isolation_level=None,
                check_same_thread=False,
            )
            # Texts are decoded where they are checked, as SQLite's own errors would quote them.
            self._db.text_factory = bytes
        try:
            with self._explained():
                self._prepare(key, read_only=read_only)
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def read(self) -> Held:
        """Return what the file holds.

        Raises:
            PersonalError: the file is damaged or locked.
        """
        with self._lock, self._explained(), self._transaction("BEGIN"):
            return self._read()

    def change(self, held: Held, change: Change) -> Held:
        """Apply a change to what the file holds, in one transaction.

        Args:
            held: what it held when it was last read; if another process has written since, it is
                read again.
            change: returns the new memory for the old one.

        Raises:
            PersonalError: the file cannot be written to, and stays unchanged.
        """
        with self._lock, self._explained():
            self._keep_to_one_file()
            with self._transaction("BEGIN IMMEDIATE"):
                if self._revision() != held.revision:
                    held = self._read()
                revision = (held.revision + 1) % LARGEST_CLOCK
                after = Held(bounded(change(held.memory)), revision)
                write_difference(self._db, held.memory, after)
        return after

    def scrub(self) -> None:
        """Rewrite the file, so that no page holds what was deleted."""
        with self._lock, self._explained():
            self._keep_to_one_file()
            self._db.execute("VACUUM")

    def check(self) -> None:
        """Let SQLite check the file.

        Raises:
            PersonalError: the file is damaged.
        """
        with self._lock, self._explained():
            rows = self._db.execute("PRAGMA integrity_check(3)").fetchall()
        messages = [row[0].decode("utf-8", "replace") for row in rows]
        if messages != ["ok"]:
            raise self._damaged("; ".join(messages))

    # Opening

    def _must_exist(self, create: bool) -> None:
        try:
            if create and not self.path.exists():
                with contextlib.suppress(FileExistsError):  # another process was quicker
                    os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            if not self.path.exists():
                raise PersonalError(
                    f"{self.path}: there is no such file. It is made by: "
                    "foreword personal FILE learn TEXT --model DIR"
                )
            if not self.path.is_file():
                raise PersonalError(f"{self.path} is not a file")
            size = self.path.stat().st_size
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            raise PersonalError(f"{self.path}: cannot be opened: {error}") from error
        if size > LARGEST_FILE:
            raise PersonalError(
                f"{self.path} has {size:,} bytes; no personal file has more than {LARGEST_FILE:,}"
            )

    def _prepare(self, key: str | None, *, read_only: bool) -> None:
        if key is not None:
            # What it would write to standard error is raised as an exception too.
            self._db.execute("PRAGMA cipher_log_level = NONE")
            quoted = key.replace("'", "''")
            self._db.execute(f"PRAGMA key = '{quoted}'")
        # Code in a foreign file's schema is not run; cells are checked before they are used.
        self._db.execute("PRAGMA trusted_schema = OFF")
        self._db.execute("PRAGMA cell_size_check = ON")
        self._db.execute("PRAGMA temp_store = MEMORY")
        if not read_only:
            self._db.execute("PRAGMA secure_delete = ON")
            self._db.execute("PRAGMA synchronous = EXTRA")
            if not self._is_ours():
                with self._transaction("BEGIN IMMEDIATE"):
                    if not self._is_ours():  # another process may have been quicker
                        self._create()
        if not self._is_ours():
            raise PersonalError(
                f"{self.path} is empty: nothing has been learned. It learns by: foreword personal "
                f"{self.path} learn TEXT --model DIR"
            )
        if not read_only:
            self._keep_to_one_file()

    def _keep_to_one_file(self) -> None:
        """Set the rollback journal, and remove what another tool has left beside the file.

        In a write-ahead log or a persistent journal, forgotten words would live on.
        """
        self._db.execute("SELECT 1 FROM meta LIMIT 1").fetchone()  # reads what others have changed
        (before,) = self._db.execute("PRAGMA journal_mode").fetchone()
        if self.path.with_name(f"{self.path.name}-journal").exists():
            # SQLite removes the journal when it is told to keep none.
            self._db.execute("PRAGMA journal_mode = PERSIST")
        (mode,) = self._db.execute("PRAGMA journal_mode = DELETE").fetchone()
        if mode != b"delete":
            raise PersonalError(
                f"{self.path} keeps a part of what it holds in other files (SQLite's journal mode "
                f"{mode.decode()}), and cannot be changed. Close the program that has it open"
            )
        if before != b"delete":
            self._db.execute("VACUUM")  # removes what was deleted without being overwritten

    def _is_ours(self) -> bool:
        """Whether it is a personal file; False if it is empty."""
        # The whole schema is compared, as a trigger may have the name of a table.
        schema = self._db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
        (application,) = self._db.execute("PRAGMA application_id").fetchone()
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if not schema and application == 0 and version == 0:
            return False
        if application != APPLICATION_ID:
            raise PersonalError(f"{self.path} is a database of another program. {_LEFT_ALONE}")
        if version > FORMAT_VERSION:
            raise PersonalError(
                f"{self.path} has format version {version}; this Foreword reads up to "
                f"{FORMAT_VERSION}. It was written by a newer one: pip install --upgrade foreword"
            )
        if version < 1 or Counter(row for row in schema if not _is_automatic(row)) != _TABLES:
            raise self._damaged("its tables are not those of a personal file")
        return True

    def _create(self) -> None:
        for statement in SCHEMA.values():
            self._db.execute(statement)
        write_difference(self._db, Memory(b""), Held(Memory(fresh_salt()), 1))
        self._db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        self._db.execute(f"PRAGMA user_version = {FORMAT_VERSION}")

    # Reading

    def _revision(self) -> int:
        return self._rows(read_revision)

    def _read(self) -> Held:
        return self._rows(read_memory)

    def _rows(self, read: Callable[[sqlite3.Connection], Read]) -> Read:
        try:
            return read(self._db)
        except UnicodeDecodeError:
            raise  # SQLite's message may not be about rows; see _explained
        except ValueError as error:
            raise self._damaged(str(error)) from error
        except (KeyError, TypeError, OverflowError, IndexError, AttributeError) as error:
            raise self._damaged(f"{type(error).__name__}: {error}") from error

    # Transactions and what can go wrong in them

    @contextlib.contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        self._db.execute(begin)
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            # After some errors, SQLite has already rolled back.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn SQLite's errors into errors that say what to do."""
        try:
            yield
        except (self._engine.Error, MemoryError) as error:
            raise self._error_of(str(error)) from error
        except UnicodeDecodeError as error:
            # SQLite quotes the file in its messages, and Python raises this in place of SQLite's
            # error where the quoted bytes are not UTF-8. `object` is the whole message.
            raise self._error_of(error.object.decode("utf-8", "replace")) from error

    def _error_of(self, message: str) -> PersonalError:
        if "locked" in message or "busy" in message:
            return PersonalError(
                f"{self.path} is locked: {writer_of(self.path)} is writing to it. Try again later"
            )
        if "readonly" in message or "read-only" in message:
            return PersonalError(f"{self.path} is read-only: nothing was learned or changed")
        if "full" in message or "disk I/O" in message:
            return PersonalError(
                f"{self.path} cannot be written to ({message}). The disk may be full; the file "
                "holds what it held before"
            )
        if "not a database" in message:
            return PersonalError(
                f"{self.path} is not a personal file, or its key is another. {_LEFT_ALONE}"
            )
        if "unable to open" in message:
            return PersonalError(f"{self.path}: cannot be opened ({message})")
        if "closed" in message:
            return PersonalError(f"{self.path} has been closed")
        return self._damaged(message)

    def _damaged(self, reason: str) -> PersonalError:
        return PersonalError(f"{self.path} is damaged ({reason}). {_LEFT_ALONE}")


_TABLES = Counter(
    (b"table", name.encode(), name.encode(), sql.encode()) for name, sql in SCHEMA.items()
)


def _is_automatic(row: tuple[object, ...]) -> bool:
    """Whether a row of the schema is an index that SQLite makes for unique columns."""
    kind, name, table, sql = row
    return (
        (kind, sql) == (b"index", None)
        and isinstance(table, bytes)
        and (name == b"sqlite_autoindex_" + table + b"_1")
    )


def writer_of(path: Path, locks: Path = Path("/proc/locks")) -> str:
    """Return which process has locked a file, which Linux tells by device and inode.

    Asking SQLite about the file would make this process lose its own locks.
    """
    try:
        status = path.stat()
        device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
        lines = [line.split() for line in locks.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError, AttributeError):  # no such file; Windows has no os.major
        return "another program"
    holders = [
        line[4]
        for line in lines
        if len(line) > 5 and line[1] == "POSIX" and line[3] == "WRITE" and line[5] == device
    ]
    pid = next((pid for pid in holders if pid.isdigit() and int(pid) > 0), None)
    return "another program" if pid is None else f"another program (process {pid})"


def fresh_salt() -> bytes:
    """Return a salt for a new memory."""
    return secrets.token_bytes(SALT_BYTES)


def _engine(key: str | None) -> ModuleType:
    """Return SQLite, or SQLCipher for a file with a key."""
    if key is None:
        return sqlite3
    try:
        from sqlcipher3 import dbapi2
    except ModuleNotFoundError as error:
        raise MissingExtraError("an encrypted personal file", "encrypt") from error
    engine: ModuleType = dbapi2
    return engine
