"""What is held of a person's text: a value, changed by learning, forgetting and editing.

Knows no files, no networks, no tokenising.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from foreword.errors import SettingsError
from foreword.predictor.personal.counts import LARGEST_ID, LINE_END, OTHER, Counts, packed
from foreword.predictor.personal.cut import Cut, Line, word_count
from foreword.predictor.personal.recency import REMEMBERED
from foreword.predictor.personal.weights import Weights
from foreword.text.case import fold_in_any_language as fold

RESERVED = ("", "\n")
"""The words with the ids OTHER and LINE_END."""
FIRST_ID = len(RESERVED)
BUCKET_BYTES = 3
"""The bytes of the hash of a word seen once; few on purpose, see `bucket_of`."""
KEPT_SHARE = 0.95
"""The share of the limit that pruning leaves, so that it is not needed at every word."""


@dataclass(frozen=True)
class Limits:
    """The largest amounts that are held; the least useful entries are dropped first.

    Attributes:
        words: the number of words.
        ngrams: the number of sequences of three words.
        doubted: the number of hashes of words seen once.
    """

    words: int = 30_000
    ngrams: int = 400_000
    doubted: int = 20_000

    def __post_init__(self) -> None:
        for name, limit in vars(self).items():
            if not 1 <= limit < LARGEST_ID - FIRST_ID:
                raise SettingsError(
                    f"{name} must be at least 1 and below {LARGEST_ID - FIRST_ID:,}, not {limit}"
                )


@dataclass(frozen=True)
class Vocabulary:
    """The person's words by id.

    Attributes:
        texts: the words; "" at a free id.
        counts: (V,) int64, how often each was seen; 0 at a free id.
        last: (V,) int64, the number of words learned when each was last seen.
    """

    texts: tuple[str, ...] = RESERVED
    counts: np.ndarray = field(default_factory=lambda: np.zeros(FIRST_ID, dtype=np.int64))
    last: np.ndarray = field(default_factory=lambda: np.zeros(FIRST_ID, dtype=np.int64))

    @cached_property
    def ids(self) -> dict[str, int]:
        """The ids of the words."""
        return {word: index for index, word in enumerate(self.texts) if word}

    def with_words(self, words: Sequence[str]) -> "Vocabulary":
        """Return the vocabulary with new words, not yet counted, at free or additional ids."""
        free = [i for i in range(FIRST_ID, len(self.texts)) if not self.texts[i]]
        new_ids = [*free[: len(words)]]
        new_ids += range(len(self.texts), len(self.texts) + len(words) - len(new_ids))
        more = max(0, len(words) - len(free))
        texts = [*self.texts, *[""] * more]
        for index, word in zip(new_ids, words, strict=True):
            texts[index] = word
        counts, last = (np.append(a, np.zeros(more, np.int64)) for a in (self.counts, self.last))
        return Vocabulary(tuple(texts), counts, last)

    def counted(self, seen: Mapping[int, int], now: int) -> "Vocabulary":
        """Return the vocabulary with the counts in `seen` added, by id, at time `now`."""
        ids = np.fromiter(seen.keys(), np.int64, len(seen))
        counts, last = self.counts.copy(), self.last.copy()
        counts[ids] += np.fromiter(seen.values(), np.int64, len(seen))
        last[ids] = now
        return Vocabulary(self.texts, counts, last)

    def without(self, ids: Collection[int]) -> "Vocabulary":
        """Return the vocabulary without these words, whose ids become free."""
        texts, counts, last = list(self.texts), self.counts.copy(), self.last.copy()
        for index in ids:
            texts[index], counts[index], last[index] = "", 0, 0
        return Vocabulary(tuple(texts), counts, last)

    def least_useful(self, limit: int) -> list[int]:
        """Return the ids to free so that `limit` words stay: the rarest, then the oldest."""
        held = np.array(sorted(self.ids.values()), dtype=np.int64)
        held = held[held >= FIRST_ID]
        order = np.lexsort((self.last[held], self.counts[held]))
        return [int(i) for i in held[order[: max(0, len(held) - limit)]]]


@dataclass(frozen=True)
class Memory:
    """All that is held of a person's text.

    Attributes:
        salt: the salt of the hashes.
        clock: the number of words learned, line ends included.
        vocabulary: the words.
        trigrams: the sequences of words.
        recent: (n,) int64, ids of the latest words, the last one at the end.
        doubted: the hashes of words seen once, with their time; see `bucket_of`.
        refused: the number of chunks that looked like secrets, by kind.
        weights: the weights of the layer beside the network.
    """

    salt: bytes
    clock: int = 0
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    trigrams: Counts = field(default_factory=Counts.empty)
    recent: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    doubted: Mapping[int, int] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)
    weights: Weights = field(default_factory=Weights.initial)


def bucket_of(word: str, salt: bytes) -> int:
    """Return a salted hash of a word of 24 bits, the same in every case.

    The hash is so short that many words of any list of words or passwords share each bucket, and a
    reader of the file cannot tell which one was written. With 20,000 buckets taken, one new word in
    800 is held at once, as if it had been seen before.
    """
    return _hashed(fold(word), salt)


def _hashed(text: str, salt: bytes) -> int:
    digest = hashlib.blake2b(text.encode(), key=salt, digest_size=BUCKET_BYTES)
    return int.from_bytes(digest.digest(), "big")


def learned(memory: Memory, cut: Cut, is_known: Callable[[str], bool], limits: Limits) -> Memory:
    """Return the memory after one more text.

    A word of the person's own is held when it is seen for the second time; a word of the model's
    vocabulary (`is_known`) at once.
    """
    now = memory.clock + word_count(cut.lines)
    seen = Counter(word for line in cut.lines for word in line if word is not None)
    ids, salt = memory.vocabulary.ids, memory.salt
    doubted = dict(memory.doubted)
    new: list[str] = []
    for word in [word for word in seen if word not in ids]:
        if is_known(word):
            new.append(word)
            continue
        bucket = bucket_of(word, salt)
        if doubted.pop(bucket, None) is not None:
            seen[word] += 1
            new.append(word)
        elif seen[word] > 1:
            new.append(word)
        else:
            doubted[bucket] = now
    for bucket in list(doubted)[: max(0, len(doubted) - limits.doubted)]:
        del doubted[bucket]
    vocabulary = memory.vocabulary.with_words(new)
    held = {vocabulary.ids[word]: n for word, n in seen.items() if word in vocabulary.ids}
    vocabulary = vocabulary.counted({**held, LINE_END: len(cut.lines)}, now)
    stream = encoded(cut.lines, vocabulary.ids)
    recent = np.append(memory.recent, stream[stream >= FIRST_ID])[-REMEMBERED:]
    refused = Counter(memory.refused)
    refused.update(cut.refused)
    after = Memory(
        memory.salt,
        now,
        vocabulary,
        memory.trigrams.plus(trigrams(stream), now),
        recent,
        doubted,
        dict(refused),
        memory.weights,
    )
    return pruned(after, limits)


def encoded(lines: Sequence[Line], ids: Mapping[str, int]) -> np.ndarray:
    """Return the words' ids, line after line, each closed by LINE_END, (N,) int64."""
    get = ids.get
    flat = [get(word, OTHER) if word else OTHER for line in lines for word in (*line, "\n")]
    return np.array(flat, dtype=np.int64)


