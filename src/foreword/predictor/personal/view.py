"""A person's memory prepared for one model: fast opinions on the next word. Immutable; no files."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from foreword.predictor.layer import Factors, Opinion
from foreword.predictor.lexicon import Bare
from foreword.predictor.personal.counts import BITS, LINE_END, MASK, OTHER
from foreword.predictor.personal.learned_memory import FIRST_ID, Memory, Vocabulary
from foreword.predictor.personal.ngrams import Evidence, Ngrams
from foreword.predictor.personal.preference import factors
from foreword.predictor.personal.recency import recency_shares
from foreword.predictor.personal.weights import RECENCY, part_of
from foreword.text.case import Case
from foreword.text.tokenizer import SPECIAL

Array = np.ndarray

Sorted = tuple[list[str], Array, Bare]

LAST = "\U0010ffff"
"""The last character, which occurs in no word."""
CANDIDATES = 32
"""The number of most probable words of each source that are considered."""


class View:
    """Gives opinions from a memory, with ids for the model's form of each word."""

    def __init__(
        self,
        memory: Memory,
        normalise: Callable[[str], str] | None,
        case: Case,
        known: Mapping[str, int],
        before: "View | None" = None,
    ) -> None:
        """Prepare the tables.

        Args:
            memory: what is held.
            normalise: returns the model's form of a word; None if that is the word itself.
            case: the case rules of the words' language.
            known: the ids of the model's words.
            before: an earlier view of the same person, whose sorted words are reused if they are
                the same.
        """
        self.weights = memory.weights
        self._spelled: dict[str, str] = {}
        if normalise is not None:
            self._spelled = _spelled(memory, normalise)
            memory = _in_the_models_words(memory, normalise)
        self.texts = memory.vocabulary.texts
        self.ids = memory.vocabulary.ids
        self.ngrams = Ngrams(memory.trigrams, memory.vocabulary.counts)
        self.ngrams.prepare()
        self.recency = recency_shares(memory.recent, len(self.texts))
        self._shares = self.ngrams.word_shares
        loose = self._shares + self.recency
        loose[:FIRST_ID] = 0
        top = np.argsort(-loose, kind="stable")[: 2 * CANDIDATES]
        self._top = top[loose[top] > 0]
        same = before is not None and before.texts == self.texts
        self._factors = _factors(memory, known)
        self._case = case
        self._sorted: Sorted = before._sorted if same and before else _sorted(self.texts, case)

    def context(self, words: Sequence[str]) -> tuple[int, int]:
        """Return the ids of the last two words of a line; LINE_END where it has fewer."""
        if not words or words[-1] == "\n":
            return LINE_END, LINE_END
        v = self.ids.get(words[-1], OTHER)
        if len(words) == 1 or words[-2] == "\n":
            return LINE_END, v
        return self.ids.get(words[-2], OTHER), v

    def opinion(self, context: Sequence[str], prefix: str) -> Opinion:
        """Return P(next word | context, prefix), and its weight."""
        evidence = self.ngrams.evidence(*self.context(context))
        weight = self.weights.of(part_of(evidence))
        if not prefix:
            shares, _ = self._mixed(evidence, self._top, None)
            return self._weighted(weight, {self.texts[index]: p for index, p in shares.items()})
        begun = _that_begin(self._sorted, self._case.fold(prefix))
        if not len(begun):
            return Opinion(0.0, {})
        is_begun = np.zeros(len(self.texts), dtype=bool)
        is_begun[begun] = True
        shares, mass = self._mixed(evidence, begun, is_begun)
        if not mass > 0:
            return Opinion(0.0, {})
        # Typed letters raise the weight of the source that finds them more probable (Bayes' rule).
        # The network's probability is not known here; their share in the person's words in any
        # context stands in for it.
        others = float(self._shares[begun].sum())
        weight = weight * mass / (weight * mass + (1 - weight) * others)
        return self._weighted(weight, {self.texts[index]: p / mass for index, p in shares.items()})

    def _weighted(self, weight: float, words: dict[str, float]) -> Opinion:
        spelled = (
            {w: self._spelled[w] for w in words if w in self._spelled} if self._spelled else {}
        )
        return Opinion(weight, words, spelled, self._factors)

    def probability(self, evidence: Evidence, word: int) -> tuple[float, float]:
        """Return P(word | context) by the n-grams, and by the latest words."""
        return self.ngrams.probability(evidence, word), float(self.recency[word])

    def _mixed(
        self, evidence: Evidence, loose: Array, is_begun: Array | None
    ) -> tuple[dict[int, float], float]:
        """Return P of the most probable words by id, and of all words that are begun.

        Args:
            evidence: what followed the context.
            loose: ids that are considered in any context.
            is_begun: which ids count, (V,) bool; None if all do.
        """
        recency = self.weights.of(RECENCY)
        scale = 1 - recency
        shares_of: dict[int, float] = {}
        mass = 0.0
        for followers in (evidence.longer, evidence.shorter):
            words, shares = followers.words, followers.shares
            if is_begun is not None and len(words):
                kept = is_begun[words]
                words, shares = words[kept], shares[kept]
                mass += scale * float(shares.sum())
            for word, share in zip(
                words[:CANDIDATES].tolist(), shares[:CANDIDATES].tolist(), strict=True
            ):
                shares_of[word] = shares_of.get(word, 0.0) + scale * share
            scale *= followers.left
        others = scale * self._shares[loose] + recency * self.recency[loose]
        mass += float(others.sum())
        if len(loose) > 2 * CANDIDATES:
            best = np.argpartition(others, -CANDIDATES)[-CANDIDATES:]
            loose = loose[best]
        for word in {*shares_of, *loose.tolist()}:
            more = scale * self._shares.item(word) + recency * self.recency.item(word)
            shares_of[word] = shares_of.get(word, 0.0) + more
        shares_of.pop(LINE_END, None)
        return shares_of, mass


