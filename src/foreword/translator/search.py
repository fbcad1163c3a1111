"""Find the best translations that a network gives: greedy and beam search over batches.

Knows sub-words by their ids only; what a translation must contain is in
`foreword.translator.demands`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from foreword.translator.demands import Demands, Ids
from foreword.translator.numpy_network import Memory, States, Step

Array = np.ndarray
_GROUPS = 64


class Network(Protocol):
    """What a search needs of a network."""

    def encode(self, source: Array, lengths: Array) -> tuple[Memory, States]:
        """See `foreword.translator.numpy_network`."""

    def step(self, ids: Array, states: States, memory: Memory) -> Step:
        """See `foreword.translator.numpy_network`."""


@dataclass(frozen=True)
class Ends:
    """The ids of the sub-words that a search must know.

    Attributes:
        start: what the decoder reads first.
        end: of a sentence.
        never: those that are never written.
    """

    start: int
    end: int
    never: Ids = ()


@dataclass(frozen=True)
class Hypothesis:
    """A translation that a search has finished.

    Attributes:
        ids: its T sub-words, without the end.
        log_probabilities: of each of them and of the end, in nats, (T + 1,).
        score: their sum, divided by the length's penalty.
        attention: the weights of the source's sub-words, its end included, at each of them and at
            the end: the mean of the heads, (T + 1, S); None without attention.
    """

    ids: Ids
    log_probabilities: Array
    score: float
    attention: Array | None


def penalty(length: int, alpha: float) -> float:
    """Return what the log-probability of a translation is divided by (Wu et al. 2016, equation 14).

    With alpha 0, the likeliest translation wins, and long ones seldom do; with alpha 1, nearly the
    mean log-probability of a sub-word counts.

    Args:
        length: of the translation in sub-words, its end included.
        alpha: 0 or more.
    """
    return float(((5 + length) / 6) ** alpha)


@dataclass(frozen=True)
class BeamSearch:
    """Beam search (Sutskever et al. 2014) with length normalisation; one beam is greedy search.

    In each step every hypothesis of a sentence is continued by every sub-word, and the best ones
    are kept, as many as there are beams. One that ends among them is finished. The search for a
    sentence is over when as many have finished as there are beams, or when no other one can become
    better than the n best that have finished: its log-probability can only fall, so that it can at
    most reach its present one divided by the penalty of the longest translation.

    Attributes:
        network: what is searched.
        ends: the special sub-words.
        beams: the number of hypotheses of a sentence.
        n: how many translations are returned, at most `beams`.
        alpha: see `penalty`.
        ratio: a translation has at most so many sub-words for each of its source,
        more: and these, its end among them; so that no network writes without end.
    """

    network: Network
    ends: Ends
    beams: int = 4
    n: int = 1
    alpha: float = 1.0
    ratio: float = 2.0
    more: int = 16

    def run(
        self, sources: Sequence[Ids], demands: Sequence[Demands | None] | None = None
    ) -> list[list[Hypothesis]]:
        """Return the n best translations of each source, the best first; or fewer, but one.

        Args:
            sources: the sub-words of each, without an end; none is empty.
            demands: on the translation of each.

        Raises:
            FolderError: the weights are so large that the scores overflow.
        """
        memory, states = self.network.encode(*self._padded(sources))
        given = demands or [None] * len(sources)
        sentences = [
            _Sentence(int(self.ratio * len(source)) + self.more, demand)
            for source, demand in zip(sources, given, strict=True)
        ]
        past = _Past(len(sources), max(map(len, sources)) + 1)
        rows = np.arange(len(sources))  # the sentences that are not over
        ids, scores = np.full((len(rows), 1), self.ends.start), np.zeros((len(rows), 1))
        while len(rows):
            live = [sentences[b] for b in rows]
            step = self.network.step(ids.reshape(-1), states, memory)
            logs = step.log_probabilities.reshape(*ids.shape, -1)
            past.look(rows, step.attention)
            totals = logs + scores[:, :, None].astype(np.float32)
            self._limit(totals, live, len(past))
            kept, ending = self._choose(totals, live)
            for row, (b, sentence) in enumerate(zip(rows.tolist(), live, strict=True)):
                for parent in ending[row]:
                    log = float(logs[row, parent, self.ends.end])
                    sentence.finished.append(past.finished(b, parent, log, self.alpha))
                sentence.follow(kept, row)
            flat = kept.parents * logs.shape[2] + kept.ids
            gains = np.take_along_axis(logs.reshape(len(rows), -1), flat, 1)
            past.add(rows, kept, gains)
            scores = np.take_along_axis(scores, kept.parents, 1) + gains
            scores[np.isneginf(kept.scores)] = -np.inf
            going = np.array(
                [not self._is_over(s, best) for s, best in zip(live, scores.max(1), strict=True)]
            )
            decoders = (np.arange(len(rows))[:, None] * ids.shape[1] + kept.parents)[going]
            states = tuple(part[:, decoders.reshape(-1)] for part in step.states)
            ids, scores, rows = kept.ids[going], scores[going], rows[going]
            if not going.all() and len(rows):
                memory = memory.take(np.flatnonzero(going))
        return [self._best(sentence) for sentence in sentences]

    def _padded(self, sources: Sequence[Ids]) -> tuple[Array, Array]:
        lengths = np.array([len(source) + 1 for source in sources])
        padded = np.full((lengths.max(), len(sources)), self.ends.end)
        for b, source in enumerate(sources):
            padded[: len(source), b] = source
        return padded, lengths

    def _limit(self, totals: Array, live: "list[_Sentence]", t: int) -> None:
        """Set the scores of what may not come next to minus infinity, after t sub-words."""
        spared = {
            row: totals[row][:, list(sentence.demands.once)]
            for row, sentence in enumerate(live)
            if sentence.demands is not None
        }
        never = [self.ends.start, *self.ends.never, *([self.ends.end] if t == 0 else [])]
        totals[:, :, never] = -np.inf
        for row, sentence in enumerate(live):
            remaining = sentence.longest - t
            if sentence.demands is not None:
                totals[row][:, list(sentence.demands.once)] = spared[row]
                for scores, written in zip(totals[row], sentence.written, strict=True):
                    sentence.demands.limit(scores, written, remaining)
            if remaining == 1:
                totals[row, :, : self.ends.end] = -np.inf
                totals[row, :, self.ends.end + 1 :] = -np.inf

    def _choose(self, totals: Array, live: "list[_Sentence]") -> tuple["Choice", list[list[int]]]:
        """Return the continuations that go on, and of which hypotheses the end is taken."""
        best = likeliest(totals, 2 * self.beams)
        is_end = best.ids == self.ends.end
        order = np.argsort(is_end, 1, kind="stable")[:, : self.beams]
        kept = Choice(*(np.take_along_axis(part, order, 1) for part in best))
        kept.scores[np.take_along_axis(is_end, order, 1)] = -np.inf
        is_taken = is_end & (best.scores > -np.inf)
        is_taken[:, self.beams :] = False
        ending = [
            parents[taken].tolist() for parents, taken in zip(best.parents, is_taken, strict=True)
        ]
        for row, sentence in enumerate(live):
            if sentence.demands is not None and sentence.demands.terms:
                candidates = _candidates(totals[row], best, row, sentence)
                going = [one for one in candidates if one.id != self.ends.end]
                ending[row] = [
                    one.parent for one in _shared(candidates, self.beams) if one.id == self.ends.end
                ]
                for part in kept:
                    part[row] = 0
                kept.scores[row] = -np.inf
                for slot, one in enumerate(_shared(going, self.beams)):
                    kept.scores[row, slot] = one.score
                    kept.parents[row, slot], kept.ids[row, slot] = one.parent, one.id
        return kept, ending

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


class Choice(NamedTuple):
    """Continuations of the hypotheses of R sentences, the best first, C of each.

    Attributes:
        scores: the log-probabilities, (R, C); minus infinity where there are fewer.
        parents: the hypotheses that they continue, (R, C).
        ids: the sub-words, (R, C).
    """

    scores: Array
    parents: Array
    ids: Array


def likeliest(totals: Array, count: int) -> Choice:
    """Return the best continuations of each sentence; those that tie in the order of their ids.

    Args:
        totals: the score of each sub-word after each of K hypotheses, (R, K, V).
        count: how many are returned of each sentence.
    """
    R, _, V = totals.shape
    # No continuation below the count-th best peak of any groups of them is among the best.
    width = V // max(_GROUPS, 2 * count)
    least = np.full(R, np.finfo(np.float32).min)
    if width > 1:
        groups = V // width
        peaks = totals[:, :, : groups * width].reshape(R, -1, groups, width).max((1, 3))
        least = np.maximum(least, np.partition(peaks, groups - count, 1)[:, groups - count])
    rows, parents, ids = np.nonzero(totals >= least[:, None, None])
    scores = totals[rows, parents, ids]
    order = np.lexsort((ids, parents, -scores, rows))
    rows, parents, ids, scores = rows[order], parents[order], ids[order], scores[order]
    rank = np.arange(len(rows)) - np.searchsorted(rows, rows)
    best = Choice(
        np.full((R, count), -np.inf, np.float32),
        np.zeros((R, count), np.int64),
        np.zeros((R, count), np.int64),
    )
    among = rank < count
    for part, values in zip(best, (scores, parents, ids), strict=True):
        part[rows[among], rank[among]] = values[among]
    return best


class _Sentence:
    """What the search for the translation of one sentence has come to.

    Attributes:
        demands: on the translation.
        longest: how many sub-words it may have, its end included.
        written: the sub-words of each hypothesis; kept only where there are demands.
        finished: the translations so far.
    """

    def __init__(self, longest: int, demands: Demands | None) -> None:
        self.demands = demands
        self.longest = longest + (demands.length if demands else 0)
        self.written: list[Ids] = [()]
        self.finished: list[Hypothesis] = []

    def follow(self, kept: Choice, row: int) -> None:
        """Note what the hypotheses are now."""
        if self.demands is not None:
            pairs = zip(kept.parents[row].tolist(), kept.ids[row].tolist(), strict=True)
            self.written = [(*self.written[parent], index) for parent, index in pairs]


class _Past:
    """The steps so far, from which a finished hypothesis is read backwards.

    Of each step it has the hypotheses' parents, sub-words and log-probabilities, (B, K), and the
    attention of the hypotheses before it, (B, K, S).
    """

    def __init__(self, B: int, S: int) -> None:
        self._B, self._S = B, S
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

    def add(self, rows: Array, kept: Choice, gains: Array) -> None:
        """Add what was chosen."""
        step = tuple(
            np.zeros((self._B, kept.ids.shape[1]), part.dtype)
            for part in (kept.parents, kept.ids, gains)
        )
        for whole, part in zip(step, (kept.parents, kept.ids, gains), strict=True):
            whole[rows] = part
        self._steps.append(step)  # type: ignore[arg-type]

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
            look[b, k] for look, k in zip(self._looks, slots[::-1], strict=True) if look is not None
        ]
        score = sum(logs) / penalty(len(logs), alpha)
        attention = np.array(looked) if looked else None
        return Hypothesis(tuple(ids[::-1]), np.array(logs[::-1]), score, attention)


class _Candidate(NamedTuple):
    """A continuation, and how many sub-words of the required terms it holds."""

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


def _shared(candidates: list[_Candidate], beams: int) -> list[_Candidate]:
    """Return as many as there are beams, shared alike between those that hold more and less.

    Dynamic beam allocation (Post & Vilar 2018): without it, hypotheses that hold a required term
    would be lost to likelier ones that put it off.
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
