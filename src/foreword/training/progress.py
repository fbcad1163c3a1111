"""What a run tells whoever watches it. Knows nothing of terminals."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class TextProgress:
    """Text read so far, in bytes; `total` is None where it is not known."""

    what: str
    done: int
    total: int | None


@dataclass(frozen=True)
class StepProgress:
    """One training step."""

    step: int
    words_seen: int
    epochs: float
    words_per_second: float
    loss: float
    """Smoothed, nats per word."""
    gradient_norm: float
    learning_rate: float
    done: float
    """Share of the run, 0 to 1."""
    seconds: float
    seconds_left: float


@dataclass(frozen=True)
class Validated:
    """One validation; `best` tells whether it is the best so far, and was saved."""

    step: int
    words_seen: int
    seconds: float
    perplexity: float
    top3: float
    best: bool


@dataclass(frozen=True)
class Note:
    """A sentence for the person who watches: a decision taken, a divergence met."""

    text: str


@dataclass(frozen=True)
class Insight:
    """One look into the model; see `foreword.training.insight`.

    Attributes:
        step: its number.
        gradients: by the parameter's name, the norm of the loss's gradient by it, before clipping.
        distances: by layer and state, such as `layer0.c`: (D,), the norm of dL(t)/dc(t - d) for
            each distance d, where t is the window's last step; the mean over the streams. Empty for
            an MLP.
        gates: by layer and gate, such as `layer0.f`: its values, (T, B, H) flattened. Empty for an
            MLP and an Elman network.
    """

    step: int
    gradients: dict[str, float]
    distances: dict[str, np.ndarray]
    gates: dict[str, np.ndarray]


Event = TextProgress | StepProgress | Validated | Insight | Note


class Reporter(Protocol):
    """Whoever watches. Called with every event, often; must be quick."""

    def __call__(self, event: Event) -> None:
        """Takes note of one event."""


def silent(event: Event) -> None:
    """A reporter that tells nobody."""
    del event
