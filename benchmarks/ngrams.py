"""Trigrams smoothed as KenLM smooths them, as the simulated typist's predictor.

Interpolated modified Kneser-Ney (Chen & Goodman 1998, "An empirical study of smoothing techniques
for language modeling", section 3): absolute discounts for counts of 1, 2 and more, from the counts
of counts; lower orders from the number of different words before. KenLM itself scores words, one by
one, but neither trains from Python nor gives the likeliest.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foreword.predictor.lexicon import Lexicon
from foreword.text.corpus import text_source
from foreword.text.tokenizer import EOS_ID, SPECIAL, UNK_ID, Tokenizer, TokenizerConfig

Array = np.ndarray
BITS = 21
"""Of a word's id in a packed n-gram; three fit 64."""
WORD_AT_THE_END = re.compile(r"\w+(?:'\w+)*'?$")


@dataclass(frozen=True)
class Level:
    """What follows each context, sorted by context: discounted shares, and what is left over."""

    contexts: Array
    starts: Array
    words: Array
    shares: Array
    left_over: Array

    @classmethod
    def of(cls, contexts: Array, words: Array, counts: Array) -> "Level":
        """From n-grams that are sorted by context and different from each other."""
        discounts = _discounts(counts)[np.minimum(counts, 3)]
        known, starts = np.unique(contexts, return_index=True)
        totals = np.add.reduceat(counts, starts)
        lengths = np.diff(np.append(starts, len(contexts)))
        return cls(
            known,
            np.append(starts, len(contexts)),
            words,
            (counts - discounts) / np.repeat(totals, lengths),
            np.add.reduceat(discounts, starts) / totals,
        )

    def refine(self, context: int, lower: Array) -> Array:
        """P(word | context) from P(word | the shorter context)."""
        place = int(np.searchsorted(self.contexts, context))
        if place == len(self.contexts) or self.contexts[place] != context:
            return lower
        found = slice(self.starts[place], self.starts[place + 1])
        shares = self.left_over[place] * lower
        shares[self.words[found]] += self.shares[found]
        return shares

    @property
    def size(self) -> int:
        """Bytes, as it lies in memory."""
        return sum(part.nbytes for part in vars(self).values())


class Ngrams:
    """P(word | the two before it), over a vocabulary that is learned from the same lines."""

    def __init__(self, lines: Sequence[str], vocab_size: int) -> None:
        source = text_source("training text", "\n".join(lines))
        config = TokenizerConfig(case="fold")
        self.tokenizer = Tokenizer.learn(source.read(), config, vocab_size=vocab_size, min_count=2)
        self._lexicon = Lexicon(self.tokenizer.words, hidden=len(SPECIAL))
        self._marks = np.array([not re.search(r"\w", word) for word in self.tokenizer.words])
        self._marks[[UNK_ID, EOS_ID]] = True
        ids = self.tokenizer.encode_lines(lines)
        # Two line ends before each line, so that its first word has a context.
        stream = np.concatenate([[EOS_ID, EOS_ID, *line, EOS_ID] for line in ids if len(line)])
        u, v, w = (stream[i : len(stream) - 2 + i].astype(np.int64) for i in range(3))
        inside = ~((v == EOS_ID) & (w == EOS_ID)) & ~((u != EOS_ID) & (v == EOS_ID))
        trigrams, counts = np.unique((u << 2 * BITS | v << BITS | w)[inside], return_counts=True)
        mask = (1 << BITS) - 1
        self._trigrams = Level.of(trigrams >> BITS, trigrams & mask, counts)
        bigrams, before = np.unique(trigrams & ((1 << 2 * BITS) - 1), return_counts=True)
        self._bigrams = Level.of(bigrams >> BITS, bigrams & mask, before)
        seen = np.bincount(bigrams & mask, minlength=self.tokenizer.vocab_size)
        unigrams = np.flatnonzero(seen)
        even = np.full(self.tokenizer.vocab_size, 1.0 / self.tokenizer.vocab_size)
        self._unigrams = Level.of(np.zeros_like(unigrams), unigrams, seen[unigrams]).refine(0, even)

    @property
    def size(self) -> int:
        """Bytes, as it lies in memory."""
        return self._trigrams.size + self._bigrams.size + self._unigrams.nbytes

    def probabilities(self, context: Sequence[int]) -> Array:
        """P(word | context), (V,); sums to 1."""
        u, v = [EOS_ID, EOS_ID, *context][-2:]
        return self._trigrams.refine(u << BITS | v, self._bigrams.refine(v, self._unigrams))

    def suggest(self, text: str, k: int) -> list[str]:
        """Next words, or completions."""
        unfinished = WORD_AT_THE_END.search(text)
        start = unfinished.start() if unfinished else len(text)
        shares = self.probabilities(self.tokenizer.encode(text[:start]))
        if unfinished:
            found = self._lexicon.beginning(self.tokenizer.normalise(text[start:]))
        else:
            found = np.flatnonzero(~self._marks)
        best = found[np.argsort(-shares[found], kind="stable")[:k]]
        return [self.tokenizer.word_of(index) for index in best]


def _discounts(counts: Array) -> Array:
    """Of a count of 0, 1, 2, and 3 or more (Chen & Goodman 1998, eq. 17)."""
    n1, n2, n3, n4 = (int(np.count_nonzero(counts == n)) for n in range(1, 5))
    if not (n1 and n2 and n3):  # too little text for it
        return np.array([0.0, 0.5, 0.5, 0.5])
    y = n1 / (n1 + 2 * n2)
    return np.array([0.0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3])
