"""The tables of a personal file: read into a memory, written by difference. Knows no file."""

import itertools
import sqlite3
from dataclasses import dataclass

import numpy as np

from foreword.predictor.personal.counts import LARGEST_ID, OTHER, Counts, unpacked
from foreword.predictor.personal.memory import FIRST_ID, RESERVED, Memory, Vocabulary
from foreword.predictor.personal.weights import PARTS, Weights

SALT_BYTES = 16
LARGEST_COUNT = 1 << 53

ROWS_AT_ONCE = 10_000

Database = sqlite3.Connection

_TABLES = {
    "meta": "name TEXT PRIMARY KEY, value",
    "words": "id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE, count INTEGER, last INTEGER",
    "trigrams": "key INTEGER PRIMARY KEY, count INTEGER, last INTEGER",
    "doubted": "bucket INTEGER PRIMARY KEY, last INTEGER",
    "refused": "kind TEXT PRIMARY KEY, count INTEGER",
    "weights": "part INTEGER PRIMARY KEY, earned REAL, seen REAL",
}
SCHEMA = {name: f"CREATE TABLE {name} ({columns})" for name, columns in _TABLES.items()}


@dataclass(frozen=True)
class Held:
    """What a file holds, and how often it had been written by then."""

    memory: Memory
    revision: int


def read_memory(db: Database) -> Held:
    """What the tables hold.

    Raises:
        KeyError, TypeError, ValueError, OverflowError, IndexError: it is not what we wrote.
    """
    revision = read_revision(db)
    meta = dict(db.execute("SELECT name, value FROM meta"))
    vocabulary = _vocabulary(db.execute("SELECT id, word, count, last FROM words"))
    rows = _table(db, "SELECT key, count, last FROM trigrams ORDER BY key")
    trigrams = Counts(*(np.ascontiguousarray(column) for column in rows.T))
    recent = np.frombuffer(meta["recent"], dtype="<i4").astype(np.int64)
    is_held = np.array([bool(text) for text in vocabulary.texts])
    is_held[OTHER] = True
    for part in (*unpacked(trigrams.keys), recent):
        if len(part) and not (part.min() >= 0 and is_held[part].all()):
            raise ValueError("a sequence holds a word that is not there")
    if len(rows) and trigrams.counts.min() < 1:
        raise ValueError("a sequence is counted less than once")
    _check_counts(trigrams.counts, trigrams.last)
    doubted = _table(db, "SELECT bucket, last FROM doubted ORDER BY last, bucket")
    _check_counts(doubted[:, 1])
    refused = {
        _kind(kind): _count(count, "refused")
        for kind, count in db.execute("SELECT kind, count FROM refused")
    }
    if not isinstance(meta["salt"], bytes) or len(meta["salt"]) != SALT_BYTES:
        raise ValueError("the salt is not one")
    memory = Memory(
        meta["salt"],
        _count(meta["clock"], "clock"),
        vocabulary,
        trigrams,
        recent,
        dict(doubted.tolist()),
        refused,
        _weights(db),
    )
    return Held(memory, revision)


def read_revision(db: Database) -> int:
    """How often the file has been written.

    Raises:
        TypeError, ValueError: it is not what we wrote.
    """
    row = db.execute("SELECT value FROM meta WHERE name = 'revision'").fetchone()
    if row is None:
        raise ValueError("the revision is missing")
    return _count(row[0], "revision")


def _count(value: object, name: str) -> int:
    """A number that can still grow and be written."""
    if not isinstance(value, int) or not 0 <= value < LARGEST_COUNT:
        raise ValueError(f"{name} is {value!r:.40}, not a count")
    return value


def _kind(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a kind of what was refused is {value!r:.40}, not text")
    return value


def _table(db: Database, query: str) -> np.ndarray:
    """Rows of integers, (N, columns) int64."""
    cursor = db.execute(query)
    parts = [np.zeros((0, len(cursor.description)), dtype=np.int64)]
    while rows := cursor.fetchmany(ROWS_AT_ONCE):
        parts.append(np.array(rows))
        if parts[-1].dtype != np.int64:
            raise ValueError("a number is none")
    return np.concatenate(parts)


def _weights(db: Database) -> Weights:
    weights = Weights.initial()
    for part, earned, seen in db.execute("SELECT part, earned, seen FROM weights"):
        if not 0 <= part < PARTS or not 0 <= earned <= seen < LARGEST_COUNT:
            raise ValueError("a weight is out of range")
        weights.earned[part], weights.seen[part] = earned, seen
    return weights


def write_difference(db: Database, before: Memory, after: Held) -> None:
    """Writes the difference between what the file holds and what it shall hold."""
    memory = after.memory
    _write_words(db, before.vocabulary, memory.vocabulary)
    _write_trigrams(db, before.trigrams, memory.trigrams)
    for table, old, new in (
        ("doubted", before.doubted, memory.doubted),
        ("refused", before.refused, memory.refused),
    ):
        key = _TABLES[table].split(" ", 1)[0]
        gone = [(name,) for name in old.keys() - new.keys()]
        db.executemany(f"DELETE FROM {table} WHERE {key} = ?", gone)
        changed = new.items() - old.items()
        db.executemany(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", changed)
    db.executemany(
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
    db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", meta.items())


def _write_words(db: Database, before: Vocabulary, after: Vocabulary) -> None:
    pairs = itertools.zip_longest(before.texts, after.texts, fillvalue="")
    renamed = [index for index, (was, now) in enumerate(pairs) if was != now]
    # Renamed ones first leave, so that no two rows have the same word on the way.
    db.executemany("DELETE FROM words WHERE id = ?", [(index,) for index in renamed])
    size = min(len(before.texts), len(after.texts))
    counted = (before.counts[:size] != after.counts[:size]) | (
        before.last[:size] != after.last[:size]
    )
    rows = [
        (index, after.texts[index], int(after.counts[index]), int(after.last[index]))
        for index in sorted({*renamed, *np.flatnonzero(counted).tolist()})
        if index < len(after.texts) and after.texts[index]
    ]
    db.executemany("INSERT OR REPLACE INTO words VALUES (?, ?, ?, ?)", rows)


def _write_trigrams(db: Database, before: Counts, after: Counts) -> None:
    gone = before.keys[~_is_in(before.keys, after.keys)]
    db.executemany("DELETE FROM trigrams WHERE key = ?", zip(gone.tolist(), strict=True))
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
    db.executemany("INSERT OR REPLACE INTO trigrams VALUES (?, ?, ?)", rows)


def _vocabulary(rows: sqlite3.Cursor) -> Vocabulary:
    found = sorted(rows)
    size = max(FIRST_ID, found[-1][0] + 1 if found else 0)
    if found and (found[0][0] < 1 or size > LARGEST_ID + 1):
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
