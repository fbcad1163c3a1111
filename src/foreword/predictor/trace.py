"""What happens inside a network at one word: gates and states as arrays. Knows no models."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

DECIMALS = 4
"""Of the numbers in `WordTrace.as_json`."""


@dataclass(frozen=True)
class LayerTrace:
    """One layer at one word.

    Attributes:
        gates: by name, as the cell's equations have it, (H,) float32 each; none of an Elman network
            or an MLP.
        states: h, and c where there is one, after the word, (H,) each. Of an MLP its output as h.
    """

    gates: Mapping[str, np.ndarray]
    states: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class WordTrace:
    """The last word that a network has read, and what it did there.

    Attributes:
        word: normalised; `<eos>` for a line's end, and before the first word.
        layers: the one next to the embedding first.
    """

    word: str
    layers: tuple[LayerTrace, ...]

    def as_json(self) -> dict[str, Any]:
        """The same as numbers in lists, rounded to `DECIMALS`; None for what is not finite."""
        return {
            "word": self.word,
            "layers": [
                {"gates": _lists(layer.gates), "states": _lists(layer.states)}
                for layer in self.layers
            ],
        }


def _lists(arrays: Mapping[str, np.ndarray]) -> dict[str, list[float | None]]:
    return {
        name: [round(value, DECIMALS) if np.isfinite(value) else None for value in array.tolist()]
        for name, array in arrays.items()
    }
