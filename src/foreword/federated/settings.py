"""All settings of federated training, as data. Does not know how they are used.

The command line and `foreword.federate` set these by the same names; the help text of each option
is its description here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from foreword.errors import SettingsError, did_you_mean
from foreword.federated.privacy import epsilon_of, noise_for, participation
from foreword.federated.rules import Bptt, ClientRule, ServerRule
from foreword.training.settings import Count, NotNegative, Positive, Settings, Share, fault_told

Delta = Annotated[float, Field(gt=0.0, lt=1.0)]
Epsilon = Annotated[float, Field(gt=0.0, le=1e6)]
Seed = Annotated[int, Field(ge=0, lt=1 << 63)]


class FederatedSettings(Settings):
    """How a model is trained on many people's text."""

    rounds: Count = Field(100, description="Number of rounds.")
    clients: Count = Field(
        10, description="Number of people in a round; all of them if there are fewer."
    )
    min_clients: Count = Field(
        1,
        description=(
            "Smallest number of usable changes in a round; with fewer the run ends, and can be "
            "resumed."
        ),
    )
    separation: Count | None = Field(
        None,
        description=(
            "A person takes part at most once in this many consecutive rounds. Default: the number "
            "of people divided by that of clients, rounded down."
        ),
    )
    person_words: Annotated[int, Field(ge=2)] = Field(
        1600, description="Largest number of a person's words that are read in a round."
    )
    passes: Count = Field(1, description="Passes over these words in a round.")
    batch_size: Count = Field(8, description="Number of parallel streams of a person's text.")
    window: Count = Field(20, description="Number of time steps through which gradients flow back.")
    client_rate: Positive = Field(0.5, description="Learning rate of a client's SGD.")
    gradient_clip: Positive = Field(
        1.0, description="Largest norm of the gradient in a client's step."
    )
    clip: Positive = Field(
        1.0,
        description=(
            "Largest L2 norm of the change of weights that a client sends; a longer one is scaled "
            "down."
        ),
    )
    server: Literal["fedavg", "fedadam"] = Field(
        "fedavg",
        description=(
            "What the server does with the mean change: fedavg adds it (McMahan et al. 2017), "
            "fedadam takes it as the gradient of Adam (Reddi et al. 2021)."
        ),
    )
    server_rate: Positive | None = Field(
        None, description="Learning rate of the server. Default: 1 for fedavg, 0.01 for fedadam."
    )
    momentum: Share | None = Field(
        None,
        description=(
            "Decay of the server's mean change over rounds; beta1 of fedadam. Default: 0 for "
            "fedavg, 0.9 for fedadam."
        ),
    )
    beta2: Share = Field(0.99, description="Decay of fedadam's mean squared change.")
    adaptivity: Positive = Field(
        1e-3, description="What fedadam adds to the root of the mean square: tau."
    )
    noise: NotNegative = Field(
        0.0,
        description=(
            "Noise for differential privacy: its standard deviation in a node of the tree, in "
            "units of clip; 0 adds none."
        ),
    )
    epsilon: Epsilon | None = Field(
        None,
        description="Differential privacy with this epsilon for each person, instead of noise.",
    )
    delta: Delta | None = Field(
        None,
        description=(
            "Delta of differential privacy, which should be well below one divided by the number "
            "of people. Default: that number to the power of -1.1."
        ),
    )
    restart: Count | None = Field(
        None,
        description="Number of rounds after which the tree of noise begins anew. Default: never.",
    )
    variance_reduction: bool = Field(
        True,
        description=(
            "Estimate each node of the tree from the nodes below it, too (Honaker 2015), which "
            "gives less noise for the same privacy."
        ),
    )
    noise_seed: Seed | None = Field(
        None,
        description=(
            "Seed of the noise, for experiments alone: whoever knows it can take the noise out. "
            "Default: drawn by the system, and forgotten when the run ends."
        ),
    )
    canaries: Annotated[int, Field(ge=0)] = Field(
        0,
        description=(
            "Number of random sentences that are planted in some people's text, to measure whether "
            "the model has learned them: for experiments alone."
        ),
    )
    canary_people: Count = Field(1, description="Number of people whose text has each canary.")
    canary_repeats: Count = Field(
        10, description="How often each of these people's text has the canary."
    )
    validations: Annotated[int, Field(ge=0)] = Field(
        10, description="Number of validations over the whole run, if there is a text for it."
    )
    seed: Seed = Field(1, description="Seed of the choice of people and of their words.")
    processes: Count | None = Field(
        None,
        description=(
            "Number of clients that are computed at once, in a process each; the model is the same "
            "whatever it is. Default: one for each core, once it is seen that the run will take "
            "long enough."
        ),
    )
    threads: Count = Field(1, description="Number of processor threads of each client.")
    save_seconds: Positive = Field(60.0, description="Seconds between checkpoints.")

    @model_validator(mode="after")
    def _noise_is_told_once(self) -> Self:
        if self.noise > 0 and self.epsilon is not None:
            raise ValueError("noise and epsilon say the same: leave one of them out")
        if not self.is_private:
            for name in ("delta", "restart", "noise_seed"):
                if getattr(self, name) is not None:
                    raise ValueError(f"{name} is about noise, and there is none: give epsilon too")
        return self

    @property
    def is_private(self) -> bool:
        """Whether there is noise."""
        return self.noise > 0 or self.epsilon is not None

    @classmethod
    def checked(cls, leaves: Mapping[str, Any], base: "FederatedSettings | None" = None) -> Self:
        """Return settings of which some are set by name; None leaves one as it is.

        Raises:
            SettingsError: names each wrong setting, its value and the allowed values.

        >>> FederatedSettings.checked({"rounds": 5, "clients": None}).rounds
        5
        """
        given = {name: value for name, value in leaves.items() if value is not None}
        for name in given.keys() - cls.model_fields.keys():
            near = did_you_mean(name, cls.model_fields)
            raise SettingsError(f"federated training has no setting {name!r}.{near}")
        try:
            return cls.model_validate({**(base.model_dump() if base else {}), **given})
        except ValidationError as error:
            raise SettingsError("; ".join(map(fault_told, error.errors()))) from error

    def public(self) -> dict[str, Any]:
        """Return the settings for people who get the model, who must not know the noise."""
        return {**self.model_dump(), "noise_seed": None}


