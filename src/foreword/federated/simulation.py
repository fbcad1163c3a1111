"""Federated training with all clients on one machine: `foreword.federate`. Holds no equations.

A round is: choose people who have rested, let each compute a change of the weights, and make new
weights of the changes. All random choices come from seeds and the number of the round. So a round
that is done again after a kill is the same round, noise included, and tells nobody more.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from secrets import randbits
from typing import Any

import numpy as np
import torch

from foreword.errors import SettingsError, TrainingError
from foreword.evaluation.perplexity import score
from foreword.evaluation.report import evaluation_of
from foreword.federated.canaries import drawn, exposures, planted
from foreword.federated.noise_tree import Draw, NoiseTree, gaussian
from foreword.federated.people import read_people
from foreword.federated.pool import Clients, Task
from foreword.federated.position import Position, chosen_people
from foreword.federated.rules import Bptt
from foreword.federated.run import Simulation
from foreword.federated.server import (
    ServerState,
    Weights,
    fault_of,
    norm_of,
    server_round,
)
from foreword.federated.settings import FederatedSettings, planned
from foreword.federated.writing import summary, write
from foreword.folder.claim import claimed
from foreword.folder.config import Evaluation, FolderConfig, ModelConfig
from foreword.folder.installed import find_folder
from foreword.folder.quantised import dense
from foreword.folder.store import Folder, read_config, read_folder
from foreword.kernels.threads import threads_restored
from foreword.models.build import build, load_weights
from foreword.text.corpus import Paths, chat_source, names_of, paths_of
from foreword.text.sources import read_sources
from foreword.text.tokenizer import Tokenizer
from foreword.text.tokens import Tokens, tokenise
from foreword.training.checkpoint import Checkpoint, forget, home, latest, usable
from foreword.training.interrupt import StopWish, stop_on_signals
from foreword.training.keeping import Home, remember, remembered
from foreword.training.next_words import EACH, SHORTEST_PASSAGE
from foreword.training.progress import Note, Reporter, StepProgress, TextProgress, Validated, silent
from foreword.training.session import Outcome
from foreword.training.target import refusal_for

FREE = frozenset({"processes", "save_seconds"})
"""Settings that may change when a run is resumed. Not the threads: a round done again must be
the same to the last bit, since the same noise on another sum would tell the difference."""


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
    began = time.monotonic()
    folder = Path(out)
    texts: Sequence[Any] = paths_of(people)
    held_out: Sequence[Any] = paths_of(valid)
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
            texts, held_out, _ = remembered(home(folder), texts, held_out)
            base = read_folder(home(folder))
        else:
            chosen = FederatedSettings.checked(leaves, settings)
            base = read_folder(find_folder(str(continues)))
        scratch = folder if folder.is_dir() else folder.absolute().parent
        simulation = _prepared(base, texts, held_out, chosen, scratch, report)
        if not resume:
            simulation = replace(simulation, base=names_of([str(continues)]))
        with threads_restored():
            torch.set_num_threads(chosen.threads)
            return _carry_out(
                simulation,
                out=folder,
                checkpoint=checkpoint,
                seconds=time.monotonic() - began,
                on_start=lambda model_home: remember(model_home, texts, held_out),
            )


def _prepared(
    base: Folder,
    texts: Sequence[Any],
    held_out: Sequence[Any],
    settings: FederatedSettings,
    scratch: Path,
    report: Reporter,
) -> Simulation:
    """Read everybody's text, and build the network."""
    if not isinstance(base.config.model, ModelConfig):
        raise SettingsError(
            f"an {base.config.model.name} model is counted, and has no weights that clients could "
            "change: begin from a network"
        )

    def say(sentence: str) -> None:
        report(Note(sentence))

    def progress(what: str, done: int, total: int | None) -> None:
        report(TextProgress(what, done, total))

    people = read_people(texts, base.tokenizer, say=say, progress=progress, scratch=scratch)
    valid, valid_name = _held_out(texts, held_out, base.tokenizer, scratch, say)
    record = base.config.training
    before = {} if record is None else record.settings
    bptt: Bptt = "sentence" if before.get("bptt") == "sentence" else "truncated"
    plan = planned(settings, len(people), bptt)
    canaries = drawn(settings, base.tokenizer.vocab_size, len(people))
    if canaries is not None:
        people = planted(people, canaries, settings.seed)
    name = record.federated.base if record is not None and record.federated is not None else ""
    model = build(base.config.model)
    return Simulation(base, name, people, plan, model, canaries, valid, valid_name, report)


