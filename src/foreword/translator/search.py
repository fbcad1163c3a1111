"""Find the best translations of a network: greedy and beam search over batches.

Knows sub-words only by their ids; requirements on a translation are in
`foreword.translator.demands`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from foreword.text.shortlist import Shortlist
from foreword.translator.automaton import Automaton
from foreword.translator.choice import (
    Choice,
    Following,
    Likeliest,
    best_of_all,
    best_of_each,
    limit,
)
from foreword.translator.demands import Demands, Ids
from foreword.translator.numpy_network import Ended, Memory, States, Step, Wanted

Array = np.ndarray
_End = tuple[int, float]
"""A hypothesis that ends, and the log-probability of its end."""


class Network(Protocol):
    """The interface of a network for a search."""

    def encode(self, source: Array, lengths: Array) -> tuple[Memory, States]:
        """See `foreword.translator.numpy_network`."""

    def step(self, ids: Array, states: States, memory: Memory) -> Step:
        """See `foreword.translator.numpy_network`."""

    def log_probabilities(self, features: Array) -> Array:
        """See `foreword.translator.numpy_network`."""

    def likeliest(
        self,
        features: Array,
        count: int,
        never: Sequence[int],
        end: int,
        words: Sequence[Array | None] = (),
    ) -> Likeliest:
        """See `foreword.translator.numpy_network`."""

    def following(self, features: Array, over: Array, inside: Array, count: int) -> Following:
        """See `foreword.translator.numpy_network`."""

    def search(self, memory: Memory, states: States, wanted: Wanted) -> list[list[Ended]] | None:
        """See `foreword.translator.numpy_network`."""


@dataclass(frozen=True)
class Ends:
    """The ids of the sub-words that a search must know.

    Attributes:
        start: the sub-word that the decoder reads first.
        end: the end of a sentence.
        never: sub-words that are never written.
    """

    start: int
    end: int
    never: Ids = ()


@dataclass(frozen=True)
class Hypothesis:
    """A translation that a search has finished.

    Attributes:
        ids: its T sub-words, without the end.
        log_probabilities: those of the sub-words and of the end, in nats, (T + 1,).
        score: their sum, divided by the length's penalty.
        attention: the weights of the source's sub-words, its end included, at each of them and at
            the end: the mean of the heads, (T + 1, S); None without attention.
    """

    ids: Ids
    log_probabilities: Array
    score: float
    attention: Array | None


def penalty(length: int, alpha: float) -> float:
    """Return the divisor of a translation's log-probability (Wu et al. 2016, equation 14).

    With alpha 0, the likeliest translation wins, which is seldom a long one; with alpha 1, nearly
    the mean log-probability of a sub-word counts.

    Args:
        length: that of the translation in sub-words, including its end.
        alpha: 0 or more.
    """
    return float(((5 + length) / 6) ** alpha)


@dataclass(frozen=True)
class BeamSearch:
    """Beam search (Sutskever et al. 2014) with length normalisation; one beam is greedy search.

    In each step every hypothesis of a sentence is continued by every sub-word, and the best ones
    are kept, as many as there are beams. A hypothesis among them that ends is finished. The search
    for a sentence ends when as many have finished as there are beams, or when no other one can
    become better than the n best finished ones: its log-probability can only fall, so its score can
    be at most its present one divided by the penalty of the longest translation.

    Attributes:
        network: the network that is searched.
        ends: the special sub-words.
        beams: the number of hypotheses of a sentence.
        n: how many translations are returned, at most `beams`.
        alpha: see `penalty`.
        ratio: a translation has at most this many sub-words for each of its source, more: plus this
            many, including its end; so that no network writes without end.
        shortlist: the sub-words that translations without demands may consist of; None: any.
    """

    network: Network
    ends: Ends
    beams: int = 4
    n: int = 1
    alpha: float = 1.0
    ratio: float = 2.0
    more: int = 16
    shortlist: Shortlist | None = None

    def run(
        self, sources: Sequence[Ids], demands: Sequence[Demands | None] | None = None
    ) -> list[list[Hypothesis]]:
        """Return the n best translations of each source, the best first; at least one of each.

        None if no translation can meet its demands.

        Args:
            sources: the sub-words of each, without an end; none is empty.
            demands: the demands on each translation.

        Raises:
            FolderError: the weights are so large that the scores overflow.
        """
        padded, lengths = self._padded(sources)
        memory, states = self.network.encode(padded, lengths)
        given = demands or [None] * len(sources)
        sentences = [
            _Sentence(
                int(self.ratio * len(source)) + self.more,
                demand,
                None
                if self.shortlist is None or demand is not None
                else self.shortlist.of([*source, self.ends.end]),
            )
            for source, demand in zip(sources, given, strict=True)
        ]
        if not self._by_network(memory, states, sentences):
            self._by_steps(memory, states, sentences)
        return [self._best(sentence) for sentence in sentences]

    def _by_steps(self, memory: Memory, states: States, sentences: "list[_Sentence]") -> None:
        """Finish sentences one step after the other."""
        # The arrays are reduced to the sentences that are not finished.
        rows, past = np.arange(len(sentences)), _Past(memory.lengths)
        ids, scores = np.full((len(rows), 1), self.ends.start), np.zeros((len(rows), 1))
        while len(rows):
            live = [sentences[b] for b in rows]
            step = self.network.step(ids.reshape(-1), states, memory)
            past.look(rows, step.attention)
            if any(sentence.demands is not None for sentence in live):
                kept, ending = self._choose_among_all(step, scores, live, len(past))
            else:
                kept, ending = self._choose(self._likeliest(step, scores, live, len(past)))
            for row, (b, sentence) in enumerate(zip(rows.tolist(), live, strict=True)):
                for parent, log in ending[row]:
                    sentence.finished.append(past.finished(b, parent, log, self.alpha))
                sentence.follow(kept, row)
            past.add(rows, kept)
            R, K = scores.shape
            scores = scores[np.arange(R)[:, None], kept.parents] + kept.gains
            scores[np.isneginf(kept.scores)] = -np.inf
            going = np.array(
                [not self._is_over(s, best) for s, best in zip(live, scores.max(1), strict=True)]
            )
            ids, states = kept.ids, step.states
            if self.beams > 1 or not going.all():
                decoders = (np.arange(R)[:, None] * K + kept.parents)[going]
                states = tuple(part[:, decoders.reshape(-1)] for part in states)
            if not going.all():
                ids, scores, rows = ids[going], scores[going], rows[going]
                memory = memory.take(np.flatnonzero(going)) if len(rows) else memory

    def _by_network(self, memory: Memory, states: States, sentences: "list[_Sentence]") -> bool:
        """Finish sentences by the network's own search; return whether it has one."""
        start, end, never = self.ends.start, self.ends.end, list(self.ends.never)
        are_free = np.array([sentence.demands is None for sentence in sentences])
        for rows in (np.flatnonzero(are_free), np.flatnonzero(~are_free)):
            some = [sentences[b] for b in rows]
            if not some:
                continue
            of_some = (memory, states)
            if len(some) < len(sentences):
                of_some = _of_sentences(rows, memory, states)
            longest = np.array([sentence.longest for sentence in some])
            words = [sentence.words for sentence in some if sentence.words is not None]
            demands = [
                Automaton(sentence.demands, start, self.ends.never)
                for sentence in some
                if sentence.demands is not None
            ]
            wanted = Wanted(
                longest, self.beams, self.n, self.alpha, start, end, never, words, demands
            )
            results = self.network.search(*of_some, wanted)
            if results is None:
                return False
            for sentence, ended in zip(some, results, strict=True):
                sentence.finished = [Hypothesis(*one) for one in ended]
        return True

    def _padded(self, sources: Sequence[Ids]) -> tuple[Array, Array]:
        lengths = np.array([len(source) + 1 for source in sources])
        padded = np.full((lengths.max(), len(sources)), self.ends.end)
        for b, source in enumerate(sources):
            padded[: len(source), b] = source
        return padded, lengths

    def _never(self, t: int) -> list[int]:
        """Return the sub-words that must not follow t others."""
        return [self.ends.start, *self.ends.never, *([self.ends.end] if t == 0 else [])]

    def _likeliest(self, step: Step, scores: Array, live: "list[_Sentence]", t: int) -> Choice:
        """Return the best continuations of sentences without demands, after t sub-words."""
        words = [sentence.words for sentence in live for _ in range(scores.shape[1])]
        likely = self.network.likeliest(
            step.features,
            2 * self.beams,
            self._never(t),
            self.ends.end,
            [] if self.shortlist is None else words,
        )
        must_end = np.array([sentence.longest - t == 1 for sentence in live])
        if must_end.any():
            of_rows = np.repeat(must_end, scores.shape[1])
            likely.logs[of_rows] = -np.inf
            likely.ids[of_rows, 0], likely.logs[of_rows, 0] = self.ends.end, likely.end[of_rows]
        return best_of_each(likely, scores)

    def _choose(self, best: Choice) -> tuple[Choice, "list[list[_End]]"]:
        """Return the continuations that do not end, and the hypotheses that do, with gains."""
        is_end = best.ids == self.ends.end
        if not is_end[:, : self.beams].any():
            return Choice(*(part[:, : self.beams] for part in best)), [[] for _ in best.ids]
        order = np.argsort(is_end, 1, kind="stable")[:, : self.beams]
        kept = Choice(*(np.take_along_axis(part, order, 1) for part in best))
        kept.scores[np.take_along_axis(is_end, order, 1)] = -np.inf
        is_taken = is_end & (best.scores > -np.inf)
        is_taken[:, self.beams :] = False
        ending: list[list[_End]] = [[] for _ in best.ids]
        for row, slot in zip(*np.nonzero(is_taken), strict=True):
            ending[row].append((int(best.parents[row, slot]), float(best.gains[row, slot])))
        return kept, ending

    def _choose_among_all(
        self, step: Step, scores: Array, live: "list[_Sentence]", t: int
    ) -> tuple[Choice, "list[list[_End]]"]:
        """Return the same if some of the sentences have demands."""
        logs = self.network.log_probabilities(step.features).reshape(*scores.shape, -1)
        for of_sentence, sentence in zip(logs, live, strict=True):
            limit(of_sentence, [sentence.words] * len(of_sentence))
        with np.errstate(over="ignore"):  # with such large weights, minus infinity is as good
            totals = logs + scores[:, :, None].astype(np.float32)
        self._limit(totals, live, t)
        best = best_of_all(totals, logs, 2 * self.beams)
        kept, ending = self._choose(best)
        for row, sentence in enumerate(live):
            if sentence.demands is not None and sentence.demands.terms:
                if self.beams > 1:
                    candidates = _candidates(totals[row], best, row, sentence)
                else:
                    candidates = _greedy(
                        totals[row, 0], logs[row, 0], sentence.written[0], sentence.demands
                    )
                ending[row] = [
                    (one.parent, float(logs[row, one.parent, one.id]))
                    for one in _shared(candidates, self.beams)
                    if one.id == self.ends.end
                ]
                for part in kept:
                    part[row] = 0
                kept.scores[row] = -np.inf
                going = [one for one in candidates if one.id != self.ends.end]
                for slot, one in enumerate(_shared(going, self.beams)):
                    kept.scores[row, slot] = one.score
                    kept.parents[row, slot], kept.ids[row, slot] = one.parent, one.id
                    kept.gains[row, slot] = logs[row, one.parent, one.id]
        return kept, ending

    def _limit(self, totals: Array, live: "list[_Sentence]", t: int) -> None:
        """Set the scores of impossible next sub-words to minus infinity, after t sub-words."""
        spared = {
            row: totals[row][:, list(sentence.demands.once)]
            for row, sentence in enumerate(live)
            if sentence.demands is not None
        }
        totals[:, :, self._never(t)] = -np.inf
        for row, sentence in enumerate(live):
            remaining = sentence.longest - t
            if sentence.demands is not None:
                totals[row][:, list(sentence.demands.once)] = spared[row]
                for written_scores, written in zip(totals[row], sentence.written, strict=True):
                    sentence.demands.limit(written_scores, written, remaining)
            if remaining == 1:
                totals[row, :, : self.ends.end] = -np.inf
                totals[row, :, self.ends.end + 1 :] = -np.inf

    def _is_over(self, sentence: "_Sentence", best: float) -> bool:
        """Whether no better translation can come, if the best hypothesis has this score."""
        if best == -np.inf or len(sentence.finished) >= self.beams:
            return True
        if len(sentence.finished) < self.n:
            return False
        least = sorted(one.score for one in sentence.finished)[-self.n]
        return bool(best / penalty(sentence.longest, self.alpha) <= least)

    def _best(self, sentence: "_Sentence") -> list[Hypothesis]:
        return sorted(sentence.finished, key=lambda one: -one.score)[: self.n]


