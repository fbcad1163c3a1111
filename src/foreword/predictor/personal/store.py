"""A person's memory in one SQLite file: read whole, written by difference. Knows no text.

A rollback journal, so that a file at rest is one file; every change is one transaction, flushed to
the disk before it counts. What is deleted is overwritten.
"""

import contextlib
import itertools
import os
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

from foreword.errors import MissingExtraError, PersonalError
from foreword.predictor.personal.counts import OTHER, Counts, unpacked
from foreword.predictor.personal.memory import FIRST_ID, RESERVED, Memory, Vocabulary
from foreword.predictor.personal.weights import PARTS, Weights

FORMAT_VERSION = 1
APPLICATION_ID = 0x46577064
LARGEST_FILE = 256 << 20
"""Bytes; larger ones are refused. The default limits come to less than 20 MB."""
SALT_BYTES = 16
LARGEST_COUNT = 1 << 53
TIMEOUT = 5.0
"""Seconds to wait for another program that is writing."""

_TABLES = {
    "meta": "name TEXT PRIMARY KEY, value",
    "words": "id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE, count INTEGER, last INTEGER",
    "trigrams": "key INTEGER PRIMARY KEY, count INTEGER, last INTEGER",
    "doubted": "bucket INTEGER PRIMARY KEY, last INTEGER",
    "refused": "kind TEXT PRIMARY KEY, count INTEGER",
    "weights": "part INTEGER PRIMARY KEY, earned REAL, seen REAL",
}
_SCHEMA = {name: f"CREATE TABLE {name} ({columns})" for name, columns in _TABLES.items()}
_LEFT_ALONE = (
    "Foreword leaves it as it is: put a copy or an export of it in its place, or use another file"
)

Change = Callable[[Memory], Memory]


@dataclass(frozen=True)
class Held:
    """What a file holds, and how often it had been written by then."""

    memory: Memory
    revision: int


