"""The events that a run reports. Knows nothing of terminals."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class TextProgress:
    """The text read so far, in bytes; `total` is None if it is unknown."""

    activity: str
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
    """The smoothed training loss, in nats per word."""
    gradient_norm: float
    learning_rate: float
    done: float
    """The fraction of the run that is done, 0 to 1."""
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
    """A sentence for the user: a choice that was made, a divergence that was detected."""

    text: str


@dataclass(frozen=True)
class Insight:
    """One look into the model; see `foreword.training.insight`.

    Attributes:
        step: the number of the step.
        gradients: by parameter name, the norm of the loss's gradient before clipping.
        distances: by layer and state, such as `layer0.c`: (D,), the norm of dL(t)/dc(t - d) for
            each distance d, where t is the window's last step, averaged over the streams. Empty for
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
    """An observer, which is called with every event, often, and must be fast."""

    def __call__(self, event: Event) -> None:
        """Receive one event."""


def silent(event: Event) -> None:
    """A reporter that does nothing."""
    del event
