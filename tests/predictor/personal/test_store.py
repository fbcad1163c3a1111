import contextlib
import os
import resource
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.predictor.personal.conftest import MADE_UP, made_up, tokenizer

from foreword.errors import PersonalError, SettingsError
from foreword.predictor.personal import Personal
from foreword.predictor.personal.store import APPLICATION_ID, writer_of

TEXT = "Dear Annegret, see you at the station\n" * 2


def opened(file: Path, **options: object) -> Personal:
    return Personal.open(file, tokenizer(), **options)


def counts(layer: Personal) -> dict[str, int]:
    return {held.word: held.count for held in layer.words()}


def everything(layer: Personal) -> list[str]:
    return sorted(layer.export())


def test_what_was_learned_is_there_when_the_file_is_opened_again(file: Path) -> None:
    with opened(file, create=True) as layer:
        layer.learn(TEXT)
        context = ["\n", "Dear"]
        expected = everything(layer), layer.opinion(context, ""), layer.audit()
    again = opened(file)
    assert (everything(again), again.opinion(context, ""), again.audit()) == expected
    again.learn(TEXT)
    assert counts(again)["Annegret"] == 4


def test_the_file_is_one_and_its_owners_alone(file: Path) -> None:
    os.umask(os.umask(0))
    layer = opened(file, create=True)
    layer.learn(TEXT)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not layer.audit().readable_by_others
    assert [p.name for p in file.parent.iterdir()] == [file.name]
    file.chmod(0o644)
    assert layer.audit().readable_by_others


def test_a_missing_file_is_not_made_unless_told(file: Path) -> None:
    with pytest.raises(PersonalError, match="there is no such file"):
        opened(file)
    with pytest.raises(PersonalError, match="cannot be opened"):
        opened(file / "below" / "nothing", create=True)
    assert not file.exists()