def _held_out(
    texts: Sequence[Any],
    valid: Sequence[Any],
    tokenizer: Tokenizer,
    scratch: Path,
    say: Callable[[str], None],
) -> tuple[Tokens | None, str]:
    """Return the text to measure on, and its name."""
    if valid:
        sources = read_sources(
            valid, tokenizer.config, words=tokenizer.words, say=say, scratch=scratch
        )
    elif not texts:
        sources = [chat_source("valid")]
    else:
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


def _carry_out(
    run: Simulation,
    *,
    out: Path,
    checkpoint: Checkpoint | None,
    seconds: float,
    on_start: Callable[[Path], None],
) -> Outcome[FolderConfig]:
    """Do all rounds that are left, in a folder that is claimed, or stop when somebody asks."""
    plan, settings = run.plan, run.plan.settings
    model_home = Home(out, is_begun=checkpoint is not None)
    position = _first(run, checkpoint, seconds, out)
    run.report(Note(summary(run)))
    draw = gaussian(position.noise_seed, sum(v.size for v in position.state.weights.values()))

    def save(at: Position) -> None:
        saved = at.checkpoint(settings, run.people.sha256)
        if not model_home.is_begun:

            def fill(folder: Path) -> None:
                write(folder, run, at, finished=False)
                on_start(folder)
                saved.write(folder)

            model_home.begin(fill)
            return
        write(model_home.folder, run, at, finished=False)
        saved.write(model_home.folder)
        if at.state.round > 0:
            model_home.take_over()

    if checkpoint is None:
        save(position)
    evaluation, exposed = None, ()
    with stop_on_signals() as wish, Clients(run.model, plan) as clients:
        saved_at = clock = time.monotonic()
        while position.state.round < settings.rounds and not wish:
            after = _round(run, clients, position, draw, wish)
            if after is None:
                break
            now = time.monotonic()
            position = replace(after, seconds=position.seconds + now - clock)
            clock = now
            _validate(run, position)
            if now - saved_at >= settings.save_seconds:
                save(position)
                saved_at = time.monotonic()
        save(position)
        ends = position.state.round >= settings.rounds
        if ends and run.valid is not None:
            evaluation = _evaluation(run, position.state.weights, wish)
        if ends and run.canaries is not None:
            exposed = _exposures(run, position.state.weights, wish)
        ends = ends and not wish
    if ends:
        config = write(
            model_home.folder,
            run,
            position,
            finished=True,
            evaluation=evaluation,
            exposures=exposed,
        )
        if plan.privacy is not None:
            forget(model_home.folder)  # the noise's seed, which nobody needs any more
    else:
        config = read_config(model_home.folder)
    stopped_by = None if wish.signal is None else wish.signal.name
    return Outcome(config, stopped_by=stopped_by, is_staged=model_home.is_staged)


def _first(run: Simulation, checkpoint: Checkpoint | None, seconds: float, out: Path) -> Position:
    """Return where the run begins, or goes on."""
    settings = run.plan.settings
    tree = NoiseTree(settings.restart, settings.variance_reduction)
    weights = dense(run.folder.weights)
    if checkpoint is None:
        seed = randbits(128) if settings.noise_seed is None else settings.noise_seed
        last = np.full(len(run.people), -1, dtype=np.int64)
        return Position(ServerState(weights, tree=tree), last, seconds, seed)
    if checkpoint.document.get("people") != run.people.sha256:
        raise TrainingError(
            "the people's text is not the one that this run was started with. Give the same text, "
            "or begin anew."
        )
    with usable(out):
        position = Position.restored(checkpoint, tree, weights)
        if position.last.shape != (len(run.people),):
            raise ValueError("it is of another number of people")
        return position