def trigrams(stream: np.ndarray) -> np.ndarray:
    """Return the key of each held word with the two before it in its line, (N,) int64."""
    v = np.append([LINE_END], stream[:-1])
    u = np.append([LINE_END, LINE_END], stream[:-2])[: len(stream)]
    u = np.where(v == LINE_END, LINE_END, u)
    keys: np.ndarray = packed(u, v, stream)[stream != OTHER]
    return keys


def merged(memory: Memory, other: Memory, limits: Limits) -> Memory:
    """Return the memory with the words, sequences and refusals of another one added."""
    new = [word for word in other.vocabulary.ids if word not in memory.vocabulary.ids]
    vocabulary = memory.vocabulary.with_words(new)
    new_ids = np.zeros(len(other.vocabulary.texts), dtype=np.int64)
    for word, index in other.vocabulary.ids.items():
        new_ids[index] = vocabulary.ids[word]
    now = memory.clock + other.clock
    counts = {
        int(new_ids[i]): int(other.vocabulary.counts[i]) for i in other.vocabulary.ids.values()
    }
    trigrams = other.trigrams.renamed(new_ids)
    trigrams = replace(trigrams, last=np.full(len(trigrams), now))
    refused = Counter(memory.refused)
    refused.update(other.refused)
    after = replace(
        memory,
        clock=now,
        vocabulary=vocabulary.counted(counts, now),
        trigrams=memory.trigrams.merged(trigrams),
        refused=dict(refused),
    )
    return pruned(after, limits)