def _factors(memory: Memory, known: Mapping[str, int]) -> Factors | None:
    """Return the factors of the words that the person prefers; None if there are none."""
    vocabulary = memory.vocabulary
    held = [(word, i, known[word]) for word, i in vocabulary.ids.items() if word in known]
    held = [one for one in held if one[1] >= FIRST_ID and one[2] >= len(SPECIAL)]
    counts, ids = (np.array([one[k] for one in held], dtype=np.int64) for k in (1, 2))
    raised = factors(vocabulary.counts[counts], ids, len(known), memory.clock)
    words = {one[0]: f for one, f in zip(held, raised.tolist(), strict=True) if f > 1}
    return Factors(words) if words else None


def _sorted(texts: Sequence[str], case: Case) -> Sorted:
    """Return the folded words in order with their ids, and the same without marks."""
    folds = [(case.fold(texts[i]), i) for i in range(FIRST_ID, len(texts)) if texts[i]]
    folds.sort()
    words = [fold for fold, _ in folds]
    return words, np.array([index for _, index in folds], dtype=np.int64), Bare(words)


def _that_begin(words: Sorted, fold: str) -> Array:
    """Return the ids of words that begin with a folded prefix, except for marks not typed."""
    folds, ids, bare = words
    low = bisect_left(folds, fold)
    begun = ids[low : bisect_left(folds, fold + LAST, low)]
    others = bare.begun(fold, folds)
    return np.append(begun, ids[others]) if others else begun


def _spelled(memory: Memory, normalise: Callable[[str], str]) -> dict[str, str]:
    """Return the person's spelling within sentences of words that differ from the model's form.

    At the beginning of a sentence every word has a capital, so these do not count.
    """
    vocabulary, keys = memory.vocabulary, memory.trigrams.keys
    ends = [LINE_END, *(vocabulary.ids[end] for end in ".!?" if end in vocabulary.ids)]
    within = ~np.isin((keys >> BITS) & MASK, ends)
    counts = np.bincount(
        keys[within] & MASK, memory.trigrams.counts[within], len(vocabulary.texts)
    ).tolist()
    best: dict[str, str] = {}
    for text, index in vocabulary.ids.items():
        if counts[index] and index >= FIRST_ID:
            form = normalise(text)
            known = best.get(form)
            if known is None or counts[index] > counts[vocabulary.ids[known]]:
                best[form] = text
    return {form: text for form, text in best.items() if text != form}


def _in_the_models_words(memory: Memory, normalise: Callable[[str], str]) -> Memory:
    """Return the memory with words of the same form to the model added up under one id."""
    vocabulary = memory.vocabulary
    first: dict[str, int] = {}
    new_ids = np.arange(len(vocabulary.texts))
    texts = list(vocabulary.texts)
    for text, index in vocabulary.ids.items():
        form = normalise(text) if index >= FIRST_ID else text
        new_ids[index] = first.setdefault(form, index)
        texts[index] = form if new_ids[index] == index else ""
    counts = np.zeros_like(vocabulary.counts)
    np.add.at(counts, new_ids, vocabulary.counts)
    return replace(
        memory,
        vocabulary=Vocabulary(tuple(texts), counts, vocabulary.last),
        trigrams=memory.trigrams.renamed(new_ids),
        recent=new_ids[memory.recent],
    )
