"""Federated training with all clients on one machine: `foreword.federate`."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from os import PathLike
from pathlib import Path
from typing import Any

from foreword.federated.canaries import drawn, planted
from foreword.federated.people import read_people
from foreword.federated.pool import Processes
from foreword.federated.run import Clients, Crowd
from foreword.federated.session import federate_with
from foreword.federated.settings import FederatedSettings, Plan
from foreword.folder.config import FolderConfig
from foreword.folder.store import Folder
from foreword.models.model import NextWordModel
from foreword.text.corpus import Paths, chat_source, paths_of
from foreword.training.progress import Note, Reporter, TextProgress, silent
from foreword.training.session import Outcome


def federate(
    people: Paths = (),
    *,
    continues: str | PathLike[str] | None = None,
    out: str | PathLike[str],
    valid: Paths = (),
    settings: FederatedSettings | None = None,
    resume: bool = False,
    overwrite: bool = False,
    report: Reporter = silent,
    **leaves: Any,
) -> Outcome[FolderConfig]:
    """Train a next-word model on many people's text by federated averaging, all on this machine.

    Args:
        people: files, or folders of files, of which each is the text of one person. None: the
            carried chats, by their senders.
        continues: the model that training begins from, by its folder or its name.
        out: the model folder. Ctrl-C and SIGTERM save to it and stop; `resume` continues.
        valid: texts to measure the model on. None: the validation part of the carried chats, if
            the people are theirs; otherwise nothing is measured.
        settings: the settings.
        resume: whether to continue from the checkpoint in `out`.
        overwrite: whether to replace a model in `out`, once the first rounds have been saved.
        report: called with all events; a step is a round.
        **leaves: settings by name, such as `rounds=200`, `epsilon=8.0`; see `FederatedSettings`.

    Returns:
        The content of `config.json`, and whether a signal ended the run early.

    Raises:
        TextError, SettingsError, FolderError, TrainingError: with what to do about it.
    """
    return federate_with(
        _gathered,
        texts=paths_of(people),
        valid=paths_of(valid),
        continues=continues,
        out=out,
        settings=settings,
        resume=resume,
        overwrite=overwrite,
        report=report,
        leaves=leaves,
    )


def _gathered(
    base: Folder, texts: Sequence[Any], settings: FederatedSettings, scratch: Path, report: Reporter
) -> Crowd:
    """Read everybody's text, and plant canaries in it."""

    def say(sentence: str) -> None:
        report(Note(sentence))

    def progress(what: str, done: int, total: int | None) -> None:
        report(TextProgress(what, done, total))

    people = read_people(texts, base.tokenizer, say=say, progress=progress, scratch=scratch)
    canaries = drawn(settings, base.tokenizer.vocab_size, len(people))
    if canaries is not None:
        people = planted(people, canaries, settings.seed)

    def clients(model: NextWordModel, plan: Plan) -> AbstractContextManager[Clients]:
        return Processes(model, plan, people.ids)

    return Crowd(
        text=people.text,
        people=len(people),
        words=people.words,
        fingerprint=people.sha256,
        clients=clients,
        canaries=canaries,
        held_out=() if texts else [chat_source("valid")],
    )
