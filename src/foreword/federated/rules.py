"""How clients and the server learn, as plain data that a server sends to clients. No torch."""

import math
from dataclasses import dataclass
from typing import Literal

from foreword.training.settings import TrainingSettings, settings_from

Bptt = Literal["truncated", "sentence"]
Optimiser = Literal["fedavg", "fedadam"]


@dataclass(frozen=True)
class ClientRule:
    """How a client learns.

    Attributes:
        rate: the learning rate of SGD.
        passes: the number of passes over the words.
        words: the largest number of words of a person that are read in a round.
        batch_size, window: as in `foreword train`.
        bptt: whether the state is carried from window to window or begins at each line.
        gradient_clip: the largest norm of a step's gradient.
    """

    rate: float
    passes: int = 1
    words: int = 1600
    batch_size: int = 8
    window: int = 20
    bptt: Bptt = "truncated"
    gradient_clip: float = 1.0

    @property
    def longest(self) -> float:
        """The largest L2 norm of a change by this rule, with a margin for rounding.

        A step of SGD moves the weights by at most `rate` times `gradient_clip`, and there is at
        most one step for each word of each pass.
        """
        return 1.01 * self.rate * self.gradient_clip * self.passes * self.words

    def settings(self) -> TrainingSettings:
        """Return the same as settings of training."""
        return settings_from(
            {
                "learning_rate": self.rate,
                "epochs": self.passes,
                "batch_size": self.batch_size,
                "window": self.window,
                "bptt": self.bptt,
                "jitter": False,
                "clip": self.gradient_clip,
            }
        )


@dataclass(frozen=True)
class Task:
    """A client's task in a round, without the weights.

    Attributes:
        person: the position of the person among all people.
        seed: chooses the passage of their text; see `foreword.federated.client`.
    """

    person: int
    seed: tuple[int, ...]


@dataclass(frozen=True)
class ServerRule:
    """How the server makes new weights from changes.

    Attributes:
        clients: the number of people in a round.
        clip: the largest L2 norm of a change, over all arrays together; a larger one is scaled
            down.
        longest: the largest norm that a client can reach by its rule; a larger one is dropped.
        noise: the standard deviation of a node's noise, in units of `clip`. With noise every person
            has the same weight, and the sum is divided by `clients`, regardless of who answered:
            otherwise a person could change the weight of others. 0 weights people by their words.
        optimiser: "fedavg" adds the mean change; "fedadam" is Adam without bias correction.
        rate: the factor of the mean change.
        momentum: the decay of the mean over rounds: beta1 of Adam.
        beta2: the decay of the mean square of "fedadam".
        adaptivity: tau, which is added to its root, so that small changes are not amplified.
    """

    clients: int
    clip: float
    longest: float = math.inf
    noise: float = 0.0
    optimiser: Optimiser = "fedavg"
    rate: float = 1.0
    momentum: float = 0.0
    beta2: float = 0.99
    adaptivity: float = 1e-3
