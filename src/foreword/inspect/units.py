"""Which unit holds what for how long: time constants, the words that open and close, orders."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foreword.inspect.trace import LayerArrays

WORDS_SHOWN = 3
LONGEST = 1e6
"""Words; a time constant beyond means that nothing was lost within the text."""


@dataclass(frozen=True)
class Kinds:
    """Which of a cell's gates and states does what.

    Attributes:
        memory: the state that holds: c, or h where there is no other.
        keep: the gate that says how much of it stays; None in an Elman network.
        take: the gate that says how much of the new comes in; None where that is 1 - keep.
        candidate: what comes in.
    """

    memory: str
    keep: str | None
    take: str | None
    candidate: str | None


def kinds_of(layer: LayerArrays) -> Kinds:
    """By the names of what there is."""
    gates = layer.gates
    return Kinds(
        memory="c" if "c" in layer.states else "h",
        keep=next((name for name in ("f", "z") if name in gates), None),
        take="i" if "i" in gates else None,
        candidate=next((name for name in ("g", "n") if name in gates), None),
    )


def kept(layer: LayerArrays) -> np.ndarray | None:
    """(T, H), the share of the memory that stays at each word; None where no gate says it."""
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
            itself one word later. None where that tells of no holding.
        keep: mean of the gate that keeps; of an Elman network that correlation.
        opens: words at which it takes in most (gate times candidate, without sign), with the mean
            over their occurrences.
        closes: words at which it keeps least, likewise.
        span: largest minus smallest memory.
    """

    unit: int
    time_constant: float | None
    keep: float
    opens: tuple[tuple[str, float], ...]
    closes: tuple[tuple[str, float], ...]
    span: float


def time_constants(layer: LayerArrays) -> np.ndarray:
    """(H,) in words, as `Unit` says; 0 where nothing is held."""
    keep = kept(layer)
    if keep is not None:
        loss = -np.log(np.maximum(keep.astype(np.float64), 1e-12)).mean(0)
        return np.asarray(1 / np.maximum(loss, 1 / LONGEST))
    shares = correlations(layer.states[kinds_of(layer).memory])
    found = np.zeros(len(shares))
    held = shares > 0
    found[held] = np.minimum(-1 / np.log(np.minimum(shares[held], 1 - 1e-9)), LONGEST)
    return found


def telling(layer: LayerArrays) -> int:
    """The unit that one would show: it charges, holds for some words, and discharges.

    By the share of words at which it holds (keeps nine tenths of a charge, and takes in little)
    times the share at which it loses half of its largest charge. Where no unit does both, or no
    gate keeps, the one that holds longest.
    """
    memory = layer.states[kinds_of(layer).memory].astype(np.float64)
    keep, take = kept(layer), taken(layer)
    constants = time_constants(layer)
    if keep is None or take is None:
        return int(np.argmax(constants))
    candidate = kinds_of(layer).candidate
    before = np.abs(np.concatenate([np.zeros_like(memory[:1]), memory[:-1]]))
    most = np.maximum(np.abs(memory).max(0), 1e-9)
    little = take * np.abs(1 if candidate is None else layer.gates[candidate]) < 0.15 * most
    holds = ((keep > 0.9) & little & (before > 0.3 * most)).mean(0)
    drops = ((1 - keep) * before > 0.5 * most).mean(0)
    # A few discharges tell it; many are a unit that holds nothing.
    score = holds * np.minimum(drops, 0.1)
    return int(np.argmax(score if score.max() > 0 else constants))


def correlations(states: np.ndarray) -> np.ndarray:
    """(H,), of each unit with itself one word later; 0 for a unit that never changes."""
    if len(states) < 3:
        return np.zeros(states.shape[1])
    centred = states.astype(np.float64) - states.mean(0, dtype=np.float64)
    both = (centred[1:] * centred[:-1]).sum(0)
    whole = (centred**2).sum(0)
    found: np.ndarray = np.divide(both, whole, out=np.zeros_like(both), where=whole > 1e-12)
    return found


def ranked(layer: LayerArrays, words: Sequence[str]) -> list[Unit]:
    """All units, those that hold longest first."""
    constants = time_constants(layer)
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
    """Ways to order the units: by how long they hold, by likeness, by number; (H,) each."""
    memory = layer.states[kinds_of(layer).memory]
    return {
        "holding time": np.argsort(-time_constants(layer), kind="stable"),
        "similarity": _by_likeness(memory),
        "index": np.arange(memory.shape[1]),
    }


def _by_likeness(memory: np.ndarray) -> np.ndarray:
    """By the angle in the plane of the first two principal components: likes stand together."""
    centred = memory.astype(np.float64) - memory.mean(0, dtype=np.float64)
    scale = centred.std(0)
    centred = np.divide(centred, scale, out=np.zeros_like(centred), where=scale > 1e-9)
    if len(memory) < 3:
        return np.argsort(-memory.mean(0), kind="stable")
    _, _, components = np.linalg.svd(centred, full_matrices=False)
    angle = np.arctan2(components[1], components[0])
    return np.argsort(angle, kind="stable")