@pytest.mark.parametrize(
    "content", [b"no database", b"SQLite format 3\0" + b"\0" * 84, b"x" * 9999]
)
def test_what_is_no_personal_file_is_refused_and_left_alone(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(PersonalError, match=r"leaves it as it is"):
        opened(file, create=True)
    assert file.read_bytes() == content


def test_another_programs_database_is_refused_and_left_alone(file: Path) -> None:
    with sqlite3.connect(file) as db:
        db.execute("CREATE TABLE words (id INTEGER PRIMARY KEY)")
    db.close()
    before = file.read_bytes()
    with pytest.raises(PersonalError, match="another program"):
        opened(file, create=True)
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("PRAGMA user_version = 2", "format version 2; this Foreword reads up to 1"),
        ("DROP TABLE doubted", "its tables are not those"),
        ("CREATE TRIGGER t AFTER INSERT ON words BEGIN SELECT 1; END", "its tables are not those"),
        ("DELETE FROM meta WHERE name = 'salt'", "the salt is missing"),
        ("UPDATE meta SET value = 'short' WHERE name = 'salt'", "meta.salt is 'short', not bytes"),
        ("UPDATE words SET count = -1 WHERE id > 1", "words.count is -1, not a count from 0"),
        ("UPDATE words SET count = 'many' WHERE id > 1", "words.count is 'many', not a count"),
        ("UPDATE words SET word = x'ff00' WHERE id = 2", "damaged"),
        ("UPDATE words SET word = CAST(x'ff00' AS TEXT) WHERE id = 2", "damaged"),
        ("DELETE FROM words WHERE id = 2", "holds a word that is not in words"),
        ("INSERT INTO words VALUES (1000000000, 'far', 1, 1)", "words.id is 1000000000, not"),
        ("INSERT INTO trigrams VALUES (-1, 1, 1)", "damaged"),
        ("UPDATE trigrams SET count = 0", "trigrams.count is 0, not a count from 1"),
        ("UPDATE trigrams SET count = 0.5", "trigrams.count is 0.5, not a count"),
        ("UPDATE weights SET earned = seen + 1", "weights.earned is .*, more than weights.seen"),
        ("UPDATE meta SET value = x'0102' WHERE name = 'recent'", "damaged"),
        ("UPDATE meta SET value = x'ffffff7f' WHERE name = 'recent'", "damaged"),
        ("UPDATE meta SET value = x'ffffffff' WHERE name = 'recent'", "that is not in words"),
        ("UPDATE meta SET value = 'x' WHERE name = 'clock'", "damaged"),
        ("UPDATE refused SET count = 'x'", "refused.count is 'x', not a count"),
        ("UPDATE meta SET value = 9223372036854775807 WHERE name = 'clock'", "not a count"),
        ("UPDATE meta SET value = 9223372036854775807 WHERE name = 'revision'", "not a count"),
        ("UPDATE meta SET value = 1e999 WHERE name = 'revision'", "revision is inf, not a count"),
        ("UPDATE refused SET count = 9223372036854775807", "not a count"),
        ("DELETE FROM meta WHERE name = 'revision'", "the revision is missing"),
        ("UPDATE meta SET value = 9007199254740991 WHERE name = 'clock'", "meta.clock is 9007"),
        ("INSERT INTO meta VALUES ('more', 1)", "meta has 5 rows, not 4"),
        ("UPDATE words SET count = 9007199254740993 WHERE id = 2", "words.count is 9007"),
        ("UPDATE words SET last = 1e300 WHERE id = 2", r"words.last is 1e\+300, not a count"),
        ("UPDATE words SET last = -1 WHERE id = 2", "words.last is -1, not a count"),
        ("UPDATE words SET word = x'41' WHERE id = 2", "words.word is 'A', not a text"),
        (
            "UPDATE words SET word = char(27, 93, 48, 7) WHERE id = 2",
            r"is '\\x1b\]0\\x07', which",
        ),
        ("UPDATE words SET word = 'a' || char(8238) WHERE id = 2", r"words.word is 'a\\u202e'"),
        ("UPDATE words SET word = 'a' || char(0) || 'b' WHERE id = 2", "words.word is"),
        ("UPDATE words SET word = printf('%.*c', 999, 'x') WHERE id = 2", "a text of 1 to 64"),
        ("UPDATE weights SET seen = NULL", "weights.seen is None, not a count"),
        ("UPDATE weights SET earned = -1e-3", "weights.earned is -0.001"),
        ("UPDATE refused SET kind = x'1b'", r"refused.kind is '.*1b', not a text"),
        ("UPDATE doubted SET bucket = 1 << 24", "doubted.bucket is 16777216, not"),
        ("CREATE VIEW v AS SELECT * FROM words", "its tables are not those"),
        ("CREATE INDEX i ON words (count)", "its tables are not those"),
        ("CREATE VIRTUAL TABLE f USING fts5(x)", "its tables are not those"),
        ("ALTER TABLE words ADD x AS (count + 1)", "its tables are not those"),
        ("ALTER TABLE words ADD x REFERENCES meta(name)", "its tables are not those"),
    ],
)
def test_a_file_that_holds_what_it_cannot_is_refused_and_left_alone(
    file: Path, statement: str, message: str
) -> None:
    with opened(file, create=True) as layer:
        layer.learn(TEXT + "Zamboni me@example.org")
    db = sqlite3.connect(file, isolation_level=None)
    db.execute(statement)
    db.close()
    before = file.read_bytes()
    with pytest.raises(PersonalError, match=message):
        opened(file)
    assert file.read_bytes() == before


def test_a_trigger_is_found_that_has_the_name_of_a_table(file: Path) -> None:
    opened(file, create=True).close()
    db = sqlite3.connect(file, isolation_level=None)
    db.execute("CREATE TRIGGER words AFTER INSERT ON meta BEGIN DELETE FROM words; END")
    db.execute("PRAGMA writable_schema = ON")  # and the table comes after it
    where = "name LIKE '%words%' AND type != 'trigger'"
    db.execute(f"UPDATE sqlite_master SET rowid = rowid + 100 WHERE {where}")
    db.close()
    with pytest.raises(PersonalError, match="its tables are not those"):
        opened(file)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE meta SET value = 1 << 52 WHERE name IN ('clock', 'revision')",
        "UPDATE words SET count = 1 << 36, last = 1 << 52",
        "UPDATE trigrams SET count = 1 << 36, last = 1 << 52",
        "UPDATE refused SET count = 1 << 36",
    ],
)
def test_whatever_can_be_read_can_be_learned_from_and_read_again(
    file: Path, statement: str
) -> None:
    with opened(file, create=True) as layer:
        layer.learn(TEXT + "me@example.org")
    db = sqlite3.connect(file, isolation_level=None)
    db.execute(statement)
    db.close()
    for _ in range(3):
        with opened(file) as layer:
            layer.learn(TEXT + "me@example.org Zamboni")
            layer.import_([*layer.export()][:1])
            assert 0 <= layer.opinion(["\n", "Dear"], "").weight <= 1
            assert layer.audit().learned > 0


