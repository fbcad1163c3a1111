"""Read tables with a column of text: CSV and TSV, JSON and JSON Lines. Reports the column."""

import csv
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from foreword.errors import TextError
from foreword.text.forms.form import Form, Head, Opened, Passage
from foreword.text.forms.html_page import prose
from foreword.text.forms.json_stream import Item, NotJsonError, items

TEXT_COLUMNS = (
    *("text", "message", "body", "content", "full_text", "msg", "sentence", "utterance"),
    *("tweet", "comment", "post", "review", "reviewtext", "transcript", "dialogue"),
    *("texte", "texto", "testo", "tekst", "nachricht", "mensaje", "mensagem", "messaggio"),
    *("bericht", "текст", "сообщение", "文本", "内容", "本文"),
)
"""Names of columns that hold text, the most certain first, in any case."""
SPEAKER_COLUMNS = (
    *("speaker", "author", "from", "sender", "sender_name", "user", "username", "user_name"),
    *("name", "nick", "who", "role", "autor", "auteur", "автор", "отправитель"),
    *("absender", "expéditeur", "remitente", "remetente", "mittente", "afzender", "nadawca"),
    *("von", "de", "van", "da", "от", "by"),
)
SAMPLED = 200
"""The number of rows by which a column is chosen."""
TABLE = "a table"
LONGEST_CELL = 1 << 24
FEWEST_WORDS = 2.5
"""The least average number of words in a cell of an unnamed column that is taken for text."""


_GONE = frozenset({"[deleted]", "[removed]"})
"""What Reddit writes in place of removed text."""


_MARKUP = re.compile(
    r"<(?:p|div|br|span|a|li|ul|b|i|em|strong)(?:\s[^<>]{0,300})?/?>", re.IGNORECASE
)


