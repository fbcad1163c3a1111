"""Choose the best continuations of hypotheses by their scores. Knows no networks and no words."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

Array = np.ndarray
_GROUPS = 64


class Choice(NamedTuple):
    """Continuations of the hypotheses of R sentences, the best first, C of each.

    Attributes:
        scores: the log-probabilities, (R, C); minus infinity where there are fewer.
        parents: the hypotheses that they continue, (R, C).
        ids: the sub-words, (R, C).
        gains: the log-probabilities of these sub-words alone, (R, C).
    """

    scores: Array
    parents: Array
    ids: Array
    gains: Array


class Likeliest(NamedTuple):
    """The likeliest sub-words after each of N hypotheses.

    Attributes:
        ids: the likeliest first, (N, C).
        logs: their log-probabilities, (N, C); minus infinity where there are fewer.
        end: the log-probability of the end, (N,).
    """

    ids: Array
    logs: Array
    end: Array


class Following(NamedTuple):
    """The next sub-words after N hypotheses whose last word may or may not be complete.

    Attributes:
        logs: the log-probabilities of all sub-words, (N, V).
        endings: the log-probability that the word is complete, (N,).
        going: the likeliest sub-words that make it longer, in any order, (N, C).
    """

    logs: Array
    endings: Array
    going: Array


def following(logs: Array, over: Array, inside: Array, count: int) -> Following:
    """Return the next sub-words by their log-probabilities, (N, V).

    Args:
        logs: of all sub-words.
        over: the sub-words after which the word before them is complete.
        inside: those that continue it.
        count: C, how many of these are returned.
    """
    with np.errstate(divide="ignore"):
        endings = np.log(np.exp(logs.take(over, 1)).sum(1))
    best = np.argpartition(logs.take(inside, 1), -count, 1)[:, -count:]
    return Following(logs, endings, inside[best])


def limit(logs: Array, words: Sequence[Array | None]) -> None:
    """Make log-probabilities (N, V) those of a softmax over chosen sub-words alone, in place.

    Args:
        logs: those of a softmax over all sub-words.
        words: the ids of the chosen ones in each row; None: all.
    """
    for row, ids in zip(logs, words, strict=True):
        if ids is not None:
            chosen = row[ids]
            row[:] = -np.inf
            row[ids] = chosen - np.log(np.exp(chosen).sum())


def best_of_each(likely: Likeliest, scores: Array) -> Choice:
    """Return the best continuations of each sentence, as many as each hypothesis has.

    Args:
        likely: of N = R x K hypotheses, C of each.
        scores: the log-probabilities of the hypotheses, (R, K).
    """
    (R, K), C = scores.shape, likely.ids.shape[1]
    if K == 1:  # in order already
        totals = (likely.logs + scores).astype(np.float32)
        return Choice(totals, np.zeros((R, C), np.int64), likely.ids, likely.logs)
    totals = (likely.logs.reshape(R, K, C) + scores[:, :, None]).reshape(R, -1)
    order = np.argsort(-totals, 1, kind="stable")[:, :C]
    parents, at = order // C, (np.arange(R)[:, None] * K * C + order)
    of_all = (totals, likely.ids, likely.logs)
    chosen, ids, gains = (values.reshape(-1)[at] for values in of_all)
    return Choice(chosen.astype(np.float32), parents, ids, gains)


def best_of_all(totals: Array, logs: Array, count: int) -> Choice:
    """Return the best continuations of each sentence; equal ones are in the order of their ids.

    Args:
        totals: the score of each sub-word after each of K hypotheses, (R, K, V).
        logs: the log-probabilities of the sub-words, likewise.
        count: how many are returned of each sentence.
    """
    R, _, V = totals.shape
    # Split into groups: a continuation below the count-th best of the groups' maxima is not among
    # the best.
    width = V // max(_GROUPS, 2 * count)
    least = np.full(R, np.finfo(np.float32).min)
    if width > 1:
        groups = V // width
        peaks = totals[:, :, : groups * width].reshape(R, -1, groups, width).max((1, 3))
        least = np.maximum(least, np.partition(peaks, groups - count, 1)[:, groups - count])
    # On one dimension, numpy finds nonzero entries several times as fast.
    at = np.flatnonzero(totals >= least[:, None, None])
    rows, parents, ids = np.unravel_index(at, totals.shape)
    scores = totals[rows, parents, ids]
    order = np.lexsort((ids, parents, -scores, rows))
    rows, parents, ids, scores = rows[order], parents[order], ids[order], scores[order]
    rank = np.arange(len(rows)) - np.searchsorted(rows, rows)
    best = Choice(
        np.full((R, count), -np.inf, np.float32),
        np.zeros((R, count), np.int64),
        np.zeros((R, count), np.int64),
        np.zeros((R, count), np.float32),
    )
    among = rank < count
    gains = logs[rows, parents, ids]
    for part, values in zip(best, (scores, parents, ids, gains), strict=True):
        part[rows[among], rank[among]] = values[among]
    return best
