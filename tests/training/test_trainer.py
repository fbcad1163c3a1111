import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from foreword.errors import TrainingError
from foreword.evaluation.perplexity import Score, score
from foreword.folder.config import ModelConfig
from foreword.models.build import build, weights_of
from foreword.models.model import Regularisation
from foreword.nn.dropout import Noise
from foreword.nn.sampled import Sampling
from foreword.text.windows import LineWindows, StreamWindows, Window
from foreword.training.checkpoint import Checkpoint, latest
from foreword.training.objective import NextWords
from foreword.training.progress import Event, Note, StepProgress, Validated, silent
from foreword.training.settings import TrainingSettings, settings_from
from foreword.training.trainer import ROLLBACKS, Run, train
from foreword.training.word_parts import word_parts

V = 20
TEXT = np.random.default_rng(0).integers(1, V, 3000) % np.tile([19, 5, 7], 1000)


def run_of(name: str = "lstm", sentence: bool = False, **leaves: object) -> Run:
    settings = settings_from(
        {"save_seconds": 1e9, "validations": 4, "learning_rate": 6e-3, **leaves}
    )
    generator = torch.Generator().manual_seed(7)
    window = 3 if name == "mlp-window" else 1
    config = ModelConfig(
        name=name, vocab_size=V, embedding_size=8, hidden_size=8, context_words=window
    )
    drop = Regularisation(input=0.2, output=0.2, recurrent=0.2, embedding=0.1)
    model = build(config, drop, generator)
    windows: StreamWindows | LineWindows = StreamWindows(
        TEXT, batch_size=4, window=10, jitter=True, seed=7
    )
    if sentence:
        windows = LineWindows(TEXT, batch_words=40, max_length=10, seed=7)
    return Run(NextWords(model, windows, settings, generator), settings, generator)


def words_of(run: Run) -> NextWords:
    assert isinstance(run.objective, NextWords)
    return run.objective


def go(
    run: Run,
    *,
    stop_after: float = math.inf,
    saved: list[Checkpoint] | None = None,
    report: Callable[[Event], None] = silent,
    validate: Callable[[], Score] | None = None,
    clock: Callable[[], float] = lambda: 0.0,
) -> bool:
    kept = [] if saved is None else saved
    return train(
        run,
        validate=validate,
        save=lambda checkpoint, changed: kept.append(checkpoint),
        should_stop=lambda: run.position.step >= stop_after,
        report=report,
        clock=clock,
    )


def everything(run: Run) -> dict[str, bytes | object]:
    checkpoint = run.capture()
    arrays = {k: v.tobytes() for k, v in checkpoint.arrays.items()}
    document = {k: v for k, v in checkpoint.document.items() if k != "settings"}
    return {**arrays, **document}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("lstm", False), ("gru", False), ("lstm-peephole", True), ("mlp-window", False)],
)
@pytest.mark.parametrize("stop_after", [1, 13])
@pytest.mark.parametrize("average", [0.0, 0.2])
def test_resuming_gives_the_same_weights_bit_for_bit(
    name: str, sentence: bool, stop_after: int, average: float, tmp_path: Path
) -> None:
    whole = run_of(name, sentence, steps=30, average=average)
    assert go(whole)

    first, saved = run_of(name, sentence, steps=30, average=average), []
    assert not go(first, stop_after=stop_after, saved=saved)
    saved[-1].write(tmp_path)
    second = run_of(name, sentence, steps=30, average=average)
    second.restore(latest(tmp_path))
    assert second.position.step == stop_after
    assert go(second)

    assert everything(second) == everything(whole)


@pytest.mark.parametrize("split", [True, False])
def test_resuming_under_muon_gives_the_same_weights_bit_for_bit(
    split: bool, tmp_path: Path
) -> None:
    muon = {"steps": 12, "optimiser": "muon", "muon_split": split}
    whole = run_of(**muon)
    assert go(whole)

    first, saved = run_of(**muon), []
    assert not go(first, stop_after=5, saved=saved)
    saved[-1].write(tmp_path)
    second = run_of(**muon)
    second.restore(latest(tmp_path))
    assert go(second)

    assert everything(second) == everything(whole)


