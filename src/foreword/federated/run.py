"""The constant parts of a federated run, and those who take part. Knows no loop."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from foreword.evaluation.perplexity import Reset
from foreword.federated.canaries import Canaries
from foreword.federated.client import Learned
from foreword.federated.rules import Bptt, Task
from foreword.federated.server import Weights
from foreword.federated.settings import Plan
from foreword.folder.store import Folder
from foreword.models.model import NextWordModel
from foreword.text.corpus import Source
from foreword.text.tokens import Tokens
from foreword.training.interrupt import StopWish
from foreword.training.progress import Reporter


class Clients(Protocol):
    """Computes the clients of a round, on this machine or elsewhere."""

    def learned(
        self, weights: Weights, tasks: Sequence[Task], wish: StopWish, rounds_left: int
    ) -> Sequence[Learned] | None:
        """Return the results of a round's clients; None if the run must stop.

        Args:
            weights: those that the server sends.
            tasks: one for each client. Clients that do not answer are left out of the result.
            wish: whether the run must stop.
            rounds_left: the number of remaining rounds, including this one.
        """


@dataclass(frozen=True)
class Crowd:
    """Those who take part.

    Attributes:
        text: the name of their text, without folders or people's names.
        people: their number.
        words: the number of words of all of them; None if it is private.
        fingerprint: identifies them, and their text if it is known.
        clients: a context that computes their changes.
        repeats: whether a repeated round is bit for bit the same.
        canaries: the sentences that are planted in their text; None if there are none.
        held_out: the default text on which the model is measured.
        simulated: whether they are on this machine.
    """

    text: str
    people: int
    words: int | None
    fingerprint: str
    clients: Callable[[NextWordModel, Plan], AbstractContextManager[Clients]]
    repeats: bool = True
    canaries: Canaries | None = None
    held_out: Sequence[Source] = ()
    simulated: bool = True


@dataclass(frozen=True)
class Run:
    """The constant parts of all rounds.

    Attributes:
        folder: the model that training began from, or that is continued.
        base: the name of the model that training began from.
        crowd: those who take part.
        plan: the settings.
        model: a network of the architecture, for validations.
        valid: the held-out text, and its name.
        reset: when the state is reset in that text.
        report: called with all events.
    """

    folder: Folder
    base: str
    crowd: Crowd
    plan: Plan
    model: NextWordModel
    valid: Tokens | None
    valid_name: str
    report: Reporter

    @property
    def bptt(self) -> Bptt:
        """How a person's text is divided into windows."""
        return self.plan.client.bptt

    @property
    def reset(self) -> Reset:
        """Whether the state starts from zero at each line of the held-out text."""
        return "sentence" if self.bptt == "sentence" else "never"
