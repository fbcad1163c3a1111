"""Report what is held, which of it looks like a secret, and what was refused. Masks secrets."""

import stat
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from foreword.errors import PersonalError
from foreword.predictor.personal.counts import MASK, unpacked
from foreword.predictor.personal.cues import may_announce
from foreword.predictor.personal.learned_memory import FIRST_ID, Memory, without
from foreword.predictor.personal.screen import Screen
from foreword.predictor.personal.shapes import Kind

SHOWN = 2
"""The number of characters of a suspect that are shown; fewer for short ones."""


@dataclass(frozen=True)
class Suspect:
    """A held word, or word of a longer number, that looks like a secret.

    Attributes:
        shown: its first letters and its length.
        kind: the kind of secret it looks like.
        count: how often it was seen.
    """

    shown: str
    kind: Kind
    count: int


@dataclass(frozen=True)
class Audit:
    """What a file holds.

    Attributes:
        words: the number of words.
        sequences: the number of sequences of up to three words.
        recent: the number of latest words, which are held in order.
        doubted: the number of words seen once, of which a short hash is held.
        learned: the number of words that were learned from, line ends included.
        refused: the number of chunks that looked like secrets, by kind.
        suspects: held words and sequences that look like secrets.
        bytes: the size of the file.
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


def audited(memory: Memory, path: Path, screen: Screen) -> Audit:
    """Return the content of a memory, with facts on its file at `path`."""
    try:
        status = path.stat()
    except OSError as error:
        raise PersonalError(f"{path}: cannot be read: {error}") from error
    words, sequences = suspects(memory, screen)
    texts, counts = memory.vocabulary.texts, memory.vocabulary.counts
    listed = [Suspect(_masked(texts[i]), kind, int(counts[i])) for i, kind in sorted(words.items())]
    listed += [
        Suspect(_masked(texts[key & MASK]), kind, int(memory.trigrams.counts[row]))
        for row, kind in sorted(sequences.items())
        if (key := int(memory.trigrams.keys[row])) & MASK not in words
    ]
    return Audit(
        words=len(memory.vocabulary.ids) - 1,
        sequences=len(memory.trigrams),
        recent=len(memory.recent),
        doubted=len(memory.doubted),
        learned=memory.clock,
        refused=dict(memory.refused),
        suspects=listed,
        bytes=status.st_size,
        readable_by_others=bool(stat.S_IMODE(status.st_mode) & 0o077),
    )


def suspects(memory: Memory, screen: Screen) -> tuple[dict[int, Kind], dict[int, Kind]]:
    """Return the ids of words and the rows of sequences that today's rules would refuse.

    A word is refused if its letters look like no word, or if it only follows what announces a
    secret.
    """
    texts = memory.vocabulary.texts
    words: dict[int, Kind] = {}
    for index in range(FIRST_ID, len(texts)):
        kind = screen.refusal(texts[index]) if texts[index] else None
        if kind is not None:
            words[index] = kind
    words.update(dict.fromkeys(_numbers_that_are_no_ordinals(memory), "digits"))
    sequences: dict[int, Kind] = {}
    telling = np.array(
        [bool(text) and (_has_digits(text) or may_announce(text)) for text in texts], dtype=bool
    )
    u, v, w = unpacked(memory.trigrams.keys)
    for row in np.flatnonzero(telling[u] | telling[v] | telling[w]).tolist():
        ids = [int(part[row]) for part in (u, v, w)]
        chunks = [texts[index] if index >= FIRST_ID else "." for index in ids]
        refused = screen.screened(chunks).refused
        is_ordinal = chunks[2].isdecimal() and ids[2] not in words and not _has_digits(chunks[1])
        if 2 in refused and any(c.isalnum() for c in chunks[2]) and not is_ordinal:
            sequences[row] = refused[2]
    rows = np.fromiter(sequences, np.int64, len(sequences))
    often = np.bincount(w[rows], memory.trigrams.counts[rows], len(texts))
    for row in rows.tolist():
        index = int(w[row])
        if often[index] >= memory.vocabulary.counts[index]:
            words.setdefault(index, sequences[row])
    return words, sequences


def without_suspects(memory: Memory, screen: Screen) -> Memory:
    """Return the memory without words and sequences that today's rules would refuse."""
    words, sequences = suspects(memory, screen)
    kept = np.ones(len(memory.trigrams), dtype=bool)
    kept[list(sequences)] = False
    chunks = [memory.vocabulary.texts[index] for index in memory.recent.tolist()]
    late = list(screen.screened(chunks).refused)
    memory = replace(
        memory,
        trigrams=memory.trigrams.selected(kept),
        recent=np.delete(memory.recent, np.array(late, dtype=np.int64)),
    )
    return without(memory, words)


def _numbers_that_are_no_ordinals(memory: Memory) -> set[int]:
    """Return the ids of numbers followed by anything but a full stop: only "2." is an ordinal."""
    texts = memory.vocabulary.texts
    is_number = np.array([text.isdecimal() and len(text) <= 2 for text in texts])
    is_point = np.array([text == "." for text in texts])
    _, v, w = unpacked(memory.trigrams.keys)
    return set(v[is_number[v] & ~is_point[w]].tolist())


def _has_digits(text: str) -> bool:
    return any(c.isdigit() for c in text)


def _masked(word: str) -> str:
    return f"{word[: min(SHOWN, len(word) // 4)]}… ({len(word)} characters)"