class Store:
    """An open file. Safe to share between threads; several processes may have the same one open."""

    def __init__(
        self, path: Path, *, create: bool, read_only: bool, key: str | None, timeout: float
    ) -> None:
        """Opens a file, or makes one.

        Raises:
            PersonalError: it is missing, no personal file, damaged, locked, or of a newer format.
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
        try:
            with self._explained():
                self._prepare(key, read_only=read_only)
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._db.close()

    def read(self) -> Held:
        """What the file holds.

        Raises:
            PersonalError: it is damaged or locked.
        """
        with self._lock, self._explained(), self._transaction("BEGIN"):
            return self._read()

    def change(self, held: Held, change: Change) -> Held:
        """Applies a change to what the file holds, in one transaction.

        Args:
            held: what it held when it was last seen; if another has written since, it is read anew.
            change: from what is held to what shall be.

        Raises:
            PersonalError: the file cannot be written to; it then holds what it held.
        """
        with self._lock, self._explained(), self._transaction("BEGIN IMMEDIATE"):
            if self._revision() != held.revision:
                held = self._read()
            after = Held(change(held.memory), held.revision + 1)
            self._write(held.memory, after)
        return after

    def scrub(self) -> None:
        """Writes the file anew, so that no page of it holds what has been deleted."""
        with self._lock, self._explained():
            self._db.execute("VACUUM")

    def check(self) -> None:
        """Looks whether SQLite finds the file whole.

        Raises:
            PersonalError: it does not.
        """
        with self._lock, self._explained():
            found = [row[0] for row in self._db.execute("PRAGMA integrity_check(3)")]
        if found != ["ok"]:
            raise self._damaged("; ".join(found))

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
            quoted = key.replace("'", "''")
            self._db.execute(f"PRAGMA key = '{quoted}'")
        # What a stranger's file may say is not run; cells are checked before they are used.
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
            raise PersonalError(f"{self.path} is empty: nothing has been learned")

    def _is_ours(self) -> bool:
        """Whether it is a personal file; False if it is empty."""
        schema = dict(
            self._db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        )
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
        if version < 1 or schema != _SCHEMA:
            raise self._damaged("its tables are not those of a personal file")
        return True

    def _create(self) -> None:
        for statement in _SCHEMA.values():
            self._db.execute(statement)
        self._write(Memory(b""), Held(Memory(fresh_salt()), 1))
        self._db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        self._db.execute(f"PRAGMA user_version = {FORMAT_VERSION}")

    # Reading

    def _revision(self) -> int:
        (revision,) = self._db.execute("SELECT value FROM meta WHERE name = 'revision'").fetchone()
        return int(revision)

    def _read(self) -> Held:
        try:
            return self._unchecked()
        except (KeyError, TypeError, ValueError, OverflowError, IndexError) as error:
            raise self._damaged(f"{type(error).__name__}: {error}") from error

    def _unchecked(self) -> Held:
        meta = dict(self._db.execute("SELECT name, value FROM meta"))
        vocabulary = _vocabulary(self._db.execute("SELECT id, word, count, last FROM words"))
        rows = self._table("SELECT key, count, last FROM trigrams ORDER BY key")
        trigrams = Counts(*(np.ascontiguousarray(column) for column in rows.T))
        recent = np.frombuffer(meta["recent"], dtype="<i4").astype(np.int64)
        is_held = np.array([bool(text) for text in vocabulary.texts])
        is_held[OTHER] = True
        for part in (*unpacked(trigrams.keys), recent):
            if len(part) and not is_held[part].all():
                raise ValueError("a sequence holds a word that is not there")
        if len(rows) and (trigrams.keys[0] < 0 or trigrams.counts.min() < 1):
            raise ValueError("a sequence is counted less than once")
        _check_counts(trigrams.counts, trigrams.last)
        doubted = self._table("SELECT bucket, last FROM doubted ORDER BY last, bucket")
        refused = dict(self._db.execute("SELECT kind, count FROM refused"))
        if not all(isinstance(k, str) and isinstance(v, int) for k, v in refused.items()):
            raise ValueError("what was refused is not counted")
        if not isinstance(meta["salt"], bytes) or len(meta["salt"]) != SALT_BYTES:
            raise ValueError("the salt is not one")
        memory = Memory(
            meta["salt"],
            int(meta["clock"]),
            vocabulary,
            trigrams,
            recent,
            dict(doubted.tolist()),
            refused,
            self._weights(),
        )
        return Held(memory, int(meta["revision"]))

    def _table(self, query: str) -> np.ndarray:
        """Rows of integers, (N, columns) int64."""
        cursor = self._db.execute(query)
        rows = cursor.fetchall()
        if not rows:
            return np.zeros((0, len(cursor.description)), dtype=np.int64)
        found = np.array(rows)
        if found.dtype != np.int64:
            raise ValueError("a number is none")
        return found

    def _weights(self) -> Weights:
        weights = Weights.initial()
        for part, earned, seen in self._db.execute("SELECT part, earned, seen FROM weights"):
            if not 0 <= part < PARTS or not 0 <= earned <= seen < LARGEST_COUNT:
                raise ValueError("a weight is out of range")
            weights.earned[part], weights.seen[part] = earned, seen
        return weights

    # Writing

    def _write(self, before: Memory, after: Held) -> None:
        """Writes the difference between what the file holds and what it shall hold."""
        memory = after.memory
        self._write_words(before.vocabulary, memory.vocabulary)
        self._write_trigrams(before.trigrams, memory.trigrams)
        for table, old, new in (
            ("doubted", before.doubted, memory.doubted),
            ("refused", before.refused, memory.refused),
        ):
            key = _TABLES[table].split(" ", 1)[0]
            gone = [(name,) for name in old.keys() - new.keys()]
            self._db.executemany(f"DELETE FROM {table} WHERE {key} = ?", gone)
            changed = new.items() - old.items()
            self._db.executemany(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", changed)
        self._db.executemany(
            "INSERT OR REPLACE INTO weights VALUES (?, ?, ?)",
            [
                (part, float(memory.weights.earned[part]), float(memory.weights.seen[part]))
                for part in range(PARTS)
            ],
        )
        meta = {
            "salt": memory.salt,
            "clock": memory.clock,
            "recent": memory.recent.astype("<i4").tobytes(),
            "revision": after.revision,
        }
        self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", meta.items())

    def _write_words(self, before: Vocabulary, after: Vocabulary) -> None:
        pairs = itertools.zip_longest(before.texts, after.texts, fillvalue="")
        renamed = [index for index, (was, now) in enumerate(pairs) if was != now]
        # Renamed ones first leave, so that no two rows have the same word on the way.
        self._db.executemany("DELETE FROM words WHERE id = ?", [(index,) for index in renamed])
        size = min(len(before.texts), len(after.texts))
        counted = (before.counts[:size] != after.counts[:size]) | (
            before.last[:size] != after.last[:size]
        )
        rows = [
            (index, after.texts[index], int(after.counts[index]), int(after.last[index]))
            for index in sorted({*renamed, *np.flatnonzero(counted).tolist()})
            if index < len(after.texts) and after.texts[index]
        ]
        self._db.executemany("INSERT OR REPLACE INTO words VALUES (?, ?, ?, ?)", rows)

    def _write_trigrams(self, before: Counts, after: Counts) -> None:
        gone = before.keys[~_is_in(before.keys, after.keys)]
        self._db.executemany("DELETE FROM trigrams WHERE key = ?", zip(gone.tolist(), strict=True))
        at = np.searchsorted(before.keys, after.keys)
        same = at < len(before)
        at = at[same]
        same[same] = (
            (before.keys[at] == after.keys[same])
            & (before.counts[at] == after.counts[same])
            & (before.last[at] == after.last[same])
        )
        new = after.where(~same)
        rows = zip(new.keys.tolist(), new.counts.tolist(), new.last.tolist(), strict=True)
        self._db.executemany("INSERT OR REPLACE INTO trigrams VALUES (?, ?, ?)", rows)

    # Transactions and what can go wrong in them

    @contextlib.contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        self._db.execute(begin)
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            # SQLite has rolled back by itself after some errors.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turns SQLite's errors into ones that say what to do."""
        try:
            yield
        except (self._engine.Error, MemoryError) as error:
            raise self._error_of(error) from error

    def _error_of(self, error: Exception) -> PersonalError:
        told = str(error)
        if "locked" in told or "busy" in told:
            return PersonalError(
                f"{self.path} is locked: another program is writing to it. Try again later"
            )
        if "readonly" in told or "read-only" in told:
            return PersonalError(f"{self.path} is read-only: nothing was learned or changed")
        if "full" in told or "disk I/O" in told:
            return PersonalError(
                f"{self.path} cannot be written to ({told}). The disk may be full; the file holds "
                "what it held before"
            )
        if "not a database" in told:
            return PersonalError(
                f"{self.path} is not a personal file, or its key is another. {_LEFT_ALONE}"
            )
        if "unable to open" in told:
            return PersonalError(f"{self.path}: cannot be opened ({told})")
        if "closed" in told:
            return PersonalError(f"{self.path} has been closed")
        return self._damaged(told)

    def _damaged(self, what: str) -> PersonalError:
        return PersonalError(f"{self.path} is damaged ({what}). {_LEFT_ALONE}")


