"""The demands on a translation as an automaton over its sub-words, for searches in C++. No model.

In each state it computes once what may follow, by the rules of `foreword.translator.demands`.
"""

import sys
from collections.abc import Hashable
from itertools import chain
from typing import NamedTuple

import numpy as np

from foreword.translator.demands import Demands, Ids


class Rules(NamedTuple):
    """The sub-words that may follow the beginnings of a translation that are in one state.

    Attributes:
        allowed: whether each sub-word may, unless the translation becomes too long, (V,).
        next: see `Demands.next`.
        held: see `Demands.held`.
        needed: if at most this many sub-words are left besides the end, only `next` may follow.
        are_met: see `Demands.are_met`.
    """

    allowed: np.ndarray
    next: list[int]
    held: int
    needed: int
    are_met: bool


class Automaton:
    """The demands on one translation; its states are numbered as they are reached, from 0.

    All beginnings of a translation that are in one state have the same `Demands.situation`, and so
    may be continued alike.

    Attributes:
        has_terms: whether something must be contained; otherwise there is only a prefix.
    """

    def __init__(self, demands: Demands, start: int, never: Ids) -> None:
        """Make the first state.

        Args:
            demands: the rules.
            start: the sub-word that the decoder reads first.
            never: sub-words that may follow only if they are demanded.
        """
        self.has_terms = bool(demands.terms)
        self._demands = demands
        self._barred = [start, *set(never) - set(demands.once)]
        self._reached: list[Ids] = [()]
        self._states: dict[Hashable, int] = {demands.situation(()): 0}
        self._known: dict[tuple[int, Hashable], int] = {}
        named = chain.from_iterable(demands.terms)
        self._special = frozenset((demands.pieces.space, *named))

    def after(self, state: int, index: int) -> int:
        """Return the state after a state and a sub-word; a new one has the next number."""
        ids = self._reached[state]
        key = state, self._kind(ids, index)
        if key not in self._known:
            situation = self._demands.situation((*ids, index))
            number = self._states.setdefault(situation, len(self._reached))
            if number == len(self._reached):
                self._reached.append((*ids, index))
            self._known[key] = number
        return self._known[key]

    def _kind(self, ids: Ids, index: int) -> Hashable:
        """Return the key that distinguishes states after `ids`."""
        demands, pieces = self._demands, self._demands.pieces
        prefix = demands.prefix
        if index in self._special or (prefix and prefix.allowed(ids, pieces) is not None):
            return index
        return bool(pieces.closes[index]), bool(pieces.continues[index]), demands.joins(index)

    def rules(self, state: int) -> Rules:
        """Return the sub-words that may follow in a state that was reached."""
        demands, ids = self._demands, self._reached[state]
        scores = np.zeros(len(demands.pieces.bytes), np.float32)
        scores[self._barred] = -np.inf
        if not ids:
            scores[demands.end] = -np.inf
        demands.limit(scores, ids, sys.maxsize)
        is_begun = demands.prefix is None or demands.prefix.allowed(ids, demands.pieces) is None
        return Rules(
            scores == 0,
            demands.next(ids).tolist(),
            demands.held(ids),
            demands.needed(ids) if is_begun else 0,
            demands.are_met(ids),
        )