@dataclass(frozen=True)
class Privacy:
    """The differential privacy of each person; see `foreword.federated.privacy`.

    Attributes:
        epsilon, delta: of the weights after all rounds together.
        noise: the standard deviation in a node, in units of the clipping norm.
        participations: the largest number of rounds in which a person takes part.
        sensitivity: the largest L2 norm of a person's contribution to all nodes, in the same units.
    """

    epsilon: float
    delta: float
    noise: float
    participations: int
    sensitivity: float


@dataclass(frozen=True)
class Plan:
    """Settings with all choices made, for a number of people.

    Attributes:
        settings: the original settings.
        people: the number of people.
        separation: a person takes part at most once in this many consecutive rounds.
        client: how a client learns.
        server: how the server makes new weights.
        privacy: the differential privacy; None without noise.
    """

    settings: FederatedSettings
    people: int
    separation: int
    client: ClientRule
    server: ServerRule
    privacy: Privacy | None


def planned(settings: FederatedSettings, people: int, bptt: Bptt = "truncated") -> Plan:
    """Return a plan for a number of people.

    Args:
        settings: the settings.
        people: the number of people, 1 or more.
        bptt: how the model that training begins from was trained.

    Raises:
        SettingsError: there are too few people for so long a separation, or for `min_clients`.
    """
    clients = min(settings.clients, people)
    if settings.min_clients > clients:
        raise SettingsError(
            f"min_clients is {settings.min_clients:,}, and a round has {clients:,} clients. Lower "
            "min_clients, or raise clients"
        )
    separation = settings.separation or people // clients
    if clients * separation > people:
        raise SettingsError(
            f"with {clients:,} clients a round and a separation of {separation:,} rounds, "
            f"{clients * separation:,} people are needed, and there are {people:,}. Lower clients "
            f"or separation: at most {people // clients:,}"
        )
    client = ClientRule(
        rate=settings.client_rate,
        passes=settings.passes,
        words=settings.person_words,
        batch_size=settings.batch_size,
        window=settings.window,
        bptt=bptt,
        gradient_clip=settings.gradient_clip,
    )
    adam = settings.server == "fedadam"
    server = ServerRule(
        clients=clients,
        clip=settings.clip,
        longest=client.longest,
        optimiser=settings.server,
        rate=settings.server_rate or (0.01 if adam else 1.0),
        momentum=(0.9 if adam else 0.0) if settings.momentum is None else settings.momentum,
        beta2=settings.beta2,
        adaptivity=settings.adaptivity,
    )
    privacy = _privacy(settings, people, separation) if settings.is_private else None
    if privacy is not None:
        server = replace(server, noise=privacy.noise)
    return Plan(settings, people, separation, client, server, privacy)


def _privacy(settings: FederatedSettings, people: int, separation: int) -> Privacy:
    part = participation(settings.rounds, separation, settings.restart)
    delta = settings.delta or min(0.5, people**-1.1)
    noise = settings.noise
    if settings.epsilon is not None:
        noise = part.sensitivity * noise_for(settings.epsilon, delta)
    epsilon = epsilon_of(noise / part.sensitivity, delta)
    return Privacy(epsilon, delta, noise, part.most, part.sensitivity)