@pytest.mark.parametrize("name", ["lstm", "mlp-window"])
def test_resuming_gives_the_same_weights_if_words_share_parts(name: str, tmp_path: Path) -> None:
    def run_that_shares() -> Run:
        run = run_of(name, steps=20, average=0.2, softmax_sample=2, softmax_head=3)
        parts = word_parts(tuple(f"word{number % 7}" for number in range(V)))
        embedding = words_of(run).model.embedding
        embedding.share(torch.from_numpy(parts.parts), torch.from_numpy(parts.offsets), parts.count)
        return Run(run.objective, run.settings, run.generator)

    whole, saved = run_that_shares(), []
    assert go(whole)
    first = run_that_shares()
    assert not go(first, stop_after=13, saved=saved)
    saved[-1].write(tmp_path)
    second = run_that_shares()
    second.restore(latest(tmp_path))
    assert go(second)
    assert everything(second) == everything(whole)

    table = words_of(second).model.embedding.table()
    np.testing.assert_array_equal(weights_of(second.model)["embedding.weight"], table.detach())
    second.load_best()
    assert dict(second.model.named_parameters()).keys() == second.best.keys()
    np.testing.assert_array_equal(
        weights_of(second.model)["embedding.weight"], second.best["embedding.weight"]
    )


def test_a_checkpoint_of_another_network_is_refused() -> None:
    saved: list[Checkpoint] = []
    go(run_of(steps=2), saved=saved)
    other = run_of("gru", steps=2)
    with pytest.raises(ValueError, match="not this model's"):
        other.restore(saved[-1])


RAMPS = {"batch_ramp": 0.8, "batch_start": 0.25, "window_ramp": 0.6, "window_start": 0.3}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("lstm", False), ("gru", False), ("lstm", True), ("mlp-window", False)],
)
@pytest.mark.parametrize("stop_after", [1, 6, 13])
def test_resuming_in_the_middle_of_a_ramp_gives_the_same_weights_bit_for_bit(
    name: str, sentence: bool, stop_after: int, tmp_path: Path
) -> None:
    ramps = {"batch_ramp": 0.8} if sentence else RAMPS
    whole = run_of(name, sentence, steps=30, **ramps)
    assert go(whole)

    first, saved = run_of(name, sentence, steps=30, **ramps), []
    assert not go(first, stop_after=stop_after, saved=saved)
    saved[-1].write(tmp_path)
    second = run_of(name, sentence, steps=30, **ramps)
    second.restore(latest(tmp_path))
    assert go(second)

    assert everything(second) == everything(whole)


def test_while_the_batch_grows_each_stream_goes_on_from_its_own_state() -> None:
    """The states are those that the same words give when all streams are read at once."""
    run = run_of(steps=40, batch_ramp=0.9, batch_start=0.25, learning_rate=1e-12)
    words_of(run).model.regularisation = Regularisation()
    words_of(run).model.recurrent.noise = Noise()  # type: ignore[attr-defined]
    read: list[list[int]] = [[] for _ in range(4)]
    turns: list[int] = []
    original = words_of(run).windows.next

    def spy(*shares: float) -> Window:
        window = original(*shares)
        for stream, words in zip(read[window.streams], window.inputs.T, strict=True):
            stream += words.tolist()
        turns.append(window.inputs.shape[1])
        return window

    words_of(run).windows.next = spy  # type: ignore[method-assign]
    go(run)
    assert turns[:4] == [1] * 4
    assert 2 in turns
    assert turns[-1] == 4
    assert words_of(run).state is not None
    with torch.no_grad():
        _, state = run.model(torch.tensor(read).T, words_of(run).model.start(4))
    for actual, expected in zip(words_of(run).state, state, strict=True):
        torch.testing.assert_close(actual, expected)


@pytest.mark.parametrize("optimiser", ["adamw", "muon"])
def test_training_lowers_the_loss_to_near_what_the_text_allows(optimiser: str) -> None:
    ids = np.tile([2, 3, 4, 5, 6, 7, 8, 1], 400)
    run = run_of(steps=200, learning_rate=0.02, optimiser=optimiser, muon_rate=2.0)
    words_of(run).windows = StreamWindows(ids, batch_size=4, window=10, seed=1)
    words_of(run).model.regularisation = Regularisation()
    go(run, validate=lambda: score(words_of(run).model, ids[:200]))
    assert score(words_of(run).model, ids).perplexity < 1.1


def test_gradients_flow_through_the_window_and_end_at_its_start() -> None:
    run = run_of(steps=2, clip=1e9)
    states: list[tuple[torch.Tensor, ...]] = []
    original = words_of(run).model.training_loss

    def spy(ids: torch.Tensor, targets: torch.Tensor, state: object, *rest: object) -> object:
        states.append(state)  # type: ignore[arg-type]
        return original(ids, targets, state, *rest)  # type: ignore[arg-type]

    words_of(run).model.training_loss = spy  # type: ignore[method-assign,assignment]
    go(run)
    assert all(not part.requires_grad for state in states for part in state)
    assert all((part == 0).all() for part in states[0])
    assert all((part != 0).any() for part in states[1])


