"""What a predictor remembers of a text: a small immutable value. Knows nothing of models."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class State:
    """The state after some words. Advancing makes a new one; keep the old one to go back.

    Attributes:
        parts: h, or h and c, (num_layers, H) float32 each; of an MLP the last words' ids. All
            read-only.
        last: the id of the last word.
    """

    parts: tuple[np.ndarray, ...]
    last: int

    def __post_init__(self) -> None:
        for part in self.parts:
            part.flags.writeable = False

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same numbers."""
        return (
            isinstance(other, State)
            and self.last == other.last
            and len(self.parts) == len(other.parts)
            and all(np.array_equal(a, b) for a, b in zip(self.parts, other.parts, strict=True))
        )

    def __hash__(self) -> int:
        return hash((self.last, *(part.tobytes() for part in self.parts)))
