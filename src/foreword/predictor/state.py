"""What a predictor remembers of a text: a small immutable value. Knows models by a protocol."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from foreword.errors import SettingsError


class Advances(Protocol):
    """Whatever can advance a state: the predictor that made it."""

    def advance(self, state: "State", word: str) -> "State":
        """Return the state after one more word."""
        ...

    def state_to_bytes(self, state: "State") -> bytes:
        """Return the state as bytes that only this model reads."""
        ...


@dataclass(frozen=True, eq=False)
class State:
    """The state after some words. Advancing returns a new one; keep the old one to go back.

    Attributes:
        parts: h, or h and c, (num_layers, H) float32 each; for an MLP the ids of the last words.
            All are read-only.
        last: the id of the last word.
        model: the predictor that made it; None if an engine alone did.
    """

    parts: tuple[np.ndarray, ...]
    last: int
    model: Advances | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for part in self.parts:
            part.flags.writeable = False

    def advance(self, word: str) -> "State":
        """Return the state after one more word; `<eos>` ends a line. This state stays unchanged.

        Raises:
            SettingsError: no predictor made this state.
        """
        return self._of().advance(self, word)

    def to_bytes(self) -> bytes:
        """Return a few kilobytes, which `Predictor.state_from_bytes` turns into an equal state.

        Raises:
            SettingsError: no predictor made this state.
        """
        return self._of().state_to_bytes(self)

    def _of(self) -> Advances:
        if self.model is None:
            raise SettingsError(
                "this state belongs to no model: take one from predictor.start(), read() or "
                "state_from_bytes()"
            )
        return self.model

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