def test_the_gradient_is_that_of_the_mean_over_words_and_its_norm_is_clipped() -> None:
    norms: list[float] = []

    def note(event: Event) -> None:
        if isinstance(event, StepProgress):
            norms.append(event.gradient_norm)

    run = run_of(steps=3, clip=1e-3, weight_decay=0.0)
    go(run, report=note)
    total = math.sqrt(
        sum(float(p.grad.square().sum()) for p in run.model.parameters() if p.grad is not None)
    )
    assert norms[-1] > 1e-3
    assert total == pytest.approx(1e-3, rel=1e-3)


def poison(run: Run, *, at: set[int], with_value: float = math.nan) -> None:
    """Makes the loss of some calls, counted over the whole run, go wrong."""
    original, calls = words_of(run).model.training_loss, iter(range(10_000))

    def loss(*arguments: object) -> object:
        value, *rest = original(*arguments)  # type: ignore[arg-type]
        return (value * with_value if next(calls) in at else value), *rest

    words_of(run).model.training_loss = loss  # type: ignore[method-assign,assignment]


def notes_of(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Note)]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_divergence_is_named_and_answered_by_going_back_with_half_the_rate(value: float) -> None:
    run, events, saved = run_of(steps=30), [], []
    poison(run, at={10}, with_value=value)
    assert go(run, report=events.append, saved=saved)

    (note,) = notes_of(events)
    assert "diverged at step 10: the loss became" in note
    assert "Back to step 0, with 0.5 times the learning rate" in note
    assert run.position.step == 30
    assert run.position.rate_scale == 0.5
    assert all(np.isfinite(array).all() for array in saved[-1].group("model").values())


def test_an_exploding_loss_is_a_divergence() -> None:
    run, events = run_of(steps=60), []
    poison(run, at=set(range(25, 55)), with_value=20.0)
    go(run, report=events.append)
    assert any("the loss exploded from" in note for note in notes_of(events))


def test_training_that_diverges_again_and_again_is_given_up_with_advice() -> None:
    run, events = run_of(steps=30), []
    poison(run, at=set(range(5, 10_000)))
    with pytest.raises(TrainingError, match=f"{ROLLBACKS + 1} times.*smaller learning_rate"):
        go(run, report=events.append)
    assert len(notes_of(events)) == ROLLBACKS
    assert all(bool(torch.isfinite(p).all()) for p in run.model.parameters())


def test_a_rate_that_is_far_too_large_ends_in_a_finite_model_all_the_same() -> None:
    run, events = run_of(steps=60, learning_rate=1e6, clip=1e9), []
    try:
        go(run, report=events.append)
    except TrainingError as error:
        assert "diverged" in str(error)
    assert all(np.isfinite(array).all() for array in run.best.values())


def scores(*nats: float) -> Callable[[], Score]:
    remaining: Iterator[float] = iter(nats)
    return lambda: Score(words=1, nats=next(remaining))


def test_the_weights_that_validate_best_are_kept() -> None:
    run, events = run_of(steps=40), []
    at_best: dict[str, np.ndarray] = {}

    def note(event: Event) -> None:
        events.append(event)
        if isinstance(event, Validated) and event.best:
            at_best.update({k: v.copy() for k, v in run.best.items()})

    go(run, report=note, validate=scores(3.0, 2.0, 2.5, 2.6))
    seen = [e for e in events if isinstance(e, Validated)]
    assert [e.best for e in seen] == [True, True, False, False]
    assert [e.step for e in seen] == [10, 20, 30, 40]
    assert all(np.array_equal(run.best[k], at_best[k]) for k in at_best)
    current = run.model.state_dict()
    assert any(not np.array_equal(run.best[k], current[k].numpy()) for k in at_best)


@pytest.mark.parametrize(("budget", "validated"), [({"minutes": 1}, 2), ({"steps": 120}, 4)])
def test_slow_validations_take_a_fifth_of_a_run_by_the_clock(
    budget: dict[str, int], validated: int
) -> None:
    now = 0.0
    times: list[float] = []

    def report(event: Event) -> None:
        nonlocal now
        now += 0.5 * isinstance(event, StepProgress)

    def validate() -> Score:
        nonlocal now
        now += 10.0
        times.append(now)
        return score(words_of(run).model, TEXT[:50])

    run = run_of(**budget)
    assert go(run, report=report, validate=validate, clock=lambda: now)
    assert len(times) == validated