def fresh_salt() -> bytes:
    """A salt for a new memory."""
    return secrets.token_bytes(SALT_BYTES)


def _engine(key: str | None) -> ModuleType:
    """SQLite, or SQLCipher for a file with a key."""
    if key is None:
        return sqlite3
    try:
        from sqlcipher3 import dbapi2
    except ModuleNotFoundError as error:
        raise MissingExtraError("an encrypted personal file", "encrypt") from error
    engine: ModuleType = dbapi2
    return engine


def _vocabulary(rows: sqlite3.Cursor) -> Vocabulary:
    found = sorted(rows)
    size = max(FIRST_ID, found[-1][0] + 1 if found else 0)
    if found and (found[0][0] < 1 or size > LARGEST_FILE):
        raise ValueError("a word's number is out of range")
    texts, counts, last = [""] * size, np.zeros(size, np.int64), np.zeros(size, np.int64)
    for index, word, count, when in found:
        if not isinstance(word, str) or not word or type(count) is not int:
            raise ValueError("a word is none")
        texts[index], counts[index], last[index] = word, count, when
    if texts[:FIRST_ID] not in (list(RESERVED), [""] * FIRST_ID):
        raise ValueError("the line's end is not where it belongs")
    texts[:FIRST_ID] = RESERVED
    _check_counts(counts, last)
    return Vocabulary(tuple(texts), counts, last)


def _check_counts(*columns: np.ndarray) -> None:
    if any(len(c) and not 0 <= c.min() <= c.max() < LARGEST_COUNT for c in columns):
        raise ValueError("a count is out of range")


def _is_in(keys: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whether each of some sorted keys is among others that are sorted, (N,) bool."""
    if not len(others):
        return np.zeros(len(keys), dtype=bool)
    at = np.minimum(np.searchsorted(others, keys), len(others) - 1)
    found: np.ndarray = others[at] == keys
    return found
