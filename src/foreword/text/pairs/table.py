"""Read tables with a sentence and its translation in two columns: TSV and CSV."""

import csv
import itertools
import re
from collections.abc import Iterator, Sequence

from foreword.errors import SettingsError, TextError
from foreword.text.forms.form import Head, Opened
from foreword.text.forms.tables import SAMPLED, after_separator, dialect_of, rows_of
from foreword.text.pairs.languages import code, is_common
from foreword.text.pairs.pairs import UNKNOWN, PairForm, Unit

_SIDES = (
    {"source", "src", "original", "from", "source_text", "sentence", "text"},
    {"target", "tgt", "trg", "translation", "to", "target_text"},
)
"""Names of the columns of sentences and of translations, in lower case."""
_NO_SENTENCE = re.compile(r"[\d\W_]*|[a-z]{2,3}|https?://\S*|CC[- ]BY.*", re.DOTALL)
"""Cells that are no sentences: a number, a language, an address, a licence."""


def read_table(text: Opened) -> Iterator[Unit]:
    """Yield the rows of a table.

    The two columns are those that `text.column` names ("2,4", "de,en"), or that a header calls by
    languages or as source and target, or the only two that hold sentences.

    Raises:
        TextError: the file is not a table, or it is not clear which columns are meant.
        SettingsError: a column that was named is not there.
    """
    lines = (line + "\n" for line in after_separator(text.lines()))
    sample = list(itertools.islice(lines, SAMPLED))
    delimiter = _delimiter(sample)
    if delimiter is None:
        raise TextError(
            f"{text.name}: is not a table of pairs: not every row has the same number of cells, "
            "whether they are separated by tab, comma, semicolon or |"
        )
    rows = rows_of(itertools.chain(sample, lines), delimiter)
    try:
        first = [(line, row) for line, row in itertools.islice(rows, SAMPLED) if row]
        header = [cell.strip().lstrip("\ufeff") for cell in first[0][1]] if first else []
        columns, languages, has_header = _columns(text, header, [row for _, row in first])
        for line, row in itertools.chain(first[has_header:], rows):
            if not row:
                continue
            if max(columns) >= len(row):
                text.account.left_out["rows with too few cells"] += 1
                continue
            yield Unit(line, languages, (row[columns[0]], row[columns[1]]))
    except csv.Error as error:
        raise text.damaged(error, "a table") from error


def _delimiter(sample: Sequence[str]) -> str | None:
    if sample and all("\t" in line for line in sample if line.strip()):
        return "\t"
    dialect = dialect_of([line.removesuffix("\n") for line in sample])
    return None if dialect is None else dialect.delimiter


def _columns(
    text: Opened, header: Sequence[str], rows: Sequence[Sequence[str]]
) -> tuple[tuple[int, int], tuple[str, str], bool]:
    """Return the two columns, their languages, and whether the first row is a header."""
    tags = [code(name) if _is_language(name) else UNKNOWN for name in header]
    sides = [
        next((n for n, name in enumerate(header) if name.casefold() in names), None)
        for names in _SIDES
    ]
    named = [number for number, tag in enumerate(tags) if tag]
    has_header = None not in sides or (len(named) >= 2 and len(set(header)) == len(header))
    if text.column is not None:
        left, right, by_name = _chosen(text, header)
        has_header = has_header or by_name
    elif None not in sides:
        left, right = (side for side in sides if side is not None)
    elif has_header and len(named) == 2:
        left, right = named
    else:
        left, right = _of_sentences(text, rows[has_header:], header)
    both = (tags[left], tags[right]) if has_header else (UNKNOWN, UNKNOWN)
    return (left, right), both, has_header


def _is_language(name: str) -> bool:
    return re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z]{2,4})*", name) is not None and is_common(name)


def _chosen(text: Opened, header: Sequence[str]) -> tuple[int, int, bool]:
    """Return the columns that a person named, and whether by the header's names."""
    assert text.column is not None
    names = [name.strip() for name in text.column.split(",")]
    if len(names) != 2 or names[0] == names[1]:
        raise SettingsError(
            f"pairs have two columns, such as 1,2 or de,en, and not {text.column!r}"
        )
    numbers = []
    for name in names:
        if name in header:
            numbers.append(header.index(name))
        elif name.isdecimal() and 1 <= int(name) <= len(header):
            numbers.append(int(name) - 1)
        else:
            raise SettingsError(
                f"{text.name}: has no column {name!r}. It has {len(header)} columns; the first row "
                f"is {', '.join(header)[:200]}"
            )
    return numbers[0], numbers[1], any(name in header for name in names)


def _of_sentences(
    text: Opened, rows: Sequence[Sequence[str]], header: Sequence[str]
) -> tuple[int, int]:
    """Return the two columns of which most cells hold a sentence."""
    width = len(header)
    full = [row for row in rows if len(row) >= width] or [header]
    columns = [
        number
        for number in range(width)
        if 2 * sum(_NO_SENTENCE.fullmatch(row[number].strip()) is None for row in full) > len(full)
    ]
    if len(columns) == 2 or width == 2:
        return (columns[0], columns[1]) if len(columns) == 2 else (0, 1)
    shown = "; ".join(f"{n + 1}: {cell.strip()[:30]}" for n, cell in enumerate(full[0][:12]))
    raise TextError(
        f"{text.name}: {len(columns)} of its columns hold sentences, so it does not show which two "
        f"are the pairs ({shown}). Name them, as in --columns 1,2"
    )


def _recognises(head: Head) -> bool:
    if head.named(".tsv", ".csv", ".tab"):
        return True
    lines = head.lines[:SAMPLED]
    return bool(lines) and len({line.count("\t") for line in lines}) == 1 and "\t" in lines[0]


TABLE = PairForm("table", "table", _recognises, read_table)
