"""Clients on other devices: the messages to a device and from it. Knows no network.

The server sends the weights, the rule for learning, and a digest of the vocabulary. The device
already has the model's folder and its owner's text. It answers only with the change of its weights
and the number of words that it read.
"""

import json
import math
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from hashlib import sha256
from os import PathLike
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from foreword.errors import SettingsError, TrainingError
from foreword.federated.client import Learned, client_update
from foreword.federated.people import FEWEST_WORDS
from foreword.federated.rules import ClientRule, Task
from foreword.federated.run import Clients, Crowd
from foreword.federated.server import Update, Weights, fault_of
from foreword.federated.session import federate_with
from foreword.federated.settings import FederatedSettings, Plan
from foreword.federated.turns import Turns
from foreword.folder.config import FolderConfig, ModelConfig
from foreword.folder.installed import find_folder
from foreword.folder.store import Folder, read_folder
from foreword.models.build import build, weights_of
from foreword.models.model import NextWordModel
from foreword.text.corpus import paths_of
from foreword.text.sources import read_sources
from foreword.text.tokens import tokenise
from foreword.training.interrupt import StopWish
from foreword.training.progress import Note, Reporter, silent
from foreword.training.session import Outcome
from foreword.visible import shown

LOOK_SECONDS = 1.0
"""Seconds between two checks which devices are connected."""


@dataclass(frozen=True)
class Letter:
    """A message in either direction.

    Attributes:
        document: JSON.
        arrays: weights, or their changes.
    """

    document: str
    arrays: Weights


class Post(Protocol):
    """Carries letters between the server and devices."""

    def devices(self) -> Collection[int]:
        """Return the numbers of all devices that are connected."""

    def exchange(
        self, letters: Mapping[int, Letter], seconds: float, wish: StopWish
    ) -> Mapping[int, Letter | str]:
        """Send a letter to some devices, and return their answers, or why they failed.

        Those that cannot be reached, or do not answer in time, are left out.

        Args:
            letters: by device.
            seconds: the time to wait for answers; slower devices are left out.
            wish: whether the run must stop, which ends the wait.
        """


def serve(
    post: Post,
    *,
    people: int,
    continues: str | PathLike[str] | None,
    out: str | PathLike[str],
    valid: Sequence[str] = (),
    seconds: float = 600.0,
    resume: bool = False,
    overwrite: bool = False,
    report: Reporter = silent,
    **leaves: Any,
) -> Outcome[FolderConfig]:
    """Train a model on the text of people whose devices are connected.

    Args:
        post: reaches the devices.
        people: the number of devices that must be connected before training begins. Devices that
            connect later do not take part.
        continues: the model that training begins from, which each device must also have.
        out: the model folder.
        valid: texts on this machine to measure the model on.
        seconds: the time that a round waits for answers.
        resume: whether to continue from the checkpoint in `out`; the devices must be the same.
        overwrite: whether to replace a model in `out`, once the first round has been saved.
        report: called with all events.
        **leaves: settings by name; see `FederatedSettings`.

    Raises:
        TextError, SettingsError, FolderError, TrainingError: with what to do about it.
    """

    def gather(
        base: Folder,
        texts: Sequence[Any],
        settings: FederatedSettings,
        scratch: Path,
        tell: Reporter,
    ) -> Crowd:
        del texts, scratch
        if settings.canaries:
            raise SettingsError(
                "canaries are planted in a simulation alone: text elsewhere is not read"
            )
        nodes = _connected(post, people, tell)

        def clients(model: NextWordModel, plan: Plan) -> AbstractContextManager[Clients]:
            del model
            return nullcontext(
                _Devices(
                    post,
                    nodes,
                    plan.client,
                    vocabulary_of(base),
                    seconds,
                    plan.settings.min_clients,
                    tell,
                )
            )

        return Crowd(
            text=f"the text of {people:,} devices",
            people=people,
            words=None,
            fingerprint=sha256(json.dumps(nodes).encode()).hexdigest(),
            clients=clients,
            repeats=False,
            simulated=False,
        )

    return federate_with(
        gather,
        texts=(),
        valid=paths_of(valid),
        continues=continues,
        out=out,
        settings=None,
        resume=resume,
        overwrite=overwrite,
        report=report,
        leaves=leaves,
    )


