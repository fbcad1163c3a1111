"""What stays the same in all rounds of a federated run. Knows no loop."""

from dataclasses import dataclass

from foreword.evaluation.perplexity import Reset
from foreword.federated.canaries import Canaries
from foreword.federated.people import People
from foreword.federated.rules import Bptt
from foreword.federated.settings import Plan
from foreword.folder.store import Folder
from foreword.models.model import NextWordModel
from foreword.text.tokens import Tokens
from foreword.training.progress import Reporter


@dataclass(frozen=True)
class Simulation:
    """What stays the same in all rounds.

    Attributes:
        folder: the model that training began from, or that is gone on with.
        base: the name of the model that training began from.
        people: everybody's text.
        plan: the settings.
        model: a network of the architecture, in which clients and validations compute.
        canaries: the sentences that are planted in the people's text; None if there are none.
        valid: the held-out text, and its name.
        reset: how the state goes through that text.
        report: called with all events.
    """

    folder: Folder
    base: str
    people: People
    plan: Plan
    model: NextWordModel
    canaries: Canaries | None
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
