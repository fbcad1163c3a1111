"""Requirements on a translation, as limits on the sub-words of a search. No model.

For each hypothesis of a search they say which sub-words may follow, and how much of the required
text it contains already.
"""

import sys
from bisect import bisect_left
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

Ids = tuple[int, ...]
CONTROLS = frozenset((*range(0x20), 0x7F))
"""Bytes that no translation of a line contains."""
_CACHED = 4096
_CLOSING = frozenset(b'.,:;!?)"')
_JOINS = (b"'", "’".encode(), b"-")
_JOINING = tuple(bytes([byte]) for byte in b"#$%&@/\\<=+-._~{")


class Pieces:
    """The bytes of sub-words, and which sub-words continue with certain bytes."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        """Sort the sub-words.

        Args:
            pieces: by id; a sub-word without bytes never matches.
        """
        self.bytes = tuple(pieces)
        order = sorted(range(len(pieces)), key=pieces.__getitem__)
        self._sorted = [pieces[index] for index in order]
        self._ids = np.array(order, np.int64)
        self._by_bytes = {piece: index for index, piece in enumerate(pieces) if piece}
        self._longest = max(map(len, pieces), default=0)
        self.continues = np.array([_continues(piece) for piece in pieces], bool)
        """Whether each sub-word, right after a word, would continue it, (V,)."""
        self.goes_on = self.continues | np.array([piece in _JOINS for piece in pieces], bool)
        """The same, including marks after which a word may continue, (V,)."""
        self.closes = np.array([bool(piece) and set(piece) <= _CLOSING for piece in pieces], bool)
        """Whether each sub-word consists of marks that end an address or a sentence, (V,)."""
        self.parts = self.closes | np.array([piece[:1] in (b"", b" ") for piece in pieces], bool)
        """Whether each sub-word may be between an address and the following word, (V,)."""
        self.space = self._by_bytes.get(b" ")
        self.longer = lru_cache(_CACHED)(self._longer)
        self.matching = lru_cache(_CACHED)(self._matching)

    def of(self, ids: Ids) -> bytes:
        """Return the bytes of sub-words."""
        return b"".join(self.bytes[index] for index in ids)

    def _longer(self, rest: bytes) -> np.ndarray:
        """Return the sub-words that begin with these bytes."""
        first = bisect_left(self._sorted, rest)
        last = bisect_left(self._sorted, rest + b"\xff" * self._longest)  # no text has the byte FF
        return self._ids[first:last]

    def _matching(self, rest: bytes) -> np.ndarray:
        """Return the sub-words that begin with these bytes, or with which these bytes begin."""
        lengths = range(1, min(len(rest), self._longest + 1))
        parts = [self._by_bytes[rest[:k]] for k in lengths if rest[:k] in self._by_bytes]
        return np.concatenate([self.longer(rest), np.array(parts, np.int64)])


def _continues(piece: bytes) -> bool:
    return _is_letter(piece[:1])


def _is_letter(byte: bytes) -> bool:
    """Whether a byte is a letter or a digit of ASCII, or a part of another character."""
    return byte.isalnum() or byte >= b"\x80"


def is_writable(text: str) -> bool:
    """Whether a translation can hold this text."""
    return CONTROLS.isdisjoint(text.encode("utf-8", "replace"))


@dataclass(frozen=True)
class Prefix:
    """How a translation must begin.

    Attributes:
        ids: the sub-words of its whole words.
        letters: the bytes after them, of a word that may continue.
    """

    ids: Ids
    letters: bytes

    def written(self, ids: Ids, pieces: Pieces) -> tuple[int, int]:
        """Return how many of its sub-words and of its letters are in `ids`."""
        letters = len(pieces.of(ids[len(self.ids) :]))
        return min(len(ids), len(self.ids)), min(letters, len(self.letters))

    def allowed(self, ids: Ids, pieces: Pieces) -> np.ndarray | None:
        """Return the sub-words that may follow `ids`; None if all may."""
        words, letters = self.written(ids, pieces)
        if words < len(self.ids):
            return np.array([self.ids[words]])
        return pieces.matching(self.letters[letters:]) if letters < len(self.letters) else None


@dataclass(frozen=True, kw_only=True)
class Demands:
    """The requirements on one translation.

    Attributes:
        pieces: the vocabulary.
        end: the id of the end of a sentence.
        prefix: how it must begin; None if it may begin in any way.
        required: the sub-words of each term that it must contain as whole words.
        once: sub-words that it must contain once, among those that are never written otherwise.
        ordered: those of them that must occur in this order.
        after_gap: those of them that must not directly follow each other, a letter, a digit, or a
            mark that addresses and placeholders contain.
        before_gap: those of them that only a space may follow, or marks and then a space.
    """

    pieces: Pieces
    end: int
    prefix: Prefix | None = None
    required: tuple[Ids, ...] = ()
    once: Ids = ()
    ordered: Ids = ()
    after_gap: Ids = ()
    before_gap: Ids = ()

    @property
    def length(self) -> int:
        """The number of sub-words by which a translation may be longer because of the demands."""
        prefix = len(self.prefix.ids) + len(self.prefix.letters) if self.prefix else 0
        return prefix + 2 * sum(map(len, self.terms))

    @cached_property
    def terms(self) -> tuple[Ids, ...]:
        """All that must be contained."""
        return (*self.required, *((index,) for index in self.once))

    def limit(self, scores: np.ndarray, ids: Ids, remaining: int) -> None:
        """Set the scores of sub-words that may not follow `ids` to minus infinity, in place.

        Args:
            scores: (V,).
            ids: the translation so far.
            remaining: how many sub-words may still be written, the end included.
        """
        allowed = self.prefix.allowed(ids, self.pieces) if self.prefix is not None else None
        if allowed is not None:
            _leave(scores, allowed)
            return
        barred = self.barred(ids)
        scores[barred] = -np.inf
        if ids and ids[-1] == self.pieces.space:  # words have their spaces in their sub-words
            slots = [index for index in self.once if index not in barred]
            if slots:
                _leave(scores, np.array(slots))
        missing = self.missing(ids)
        if missing:
            scores[self.end] = -np.inf
        if self._closes(ids):
            scores[self.pieces.continues] = -np.inf
        if self.needs_gap(ids):
            scores[~self.pieces.parts] = -np.inf
        if missing and remaining - 1 <= self.needed(ids):
            _leave(scores, self.next(ids))

    def needed(self, ids: Ids) -> int:
        """Return how many sub-words are reserved for missing terms: twice as many as they have."""
        return 2 * sum(map(len, self.missing(ids)))

    def situation(self, ids: Ids) -> Hashable:
        """Return the key that decides how `ids` may be continued, equal in equal situations."""
        return (
            not ids,
            None if self.prefix is None else self.prefix.written(ids, self.pieces),
            tuple(index in ids for index in self.once),
            tuple((self._stands(ids, term), _matched(ids, term)) for term in self.required),
            bool(ids) and (ids[-1] in self.once or self.joins(ids[-1])),
            bool(ids) and ids[-1] == self.pieces.space,
            self.needs_gap(ids),
            self._closes(ids),
        )

    def are_met(self, ids: Ids) -> bool:
        """Whether there are no limits any more on what follows `ids`."""
        return not self.terms and (
            self.prefix is None or self.prefix.allowed(ids, self.pieces) is None
        )

    def next(self, ids: Ids) -> np.ndarray:
        """Return the sub-words that continue missing terms, or if none has begun, begin one."""
        if self.pieces.space is not None and self.needs_gap(ids):
            return np.array([self.pieces.space])
        missing = self.missing(ids)
        going = [term[count] for term in missing if (count := _begun(ids, term))]
        if self._closes(ids):
            going = [index for index in going if not self.pieces.continues[index]]
        blocked = self._blocked(ids)
        begin = [term[0] for term in missing if term[0] not in blocked]
        if missing and not begin and self.pieces.space is not None:
            begin = [self.pieces.space]
        return np.array(going or begin, np.int64)

    def missing(self, ids: Ids) -> list[Ids]:
        """Return the terms that `ids` do not contain."""
        words = [term for term in self.required if not self._holds(ids, term)]
        return words + [(index,) for index in self.once if index not in ids]

    def barred(self, ids: Ids) -> list[int]:
        """Return those of `once` that may not follow `ids`."""
        return [index for index in self.once if index in ids] + self._blocked(ids)

    def _blocked(self, ids: Ids) -> list[int]:
        """Return those of `once` that may not come now, even if they are missing."""
        blocked = [index for index in self.ordered if index not in ids][1:]
        if ids and (ids[-1] in self.once or self.joins(ids[-1]) or self.needs_gap(ids)):
            blocked += self.after_gap
        return blocked

    def needs_gap(self, ids: Ids) -> bool:
        """Whether there are only marks after one of `before_gap`."""
        last = next((index for index in reversed(ids) if not self.pieces.closes[index]), None)
        return last in self.before_gap

    def joins(self, index: int) -> bool:
        """Whether a sub-word ends with a letter or a mark that placeholders contain."""
        last = self.pieces.bytes[index][-1:]
        return _is_letter(last) or last in _JOINING

    def held(self, ids: Ids) -> int:
        """Return how many sub-words of terms `ids` contain, including those of a begun term."""
        missing = self.missing(ids)
        held = sum(map(len, self.terms)) - sum(map(len, missing))
        return held + max((_begun(ids, term) for term in missing), default=0)

    def _holds(self, ids: Ids, term: Ids) -> bool:
        """Whether a term is in `ids`, and is not the beginning of a longer word."""
        return ids[-len(term) :] == term or self._stands(ids, term)

    def _stands(self, ids: Ids, term: Ids) -> bool:
        """Whether a term is in `ids`, followed by a sub-word that does not continue its word."""
        L = len(term)
        return any(
            ids[k : k + L] == term and not self.pieces.continues[ids[k + L]]
            for k in range(len(ids) - L)
        )

    def _closes(self, ids: Ids) -> bool:
        """Whether `ids` end in a required term that would be lost if its word continued."""
        return any(
            ids[-len(term) :] == term and not self._holds(ids[:-1], term) for term in self.required
        )


def _begun(ids: Ids, term: Ids) -> int:
    """Return how many sub-words of a term, but not all, are at the end of `ids`."""
    return _matched(ids, term, len(term) - 1)


def _matched(ids: Ids, term: Ids, most: int = sys.maxsize) -> int:
    """Return how many sub-words of a term, at most `most`, are at the end of `ids`."""
    lengths = range(min(len(term), most, len(ids)), 0, -1)
    return next((k for k in lengths if ids[-k:] == term[:k]), 0)


def _leave(scores: np.ndarray, allowed: np.ndarray) -> None:
    """Set all scores except those of `allowed` to minus infinity."""
    kept = scores[allowed]
    scores[:] = -np.inf
    scores[allowed] = kept
