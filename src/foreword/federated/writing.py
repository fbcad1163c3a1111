"""What a federated run says of itself: in a sentence, in `config.json` and in the model card."""

from dataclasses import asdict
from pathlib import Path

import torch

from foreword.federated.position import Position
from foreword.federated.run import Run
from foreword.folder.architecture import format_version
from foreword.folder.config import (
    CanaryRecord,
    Evaluation,
    FederatedRecord,
    FolderConfig,
    PrivacyRecord,
    TrainingRecord,
)
from foreword.folder.saving import write_folder
from foreword.models.build import count_parameters
from foreword.training.card import model_card


def summary(run: Run) -> str:
    """Return sentences on the run, for people."""
    plan, settings, crowd = run.plan, run.plan.settings, run.crowd
    of_words = "" if crowd.words is None else f", {crowd.words:,} words"
    told = (
        f"{run.folder.model.name}, {count_parameters(run.folder.config.network):,} parameters; "
        f"{crowd.people:,} people{of_words}; {settings.rounds:,} rounds of "
        f"{plan.server.clients:,}, nobody twice in {plan.separation:,} rounds"
    )
    if plan.privacy is None:
        return f"{told}; no noise: nothing is promised to anybody"
    return (
        f"{told}; noise {plan.privacy.noise:.3g}: epsilon {plan.privacy.epsilon:.3g} at delta "
        f"{plan.privacy.delta:.2g} for each person"
    )


def write(
    folder: Path,
    run: Run,
    at: Position,
    *,
    finished: bool,
    evaluation: Evaluation | None = None,
    exposures: tuple[float, ...] = (),
) -> FolderConfig:
    """Write the model folder, and return its configuration.

    Args:
        folder: the folder.
        run: the run.
        at: where it is.
        finished: whether that is its end.
        evaluation: the measures on the held-out text, if there are any.
        exposures: of the canaries, if they have been measured.
    """
    base, plan, state = run.folder, run.plan, at.state
    privacy = None
    if plan.privacy is not None:
        known = plan.settings.noise_seed is not None
        privacy = PrivacyRecord(**asdict(plan.privacy), seed_is_known=known)
    words = state.words * plan.client.passes
    of_text = max(1, state.words) if run.crowd.words is None else run.crowd.words
    record = TrainingRecord(
        text=run.crowd.text,
        words=of_text,
        words_seen=words,
        steps=state.round,
        epochs=round(words / of_text, 3),
        seconds=round(at.seconds, 1),
        seed=plan.settings.seed,
        settings={**plan.settings.public(), "bptt": run.bptt},
        torch_version=torch.__version__,
        finished=finished,
        federated=FederatedRecord(
            base=run.base,
            simulated=run.crowd.simulated,
            people=plan.people,
            rounds=plan.settings.rounds,
            clients=plan.server.clients,
            separation=plan.separation,
            person_words=plan.client.words,
            clip=plan.server.clip,
            server=plan.server.optimiser,
            received=state.received,
            dropped=state.dropped,
            privacy=privacy,
            canaries=_canaries(run, at, exposures),
        ),
    )
    network = base.config.network
    config = FolderConfig(
        format_version=format_version(network, "float32", base.tokenizer.config),
        model=network,
        tokenizer=base.tokenizer.config,
        training=record,
        evaluation=evaluation,
    )
    card = model_card(config)
    write_folder(
        folder,
        config,
        dict(state.weights),
        base.tokenizer,
        card,
        base.rare,
        base.misspellings,
        base.ngrams,
    )
    return config


def _canaries(run: Run, at: Position, exposures: tuple[float, ...]) -> CanaryRecord | None:
    canaries = run.crowd.canaries
    if canaries is None:
        return None
    sentences, words = canaries.sentences.shape
    return CanaryRecord(
        words=words,
        sentences=sentences,
        people=canaries.people.shape[1],
        repeats=canaries.repeats,
        took_part=int((at.last[canaries.people] >= 0).sum()),
        alternatives=len(canaries.alternatives),
        exposures=exposures,
    )
