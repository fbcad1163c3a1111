"""How often a text will be read, and the dropout that follows from it."""

from pathlib import Path

import numpy as np
import pytest
import torch

import foreword
from foreword.folder.config import ModelConfig
from foreword.models.build import build
from foreword.text.windows import StreamWindows
from foreword.training.defaults import MARGIN, dropout_for, fill_in, leaves_dropout_open
from foreword.training.objective import NextWords
from foreword.training.pace import STEPS, expected_passes, words_per_second
from foreword.training.progress import Event, Note
from foreword.training.settings import BpttSettings, Budget, settings_from
from foreword.training.trainer import Run

BPTT = BpttSettings(batch_size=10, window=20)


@pytest.mark.parametrize(
    ("budget", "passes"),
    [
        (Budget(minutes=1), 6.0),
        (Budget(minutes=1, epochs=40), 6.0),
        (Budget(minutes=60, epochs=40), 40.0),
        (Budget(steps=100), 2.0),
        (Budget(minutes=1, steps=1000), 6.0),
    ],
)
def test_passes_are_those_until_the_first_end(budget: Budget, passes: float) -> None:
    assert expected_passes(budget, BPTT, 10_000, pace=1000.0) == passes


def test_minutes_that_reading_the_text_took_are_gone() -> None:
    assert expected_passes(Budget(minutes=1), BPTT, 10_000, pace=1000.0, seconds=30) == 3.0
    assert expected_passes(Budget(minutes=1), BPTT, 10_000, pace=1000.0, seconds=90) == 0.0


def test_the_pace_is_the_median_of_steps_after_the_first() -> None:
    settings = settings_from({"steps": 1_000_000, "learning_rate": 1e-3})
    generator = torch.Generator().manual_seed(1)
    config = ModelConfig(name="gru", vocab_size=9, embedding_size=4, hidden_size=4)
    windows = StreamWindows(np.arange(4000) % 9, batch_size=5, window=20)
    objective = NextWords(build(config, generator=generator), windows, settings, generator)
    run = Run(objective, settings, generator)
    now = 0.0

    def clock() -> float:  # a step takes 0.1 s or, of the first three, 0.3
        nonlocal now
        return now

    original = windows.next

    def slow(*shares: float) -> object:
        nonlocal now
        now += 0.3 if run.position.step < 3 else 0.1
        return original(*shares)

    windows.next = slow  # type: ignore[method-assign,assignment]
    assert words_per_second(run, clock=clock) == pytest.approx(5 * 20 / 0.1)
    assert run.position.step == STEPS
    words_per_second(run, 0.0, clock)
    assert run.position.step == STEPS + 1


def test_more_passes_get_more_dropout_within_bounds() -> None:
    rates = [dropout_for(10**5, passes) for passes in (0.0, 1, 2, 5, 7, 10, 1e9)]
    assert rates == sorted(rates)
    assert rates[3] < rates[4] < rates[5]
    assert rates[3] > dropout_for(70_000, 5)  # a larger network learns more by heart in each
    assert rates[0] >= 0
    assert rates[-1] <= 0.6


def test_a_text_of_a_small_language_gets_the_dropout_that_was_best_for_eight_passes() -> None:
    assert dropout_for(160_000, 8) == pytest.approx(0.4, abs=0.05)  # docs/explanation/decisions.md


def test_dropout_that_is_chosen_stays_whatever_the_passes() -> None:
    filled = fill_in(settings_from({"dropout": 0.35}), words=10**6, passes=100.0)
    assert filled.dropout.dropout_input == 0.35
    each = {"dropout_input": 0.1, "dropout_hidden": 0.2, "dropout_output": 0.3}
    filled = fill_in(settings_from(each), words=10**6, passes=100.0)
    assert {name: getattr(filled.dropout, name) for name in each} == each
    assert not leaves_dropout_open(settings_from(each).dropout)
    assert not leaves_dropout_open(settings_from({"dropout": 0.0}).dropout)
    assert leaves_dropout_open(settings_from({"dropout_input": 0.1}).dropout)


@pytest.mark.parametrize(("passes", "shared"), [(None, True), (1.9, False), (2.0, True)])
def test_words_share_parts_if_the_text_may_be_read_again(
    passes: float | None, shared: bool
) -> None:
    def filled(chosen: bool | None) -> bool | None:
        settings = settings_from({"share_parts": chosen})
        return fill_in(settings, words=10**6, passes=passes).model.share_parts

    assert filled(None) == shared
    assert filled(False) is False
    assert filled(True) is True


@pytest.mark.parametrize(("passes", "margin"), [(None, 0.0), (1.9, 0.0), (2.0, MARGIN)])
def test_targets_have_a_margin_if_the_text_is_read_again(
    passes: float | None, margin: float
) -> None:
    def filled(**leaves: object) -> float | None:
        return fill_in(settings_from(leaves), words=10**6, passes=passes).penalty.adversarial_margin

    assert filled() == margin
    assert filled(adversarial_margin=0.1) == 0.1
    assert filled(adversarial_margin=0.1, device="cuda") == 0.0
    assert filled(adversarial_margin=0.1, softmaxes=2) == 0.0
    assert filled(adversarial_margin=0.1, adaptive_clusters=2, tied=False) == 0.0


def test_words_do_not_share_parts_on_a_gpu() -> None:
    settings = settings_from({"device": "cuda", "share_parts": True})
    assert fill_in(settings, words=10**6).model.share_parts is False


def notes(folder: Path, **leaves: object) -> tuple[list[str], float]:
    text = folder / "text.txt"
    text.write_text("the cat sat on a mat . the dog sat on the cat .\n" * 90, encoding="utf-8")
    events: list[Event] = []
    sizes = {"hidden_size": 8, "batch_size": 4, "window": 20, "min_count": 1, "validations": 1}
    done = foreword.train(
        text, out=folder / "m", report=events.append, overwrite=True, **sizes, **leaves
    )
    assert done.config.training is not None
    rate = done.config.training.settings["dropout"]
    return [e.text for e in events if isinstance(e, Note) and "passes" in e.text], float(rate or 0)


def test_training_says_which_dropout_it_took_for_how_many_passes(tmp_path: Path) -> None:
    messages, few = notes(tmp_path, epochs=1)
    assert messages == [f"about 1.0 passes over the text: dropout {few:g}"]
    _, many = notes(tmp_path, epochs=24)
    assert few < many
    messages, _ = notes(tmp_path, epochs=2, minutes=5)
    assert "about 2.0 passes over the text, " in messages[0]
    assert " words/s: dropout " in messages[0]
    assert notes(tmp_path, epochs=1, dropout=0.25) == ([], 0.25)
