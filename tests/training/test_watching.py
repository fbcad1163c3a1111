"""Watching a run: what is seen is true, and the model becomes the same."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.training.test_trainer import go, run_of
from torch.nn import functional as F

import foreword
from foreword.errors import MissingExtraError
from foreword.folder.store import read_folder
from foreword.models.recurrent import RecurrentModel
from foreword.training.board import Board
from foreword.training.insight import look
from foreword.training.progress import Event, Insight, Note, Validated
from foreword.training.trainer import Run, train

CHATS = ["how are you ?", "i am fine , and you ?", "do you like tea ?", "i like it a lot ."] * 60


def model_of(name: str) -> RecurrentModel:
    run = run_of(name)
    assert isinstance(run.model, RecurrentModel)
    return run.model.double()


@pytest.mark.parametrize("name", ["rnn", "lstm", "lstm-peephole", "gru"])
def test_gradients_by_distance_equal_finite_differences(name: str) -> None:
    model = model_of(name).eval()
    generator = torch.Generator().manual_seed(3)
    ids = torch.randint(0, 20, (6, 1), generator=generator)
    targets = torch.randint(0, 20, (6, 1), generator=generator)
    start = model.start(1)
    distances, _ = look(model, ids, targets, start)

    def loss_after(step: int, state: Any) -> float:
        """Of the last word, with the state after `step` as given."""
        with torch.no_grad():
            if step == 5:
                scores = F.linear(state[0][-1], *model.output_layer())
            else:
                scores = model(ids[step + 1 :], state)[0][-1]
            return float(F.cross_entropy(scores, targets[-1]))

    for step in range(6):
        with torch.no_grad():
            after = model(ids[: step + 1], start)[1]
        slopes = []
        for unit in range(8):
            ends = []
            for sign in (1, -1):
                h, *rest = (part.clone() for part in after)
                h[0, 0, unit] += sign * 1e-6
                ends.append(loss_after(step, (h, *rest)))
            slopes.append((ends[0] - ends[1]) / 2e-6)
        norm = float(np.linalg.norm(slopes))
        assert float(distances["layer0.h"][5 - step]) == pytest.approx(norm, rel=1e-5, abs=1e-9)


def looked_at(run: Run, every: int) -> list[Event]:
    """What a run reports while every step whose number `every` divides is recorded."""
    events: list[Event] = []
    train(
        run,
        validate=None,
        save=lambda checkpoint, changed: None,
        should_stop=lambda: False,
        report=events.append,
        clock=lambda: 0.0,
        look_every=every,
    )
    return events


def test_looking_changes_neither_weights_nor_what_is_drawn() -> None:
    plain, watched = run_of("lstm", steps=30), run_of("lstm", steps=30)
    go(plain)
    events = looked_at(watched, every=7)
    looked = [event for event in events if isinstance(event, Insight)]
    assert [event.step for event in looked] == [0, 7, 14, 21, 28]
    for name, weight in plain.model.state_dict().items():
        assert torch.equal(weight, watched.model.state_dict()[name]), name
    assert torch.equal(plain.generator.get_state(), watched.generator.get_state())


def test_norms_by_layer_make_up_the_whole_gradients_norm() -> None:
    events = looked_at(run_of("gru", steps=1, clip=1e9), every=1)
    insight = next(event for event in events if isinstance(event, Insight))
    step = next(event for event in events if type(event).__name__ == "StepProgress")
    whole = np.sqrt(sum(norm**2 for norm in insight.gradients.values()))
    assert whole == pytest.approx(step.gradient_norm, rel=1e-5)  # type: ignore[union-attr]
    assert set(insight.gates) == {"layer0.r", "layer0.z", "layer0.n"}
    for gate in "rz":
        assert (
            0 <= insight.gates[f"layer0.{gate}"].min() <= insight.gates[f"layer0.{gate}"].max() <= 1
        )


@pytest.mark.parametrize("name", ["mlp-window", "rnn"])
def test_what_has_no_gates_shows_none(name: str) -> None:
    events = looked_at(run_of(name, steps=1), every=1)
    insight = next(event for event in events if isinstance(event, Insight))
    assert insight.gates == {}
    assert set(insight.distances) == ({"layer0.h"} if name == "rnn" else set())


def test_tensorboard_reads_what_was_written(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    text = tmp_path / "chats.txt"
    text.write_text("\n".join(CHATS), "utf-8")
    small = {"steps": 45, "model": "lstm", "batch_size": 4, "window": 8}
    foreword.train(text, out=tmp_path / "m", valid=text, watch=True, **small)
    foreword.train(text, out=tmp_path / "n", valid=text, **small)
    actual = EventAccumulator(str(tmp_path / "m" / "watch"))
    actual.Reload()
    scalars = actual.Tags()["scalars"]
    losses = [event.value for event in actual.Scalars("loss/training (nats a word, smoothed)")]
    assert len(losses) == 45
    assert losses[-1] < losses[0]
    assert [e.step for e in actual.Scalars("gradient by distance/layer0.c 004 back")] == [0, 20, 40]
    assert {"gradient by layer/recurrent.weight_hh_l0", "validation/perplexity"} <= set(scalars)
    assert {"saturated gates/layer0.f open", "saturated gates/layer0.o closed"} <= set(scalars)
    assert "gates/layer0.f" in actual.Tags()["histograms"]
    watched, plain = (read_folder(tmp_path / name).weights for name in "mn")
    assert all(np.array_equal(watched[name], plain[name]) for name in plain)


def test_a_fresh_run_forgets_what_was_written_and_a_resumed_one_goes_on(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    def written() -> list[tuple[int, float]]:
        actual = EventAccumulator(str(tmp_path))
        actual.Reload()
        return [(e.step, e.value) for e in actual.Scalars("validation/perplexity")]

    def validated(step: int, perplexity: float) -> Validated:
        return Validated(step, 0, 0.0, perplexity, 0.5, best=True)

    for first, steps in ((0, (1, 2, 3)), (2, (2, 3))):
        with Board(tmp_path, first) as board:
            for step in steps:
                board(validated(step, 10.0 * (first + 1)))
            board(Note("a note"))
    assert written() == [(1, 10.0), (2, 30.0), (3, 30.0)]
    with Board(tmp_path) as board:
        board(validated(1, 5.0))
    assert written() == [(1, 5.0)]


def test_without_tensorboard_it_is_said_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard.writer", None)
    with pytest.raises(MissingExtraError, match=r'pip install "foreword\[watch\]"'):
        foreword.train(tmp_path / "no.txt", out=tmp_path / "m", watch=True)
