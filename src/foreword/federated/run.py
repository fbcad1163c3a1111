"""What stays the same in all rounds of a federated run, and who takes part. Knows no loop."""

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
        """Return what the clients of a round have learned; None if somebody wants to stop.

        Args:
            weights: those that the server sends.
            tasks: one for each client. Who does not answer is left out of what is returned.
            wish: whether somebody wants to stop.
            rounds_left: the number of rounds to be done, this one included.
        """


@dataclass(frozen=True)
class Crowd:
    """Those who take part.

    Attributes:
        text: what their text is called, without folders or people's names.
        people: their number.
        words: the number of words of all of them; None if nobody may know it.
        fingerprint: what tells them, and their text if it is known, from others.
        clients: gives what computes their changes, until the context ends.
        repeats: whether a round that is done again is the same to the last bit.
        canaries: the sentences that are planted in their text; None if there are none.
        held_out: what the model is measured on if nothing else is given.
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
    """What stays the same in all rounds.

    Attributes:
        folder: the model that training began from, or that is gone on with.
        base: the name of the model that training began from.
        crowd: those who take part.
        plan: the settings.
        model: a network of the architecture, in which validations compute.
        valid: the held-out text, and its name.
        reset: how the state goes through that text.
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
        """How a person's text is cut."""
        return self.plan.client.bptt

    @property
    def reset(self) -> Reset:
        """Whether the state starts from zero at each line of the held-out text."""
        return "sentence" if self.bptt == "sentence" else "never"
