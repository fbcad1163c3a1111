"""Read beginnings of a translation into the decoder, and remember the results for each.

Knows no texts: a beginning is a sequence of sub-words.
"""

from itertools import islice
from typing import NamedTuple

import numpy as np

from foreword.translator.choice import Following, following
from foreword.translator.demands import Demands, Ids, Pieces
from foreword.translator.numpy_network import States
from foreword.translator.search import Ends, Network

KEPT = 500
"""The number of beginnings that are remembered, each with the scores of all sub-words."""


class Node(NamedTuple):
    """The decoder after some sub-words.

    Attributes:
        states: after them.
        logs: the log-probabilities of the next sub-word, (V,).
        ending: the log-probability that a word at their end is complete.
        going: the likeliest sub-words that would continue such a word, with their
            log-probabilities.
        attention: the weights of the source's sub-words for the next one, (S,); None without.
    """

    states: States
    logs: np.ndarray
    ending: float
    going: list[tuple[int, float]]
    attention: np.ndarray | None


class Reader:
    """The decoder of one source sentence after any beginnings of its translation."""

    def __init__(
        self,
        network: Network,
        ends: Ends,
        pieces: Pieces,
        source: Ids,
        *,
        demands: Demands | None,
        count: int,
        kept: int,
    ) -> None:
        """Encode the source.

        Args:
            network: the model.
            ends: its special sub-words.
            pieces: its vocabulary.
            source: the sub-words of the source, without an end.
            demands: those on a whole translation: its slots, and what may be next to them.
            count: how many sub-words that continue a word are returned.
            kept: the number of beginnings that are remembered.
        """
        self._network, self._demands, self._kept = network, demands, kept
        slots = () if demands is None else demands.once
        self._start = ends.start
        padded = np.array([*source, ends.end])[:, None]
        self._memory, self._first = network.encode(padded, np.array([len(padded)]))
        self._nodes: dict[Ids, Node] = {}
        self._never = np.array([ends.start, *(k for k in ends.never if k not in slots)])
        may_come = np.ones(len(pieces.goes_on), bool)
        may_come[self._never] = False
        self._is_over = ~pieces.goes_on & may_come
        self._inside = np.flatnonzero(pieces.goes_on & may_come)
        self.over = np.flatnonzero(self._is_over)
        """The sub-words after which the word before them is complete."""
        self._count = min(count, len(self._inside))

    def after(self, wanted: list[Ids]) -> list[Node]:
        """Return the decoder after each of these sub-words; new ones are computed together."""
        if len(self._nodes) > self._kept:
            self._forget(wanted)
        unread = [ids for ids in dict.fromkeys(wanted) if ids not in self._nodes]
        for ids in unread:  # the sub-words before the last are read first
            known = len(ids)
            while known and ids[: known - 1] not in self._nodes:
                known -= 1
            for length in range(known, len(ids)):
                self._read([ids[:length]])
        self._read([ids for ids in unread if ids not in self._nodes])
        for ids in wanted:
            self._nodes[ids] = self._nodes.pop(ids)
        return [self._nodes[ids] for ids in wanted]

    def _forget(self, wanted: list[Ids]) -> None:
        """Forget the half that was used longest ago, except beginnings of those that are needed."""
        needed = {ids[:length] for ids in wanted for length in range(len(ids))}
        for ids in [*islice(self._nodes, len(self._nodes) // 2)]:
            if ids not in needed:
                del self._nodes[ids]

    def _read(self, all_ids: list[Ids]) -> None:
        """Read the last of each of these sub-words; the decoder before it is known."""
        if not all_ids:
            return
        before = [self._nodes[ids[:-1]].states if ids else self._first for ids in all_ids]
        states = tuple(np.concatenate(parts, 1) for parts in zip(*before, strict=True))
        last = np.array([ids[-1] if ids else self._start for ids in all_ids])
        step = self._network.step(last, states, self._memory)
        looked = step.attention
        if looked is not None:
            looked = looked[:, 0] if looked.shape[1] == 1 else looked.mean(1)
        after = self._following(step.features, all_ids)
        after.logs[:, self._never] = -np.inf
        for n, ids in enumerate(all_ids):
            of_one = tuple(part[:, n : n + 1] for part in step.states)
            attention = None if looked is None else looked[n]
            logs, ending = after.logs[n], float(after.endings[n])
            self._nodes[ids] = Node(of_one, logs, ending, pairs(after.going[n], logs), attention)

    def _following(self, features: np.ndarray, all_ids: list[Ids]) -> Following:
        """Return the next sub-words; slots only where they are allowed."""
        after = self._network.following(features, self.over, self._inside, self._count)
        for n, ids in enumerate(all_ids if self._demands else ()):
            self._limit(after, n, ids)
        return after

    def _limit(self, after: Following, n: int, ids: Ids) -> None:
        """Remove the sub-words that may not follow, in row n."""
        demands, logs = self._demands, after.logs[n]
        assert demands is not None
        barred = demands.barred(ids)
        logs[barred] = -np.inf
        if demands.needs_gap(ids):
            logs[~demands.pieces.parts] = -np.inf
            logs -= np.log(np.exp(logs).sum())
        elif not self._is_over[barred].any():  # `pairs` leaves the barred ones out
            return
        anew = following(logs[None], self.over, self._inside, self._count)
        after.endings[n], after.going[n] = anew.endings[0], anew.going[0]


def pairs(ids: np.ndarray, logs: np.ndarray) -> list[tuple[int, float]]:
    """Return sub-words that may follow, with their log-probabilities."""
    known = zip(ids.tolist(), logs[ids].tolist(), strict=True)
    return [(index, log) for index, log in known if log > -np.inf]