@pytest.mark.parametrize("mode", ["WAL", "PERSIST", "TRUNCATE"])
@pytest.mark.parametrize("when", ["before it is opened", "while it is open"])
def test_what_another_tool_left_beside_the_file_goes_with_what_is_forgotten(
    file: Path, mode: str, when: str
) -> None:
    with opened(file, create=True) as layer:
        layer.learn(TEXT)
    layer = opened(file)
    if when == "before it is opened":
        layer.close()
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("PRAGMA secure_delete = OFF")
    other.execute(f"PRAGMA journal_mode = {mode}")
    other.execute("UPDATE words SET word = 'Anneliese' WHERE word = 'Annegret'")
    other.execute("UPDATE words SET word = 'Annegret' WHERE word = 'Anneliese'")
    kept = {p: p.read_bytes() for p in file.parent.iterdir() if p != file}
    other.close()
    for path, data in kept.items():  # as after a crash of the other tool
        if path.suffix != ".personal-shm":
            path.write_bytes(data)
    if when == "before it is opened":
        layer = opened(file)
    layer.forget("Annegret")
    assert [p.name for p in file.parent.iterdir()] == [file.name]
    assert b"Annegret" not in file.read_bytes()
    assert b"Anneliese" not in file.read_bytes()
    assert file.read_bytes()[18:20] == b"\x01\x01"  # a rollback journal, by the file's header


def test_a_file_that_another_tool_has_open_with_a_log_is_locked(file: Path) -> None:
    with opened(file, create=True) as layer:
        layer.learn(TEXT)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("PRAGMA journal_mode = WAL")
    other.execute("SELECT * FROM meta").fetchone()
    with pytest.raises(PersonalError, match="is locked: another program"):
        opened(file, timeout=0.05)
    other.close()
    opened(file).close()


COLUMNS = [
    *("meta.name", "meta.value", "words.id", "words.word", "words.count", "words.last"),
    *("trigrams.key", "trigrams.count", "trigrams.last", "doubted.bucket", "doubted.last"),
    *("refused.kind", "refused.count", "weights.part", "weights.earned", "weights.seen"),
]
STRANGE = ["NULL", "'x'", "x'ff'", "CAST(x'ff' AS TEXT)", "-1", "1e999"]


@pytest.mark.parametrize("value", [*STRANGE, "9223372036854775807"])
@pytest.mark.parametrize("column", COLUMNS)
def test_whatever_value_a_column_holds_the_file_is_refused_or_can_be_used(
    file: Path, column: str, value: str
) -> None:
    table, name = column.split(".")
    with opened(file, create=True) as layer:
        layer.learn(TEXT + "Zamboni me@example.org")
        db = sqlite3.connect(file, isolation_level=None)
        # SQLite itself keeps text out of integer keys, and one value out of two keys.
        with contextlib.suppress(sqlite3.IntegrityError):
            db.execute(f"UPDATE OR IGNORE {table} SET {name} = {value}")
        db.close()
        for layer_then in (lambda: layer, lambda: opened(file)):
            try:
                with layer_then() as changed:
                    changed.learn(TEXT + "Zamboni me@example.org")
                    assert 0 <= changed.opinion(["\n", "Dear"], "").weight <= 1
            except PersonalError as error:
                assert str(file) in str(error)


@pytest.mark.parametrize("read_only", [True, False])
def test_a_damaged_file_is_refused_though_sqlites_message_is_not_utf8(
    file: Path, read_only: bool
) -> None:
    opened(file, create=True).close()
    data = bytearray(file.read_bytes())
    # SQLite quotes the name of a table whose definition it cannot parse.
    row = data.index(b"tabletrigramstrigrams")
    data[row + 5 : row + 13] = b"\xff" * 8
    definition = data.index(b"CREATE TABLE trigrams")
    data[definition : definition + 6] = b"BROKEN"
    file.write_bytes(data)
    with pytest.raises(PersonalError, match="malformed database schema") as raised:
        opened(file, read_only=read_only)
    assert isinstance(raised.value.__cause__, UnicodeDecodeError)
    assert file.read_bytes() == data