def test_what_is_validated_and_kept_is_the_mean_of_the_weights() -> None:
    run = run_of(steps=12, average=0.25, validations=1)
    seen: list[dict[str, torch.Tensor]] = []
    validated: list[dict[str, torch.Tensor]] = []

    def weights() -> dict[str, torch.Tensor]:
        return {k: p.detach().clone() for k, p in run.model.named_parameters()}

    def note(event: Event) -> None:
        if isinstance(event, StepProgress):
            seen.append(weights())

    def validate() -> Score:
        validated.append(weights())
        return score(words_of(run).model, TEXT[:200])

    go(run, report=note, validate=validate)
    for name in seen[0]:
        mean = seen[0][name].double()
        for t, step in enumerate(seen[1:], start=1):
            mean += (step[name].double() - mean) / (1 + 0.25 * t)
        torch.testing.assert_close(validated[-1][name].double(), mean, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(
            torch.tensor(run.best[name]).double(), mean, rtol=1e-5, atol=1e-6
        )
        assert torch.equal(run.model.get_parameter(name), seen[-1][name])


def losses_asked(run: Run) -> list[tuple[Any, Any]]:
    """The sampling and the margin of the loss at each step of a whole run."""
    original, seen = words_of(run).model.training_loss, []

    def spy(*arguments: object) -> object:
        *_, sampling, margin = arguments
        seen.append((sampling, margin))
        return original(*arguments)  # type: ignore[arg-type]

    words_of(run).model.training_loss = spy  # type: ignore[method-assign,assignment]
    go(run)
    return seen


def test_a_part_of_the_vocabulary_stands_for_it_until_a_share_of_the_run() -> None:
    run = run_of(steps=20, softmax_sample=3, softmax_head=5, softmax_until=0.5)
    samples = [sampling for sampling, _ in losses_asked(run)]
    assert samples == [Sampling(5, 3)] * 10 + [None] * 10


def test_the_adversarial_margin_rises_from_nothing_to_its_end() -> None:
    margins = [margin for _, margin in losses_asked(run_of(steps=20, adversarial_margin=0.1))]
    assert margins == pytest.approx([0.1 * step / 20 for step in range(20)])


def test_a_rate_may_stay_at_its_peak_or_fall_to_a_share_of_it() -> None:
    rates: list[float] = []

    def note(event: Event) -> None:
        if isinstance(event, StepProgress):
            rates.append(event.learning_rate)

    go(run_of(steps=40, warmup=0.1, flat=0.5, final_share=0.1), report=note)
    assert rates[4:20] == [6e-3] * 16
    assert rates == sorted(rates[:5]) + sorted(rates[5:], reverse=True)
    assert 6e-4 <= rates[-1] < 7e-4


def test_patience_ends_a_run_that_no_longer_improves() -> None:
    run, events = run_of(steps=40, patience=2), []
    assert go(run, report=events.append, validate=scores(2.0, 2.1, 2.2, 1.0))
    assert run.position.step == 30
    assert any("2 validations without improvement" in note for note in notes_of(events))


def test_minutes_end_a_run_by_the_clock() -> None:
    ticks = iter(range(10_000))
    run = run_of(minutes=1.0)
    assert go(run, clock=lambda: float(next(ticks)))
    assert 60 <= run.position.seconds < 65
    assert run.position.step < 60


def test_checkpoints_are_saved_as_time_passes() -> None:
    ticks = iter(range(10_000))
    run, saved = run_of(steps=50, save_seconds=20), []
    go(run, saved=saved, clock=lambda: float(next(ticks)))
    steps = [checkpoint.step for checkpoint in saved]
    assert steps[0] == 0
    assert steps[-1] == 50
    assert len(steps) > 4


def test_a_checkpoint_replaces_the_one_before_and_damage_is_named(tmp_path: Path) -> None:
    run, saved = run_of(steps=5), []
    go(run, saved=saved)
    saved[0].write(tmp_path)
    (tmp_path / "training" / ".step-00000003.safetensors.x7").write_bytes(b"killed while writing")
    path = saved[-1].write(tmp_path)
    assert [p.name for p in (tmp_path / "training").iterdir()] == ["step-00000005.safetensors"]
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(TrainingError, match="no checkpoint can be read.*checksum"):
        latest(tmp_path)


def test_no_checkpoint_to_resume_from_says_so(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no checkpoint to resume from"):
        latest(tmp_path)


def test_a_checkpoint_holds_nothing_but_tensors_and_json(tmp_path: Path) -> None:
    run, saved = run_of(steps=3), []
    go(run, saved=saved)
    assert json.loads(json.dumps(saved[-1].document, allow_nan=False)) == saved[-1].document
    settings = TrainingSettings.checked(saved[-1].document["settings"])
    assert settings == run.settings