def _of_sentences(rows: Array, memory: Memory, states: States) -> tuple[Memory, States]:
    """Return the memory and the first states of some of the sentences."""
    return memory.take(rows), tuple(np.ascontiguousarray(part[:, rows]) for part in states)


class _Sentence:
    """The state of the search for the translation of one sentence.

    Attributes:
        demands: those on the translation; None once they no longer limit anything.
        longest: how many sub-words it may have, including its end.
        words: the sub-words that it may consist of; None: any.
        written: the sub-words of each hypothesis; stored only if there are demands.
        finished: the translations so far.
    """

    def __init__(self, longest: int, demands: Demands | None, words: Array | None) -> None:
        self.demands, self.words = demands, words
        self.longest = longest + (demands.length if demands else 0)
        self.written: list[Ids] = [()]
        self.finished: list[Hypothesis] = []

    def follow(self, kept: Choice, row: int) -> None:
        """Store the new sub-words of the hypotheses."""
        if self.demands is not None:
            pairs = zip(kept.parents[row].tolist(), kept.ids[row].tolist(), strict=True)
            self.written = [(*self.written[parent], index) for parent, index in pairs]
            if all(map(self.demands.are_met, self.written)):
                self.demands = None


class _Past:
    """The steps so far, from which a finished hypothesis is read backwards.

    For each step it has the hypotheses' parents, sub-words and log-probabilities, (B, K), and the
    attention of the hypotheses before it, (B, K, S).
    """

    def __init__(self, lengths: Array) -> None:
        self._lengths = lengths
        self._B, self._S = len(lengths), int(lengths.max())
        self._steps: list[tuple[Array, Array, Array]] = []
        self._looks: list[Array | None] = []

    def __len__(self) -> int:
        return len(self._steps)

    def look(self, rows: Array, attention: Array | None) -> None:
        """Add the attention of a step, (N, K, S), whose sub-words are not chosen yet."""
        looked = None
        if attention is not None:
            mean = attention.mean(1)
            looked = np.zeros((self._B, len(mean) // len(rows), self._S), np.float32)
            looked[rows, :, : mean.shape[1]] = mean.reshape(len(rows), -1, mean.shape[1])
        self._looks.append(looked)

    def add(self, rows: Array, kept: Choice) -> None:
        """Add the chosen continuations."""
        shape = self._B, kept.ids.shape[1]
        parents, ids, gains = (np.zeros(shape, kind) for kind in (np.int64, np.int64, np.float32))
        parents[rows], ids[rows], gains[rows] = kept.parents, kept.ids, kept.gains
        self._steps.append((parents, ids, gains))

    def finished(self, b: int, slot: int, log: float, alpha: float) -> Hypothesis:
        """Return the hypothesis that ends after the last step with this log-probability."""
        ids: list[int] = []
        logs, slots = [log], [slot]
        for parents, chosen, gains in reversed(self._steps):
            ids.append(int(chosen[b, slot]))
            logs.append(float(gains[b, slot]))
            slot = int(parents[b, slot])
            slots.append(slot)
        looked = [
            look[b, k, : self._lengths[b]]
            for look, k in zip(self._looks, slots[::-1], strict=True)
            if look is not None
        ]
        score = sum(logs) / penalty(len(logs), alpha)
        attention = np.array(looked) if looked else None
        return Hypothesis(tuple(ids[::-1]), np.array(logs[::-1]), score, attention)


class _Candidate(NamedTuple):
    """A continuation, and how many sub-words of the required terms it contains."""

    held: int
    score: float
    parent: int
    id: int


def _candidates(totals: Array, best: Choice, row: int, sentence: _Sentence) -> list[_Candidate]:
    """Return the best continuations of a sentence, each hypothesis's best, and required ones."""
    demands = sentence.demands
    assert demands is not None
    pairs = set(zip(best.parents[row].tolist(), best.ids[row].tolist(), strict=True))
    for parent, written in enumerate(sentence.written):
        pairs.add((parent, int(totals[parent].argmax())))
        pairs |= {(parent, index) for index in demands.next(written).tolist()}
    candidates = []
    for parent, index in sorted(pairs):
        score = float(totals[parent, index])
        if score > -np.inf:
            held = demands.held((*sentence.written[parent], index))
            candidates.append(_Candidate(held, score, parent, index))
    return candidates


def _greedy(totals: Array, logs: Array, written: Ids, demands: Demands) -> list[_Candidate]:
    """Return the best continuation of a single hypothesis, (V,); nothing if none meets the demands.

    A term that is still missing is inserted where the hypothesis would end, and not before: with
    one beam there is no likelier hypothesis that delays it.
    """
    missing = demands.next(written)
    if int(logs.argmax()) == demands.end and len(missing) and totals[missing].max() > -np.inf:
        best = int(missing[totals[missing].argmax()])
    else:
        best = int(totals.argmax())
    score = float(totals[best])
    return [_Candidate(0, score, 0, best)] if score > -np.inf else []


def _shared(candidates: list[_Candidate], beams: int) -> list[_Candidate]:
    """Return one for each beam, divided equally among those that contain more and fewer terms.

    This is dynamic beam allocation (Post & Vilar 2018): without it, hypotheses that contain a
    required term would be lost to likelier ones that delay it.
    """
    banks: dict[int, list[_Candidate]] = {}
    for one in sorted(candidates, key=lambda one: one.score):
        banks.setdefault(one.held, []).append(one)
    chosen: list[_Candidate] = []
    while len(chosen) < beams and any(banks.values()):
        for held in sorted(banks, reverse=True):
            if banks[held] and len(chosen) < beams:
                chosen.append(banks[held].pop())
    return chosen
