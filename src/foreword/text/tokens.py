"""Store a text as one array of word ids on disk. Knows nothing about models."""

import hashlib
import itertools
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

from foreword.text.corpus import Source
from foreword.text.cutting import HERE, Cutting, batched
from foreword.text.tokenizer import EOS_ID, UNK_ID, Tokenizer

COUNTED_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Tokens:
    """A text's word ids.

    Attributes:
        ids: (N,), uint16 or uint32, mapped from a file.
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

    def check(self, vocab_size: int) -> None:
        """Check that the ids are those that were counted, of a vocabulary of this size.

        Raises:
            ValueError: they are not.
        """
        highest = 0
        for start in range(0, len(self.ids), COUNTED_AT_ONCE):
            highest = max(highest, int(self.ids[start : start + COUNTED_AT_ONCE].max()))
        if highest >= vocab_size:
            raise ValueError(f"it has the id {highest:,} in a vocabulary of {vocab_size:,} words")
        if sha256_of(self.ids) != self.sha256:
            raise ValueError("its checksum differs")

    def first(self, words: int) -> "Tokens":
        """Return the first `words` words at most."""
        if words >= len(self):
            return self
        ids = self.ids[:words]
        unknown = int(np.count_nonzero(ids == UNK_ID))
        return Tokens(ids, int(np.count_nonzero(ids == EOS_ID)), unknown, sha256_of(ids))

    def counts(self, vocab_size: int) -> np.ndarray:
        """Return how often each word occurs, (V,) int64."""
        counts = np.zeros(vocab_size, dtype=np.int64)
        for start in range(
            0, len(self.ids), COUNTED_AT_ONCE
        ):  # bincount copies its argument as int64
            counts += np.bincount(self.ids[start : start + COUNTED_AT_ONCE], minlength=vocab_size)
        return counts


def sha256_of(ids: np.ndarray) -> str:
    """Return the digest of ids as little-endian uint32, in memory that does not grow with them."""
    digest = hashlib.sha256()
    for start in range(0, len(ids), COUNTED_AT_ONCE):
        digest.update(ids[start : start + COUNTED_AT_ONCE].astype("<u4").tobytes())
    return digest.hexdigest()


def tokenise(
    sources: Sequence[Source],
    tokenizer: Tokenizer,
    *,
    directory: Path | None = None,
    file: Path | None = None,
    cutting: Cutting = HERE,
    progress: Callable[[int, int | None], None] | None = None,
) -> Tokens:
    """Turn texts, one after the other, into an array of ids, in bounded memory.

    Every line ends in `<eos>`. Blank lines are skipped, except in text that is tokenised already
    (`words="spaces"`), where they count as in the literature.

    Args:
        sources: the texts.
        tokenizer: the tokenizer.
        directory: the folder on whose disk the ids are stored. The file is deleted at once and
            remains as a mapping, so that a killed process leaves none of the text behind.
        file: a new file to keep the ids in instead, in numpy's format, as `read_ids` reads it.
        cutting: divides the text into words.
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

    with (
        tempfile.TemporaryFile(prefix=".foreword-", dir=directory)
        if file is None
        else file.open("x+b")
    ) as stored:
        begin = _write_head(stored, kind, 0)
        pieces = (piece for source in sources for piece in source.read(on_bytes))
        batches, to_cut = itertools.tee(batched(pieces, lambda piece: len(piece.text)))
        encoded = cutting.encode(([piece.text for piece in batch] for batch in to_cut), tokenizer)
        carried = False  # whether a line has begun in an earlier batch
        for batch, ids_of_batch in zip(batches, encoded, strict=True):
            parts: list[np.ndarray] = []
            for piece, ids in zip(batch, ids_of_batch, strict=True):
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
            stored.write(joined.astype(kind).tobytes())
        stored.seek(0)
        _write_head(stored, kind, count)
        stored.flush()
        if file is not None:
            os.fsync(stored.fileno())
        ids = (
            np.memmap(stored, dtype=kind, mode="r", offset=begin, shape=(count,))
            if count
            else np.empty(0, dtype=kind)
        )
    return Tokens(ids, lines, unknown, digest.hexdigest())


_EOS = np.array([EOS_ID], dtype=np.uint32)


def _write_head(file: IO[bytes], kind: np.dtype, count: int) -> int:
    """Write the head of numpy's format, of the same size for any number of ids; return its size."""
    about = {"descr": npy.dtype_to_descr(kind), "fortran_order": False, "shape": (count,)}
    npy.write_array_header_1_0(file, about)
    return file.tell()


def read_ids(file: Path) -> np.ndarray:
    """Return the ids of a file that `tokenise` has kept, (N,), mapped into memory.

    Raises:
        OSError, ValueError: it cannot be read, or holds something else.
    """
    ids: np.ndarray = np.load(file, mmap_mode="r", allow_pickle=False)
    if ids.ndim != 1 or ids.dtype not in (np.uint16, np.uint32):
        raise ValueError(f"it holds {ids.ndim} dimensions of {ids.dtype} instead of ids")
    return ids
