r"""Write what is held as lines of JSON and read it back, for inspection, backup and transfer.

The first line is a header; words follow, and then sequences. In these, null stands for a word that
is not held, and "\n" for the end of a line:

    {"foreword_personal": 1}
    {"word": "Anna", "count": 12}
    {"sequence": ["\n", "Dear", "Anna"], "count": 3}
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, TypeAdapter, ValidationError

from foreword.errors import SettingsError
from foreword.folder.config import Data
from foreword.predictor.personal.counts import LARGEST_ID, LINE_END, OTHER, Counts, packed, unpacked
from foreword.predictor.personal.cut import LONGEST_WORD, Cutter
from foreword.predictor.personal.learned_memory import FIRST_ID, RESERVED, Memory, Vocabulary
from foreword.visible import as_json

VERSION = 1
LONGEST_LINE = 4_096
"""The most characters of a line."""
MOST_LINES = 4_000_000

Count = Annotated[int, Field(ge=1, lt=1 << 31, strict=True)]
Text = Annotated[str, Field(min_length=1, max_length=LONGEST_WORD, strict=True)]


class Header(Data):
    """The first line."""

    foreword_personal: Literal[1]


class Word(Data):
    """A word, and how often it was seen."""

    word: Text
    count: Count


class Sequence(Data):
    """Three words that followed each other, and how often."""

    sequence: tuple[Text | None, Text | None, Text]
    count: Count


_LINE: TypeAdapter[Header | Word | Sequence] = TypeAdapter(Header | Word | Sequence)


def exported(memory: Memory) -> Iterator[str]:
    """Yield lines of JSON without line ends. Hashes, weights and the order of words are omitted."""
    yield as_json({"foreword_personal": VERSION})
    texts, counts = memory.vocabulary.texts, memory.vocabulary.counts
    for word, index in memory.vocabulary.ids.items():
        if index >= FIRST_ID:
            yield as_json({"word": word, "count": int(counts[index])})
    parts = (part.tolist() for part in (*unpacked(memory.trigrams.keys), memory.trigrams.counts))
    for *ids, count in zip(*parts, strict=True):
        sequence = [texts[index] or None for index in ids]
        yield as_json({"sequence": sequence, "count": count})


def imported(lines: Iterable[str], cutter: Cutter) -> Memory:
    """Read lines of JSON, without what looks like a secret, which is counted as refused.

    Raises:
        SettingsError: a line is wrong; names the line and the error.
    """
    ids: dict[str, int] = {"\n": LINE_END}
    counts: list[int] = [0] * FIRST_ID
    rejected: set[str] = set()
    refused: Counter[str] = Counter()
    rows: list[tuple[int, int, int, int]] = []
    number = 0
    for number, line in enumerate(lines, start=1):
        match _parsed(line, number):
            case Header():
                continue
            case Word(word=word, count=count):
                if word in ids or word in rejected:
                    raise _wrong(number, "the word has come before")
                if not cutter.is_word(word):
                    raise _wrong(number, "that is not a single word for the model's tokeniser")
                kind = cutter.screen.refusal(word)
                if kind is not None:
                    refused.update([kind] * (kind != "digits"))
                    rejected.add(word)
                    continue
                ids[word] = len(counts)
                counts.append(count)
            case Sequence(sequence=sequence, count=count):
                if rejected & set(sequence):
                    continue
                if missing := [w for w in sequence if w is not None and w not in ids]:
                    raise _wrong(number, f"{missing[0]!r} is not among the words before it")
                secrets = cutter.screen.screened([w or "." for w in sequence if w != "\n"]).refused
                if secrets:
                    kinds = [kind for kind in secrets.values() if kind != "digits"]
                    refused.update(kinds[:1])
                    continue
                u, v, w = (OTHER if word is None else ids[word] for word in sequence)
                rows.append((u, v, w, count))
                counts[LINE_END] += count if w == LINE_END else 0
    if number == 0:
        raise SettingsError("there is nothing to import: standard input had no lines")
    return _memory(ids, counts, rows, refused)


def _parsed(line: str, number: int) -> Header | Word | Sequence:
    if number > MOST_LINES:
        raise _wrong(number, f"there are more than {MOST_LINES:,} lines")
    if len(line) > LONGEST_LINE:
        raise _wrong(number, f"it has more than {LONGEST_LINE:,} characters")
    try:
        record = _LINE.validate_json(line)
    except (ValidationError, ValueError) as error:
        raise _wrong(number, "it is not a header, a word or a sequence of three") from error
    if isinstance(record, Header) != (number == 1):
        raise _wrong(number, '{"foreword_personal": 1} must stand first, and only there')
    return record


def _wrong(number: int, reason: str) -> SettingsError:
    return SettingsError(f"line {number:,} cannot be imported: {reason}. Nothing was imported")


def _memory(
    ids: dict[str, int],
    counts: list[int],
    rows: list[tuple[int, int, int, int]],
    refused: Counter[str],
) -> Memory:
    if len(counts) > LARGEST_ID:
        raise SettingsError(f"there are more than {LARGEST_ID:,} words. Nothing was imported")
    texts = [*RESERVED, *(word for word in ids if word != "\n")]
    numbers = np.array(counts, dtype=np.int64)
    vocabulary = Vocabulary(tuple(texts), numbers, np.zeros_like(numbers))
    u, v, w, times = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    keys = packed(u, v, w)
    order = np.argsort(keys, kind="stable")
    sequences = Counts(keys[order], times[order], np.zeros_like(times))
    # A sequence that occurs twice is added up.
    sequences = sequences.renamed(np.arange(len(texts)))
    return Memory(b"", int(numbers.sum()), vocabulary, sequences, refused=dict(refused))