def pruned(memory: Memory, limits: Limits) -> Memory:
    """Return the memory within the limits."""
    if len(memory.vocabulary.ids) - 1 > limits.words:
        dropped = memory.vocabulary.least_useful(int(limits.words * KEPT_SHARE))
        memory = without(memory, dropped)
    if len(memory.trigrams) > limits.ngrams:
        kept = memory.trigrams.most_useful(int(limits.ngrams * KEPT_SHARE))
        memory = replace(memory, trigrams=kept)
    return memory


def without(memory: Memory, ids: Collection[int]) -> Memory:
    """Return the memory without some words and the sequences that contain them."""
    gone = np.array(sorted(ids), dtype=np.int64)
    return replace(
        memory,
        vocabulary=memory.vocabulary.without(ids),
        trigrams=memory.trigrams.without(gone),
        recent=memory.recent[~np.isin(memory.recent, gone)],
    )


def forgotten(memory: Memory, word: str) -> Memory:
    """Return the memory without a word, in any case, seen once or more often."""
    folded = fold(word)
    ids = [index for text, index in memory.vocabulary.ids.items() if fold(text) == folded]
    # Files of earlier versions hold hashes of words in the case in which they were written.
    forms = {word, word.lower(), word.upper(), word.capitalize(), word.title(), folded}
    buckets = {_hashed(form, memory.salt) for form in forms}
    memory = without(memory, [index for index in ids if index >= FIRST_ID])
    return replace(memory, doubted={k: v for k, v in memory.doubted.items() if k not in buckets})


def edited(memory: Memory, word: str, to: str | None, count: int | None) -> Memory:
    """Return the memory with another spelling or another count of a word.

    If the new spelling is held already, the two become one.

    Raises:
        SettingsError: the word is not held.
    """
    vocabulary = memory.vocabulary
    index = vocabulary.ids.get(word, OTHER)
    if index < FIRST_ID:
        raise SettingsError(f"{word} is not among the words that are held")
    if to is not None and to != word:
        target = vocabulary.ids.get(to)
        if target is None:
            texts = list(vocabulary.texts)
            texts[index] = to
            vocabulary = replace(vocabulary, texts=tuple(texts))
        else:
            counts, last = vocabulary.counts.copy(), vocabulary.last.copy()
            counts[target] += counts[index]
            last[target] = max(last[target], last[index])
            vocabulary = Vocabulary(vocabulary.texts, counts, last).without([index])
            new_ids = np.arange(len(vocabulary.texts))
            new_ids[index] = target
            memory = replace(
                memory, trigrams=memory.trigrams.renamed(new_ids), recent=new_ids[memory.recent]
            )
            index = target
    if count is not None:
        counts = vocabulary.counts.copy()
        counts[index] = count
        vocabulary = Vocabulary(vocabulary.texts, counts, vocabulary.last)
    return replace(memory, vocabulary=vocabulary)
