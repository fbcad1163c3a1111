"""A federated run from one model folder to another, with any clients. Has no loop."""

import time
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import torch

from foreword.errors import SettingsError
from foreword.federated.rounds import carry_out
from foreword.federated.rules import Bptt
from foreword.federated.run import Crowd, Run
from foreword.federated.settings import FederatedSettings, planned
from foreword.folder.claim import claimed
from foreword.folder.config import FolderConfig, ModelConfig
from foreword.folder.installed import find_folder
from foreword.folder.store import Folder, read_folder
from foreword.kernels.threads import threads_restored
from foreword.models.build import build
from foreword.text.corpus import names_of
from foreword.text.sources import read_sources
from foreword.text.tokenizer import Tokenizer
from foreword.text.tokens import Tokens, tokenise
from foreword.training.checkpoint import Checkpoint, home, latest, usable
from foreword.training.keeping import remember, remembered
from foreword.training.progress import Note, Reporter
from foreword.training.session import Outcome
from foreword.training.target import refusal_for

FREE = frozenset({"min_clients", "processes", "save_seconds"})
"""Settings that may change when a run is resumed. Not the threads: a repeated round must be bit for
bit the same, since the same noise on another sum would reveal the difference.
"""

Gather = Callable[[Folder, Sequence[Any], FederatedSettings, Path, Reporter], Crowd]
"""Returns those who take part, for the model that training begins from, their texts as they were
named, the settings, and a folder on whose disk converted text may lie while it is read."""


def federate_with(
    gather: Gather,
    *,
    texts: Sequence[Any],
    valid: Sequence[Any],
    continues: str | PathLike[str] | None,
    out: str | PathLike[str],
    settings: FederatedSettings | None,
    resume: bool,
    overwrite: bool,
    report: Reporter,
    leaves: Mapping[str, Any],
) -> Outcome[FolderConfig]:
    """Train a model with those who take part; the other arguments are `foreword.federate`'s."""
    began, folder = time.monotonic(), Path(out)
    if resume and continues is not None:
        raise SettingsError("a resumed run goes on from its own weights: leave --continue out")
    if not resume and continues is None:
        raise SettingsError("which model should training begin from? Give --continue MODEL")

    def tell(sentence: str) -> None:
        report(Note(sentence))

    with claimed(folder, "federate", refusal_for(replaces=resume or overwrite), tell):
        checkpoint = None
        if resume:
            checkpoint = latest(home(folder))
            with usable(folder):
                chosen = _resumed(checkpoint, leaves)
            texts, valid, _ = remembered(home(folder), texts, valid)
            base = read_folder(home(folder))
            record = base.config.training
            assert record is not None
            assert record.federated is not None
            name = record.federated.base
        else:
            chosen = FederatedSettings.checked(leaves, settings)
            base = read_folder(find_folder(str(continues)))
            name = names_of([str(continues)])
        if not isinstance(base.config.model, ModelConfig):
            raise SettingsError(
                f"an {base.config.model.name} model is counted, and has no weights that clients "
                "could change: begin from a network"
            )
        scratch = folder if folder.is_dir() else folder.absolute().parent
        crowd = gather(base, texts, chosen, scratch, report)
        tokens, valid_name = _held_out(crowd, valid, base.tokenizer, scratch, tell)
        plan = planned(chosen, crowd.people, _bptt(base))
        model = build(base.config.model)
        run = Run(base, name, crowd, plan, model, tokens, valid_name, report)
        with threads_restored():
            torch.set_num_threads(chosen.threads)
            return carry_out(
                run,
                out=folder,
                checkpoint=checkpoint,
                seconds=time.monotonic() - began,
                on_start=lambda model_home: remember(model_home, texts, valid),
            )


def _bptt(base: Folder) -> Bptt:
    """Return the kind of windows with which the initial model was trained."""
    record = base.config.training
    before = {} if record is None else record.settings
    return "sentence" if before.get("bptt") == "sentence" else "truncated"


def _held_out(
    crowd: Crowd,
    valid: Sequence[Any],
    tokenizer: Tokenizer,
    scratch: Path,
    say: Callable[[str], None],
) -> tuple[Tokens | None, str]:
    """Return the text to measure on, and its name."""
    sources = crowd.held_out
    if valid:
        sources = read_sources(
            valid, tokenizer.config, words=tokenizer.words, say=say, scratch=scratch
        )
    if not sources:
        say("the model's quality will not be measured. Give --valid FILE to have it measured.")
        return None, ""
    tokens = tokenise(sources, tokenizer, directory=scratch)
    return tokens, names_of(valid) or sources[0].name


def _resumed(checkpoint: Checkpoint, leaves: Mapping[str, Any]) -> FederatedSettings:
    """Return the settings of a run to continue."""
    saved = FederatedSettings.checked(dict(checkpoint.document["federated"]))
    given = {name: value for name, value in leaves.items() if value is not None}
    asked = FederatedSettings.checked(given, saved)
    for name in given:
        before, now = getattr(saved, name), getattr(asked, name)
        if name not in FREE and before != now:
            raise SettingsError(
                f"{name} is {before!r} in the run to resume and cannot become {now!r}. Leave it "
                "out, or begin anew."
            )
    return asked
