"""How long units hold their memory: time constants, words that open and close them, orders."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foreword.inspect.trace import LayerArrays

WORDS_SHOWN = 3
LONGEST = 1e6
"""In words; a longer time constant means that nothing was lost within the text."""


@dataclass(frozen=True)
class Kinds:
    """The roles of a cell's gates and states.

    Attributes:
        memory: the long-term memory: c, or h if there is no c.
        keep: the gate that says how much of it stays; None in an Elman network.
        take: the gate that says how much of the new comes in; None where that is 1 - keep.
        candidate: the value that comes in.
    """

    memory: str
    keep: str | None
    take: str | None
    candidate: str | None


def kinds_of(layer: LayerArrays) -> Kinds:
    """The roles that the cell describes."""
    cell = layer.cell
    if cell is None:
        return Kinds("h", None, None, None)
    return Kinds(cell.memory, cell.keep, cell.take, cell.candidate)


def kept(layer: LayerArrays) -> np.ndarray | None:
    """(T, H), the share of the memory that stays at each word; None if there is no such gate."""
    keep = kinds_of(layer).keep
    return None if keep is None else layer.gates[keep]


def taken(layer: LayerArrays) -> np.ndarray | None:
    """(T, H), the share of the candidate that comes in at each word."""
    kinds = kinds_of(layer)
    if kinds.keep is None:
        return None
    return layer.gates[kinds.take] if kinds.take else 1 - layer.gates[kinds.keep]


@dataclass(frozen=True)
class Unit:
    """One unit over a text.

    Attributes:
        unit: its number.
        time_constant: words after which a charge has fallen to 1/e, by the mean of ln(keep) over
            the text. Of an Elman network, which has no such gate, by the correlation of h with
            itself one word later. None if that shows no holding.
        longest_hold: words over which it kept one of its large charges, at the longest; see
            `longest_holds`. None if no gate decides what is kept.
        keep: mean of the gate that keeps; of an Elman network that correlation.
        opens: words at which it takes in most (gate times candidate, without sign), with the mean
            over their occurrences.
        closes: words at which it keeps least, likewise.
        span: largest minus smallest memory.
    """

    unit: int
    time_constant: float | None
    longest_hold: int | None
    keep: float
    opens: tuple[tuple[str, float], ...]
    closes: tuple[tuple[str, float], ...]
    span: float


def time_constants(layer: LayerArrays) -> np.ndarray:
    """(H,) in words, as in `Unit`; 0 where nothing is held."""
    keep = kept(layer)
    if keep is not None:
        loss = -np.log(np.maximum(keep.astype(np.float64), 1e-12)).mean(0)
        return np.asarray(1 / np.maximum(loss, 1 / LONGEST))
    shares = correlations(layer.states[kinds_of(layer).memory])
    constants = np.zeros(len(shares))
    held = shares > 0
    constants[held] = np.minimum(-1 / np.log(np.minimum(shares[held], 1 - 1e-9)), LONGEST)
    return constants


def longest_holds(layer: LayerArrays) -> np.ndarray | None:
    """(H,), the longest time in words that each unit kept a charge; None if no gate keeps.

    A charge is a memory of at least a quarter of the unit's largest one. It is kept until the
    product of the gate that keeps falls below 1/e. A mean over the whole text, such as the time
    constant, does not describe a unit that holds for long and then discharges at once: its few
    discharges outweigh all the words between.
    """
    keep = kept(layer)
    if keep is None:
        return None
    memory = np.abs(layer.states[kinds_of(layer).memory].astype(np.float64))
    lost = np.cumsum(-np.log(np.maximum(keep.astype(np.float64), 1e-12)), axis=0)
    words = np.arange(len(lost))
    longest = np.zeros(memory.shape[1], dtype=np.int64)
    for unit in range(memory.shape[1]):
        ends = np.searchsorted(lost[:, unit], lost[:, unit] + 1, side="right") - 1
        is_charged = memory[:, unit] >= 0.25 * max(memory[:, unit].max(), 1e-9)
        longest[unit] = ((ends - words) * is_charged).max()
    return longest


def telling(layer: LayerArrays) -> int:
    """The most illustrative unit: of those that charge and discharge, the one that holds longest.

    A discharge is a word at which a unit loses half of its largest charge; one that discharges at
    more than a tenth of the words holds nothing. If no unit is left, or no gate keeps, it is the
    one with the longest time constant.
    """
    memory = layer.states[kinds_of(layer).memory].astype(np.float64)
    keep, holds, constants = kept(layer), longest_holds(layer), time_constants(layer)
    if keep is None or holds is None:
        return int(np.argmax(constants))
    before = np.abs(np.concatenate([np.zeros_like(memory[:1]), memory[:-1]]))
    most = np.maximum(np.abs(memory).max(0), 1e-9)
    drops = ((1 - keep) * before > 0.5 * most).sum(0)
    discharges = (drops > 0) & (drops <= max(2, len(memory) / 10))
    return int(np.argmax(np.where(discharges, holds, -1) if discharges.any() else constants))


def correlations(states: np.ndarray) -> np.ndarray:
    """(H,), of each unit with itself one word later; 0 for a unit that never changes."""
    if len(states) < 3:
        return np.zeros(states.shape[1])
    centred = states.astype(np.float64) - states.mean(0, dtype=np.float64)
    both = (centred[1:] * centred[:-1]).sum(0)
    whole = (centred**2).sum(0)
    coefficients: np.ndarray = np.divide(both, whole, out=np.zeros_like(both), where=whole > 1e-12)
    return coefficients


def ranked(layer: LayerArrays, words: Sequence[str]) -> list[Unit]:
    """All units, those that hold longest first."""
    constants, holds = time_constants(layer), longest_holds(layer)
    memory = layer.states[kinds_of(layer).memory]
    keep, take = kept(layer), taken(layer)
    means = correlations(memory) if keep is None else keep.mean(0)
    none: list[tuple[tuple[str, float], ...]] = [()] * memory.shape[1]
    opens, closes = none, none
    if keep is not None and take is not None:
        candidate = kinds_of(layer).candidate
        charge = take if candidate is None else take * np.abs(layer.gates[candidate])
        opens = _words(charge, words, largest=True)
        closes = _words(keep, words, largest=False)
    return [
        Unit(
            int(k),
            float(constants[k]) if constants[k] > 0 else None,
            None if holds is None else int(holds[k]),
            float(means[k]),
            opens[k],
            closes[k],
            float(np.ptp(memory[:, k])),
        )
        for k in np.argsort(-constants, kind="stable")
    ]


def _words(
    values: np.ndarray, words: Sequence[str], *, largest: bool
) -> list[tuple[tuple[str, float], ...]]:
    """For each unit the words with the largest or smallest mean value."""
    places: dict[str, list[int]] = defaultdict(list)
    for t, word in enumerate(words):
        places[word].append(t)
    names = list(places)
    means = np.stack([values[at].mean(0) for at in places.values()])
    order = np.argsort(-means if largest else means, axis=0, kind="stable")[:WORDS_SHOWN]
    return [
        tuple((names[k], float(means[k, unit])) for k in order[:, unit])
        for unit in range(values.shape[1])
    ]


def orders(layer: LayerArrays) -> dict[str, np.ndarray]:
    """Orders of the units: by how long they hold, by similarity, by number; (H,) each."""
    memory = layer.states[kinds_of(layer).memory]
    return {
        "holding time": np.argsort(-time_constants(layer), kind="stable"),
        "similarity": _by_likeness(memory),
        "index": np.arange(memory.shape[1]),
    }


def _by_likeness(memory: np.ndarray) -> np.ndarray:
    """By the angle in the plane of the first two principal components: similar units are close."""
    centred = memory.astype(np.float64) - memory.mean(0, dtype=np.float64)
    scale = centred.std(0)
    centred = np.divide(centred, scale, out=np.zeros_like(centred), where=scale > 1e-9)
    if len(memory) < 3:
        return np.argsort(-memory.mean(0), kind="stable")
    _, _, components = np.linalg.svd(centred, full_matrices=False)
    angle = np.arctan2(components[1], components[0])
    return np.argsort(angle, kind="stable")
