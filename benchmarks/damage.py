"""Damages personal files in many ways, and checks how they are opened.

    python benchmarks/damage.py --cases 3000

Bytes that are flipped, overwritten, cut off or moved; values of every column that no one would
write, alone and several at once; changed schemas; files of other tools beside it. Each file is
opened, learned from, asked, audited, forgotten from and exported. A case is right if that works, or
ends in a PersonalError that names the file; any other result is printed, with its seed.
"""

import argparse
import random
import sqlite3
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from foreword.errors import PersonalError, SettingsError
from foreword.predictor.personal import Personal
from foreword.text.tokenizer import Tokenizer, TokenizerConfig

COLUMNS = {
    "meta": ("name", "value"),
    "words": ("id", "word", "count", "last"),
    "trigrams": ("key", "count", "last"),
    "doubted": ("bucket", "last"),
    "refused": ("kind", "count"),
    "weights": ("part", "earned", "seen"),
}
VALUES: tuple[object, ...] = (
    *(None, "", "x", "\x1b]0;x\x07", "a\u202eb", "\0", "7", "-1", "nan", "é" * 64, "x" * 100_000),
    *(b"", b"\xff", b"\0" * 16, b"\0" * 4001, b"x" * 100_000),
    *(0, 1, 2, -1, 1 << 21, 1 << 31, 1 << 36, (1 << 36) + 1, 1 << 52, (1 << 52) + 1, 1 << 53),
    *((1 << 63) - 1, -(1 << 63), 0.5, -0.5, 1e18, 1e300, float("inf"), float("-inf")),
)
STATEMENTS = (
    "CREATE TRIGGER t AFTER INSERT ON words BEGIN DELETE FROM words; END",
    "CREATE TRIGGER words AFTER UPDATE ON meta BEGIN DELETE FROM meta; END",
    "CREATE VIEW v AS SELECT * FROM words",
    "CREATE INDEX i ON words (count)",
    "CREATE TABLE more (x)",
    "CREATE VIRTUAL TABLE f USING fts5(x)",
    "ALTER TABLE words ADD x AS (count + 1)",
    "ALTER TABLE words ADD x REFERENCES meta(name)",
    "ALTER TABLE words RENAME TO others",
    "DROP TABLE weights",
    "PRAGMA journal_mode = WAL",
    "PRAGMA user_version = -1",
    "PRAGMA auto_vacuum = FULL",
    "PRAGMA page_size = 512",
    "VACUUM",
    "ANALYZE",
    "DELETE FROM words",
    "DELETE FROM meta",
    "DELETE FROM trigrams",
    "UPDATE sqlite_master SET sql = replace(sql, 'TEXT', 'INT')",
    "UPDATE sqlite_master SET sql = 'CREATE TABLE words (' || char(255, 27, 0) || ')'",
    "UPDATE sqlite_master SET rootpage = 1",
    "UPDATE sqlite_master SET name = x'ff', tbl_name = x'ff'",
    "UPDATE sqlite_master SET sql = NULL",
    "UPDATE sqlite_master SET type = 'view'",
)
KNOWN = ["<unk>", "<eos>", "the", "station", "see", "you", "at", "Dear"]
TEXT = "Dear Annegret, see you at the station\nZamboni\n" * 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--cases", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    warnings.simplefilter("error")
    ways: tuple[Callable[[Path, random.Random], None], ...] = (
        flipped,
        overwritten,
        edited,
        altered,
    )
    outcomes: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        whole = made(Path(folder) / "whole")
        for seed in range(options.seed, options.seed + options.cases):
            chance = random.Random(seed)
            way = ways[seed % len(ways)]
            file = Path(folder) / f"{seed}.personal"
            file.write_bytes(whole)
            way(file, chance)
            outcomes[way.__name__, outcome(file, seed, read_only=chance.random() < 0.2)] += 1
            for left in Path(folder).glob(f"{seed}.personal*"):
                left.unlink()
    for (way, what), count in sorted(outcomes.items()):
        print(f"{way:12} {what:10} {count:6,}")