@pytest.mark.parametrize("value", ["'x'", "NULL", "1e999", "9223372036854775807"])
def test_a_revision_damaged_while_the_file_is_open_fails_learning(file: Path, value: str) -> None:
    with opened(file, create=True) as layer:
        db = sqlite3.connect(file, isolation_level=None)
        db.execute(f"UPDATE meta SET value = {value} WHERE name = 'revision'")
        db.close()
        with pytest.raises(PersonalError, match="damaged"):
            layer.learn(TEXT)


@pytest.mark.parametrize("where", [0.2, 0.4, 0.6, 0.8])
def test_overwritten_bytes_are_an_error_or_harmless_and_nothing_is_repaired(
    file: Path, where: float
) -> None:
    with opened(file, create=True) as layer:
        layer.learn("".join(f"{made_up(i)} {made_up(i)} the station\n" for i in range(2000)))
    data = bytearray(file.read_bytes())
    at = int(len(data) * where)
    data[at : at + 9000] = b"\xa5" * 9000
    file.write_bytes(data)
    with pytest.raises(PersonalError, match="damaged"):
        opened(file)
    assert file.read_bytes() == data


def test_a_file_that_was_cut_short_is_an_error(file: Path) -> None:
    with opened(file, create=True) as layer:
        layer.learn("".join(f"{made_up(i)} {made_up(i)} the station\n" for i in range(2000)))
    data = file.read_bytes()[: file.stat().st_size // 2]
    file.write_bytes(data)
    with pytest.raises(PersonalError, match="damaged"):
        opened(file)
    assert file.read_bytes() == data


def test_damage_while_it_is_open_fails_learning_but_not_predicting(file: Path) -> None:
    layer = opened(file, create=True)
    layer.learn(TEXT)
    opinion = layer.opinion(["\n", "Dear"], "A")
    file.write_bytes(b"x" * file.stat().st_size)
    with pytest.raises(PersonalError, match=r"leaves it as it is"):
        layer.learn(TEXT)
    assert layer.opinion(["\n", "Dear"], "A") == opinion


def test_a_locked_file_is_waited_for_and_then_an_error_while_predicting_goes_on(file: Path) -> None:
    layer = opened(file, create=True, timeout=0.05)
    layer.learn(TEXT)
    opinion = layer.opinion(["\n", "Dear"], "A")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(PersonalError, match="is locked: another program"):
        layer.learn(TEXT)
    with pytest.raises(PersonalError, match="is locked"):
        opened(file, timeout=0.05)
    assert layer.opinion(["\n", "Dear"], "A") == opinion
    other.execute("ROLLBACK")
    other.close()
    layer.learn(TEXT)
    assert counts(layer)["Annegret"] == 4


def test_a_file_that_is_only_read_predicts_and_is_not_written_to(file: Path) -> None:
    with opened(file, create=True) as layer:
        layer.learn(TEXT)
    layer = opened(file, read_only=True)
    with pytest.raises(PersonalError, match="read-only: nothing was learned"):
        layer.learn(TEXT)
    with pytest.raises(PersonalError, match="read-only"):
        layer.forget("Annegret")
    assert counts(layer)["Annegret"] == 2
    assert layer.opinion(["\n", "Dear"], "A").words


def test_an_empty_file_that_may_only_be_read_is_an_error(file: Path) -> None:
    file.touch()
    with pytest.raises(PersonalError, match="is empty"):
        opened(file, read_only=True)
    opened(file).learn(TEXT)


def _limited(size: int) -> Callable[[], None]:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


FILLS = (
    f"made_up = {MADE_UP}"
    """
import sys
from foreword.errors import PersonalError
from foreword.predictor.personal import Personal
layer = Personal.open(sys.argv[1])
before = sorted(layer.export())
try:
    layer.learn("".join(f"{made_up(i)} {made_up(i)} station\\n" for i in range(5000)))
except PersonalError as error:
    print(error)
assert sorted(layer.export()) == before
assert layer.opinion(["\\n", "Annegret"], "").words
"""
)


def test_a_full_disk_is_an_error_and_the_file_holds_what_it_held(file: Path) -> None:
    with opened(file, create=True) as layer:
        layer.learn(TEXT)
        before = everything(layer)
    done = subprocess.run(
        [sys.executable, "-c", FILLS, str(file)],
        preexec_fn=_limited(file.stat().st_size + 40_000),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "The disk may be full; the file holds what it held before" in done.stdout
    assert everything(opened(file)) == before


def test_two_who_write_in_turn_lose_nothing(file: Path) -> None:
    one, two = opened(file, create=True), opened(file, create=True)
    for _ in range(5):
        one.learn("Dear Annegret")
        two.learn("see Annegret")
    assert counts(two) == {"Annegret": 10, "Dear": 5, "see": 5}
    one.refresh()
    assert everything(one) == everything(two)
    two.forget("Annegret")
    one.learn("at")
    assert "Annegret" not in counts(one)


def test_threads_learn_and_predict_at_once(file: Path) -> None:
    layer = opened(file, create=True)
    failed: list[BaseException] = []

    def learn() -> None:
        try:
            for _ in range(10):
                layer.learn("see you")
                layer.opinion(["\n", "see"], "y")
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=learn) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert counts(layer) == {"see": 40, "you": 40}


LEARNS = (
    f"made_up = {MADE_UP}"
    """
import sys
from foreword.predictor.personal import Personal
layer = Personal.open(sys.argv[1], create=True)
for i in range(20):
    layer.learn(f"{sys.argv[2]}{made_up(i)} {sys.argv[2]}{made_up(i)} shared shared")
"""
)


def test_two_processes_that_learn_at_once_lose_nothing(file: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", LEARNS, str(file), name], stderr=subprocess.PIPE)
        for name in ("first", "second")
    ]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    actual = counts(opened(file))
    assert actual.pop("shared") == 80
    assert actual == {f"{name}{made_up(i)}": 2 for name in ("first", "second") for i in range(20)}


def test_a_file_from_a_copy_is_whole(file: Path, tmp_path: Path) -> None:
    layer = opened(file, create=True)
    layer.learn(TEXT)
    (tmp_path / "copy").write_bytes(file.read_bytes())
    assert everything(opened(tmp_path / "copy")) == everything(layer)


def test_an_encrypted_file_shows_nothing_and_opens_with_its_key_alone(file: Path) -> None:
    pytest.importorskip("sqlcipher3")
    with opened(file, create=True, key="it's a key") as layer:
        layer.learn(TEXT)
        expected = everything(layer)
    data = file.read_bytes()
    assert b"Annegret" not in data
    assert not data.startswith(b"SQLite format 3")
    for wrong in (None, "another"):
        with pytest.raises(PersonalError, match="its key is another"):
            opened(file, key=wrong)
    with pytest.raises(SettingsError, match="must not be empty"):
        opened(file, key="")
    again = opened(file, key="it's a key")
    assert everything(again) == expected
    again.forget("Annegret")
    assert "Annegret" not in counts(again)
    assert file.read_bytes() != data


def test_the_file_says_whose_it_is(file: Path) -> None:
    opened(file, create=True).close()
    assert int.from_bytes(file.read_bytes()[68:72], "big") == APPLICATION_ID


def test_the_process_that_has_a_file_locked_is_found_among_the_kernels_locks(
    tmp_path: Path,
) -> None:
    file, locks = tmp_path / "me.sqlite", tmp_path / "locks"
    file.touch()
    actual = file.stat()
    device = f"{os.major(actual.st_dev):02x}:{os.minor(actual.st_dev):02x}"
    locks.write_text(
        f"1: POSIX  ADVISORY  READ 11 {device}:{actual.st_ino} 1073741826 1073742335\n"
        f"2: POSIX  ADVISORY  WRITE 12 {device}:{actual.st_ino + 1} 1073741825 1073741825\n"
        f"3: FLOCK  ADVISORY  WRITE 13 {device}:{actual.st_ino} 0 EOF\n"
        f"4: POSIX  ADVISORY  WRITE 4711 {device}:{actual.st_ino} 1073741825 1073741825\n"
        f"4: -> POSIX  ADVISORY  WRITE 14 {device}:{actual.st_ino} 1073741825 1073741825\n"
    )
    assert writer_of(file, locks) == "another program (process 4711)"
    locks.write_text("")
    assert writer_of(file, locks) == "another program"
    assert writer_of(file, tmp_path / "missing") == "another program"
