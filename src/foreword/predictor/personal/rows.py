"""The tables of a personal file, read into a memory and updated by difference. Opens no file."""

import itertools
import sqlite3
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from foreword.predictor.personal.counts import LARGEST_ID, LINE_END, OTHER, Counts, unpacked
from foreword.predictor.personal.cut import LONGEST_WORD
from foreword.predictor.personal.learned_memory import (
    BUCKET_BYTES,
    FIRST_ID,
    RESERVED,
    Memory,
    Vocabulary,
)
from foreword.predictor.personal.recency import REMEMBERED
from foreword.predictor.personal.weights import PARTS, Weights
from foreword.visible import UNSAFE, is_plain, shown

SALT_BYTES = 16
LARGEST_COUNT = 1 << 36
"""The largest count of a word or sequence; sums over a file of any size fit into 64 bits."""
LARGEST_CLOCK = 1 << 52
"""The largest clock and number of changes. Learning continues at these values without increasing
them, so that whatever is read can be written and read again."""

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

_COLUMNS: dict[str, dict[str, tuple[str, int, int]]] = {
    "meta": {"name": ("text", 1, 16)},
    "words": {
        "id": ("integer", LINE_END, LARGEST_ID),
        "word": ("text", 1, LONGEST_WORD),
        "count": ("integer", 0, LARGEST_COUNT),
        "last": ("integer", 0, LARGEST_CLOCK),
    },
    "trigrams": {
        "key": ("integer", 0, (1 << 63) - 1),
        "count": ("integer", 1, LARGEST_COUNT),
        "last": ("integer", 0, LARGEST_CLOCK),
    },
    "doubted": {
        "bucket": ("integer", 0, (1 << 8 * BUCKET_BYTES) - 1),
        "last": ("integer", 0, LARGEST_CLOCK),
    },
    "refused": {"kind": ("text", 1, 16), "count": ("integer", 0, LARGEST_COUNT)},
    "weights": {
        "part": ("integer", 0, PARTS - 1),
        "earned": ("real", 0, LARGEST_CLOCK),
        "seen": ("real", 0, LARGEST_CLOCK),
    },
}
"""The type of each column, and its least and largest value, or length of a text."""
_META: dict[str, tuple[str, int, int]] = {
    "salt": ("blob", SALT_BYTES, SALT_BYTES),
    "clock": ("integer", 0, LARGEST_CLOCK),
    "recent": ("blob", 0, 4 * REMEMBERED),
    "revision": ("integer", 0, LARGEST_CLOCK),
}
"""The same for each value of `meta`, by its name."""


@dataclass(frozen=True)
class Held:
    """What a file holds, and how often it had been written by then."""

    memory: Memory
    revision: int


def read_memory(db: Database) -> Held:
    """Read the tables.

    Raises:
        ValueError: a value cannot have been written by Foreword; names it.
    """
    for table in _COLUMNS:
        _check_table(db, table)
    meta = _meta(db)
    vocabulary = _vocabulary(db)
    rows = _table(db, "SELECT key, count, last FROM trigrams ORDER BY key")
    trigrams = Counts(*(np.ascontiguousarray(column) for column in rows.T))
    if (np.diff(trigrams.keys) <= 0).any():
        raise ValueError("a sequence is twice in trigrams")
    recent = np.frombuffer(meta["recent"], dtype="<i4").astype(np.int64)
    is_held = np.array([bool(text) for text in vocabulary.texts])
    is_held[OTHER] = True
    for part in (*unpacked(trigrams.keys), recent):
        outside = part[(part < 0) | (part >= len(is_held))]
        if len(outside) or not is_held[part].all():
            raise ValueError("a sequence holds a word that is not in words")
    doubted = _table(db, "SELECT bucket, last FROM doubted ORDER BY last, bucket")
    refused = {
        _text(kind, "refused.kind"): count
        for kind, count in db.execute("SELECT kind, count FROM refused")
    }
    memory = Memory(
        meta["salt"],
        meta["clock"],
        vocabulary,
        trigrams,
        recent,
        dict(doubted.tolist()),
        refused,
        _weights(db),
    )
    return Held(memory, meta["revision"])


def read_revision(db: Database) -> int:
    """Return how often the file has been written.

    Raises:
        ValueError: the value cannot have been written by Foreword.
    """
    row = db.execute("SELECT value FROM meta WHERE name = 'revision'").fetchone()
    if row is None:
        raise ValueError("the revision is missing")
    value = row[0]
    if type(value) is not int or not 0 <= value <= LARGEST_CLOCK:
        raise ValueError(f"meta.revision is {_quoted(value)}, not a count")
    return value


def bounded(memory: Memory) -> Memory:
    """Return the memory with numbers above their limit lowered to it.

    So no file is written that would be refused when it is read.
    """
    vocabulary, trigrams = memory.vocabulary, memory.trigrams
    vocabulary = Vocabulary(
        vocabulary.texts,
        np.minimum(vocabulary.counts, LARGEST_COUNT),
        np.minimum(vocabulary.last, LARGEST_CLOCK),
    )
    return replace(
        memory,
        clock=min(memory.clock, LARGEST_CLOCK),
        vocabulary=vocabulary,
        trigrams=Counts(
            trigrams.keys,
            np.minimum(trigrams.counts, LARGEST_COUNT),
            np.minimum(trigrams.last, LARGEST_CLOCK),
        ),
        doubted={bucket: min(last, LARGEST_CLOCK) for bucket, last in memory.doubted.items()},
        refused={kind: min(count, LARGEST_COUNT) for kind, count in memory.refused.items()},
    )