def made(file: Path) -> bytes:
    """A file of some hundred words, which were learned, forgotten and learned again."""
    with Personal.open(file, Tokenizer(KNOWN, TokenizerConfig()), create=True) as layer:
        words = [a + b + c for a in ("ba", "de", "gi") for b in ("lo", "mu", "na") for c in "rstnm"]
        layer.learn(TEXT + "".join(f"the {word} at {word}\n" for word in words) + "me@example.org")
        layer.forget("balor")
        layer.learn(TEXT)
    return file.read_bytes()


def flipped(file: Path, chance: random.Random) -> None:
    """Some bits."""
    data = bytearray(file.read_bytes())
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    file.write_bytes(data)


def overwritten(file: Path, chance: random.Random) -> None:
    """A stretch of the file; or its end is cut off, or two stretches change places."""
    data = bytearray(file.read_bytes())
    start, size = chance.randrange(len(data)), chance.choice((1, 16, 200, 4096))
    other = chance.randrange(len(data))
    match chance.randrange(4):
        case 0:
            data[start : start + size] = chance.randbytes(len(data[start : start + size]))
        case 1:
            data[start : start + size] = bytes([chance.choice((0, 0xFF, 0x1B))]) * size
        case 2:
            del data[start:]
        case _:
            data[start : start + size] = data[other : other + size]
    file.write_bytes(data)


def edited(file: Path, chance: random.Random) -> None:
    """One to three values of random columns."""
    db = sqlite3.connect(file, isolation_level=None)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        table = chance.choice(sorted(COLUMNS))
        column, value = chance.choice(COLUMNS[table]), chance.choice(VALUES)
        rows = [row[0] for row in db.execute(f"SELECT rowid FROM {table}")]
        where = "" if chance.random() < 0.2 else f" WHERE rowid = {chance.choice(rows or [0])}"
        with suppress(sqlite3.Error, OverflowError):
            db.execute(f"UPDATE OR IGNORE {table} SET {column} = ?{where}", (value,))
    db.close()


def altered(file: Path, chance: random.Random) -> None:
    """The schema, the journal's mode, whole tables; and what lies beside the file."""
    db = sqlite3.connect(file, isolation_level=None)
    db.execute("PRAGMA writable_schema = ON")
    for statement in chance.sample(STATEMENTS, chance.choice((1, 1, 2))):
        where = f" WHERE rowid = {chance.randint(1, 9)}" if "sqlite_master" in statement else ""
        with suppress(sqlite3.Error):
            db.execute(statement + where)
    db.close()
    if chance.random() < 0.2:
        ending = chance.choice(("-wal", "-journal", "-shm"))
        file.with_name(file.name + ending).write_bytes(
            chance.randbytes(chance.choice((0, 99, 9999)))
        )


def outcome(file: Path, seed: int, *, read_only: bool) -> str:
    """The result of using a file, twice, since a file that was written must be readable again."""
    outcome = "used"
    for _ in range(2):
        try:
            use(file, read_only=read_only)
        except PersonalError as error:
            outcome = "refused"
            if str(file) not in str(error):
                print(f"seed {seed}: the error does not name the file: {error}")
                return "wrong"
        except Exception:
            print(f"seed {seed}:\n{traceback.format_exc()}")
            return "wrong"
    return outcome


def use(file: Path, *, read_only: bool) -> None:
    with Personal.open(
        file, Tokenizer(KNOWN, TokenizerConfig()), read_only=read_only, timeout=0.1
    ) as layer:
        assert 0 <= layer.opinion(["\n", "Dear"], "").weight <= 1
        assert all(p > 0 for p in layer.opinion(["\n", "see"], "y").words.values())
        list(layer.export())
        layer.words()
        layer.audit()
        if not read_only:
            layer.learn(TEXT, lambda words: [0.1] * len(words))
            with suppress(SettingsError):  # it may be held no more
                layer.edit("Annegret", count=3)
            layer.forget("Zamboni")
            layer.learn(TEXT)


if __name__ == "__main__":
    main()