def _words(value: Any) -> int:
    if not isinstance(value, str) or value.startswith(("http://", "https://")):
        return 0
    letters = sum(map(str.isalpha, value))
    if letters < 0.5 * len(value):
        return 0
    # In a script without spaces, count six letters as a word.
    return len(value.split()) if value.isascii() else max(len(value.split()), letters // 6)


def choose_column(rows: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the column that holds the text: by its name, or else the one with the most words."""
    columns = dict.fromkeys(name for row in rows for name in row)
    words = {name: sum(_words(row.get(name)) for row in rows) for name in columns}
    mean = {name: words[name] / sum(name in row for row in rows) for name in columns}
    for known in TEXT_COLUMNS:
        for name in columns:
            if name.rpartition(".")[2].strip().casefold() == known and mean[name] >= 1:
                return name
    best = max(columns, key=lambda name: words[name], default=None)
    return best if best is not None and mean[best] >= FEWEST_WORDS else None


def _speaker_column(rows: Sequence[Mapping[str, Any]], taken: str) -> str | None:
    columns = dict.fromkeys(name for row in rows for name in row if name != taken)
    for known in SPEAKER_COLUMNS:
        for name in columns:
            if name.rpartition(".")[2].strip().casefold() == known:
                return name
    return None


def _passages(rows: Iterator[Mapping[str, Any]], text: Opened, kind: str) -> Iterator[Passage]:
    first = list(itertools.islice(rows, SAMPLED))
    column = text.column
    known = list(dict.fromkeys(name for row in first for name in row))
    shown = ", ".join(known[:20]) + (", …" if len(known) > 20 else "")
    if not first and kind == TABLE:
        return  # the table has only a header
    if column is None:
        column = choose_column(first)
        if column is None:
            raise TextError(
                f"{text.name}: {kind} without a column of text (it has {shown or 'no columns'}). "
                "Choose one by --column NAME, or add --as text to read the file as it stands"
            )
    elif column not in known:
        raise TextError(f"{text.name}: {kind} without a column {column!r}. It has {shown}")
    speaker = _speaker_column(first, column)
    text.account.details.append(f"the column {column!r} is taken")
    pages = sum(_MARKUP.search(str(row.get(column))) is not None for row in first)
    is_page = 2 * pages > len(first)  # as Teams and Mastodon write messages
    for row in itertools.chain(first, rows):
        value = row.get(column)
        content = value if isinstance(value, str) else None
        name = row.get(speaker) if speaker is not None else None
        if not content or not content.strip() or content.strip() in _GONE:
            text.account.left_out["rows without text"] += 1
            continue
        for paragraph in prose(content) if is_page else content.splitlines():
            if paragraph.strip():
                yield Passage(paragraph, None if name is None else str(name).strip())


# CSV and TSV


@dataclass(frozen=True)
class Dialect:
    """How the rows of a table are cut into cells, and what its columns are called."""

    delimiter: str
    columns: tuple[str, ...]
    has_header: bool


def rows_of(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a table, each with the number of its last line.

    Raises:
        csv.Error: a cell is longer than `LONGEST_CELL`, or holds a lone carriage return.
    """
    lines = iter(lines)
    first = list(itertools.islice(lines, SAMPLED))
    # Tab-separated sentences may contain unpaired quotation marks.
    plain = delimiter == "\t" and any(line.count('"') % 2 for line in first)
    before = csv.field_size_limit(LONGEST_CELL)  # the limit is global to the module
    try:
        reader = csv.reader(
            itertools.chain(first, lines),
            delimiter=delimiter,
            quoting=csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL,
        )
        for row in reader:
            yield reader.line_num, row
    finally:
        csv.field_size_limit(before)


def dialect_of(sample: Sequence[str]) -> Dialect | None:
    """Choose the delimiter by which all rows have the same number of cells."""
    best: tuple[int, str, list[list[str]]] | None = None
    for delimiter in "\t,;|":
        try:
            lines = (line + "\n" for line in sample)
            rows = [row for _, row in rows_of(lines, delimiter) if row]
        except csv.Error:
            continue
        rows = rows[:-1] if len(rows) > 2 else rows  # the last row may be cut off
        widths = {len(row) for row in rows}
        if len(widths) == 1 and (width := widths.pop()) > 1 and (best is None or width > best[0]):
            best = (width, delimiter, rows)
    if best is None:
        return None
    width, delimiter, rows = best
    has_header = _is_header(rows)
    names = rows[0] if has_header else [str(number + 1) for number in range(width)]
    return Dialect(delimiter, tuple(name.strip().lstrip("\ufeff") for name in names), has_header)


def _is_header(rows: Sequence[Sequence[str]]) -> bool:
    first = [cell.strip() for cell in rows[0]]
    if len(set(first)) < len(first) or any(len(cell) > 40 or not cell for cell in first):
        return False
    if any(map(_is_number, first)):
        return False
    if any(cell.casefold() in (*TEXT_COLUMNS, *SPEAKER_COLUMNS) for cell in first):
        return True
    if any(all(map(_is_number, column)) and column for column in zip(*rows[1:], strict=False)):
        return True
    below = [cell for row in rows[1:] for cell in row]
    words = sum(len(cell.split()) for cell in first) / len(first)
    return (
        bool(below)
        and words <= 3
        and sum(map(len, below)) / len(below) > 1.5 * sum(map(len, first)) / len(first)
    )


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"[-+\d.,:/ ]+", cell) is not None


def _recognises_csv(head: Head) -> bool:
    if not head.text:
        return False
    if head.named(".csv", ".tsv", ".tab"):
        return True
    dialect = dialect_of(head.lines[:20]) if len(head.lines) >= 3 else None
    return (
        dialect is not None
        and dialect.has_header
        and any(name.casefold() in TEXT_COLUMNS for name in dialect.columns)
        and all(re.fullmatch(r"\w[\w -]{0,39}", name) for name in dialect.columns)
        and dialect.delimiter + " " not in head.lines[0]
    )


def after_separator(lines: Iterator[str]) -> Iterator[str]:
    """Yield the lines without a first one that names the delimiter for Excel."""
    first = next(lines, None)
    if first is not None and re.fullmatch("\ufeff?sep=.", first.strip("\r\n ")) is None:
        yield first
    yield from lines


def _read_csv(text: Opened) -> Iterator[Passage]:
    lines = after_separator(text.lines())
    sample = list(itertools.islice(lines, SAMPLED))
    dialect = dialect_of(sample)
    if dialect is None:
        name = (sample[0] if sample else "").strip().lstrip("\ufeff")
        dialect = Dialect(",", (name,), has_header=name.casefold() in TEXT_COLUMNS)
        if not dialect.has_header:
            raise TextError(
                f"{text.name}: is not a table: its rows have different numbers of cells, whether "
                "they are separated by comma, semicolon, tab or |. Add --as text to read it as it "
                "is"
            )
    rows = rows_of((line + "\n" for line in itertools.chain(sample, lines)), dialect.delimiter)

    def named() -> Iterator[dict[str, str]]:
        try:
            for number, row in enumerate(row for _, row in rows if row):
                if number > 0 or not dialect.has_header:
                    last = len(dialect.columns) - 1
                    # Unquoted delimiters beyond the last column belong to its text.
                    cells = [*row[:last], dialect.delimiter.join(row[last:])]
                    yield dict(zip(dialect.columns, cells, strict=False))
        except csv.Error as error:
            raise text.damaged(f"after {text.account.kept:,} rows, {error}", "a table") from error

    return _passages(named(), text, TABLE)


# JSON and JSON Lines

_ASSIGNED = re.compile(r"^\ufeff?\s*window\.[\w.]{1,60}\s*=\s*(?=[\[{])")


DEEPEST = 5
"""The depth to which nested objects are read."""


def _flat(value: Any, depth: int = 0) -> dict[str, Any]:
    """Return an item's strings by name; those of nested objects have dotted names."""
    if isinstance(value, str):
        return {"text": value}
    if not isinstance(value, dict):
        return {}
    strings: dict[str, Any] = {}
    for key, inner in value.items():
        if isinstance(inner, dict) and depth < DEEPEST:
            strings |= {f"{key}.{name}": v for name, v in _flat(inner, depth + 1).items()}
        elif isinstance(inner, list) and inner and all(isinstance(part, str) for part in inner):
            strings[key] = "\n".join(inner)
        elif isinstance(inner, str | int | float):
            strings[key] = inner
    return strings


def _rows_of(value: Any) -> Iterator[dict[str, Any]]:
    """Yield a record, and the objects in its lists, such as the messages of a conversation."""
    own = _flat(value)
    lists = {
        key: inner
        for key, inner in (value.items() if isinstance(value, dict) else ())
        if isinstance(inner, list) and inner and all(isinstance(record, dict) for record in inner)
    }
    if own or not lists:
        yield own
    for key, inner in lists.items():
        for record in inner:
            yield {f"{key}.{name}": cell for name, cell in _flat(record).items()}


def _recognises_jsonl(head: Head) -> bool:
    lines = head.lines[:2]
    if head.named(".jsonl", ".ndjson"):
        return bool(lines) and lines[0].lstrip("\ufeff").startswith("{")
    if len(lines) < 2:
        return False
    try:
        return all(isinstance(json.loads(line), dict) for line in lines)
    except (ValueError, RecursionError):
        return False


def _read_jsonl(text: Opened) -> Iterator[Passage]:
    def rows() -> Iterator[dict[str, Any]]:
        for number, line in enumerate(text.lines(), 1):
            if not line.strip():
                continue
            try:
                yield from _rows_of(json.loads(line.lstrip("\ufeff")))
            except (ValueError, RecursionError) as error:
                raise text.damaged(f"line {number}: {error}", "JSON Lines") from error

    return _passages(rows(), text, "JSON Lines")


def _recognises_json(head: Head) -> bool:
    start = _ASSIGNED.sub("", head.text, count=1).lstrip("\ufeff \t\r\n")
    if not start.startswith(("{", "[")):
        return False
    if head.named(".json"):
        return True
    return re.match(r'(?:\[\s*)?\{\s*"[^"\n]{1,80}"\s*:|\[\s*"', start) is not None


def _without_assignment(blocks: Iterator[str]) -> Iterator[str]:
    """Yield a document without the assignment of Twitter's archive: `window.YTD.tweets.part0 =`."""
    first = next(blocks, "")
    yield _ASSIGNED.sub("", first, count=1)
    yield from blocks


def _read_json(text: Opened) -> Iterator[Passage]:
    def given() -> Iterator[Item]:
        try:
            yield from items(_without_assignment(text.characters()))
        except NotJsonError as error:
            raise text.damaged(f"after {text.account.kept:,} passages, {error}", "JSON") from error

    stream = given()
    first = list(itertools.islice(stream, SAMPLED))
    by_list: dict[tuple[str, ...], int] = {}
    for item in first:
        words = sum(_words(value) for row in _rows_of(item.value) for value in row.values())
        by_list[item.path] = by_list.get(item.path, 0) + words
    path = max(by_list, key=lambda path: by_list[path], default=())
    taken = (item for item in itertools.chain(first, stream) if item.path == path)
    rows = (row for item in taken for row in _rows_of(item.value))
    return _passages(rows, text, "JSON")


_LEFT_OUT = "other columns"
CSV = Form(
    "csv", "table", "passages", _LEFT_OUT, _recognises_csv, _read_csv, (".csv", ".tsv", ".tab")
)
JSONL = Form(
    "jsonl", "JSON Lines", "passages", _LEFT_OUT, _recognises_jsonl, _read_jsonl,
    (".jsonl", ".ndjson"),
)  # fmt: skip
JSON = Form("json", "JSON", "passages", _LEFT_OUT, _recognises_json, _read_json, (".json", ".js"))
