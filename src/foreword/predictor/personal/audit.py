"""What is held, what of it looks like a secret, and what was refused. Shows no secret whole."""

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foreword.errors import PersonalError
from foreword.predictor.personal.counts import unpacked
from foreword.predictor.personal.memory import FIRST_ID, Memory
from foreword.predictor.personal.screen import Kind, looks_like, screened

SHOWN = 2
"""Characters of a suspect that are shown, of short ones fewer."""


@dataclass(frozen=True)
class Suspect:
    """A word, or the word of a longer number, that is held and looks like a secret.

    Attributes:
        shown: its first letters and its length.
        kind: what it looks like.
        count: how often it was seen.
    """

    shown: str
    kind: Kind
    count: int


@dataclass(frozen=True)
class Audit:
    """What a file holds.

    Attributes:
        words: held.
        sequences: of up to three words, held.
        recent: the latest words, which are held in order.
        doubted: words said once, of which a short hash is held.
        learned: words that were learned from, line ends included.
        refused: chunks that looked like secrets, by kind.
        suspects: what is held and looks like a secret.
        bytes: of the file.
        readable_by_others: whether other users of the machine may read the file.
    """

    words: int
    sequences: int
    recent: int
    doubted: int
    learned: int
    refused: dict[str, int]
    suspects: list[Suspect]
    bytes: int
    readable_by_others: bool


def audited(memory: Memory, path: Path) -> Audit:
    """What a memory holds, and the file at `path` that it came from."""
    try:
        status = path.stat()
    except OSError as error:
        raise PersonalError(f"{path}: cannot be read: {error}") from error
    found = [
        Suspect(_masked(memory.vocabulary.texts[i]), kind, int(memory.vocabulary.counts[i]))
        for i, kind in sorted(suspects(memory).items())
    ]
    return Audit(
        words=len(memory.vocabulary.ids) - 1,
        sequences=len(memory.trigrams),
        recent=len(memory.recent),
        doubted=len(memory.doubted),
        learned=memory.clock,
        refused=dict(memory.refused),
        suspects=found,
        bytes=status.st_size,
        readable_by_others=bool(stat.S_IMODE(status.st_mode) & 0o077),
    )


def suspects(memory: Memory) -> dict[int, Kind]:
    """Ids of held words that look like a secret, by themselves or one after the other."""
    texts = memory.vocabulary.texts
    found: dict[int, Kind] = {}
    for index in range(FIRST_ID, len(texts)):
        kind, _ = looks_like(texts[index])
        if kind is not None:
            found[index] = kind
    for ids in _sequences_of_numbers(memory):
        chunks = [texts[index] for index in ids]
        found.update({ids[place]: kind for place, kind in screened(chunks)})
    return found


def _sequences_of_numbers(memory: Memory) -> Iterator[list[int]]:
    """Two or three numbers that stand one after the other."""
    is_number = np.array([any(c.isdigit() for c in text) for text in memory.vocabulary.texts])
    u, v, w = unpacked(memory.trigrams.keys)
    rows = is_number[v] & is_number[w]
    for sequence in zip(u[rows].tolist(), v[rows].tolist(), w[rows].tolist(), strict=True):
        yield [index for index in sequence if is_number[index]]


def _masked(word: str) -> str:
    return f"{word[: min(SHOWN, len(word) // 4)]}… ({len(word)} characters)"
