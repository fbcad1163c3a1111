"""Gates and states of a network at one word, as arrays. Knows no models."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

DECIMALS = 4
"""The number of decimals in `WordTrace.as_json`."""


@dataclass(frozen=True)
class LayerActivations:
    """The activations of one layer at one word.

    Attributes:
        gates: the gates by the names in the cell's equations, (H,) float32 each; empty for an Elman
            network or an MLP.
        states: h, and c where the cell has one, after the word, (H,) each; for an MLP its output as
            h.
    """

    gates: Mapping[str, np.ndarray]
    states: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class WordTrace:
    """The activations of a network at the last word that it read.

    Attributes:
        word: the word, normalised; `<eos>` for the end of a line, and before the first word.
        layers: the layers, beginning with the one after the embedding.
    """

    word: str
    layers: tuple[LayerActivations, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the same as lists of numbers, rounded to `DECIMALS`; None where not finite."""
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
