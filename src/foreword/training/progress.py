"""What a run tells whoever watches it. Knows nothing of terminals."""

from dataclasses import dataclass
from typing import Protocol


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


Event = TextProgress | StepProgress | Validated | Note


class Reporter(Protocol):
    """Whoever watches. Called with every event, often; must be quick."""

    def __call__(self, event: Event) -> None:
        """Takes note of one event."""


def silent(event: Event) -> None:
    """A reporter that tells nobody."""
    del event
