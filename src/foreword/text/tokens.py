"""Store a text as one array of word ids on disk. Knows nothing about models."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foreword.text.corpus import Source
from foreword.text.lines import Piece
from foreword.text.tokenizer import EOS_ID, UNK_ID, Tokenizer

BATCH_CHARACTERS = 4 << 20
COUNTED_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Tokens:
    """A text's word ids.

    Attributes:
        ids: (N,), uint16 or uint32, mapped from a file that nobody else can see.
        lines: the number of `<eos>` that were added.
        unknown: the number of ids that are `<unk>`.
        sha256: the digest of the ids as little-endian uint32.
    """

    ids: np.ndarray
    lines: int
    unknown: int
    sha256: str

    def __len__(self) -> int:
        return len(self.ids)

    def first(self, words: int) -> "Tokens":
        """Return the first `words` words at most."""
        if words >= len(self):
            return self
        ids = self.ids[:words]
        unknown = int(np.count_nonzero(ids == UNK_ID))
        sha256 = hashlib.sha256(ids.astype("<u4").tobytes()).hexdigest()
        return Tokens(ids, int(np.count_nonzero(ids == EOS_ID)), unknown, sha256)

    def counts(self, vocab_size: int) -> np.ndarray:
        """Return how often each word occurs, (V,) int64."""
        counts = np.zeros(vocab_size, dtype=np.int64)
        for start in range(
            0, len(self.ids), COUNTED_AT_ONCE
        ):  # bincount copies its argument as int64
            counts += np.bincount(self.ids[start : start + COUNTED_AT_ONCE], minlength=vocab_size)
        return counts


def tokenise(
    sources: Sequence[Source],
    tokenizer: Tokenizer,
    *,
    directory: Path | None = None,
    progress: Callable[[int, int | None], None] | None = None,
) -> Tokens:
    """Turn texts, one after the other, into an array of ids, in bounded memory.

    Every line ends in `<eos>`. Blank lines are skipped, except in text that is tokenised already
    (`words="spaces"`), where they count as in the literature.

    Args:
        sources: the texts.
        tokenizer: the tokenizer.
        directory: the folder on whose disk the ids lie. The file is deleted at once and lives on as
            a mapping, so that a killed process leaves none of the text behind.
        progress: called with (bytes read, bytes in all or None).
    """
    kind = np.dtype(np.uint16 if tokenizer.vocab_size <= 1 << 16 else np.uint32)
    total = sum(source.size or 0 for source in sources) or None
    keeps_blank = tokenizer.config.words == "spaces"
    count = lines = unknown = done = 0
    digest = hashlib.sha256()

    def on_bytes(more: int) -> None:
        nonlocal done
        done += more
        if progress is not None:
            progress(done, total)

    with tempfile.TemporaryFile(prefix=".foreword-", dir=directory) as file:
        pieces = (piece for source in sources for piece in source.read(on_bytes))
        carried = False  # whether a line has begun in an earlier batch
        for batch in _batches(pieces):
            encoded = tokenizer.encode_lines([piece.text for piece in batch])
            parts: list[np.ndarray] = []
            for piece, ids in zip(batch, encoded, strict=True):
                parts.append(ids)
                carried = carried or len(ids) > 0
                if piece.ends_line:
                    if carried or keeps_blank:
                        parts.append(_EOS)
                        lines += 1
                    carried = False
            joined = np.concatenate(parts)
            digest.update(joined.astype("<u4").tobytes())
            unknown += int(np.count_nonzero(joined == UNK_ID))
            count += len(joined)
            file.write(joined.astype(kind).tobytes())
        file.flush()
        ids = (
            np.memmap(file, dtype=kind, mode="r", shape=(count,))
            if count
            else np.empty(0, dtype=kind)
        )
    return Tokens(ids, lines, unknown, digest.hexdigest())


_EOS = np.array([EOS_ID], dtype=np.uint32)


def _batches(pieces: Iterator[Piece]) -> Iterator[list[Piece]]:
    batch: list[Piece] = []
    size = 0
    for piece in pieces:
        batch.append(piece)
        size += len(piece.text) + 1
        if size >= BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
