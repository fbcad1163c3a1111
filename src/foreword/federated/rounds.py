"""The loop over rounds, for any clients. Has no equations.

In a round, people who have rested are chosen, each computes a change of the weights, and new
weights are made from the changes. All random choices come from seeds and the number of the round.
So a round that is repeated after a kill is the same round, including its noise, and reveals nothing
more.
"""

import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from secrets import randbits

import numpy as np

from foreword.errors import TrainingError
from foreword.evaluation.perplexity import score
from foreword.evaluation.report import evaluation_of
from foreword.federated.canaries import exposures
from foreword.federated.noise_tree import Draw, NoiseTree, gaussian
from foreword.federated.position import Position, chosen_people
from foreword.federated.rules import Task
from foreword.federated.run import Clients, Run
from foreword.federated.server import ServerState, Weights, fault_of, norm_of, server_round
from foreword.federated.writing import summary, write
from foreword.folder.config import Evaluation, FolderConfig
from foreword.folder.quantised import dense
from foreword.folder.store import read_config
from foreword.models.build import load_weights
from foreword.training.checkpoint import Checkpoint, forget, usable
from foreword.training.interrupt import StopWish, stop_on_signals
from foreword.training.keeping import Home
from foreword.training.next_words import EACH, SHORTEST_PASSAGE
from foreword.training.progress import Note, StepProgress, TextProgress, Validated
from foreword.training.session import Outcome


def carry_out(
    run: Run,
    *,
    out: Path,
    checkpoint: Checkpoint | None,
    seconds: float,
    on_start: Callable[[Path], None],
) -> Outcome[FolderConfig]:
    """Do all remaining rounds, in a folder that is claimed, or stop on request."""
    plan, settings = run.plan, run.plan.settings
    model_home = Home(out, is_begun=checkpoint is not None)
    position = _first(run, checkpoint, seconds, out)
    run.report(Note(summary(run)))
    draw = gaussian(position.noise_seed, sum(v.size for v in position.state.weights.values()))

    def save(at: Position) -> None:
        saved = at.checkpoint(settings, run.crowd.fingerprint)
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
    evaluation: Evaluation | None = None
    exposed: tuple[float, ...] = ()
    with stop_on_signals() as wish, run.crowd.clients(run.model, plan) as clients:
        saved_at = clock = time.monotonic()
        while position.state.round < settings.rounds and not wish:
            after = _round(run, clients, position, draw, wish)
            if after is None:
                break
            now = time.monotonic()
            position = replace(after, seconds=position.seconds + now - clock)
            clock = now
            _validate(run, position)
            # Devices do not give the same answer twice. Each of their rounds is saved, so that none
            # is repeated: the same noise on another sum would reveal the difference.
            if not run.crowd.repeats or now - saved_at >= settings.save_seconds:
                save(position)
                saved_at = time.monotonic()
        save(position)
        ends = position.state.round >= settings.rounds
        if ends and run.valid is not None:
            evaluation = _evaluation(run, position.state.weights, wish)
        if ends and run.crowd.canaries is not None:
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
            forget(model_home.folder)  # the noise's seed, which is no longer needed
    else:
        config = read_config(model_home.folder)
    stopped_by = None if wish.signal is None else wish.signal.name
    return Outcome(config, stopped_by=stopped_by, is_staged=model_home.is_staged)


def _first(run: Run, checkpoint: Checkpoint | None, seconds: float, out: Path) -> Position:
    """Return the position at which the run begins or continues."""
    plan, settings = run.plan, run.plan.settings
    tree = NoiseTree(settings.restart, settings.variance_reduction)
    weights = dense(run.folder.weights)
    if checkpoint is None:
        seed = randbits(128) if settings.noise_seed is None else settings.noise_seed
        last = np.full(plan.people, -1, dtype=np.int64)
        return Position(ServerState(weights, tree=tree), last, seconds, seed)
    if checkpoint.document.get("people") != run.crowd.fingerprint:
        raise TrainingError(
            "the people's text is not the one that this run was started with, or others take part. "
            "Give the same text, or begin anew."
        )
    with usable(out):
        position = Position.restored(checkpoint, tree, weights)
        if position.last.shape != (plan.people,):
            raise ValueError("it is of another number of people")
        return position


def _round(run: Run, clients: Clients, at: Position, draw: Draw, wish: StopWish) -> Position | None:
    """Return the position after one more round; None if it was interrupted."""
    plan, number, began = run.plan, at.state.round, time.monotonic()
    chosen = chosen_people(at.last, number, plan)
    tasks = [Task(person, (plan.settings.seed, 1, number, person)) for person in map(int, chosen)]
    outcomes = clients.learned(at.state.weights, tasks, wish, plan.settings.rounds - number)
    if outcomes is None:
        return None
    last = at.last.copy()
    last[chosen] = number
    updates = [outcome.update for outcome in outcomes]
    counted = [outcome for outcome in outcomes if math.isfinite(outcome.nats)]
    nats = sum(outcome.nats * outcome.update.words for outcome in counted)
    nats /= max(1, sum(outcome.update.words for outcome in counted))
    state = server_round(at.state, updates, plan.server, draw)
    if dropped := state.dropped - at.state.dropped:
        longest = plan.server.longest
        fault = next(filter(None, (fault_of(one, at.state.weights, longest) for one in updates)))
        told = f"{dropped} of {len(updates)} changes were dropped, the first since {fault}"
        run.report(Note(f"round {state.round}: {told}"))
    usable = state.received - at.state.received
    if usable < plan.settings.min_clients:
        # Nothing of this round is kept, so repeating it with the same noise reveals nothing.
        raise TrainingError(
            f"in round {state.round}, {usable:,} of {len(chosen):,} clients gave a change that can "
            f"be used, and min_clients is {plan.settings.min_clients:,}. The rounds before are "
            "kept: resume the run once enough clients answer."
        )
    if not all(np.isfinite(value).all() for value in state.weights.values()):
        raise TrainingError(
            f"after round {state.round} the weights are no numbers any more. What was saved before "
            "is kept. Begin anew with a smaller server_rate, client_rate or noise."
        )
    _show(run, at, state, nats, time.monotonic() - began)
    return replace(at, state=state, last=last)


def _show(run: Run, at: Position, state: ServerState, nats: float, seconds: float) -> None:
    """Report a round."""
    done = state.round / run.plan.settings.rounds
    so_far = at.seconds + seconds
    run.report(
        StepProgress(
            step=state.round,
            words_seen=state.words * run.plan.client.passes,
            epochs=state.words / (run.crowd.words or max(1, state.words)),
            words_per_second=(state.words - at.state.words) / max(seconds, 1e-9),
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


def _validate(run: Run, at: Position) -> None:
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


def _evaluation(run: Run, weights: Weights, wish: StopWish) -> Evaluation | None:
    """Measure the weights on all of the held-out text, unless it is interrupted."""
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


def _exposures(run: Run, weights: Weights, wish: StopWish) -> tuple[float, ...]:
    """Measure whether the model knows the canaries, unless it is interrupted."""
    assert run.crowd.canaries is not None
    load_weights(run.model, dict(weights))
    try:
        return exposures(run.model, run.crowd.canaries, _progress(run, "measuring exposure", wish))
    except InterruptedError:
        return ()


def _progress(run: Run, what: str, wish: StopWish) -> Callable[[int, int], None]:
    """Return a function that reports progress, and raises InterruptedError on interruption."""

    def progress(done: int, total: int) -> None:
        run.report(TextProgress(what, done, total))
        if wish:
            raise InterruptedError

    return progress