def _check_table(db: Database, table: str) -> None:
    """Raise ValueError at the first row with a value that its column cannot have."""
    columns = _COLUMNS[table]
    conditions = [_condition(name, *allowed) for name, allowed in columns.items()]
    # Only the beginning of a value is read, as it may be as large as the file.
    shown = ", ".join(
        f"CASE WHEN {c} THEN NULL ELSE {_head(name)} END, NOT ({c})"
        for name, c in zip(columns, conditions, strict=True)
    )
    row = db.execute(
        f"SELECT {shown} FROM {table} WHERE NOT ({' AND '.join(conditions)}) LIMIT 1"
    ).fetchone()
    if row is None:
        return
    for name, value, is_wrong in zip(columns, row[::2], row[1::2], strict=True):
        if is_wrong:
            kind, least, most = columns[name]
            raise ValueError(
                f"{table}.{name} is {_quoted(value)}, not {_expected(kind, least, most)}"
            )


def _condition(name: str, kind: str, least: int, most: int) -> str:
    """Return an SQL condition that is true for allowed values and false for others, also NULL."""
    size = name if kind in ("integer", "real") else f"length({name})"
    condition = f"typeof({name}) = '{kind}' AND {size} BETWEEN {least} AND {most}"
    # length() of a text stops at a NUL, which a foreign text may contain.
    return (
        f"{condition} AND length(CAST({name} AS BLOB)) <= {4 * most}"
        if kind == "text"
        else condition
    )


def _head(name: str) -> str:
    is_long = f"typeof({name}) IN ('text', 'blob')"
    return f"CASE WHEN {is_long} THEN substr({name}, 1, 40) ELSE {name} END"


def _expected(kind: str, least: int, most: int) -> str:
    if kind in ("integer", "real"):
        return f"a count from {least} to {most:,}"
    unit = "a text" if kind == "text" else "bytes"
    return f"{unit} of {least} to {most}"


def _quoted(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    return shown(f"{value!r:.60}")


def _text(value: bytes, column: str) -> str:
    """Return the text of a column, after checking that it can be shown."""
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"{column} is {_quoted(value)}, not UTF-8") from error
    if not is_plain(text):
        raise ValueError(f"{column} is {_quoted(value)}, which holds {UNSAFE}")
    return text


def _meta(db: Database) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, (kind, least, most) in _META.items():
        condition = _condition("value", kind, least, most)
        row = db.execute(
            f"SELECT {condition}, {_head('value')} FROM meta WHERE name = '{name}'"
        ).fetchone()
        if row is None:
            raise ValueError(f"the {name} is missing")
        if not row[0]:
            raise ValueError(
                f"meta.{name} is {_quoted(row[1])}, not {_expected(kind, least, most)}"
            )
        (values[name],) = db.execute(f"SELECT value FROM meta WHERE name = '{name}'").fetchone()
    if len(values["recent"]) % 4:
        raise ValueError("meta.recent ends within a number")
    (names,) = db.execute("SELECT count(*) FROM meta").fetchone()
    if names != len(_META):
        raise ValueError(f"meta has {names} rows, not {len(_META)}")
    return values


def _table(db: Database, query: str) -> np.ndarray:
    """Return rows of integers, (N, columns) int64."""
    cursor = db.execute(query)
    parts = [np.zeros((0, len(cursor.description)), dtype=np.int64)]
    while rows := cursor.fetchmany(ROWS_AT_ONCE):
        parts.append(np.array(rows, dtype=np.int64))
    return np.concatenate(parts)


def _weights(db: Database) -> Weights:
    weights = Weights.initial()
    for part, earned, seen in db.execute("SELECT part, earned, seen FROM weights"):
        if earned > seen:
            raise ValueError(f"weights.earned is {earned!r:.40}, more than weights.seen")
        weights.earned[part], weights.seen[part] = earned, seen
    return weights


def write_difference(db: Database, before: Memory, after: Held) -> None:
    """Write the difference between what the file holds and what it is to hold."""
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
    # Renamed words are deleted first, so that no word ever stands in two rows.
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
    indices = np.searchsorted(before.keys, after.keys)
    same = indices < len(before)
    indices = indices[same]
    same[same] = (
        (before.keys[indices] == after.keys[same])
        & (before.counts[indices] == after.counts[same])
        & (before.last[indices] == after.last[same])
    )
    new = after.selected(~same)
    rows = zip(new.keys.tolist(), new.counts.tolist(), new.last.tolist(), strict=True)
    db.executemany("INSERT OR REPLACE INTO trigrams VALUES (?, ?, ?)", rows)


def _vocabulary(db: Database) -> Vocabulary:
    rows = db.execute("SELECT id, word, count, last FROM words ORDER BY id").fetchall()
    size = max([FIRST_ID, *(row[0] + 1 for row in rows)])
    texts, counts, last = [""] * size, np.zeros(size, np.int64), np.zeros(size, np.int64)
    for index, word, count, when in rows:
        if index < FIRST_ID:
            texts[index] = RESERVED[index] if word == RESERVED[index].encode() else "?"
        else:
            texts[index] = _text(word, "words.word")
        counts[index], last[index] = count, when
    if texts[:FIRST_ID] not in (list(RESERVED), [""] * FIRST_ID):
        raise ValueError("the line's end is not where it belongs")
    texts[:FIRST_ID] = RESERVED
    held = [text for text in texts[FIRST_ID:] if text]
    if len({*held}) < len(held) or len({row[0] for row in rows}) < len(rows):
        raise ValueError("a word is twice in words")
    return Vocabulary(tuple(texts), counts, last)


def _is_in(keys: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whether each of some sorted keys is among other sorted keys, (N,) bool."""
    if not len(others):
        return np.zeros(len(keys), dtype=bool)
    indices = np.minimum(np.searchsorted(others, keys), len(others) - 1)
    is_present: np.ndarray = others[indices] == keys
    return is_present