def answered(request: Letter, model: str | PathLike[str], text: str | PathLike[str]) -> Letter:
    """Return a device's answer: the change of its weights by learning from its owner's text.

    Args:
        request: the server's message.
        model: the model's folder on the device, or its name if it is installed.
        text: a file or folder with all of the owner's text.

    Raises:
        TrainingError: the server trains another model.
        TextError, FolderError: with what to do about it.
    """
    told = json.loads(request.document)
    folder = read_folder(find_folder(str(model)))
    if told["vocabulary"] != vocabulary_of(folder) or not isinstance(folder.model, ModelConfig):
        raise TrainingError(f"{model} is not the model that the server trains, or another version")
    network = build(folder.model)
    nothing = {name: np.zeros_like(value) for name, value in weights_of(network).items()}
    if fault := fault_of(Update(request.arrays, 1), nothing):
        raise TrainingError(f"the weights that the server sent are not those of {model}: {fault}")
    tokenizer = folder.tokenizer
    sources = read_sources([text], tokenizer.config, words=tokenizer.words)
    ids = tokenise(sources, tokenizer).ids
    if len(ids) < FEWEST_WORDS:
        return Letter(json.dumps({"words": 0}), nothing)
    rule, seed = ClientRule(**told["rule"]), tuple(told["seed"])
    update = client_update(network, request.arrays, np.asarray(ids), rule, seed).update
    return Letter(json.dumps({"words": update.words}), update.delta)


def vocabulary_of(folder: Folder) -> str:
    """Return a digest of a model's words and of the rules that divide text into words."""
    tokenizer = folder.tokenizer
    content = json.dumps([tokenizer.words, asdict(tokenizer.config)])
    return sha256(content.encode()).hexdigest()


def _connected(post: Post, people: int, report: Reporter) -> list[int]:
    """Wait until enough devices are connected, and return their numbers."""
    seen = -1
    while len(nodes := sorted(post.devices())) < people:
        if len(nodes) != seen:
            seen = len(nodes)
            report(Note(f"{seen:,} of {people:,} devices are connected"))
        time.sleep(LOOK_SECONDS)
    return nodes[:people]


class _Devices:
    """The clients of a round, each on the device of a person.

    Those that did not answer in earlier rounds take turns; see `foreword.federated.turns`.
    """

    def __init__(
        self,
        post: Post,
        nodes: Sequence[int],
        rule: ClientRule,
        vocabulary: str,
        seconds: float,
        fewest: int,
        report: Reporter,
    ) -> None:
        self._post = post
        self._nodes = nodes
        self._rule = rule
        self._vocabulary = vocabulary
        self._seconds = seconds
        self._report = report
        self._fewest = fewest
        self._turns = Turns()

    def learned(
        self, weights: Weights, tasks: Sequence[Task], wish: StopWish, rounds_left: int
    ) -> list[Learned] | None:
        """See `foreword.federated.run.Clients`."""
        del rounds_left
        chosen = {self._nodes[task.person]: task for task in tasks}
        asked = self._turns.asked(list(chosen), self._fewest)
        letters = {node: self._letter(weights, chosen[node]) for node in asked}
        answers = self._post.exchange(letters, self._seconds, wish)
        if wish:
            return None
        self._turns = self._turns.after(list(chosen), letters.keys(), answers.keys())
        learned = []
        for node in chosen:
            silent = "it did not answer in time" if node in letters else "it did not answer before"
            answer = answers.get(node, silent)
            update = shown(answer[:200]) if isinstance(answer, str) else self._update(answer)
            if isinstance(update, str):
                fault: str | None = update
            else:
                # The server drops what has a fault, and counts it.
                learned.append(Learned(update, math.nan))
                fault = fault_of(update, weights, self._rule.longest)
            if fault is not None:
                self._report(Note(f"device {node} is left out of this round: {fault}"))
        return learned

    def _letter(self, weights: Weights, task: Task) -> Letter:
        document = {
            "rule": asdict(self._rule),
            "seed": task.seed,
            "vocabulary": self._vocabulary,
        }
        return Letter(json.dumps(document), weights)

    def _update(self, answer: Letter) -> Update | str:
        """Return the update that a device has sent, or why it cannot be read."""
        try:
            words = json.loads(answer.document)["words"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return "its answer cannot be read"
        if type(words) is not int:
            return "it did not say how many words it read"
        # A device that claims more words would have a larger weight.
        return Update(answer.arrays, min(words, self._rule.words))