def _round(
    run: Simulation, clients: Clients, at: Position, draw: Draw, wish: StopWish
) -> Position | None:
    """Return the position after one more round; None if somebody wants to stop within it."""
    plan, number, began = run.plan, at.state.round, time.monotonic()
    chosen = chosen_people(at.last, number, plan)
    tasks = [
        Task(run.people.ids[person], (plan.settings.seed, 1, number, person))
        for person in map(int, chosen)
    ]
    outcomes = clients.learned(at.state.weights, tasks, wish, plan.settings.rounds - number)
    if outcomes is None:
        return None
    last = at.last.copy()
    last[chosen] = number
    updates = [outcome.update for outcome in outcomes]
    counted = [outcome for outcome in outcomes if math.isfinite(outcome.nats)]
    words = sum(outcome.update.words for outcome in counted)
    nats = sum(outcome.nats * outcome.update.words for outcome in counted)
    state = server_round(at.state, updates, plan.server, draw)
    if dropped := state.dropped - at.state.dropped:
        fault = next(filter(None, (fault_of(one, at.state.weights) for one in updates)))
        told = f"{dropped} of {len(updates)} changes were dropped, the first since {fault}"
        run.report(Note(f"round {state.round}: {told}"))
    if not all(np.isfinite(value).all() for value in state.weights.values()):
        raise TrainingError(
            f"after round {state.round} the weights are no numbers any more. What was saved before "
            "is kept. Begin anew with a smaller server_rate, client_rate or noise."
        )
    _show(run, at, state, nats / max(1, words), words, time.monotonic() - began)
    return replace(at, state=state, last=last)


def _show(
    run: Simulation, at: Position, state: ServerState, nats: float, words: int, seconds: float
) -> None:
    """Report a round."""
    done = state.round / run.plan.settings.rounds
    so_far = at.seconds + seconds
    run.report(
        StepProgress(
            step=state.round,
            words_seen=state.words * run.plan.client.passes,
            epochs=state.words / run.people.words,
            words_per_second=words / max(seconds, 1e-9),
            loss=nats,
            gradient_norm=norm_of(
                {name: state.weights[name] - value for name, value in at.state.weights.items()}
            ),
            learning_rate=run.plan.server.rate,
            done=done,
            seconds=so_far,
            seconds_left=so_far * (1.0 - done) / done,
        )
    )


def _validate(run: Simulation, at: Position) -> None:
    """Measure the weights on a part of the held-out text, if it is time."""
    settings, number = run.plan.settings, at.state.round
    share = settings.validations / settings.rounds
    if run.valid is None or int(number * share) == int((number - 1) * share):
        return
    load_weights(run.model, dict(at.state.weights))
    ids = run.valid.ids
    counted = min(EACH.words or len(ids), len(ids))
    streams = max(1, min(EACH.streams, counted // SHORTEST_PASSAGE))
    measured = score(run.model, ids, reset=run.reset, streams=streams, words=counted)
    run.report(
        Validated(
            step=number,
            words_seen=at.state.words * run.plan.client.passes,
            seconds=at.seconds,
            perplexity=measured.perplexity,
            top3=measured.top3 / measured.words,
            best=False,
        )
    )


def _evaluation(run: Simulation, weights: Weights, wish: StopWish) -> Evaluation | None:
    """Measure the weights on all of the held-out text, unless somebody stops it."""
    assert run.valid is not None
    load_weights(run.model, dict(weights))
    try:
        measured = score(
            run.model,
            run.valid.ids,
            reset=run.reset,
            progress=_progress(run, "evaluating", wish),
        )
    except InterruptedError:
        return None
    return evaluation_of(measured, run.valid, run.valid_name, run.reset)


def _exposures(run: Simulation, weights: Weights, wish: StopWish) -> tuple[float, ...]:
    """Measure whether the model knows the canaries, unless somebody stops it."""
    assert run.canaries is not None
    load_weights(run.model, dict(weights))
    try:
        return exposures(run.model, run.canaries, _progress(run, "measuring exposure", wish))
    except InterruptedError:
        return ()


def _progress(run: Simulation, what: str, wish: StopWish) -> Callable[[int, int], None]:
    """Return what reports how much is done, and raises InterruptedError if somebody stops it."""

    def progress(done: int, total: int) -> None:
        run.report(TextProgress(what, done, total))
        if wish:
            raise InterruptedError

    return progress
