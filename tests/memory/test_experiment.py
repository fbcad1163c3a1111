"""Networks learn, the same way each time; and what cannot be is refused in words."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Generator, nn

from foreword.cells.minimal import MinGRUCell
from foreword.cells.registry import NAMES as CELLS
from foreword.errors import SettingsError
from foreword.kernels import dispatch
from foreword.memory import NETWORKS, TASKS, Result, experiment
from foreword.memory.experiment import prepared, rate_at, run
from foreword.memory.gradients import gradient_norms
from foreword.memory.networks import RecurrentNetwork, build, count_parameters, set_chrono
from foreword.memory.tasks.task import Batch, loss_of
from foreword.memory.trial import trial_for


@pytest.mark.parametrize("cell", [*CELLS, "mlp-window"])
def test_every_network_learns_what_lies_within_its_reach(cell: str) -> None:
    result = experiment(
        "two-sequence", cell, lag=10, window=11, steps=400, check_every=25, learning_rate=0.01
    )
    assert result.solved, result.error
    assert result.error < 0.01
    assert result.curve[-1][0] == result.steps < 400


def test_what_lies_beyond_its_window_no_mlp_can_learn() -> None:
    result = experiment("irregular", "mlp-window", lag=12, window=5, steps=150)
    assert not result.solved
    assert result.error >= math.log(2) - 0.02  # guessing one of two
    assert result.gradients_before == result.gradients_after == {}


def test_a_trial_gives_the_same_result_each_time_and_another_with_another_seed() -> None:
    one, same, other = (
        experiment("adding", "gru", lag=10, seed=seed, steps=30, check_every=10)
        for seed in (1, 1, 2)
    )
    alike = replace(same, seconds=one.seconds, cpu_seconds=one.cpu_seconds)
    assert one == alike
    assert one.curve != other.curve
    assert [step for step, _, _ in one.curve] == [10, 20, 30]
    assert one.sequences == 30 * one.trial.batch_size


def test_all_cells_meet_the_same_sequences_and_every_seed_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task, met = TASKS["adding"], []
    draw = task.draw

    def noted(*arguments: Any) -> Batch:
        batch = draw(*arguments)
        met.append(batch.inputs.sum().item())
        return batch

    monkeypatch.setattr(task, "draw", noted)
    for cell, seed in (("lstm", 1), ("gru", 1), ("gru", 2)):
        experiment("adding", cell, lag=10, seed=seed, steps=3, check_every=3)
    each = len(met) // 3
    assert each > 6
    assert met[:each] == met[each : 2 * each]
    assert set(met[:each]).isdisjoint(met[2 * each :])


def test_kernels_give_the_same_result_to_rounding() -> None:
    one, other = (
        experiment("adding", "lstm", lag=10, steps=20, check_every=20, kernel=kernel)
        for kernel in ("reference", "portable")
    )
    assert one.error == pytest.approx(other.error, rel=1e-3)
    with pytest.raises(SettingsError, match="the kernels are"):
        experiment("adding", "lstm", lag=10, kernel="abacus")


def test_the_chosen_kernel_runs() -> None:
    trial = trial_for("adding", "lstm", 10, 1, steps=1, kernel="reference")
    with dispatch.recorded() as choices:
        run(trial)
    assert {choice.kernel.name for choice in choices} == {"reference"}


def test_a_run_that_diverges_counts_as_not_solved_and_is_told() -> None:
    result = experiment("adding", "rnn", lag=10, steps=50, learning_rate=1e30)
    assert result.diverged
    assert not result.solved
    assert result.steps < 50
    assert not math.isfinite(result.error)
    text = json.dumps(result.as_json(), allow_nan=False)
    again = Result.from_json(json.loads(text))
    assert again.trial == result.trial
    assert math.isnan(again.error)


def test_networks_get_about_as_many_parameters_as_each_other() -> None:
    for task in TASKS.values():
        lag = task.lags[0]
        sizes = [trial_for(task.name, cell, lag).parameters for cell in NETWORKS]
        most = max(abs(size / sizes[1 + CELLS.index("lstm")] - 1) for size in sizes)
        # Counting's networks are so small that one unit more or less is a fifth.
        assert most < (0.25 if task.name.startswith("an") else 0.06), task.name


@pytest.mark.parametrize("cell", NETWORKS)
def test_parameters_are_counted_as_torch_counts_them(cell: str) -> None:
    network = build(cell, 3, 2, 7, 4, Generator().manual_seed(1))
    assert count_parameters(cell, 3, 2, 7, 4) == sum(p.numel() for p in network.parameters())


def bias_of(network: nn.Module, gate: str) -> torch.Tensor:
    assert isinstance(network, RecurrentNetwork)
    layer, total = network.layer, torch.zeros(network.layer.hidden_size)
    for name, gates in (
        ("bias_ih_l0", layer.cell.gates),
        ("bias_hh_l0", layer.cell.recurrent_gates),
    ):
        if gate in gates:
            total = total + layer.get_parameter(name).chunk(len(gates))[gates.index(gate)]
    return total.detach()


@pytest.mark.parametrize(
    ("cell", "gate"),
    [
        ("lstm", "f"),
        ("lstm-peephole-only", "f"),
        ("lstm-coupled", "f"),
        ("gru", "z"),
        ("mingru", "z"),
        ("minlstm", "f"),
        ("slstm", "f"),
        ("rg-lru", "f"),
        ("sru", "f"),
        ("qrnn", "f"),
    ],
)
def test_the_gate_that_keeps_begins_where_it_is_told(cell: str, gate: str) -> None:
    network = prepared(trial_for("adding", cell, 10, forget_bias=3.0))
    assert bias_of(network, gate).tolist() == pytest.approx([3.0] * len(bias_of(network, gate)))


def test_the_gate_that_keeps_is_the_one_that_the_cell_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(MinGRUCell, "gates", ("stays", "n"))
    monkeypatch.setattr(MinGRUCell, "keep", "stays")
    network = prepared(trial_for("adding", "mingru", 10, forget_bias=3.0))
    assert set(bias_of(network, "stays").tolist()) == {3.0}


@pytest.mark.parametrize(("cell", "gate"), [("lstm", "f"), ("gru", "z")])
def test_chrono_lets_units_forget_in_every_time_up_to_the_lag(cell: str, gate: str) -> None:
    # Tallec & Ollivier (2018): b_f = log(U[1, T - 1]), b_i = -b_f.
    network = build(cell, 2, 1, 2000, 1, Generator().manual_seed(1))
    set_chrono(network, 100, Generator().manual_seed(2))
    times = bias_of(network, gate).exp()
    assert 1 <= times.min() < 1.5
    assert 98.5 < times.max() <= 99
    assert times.mean().item() == pytest.approx(50, rel=0.05)
    if cell == "lstm":
        assert torch.allclose(bias_of(network, "i"), -bias_of(network, "f"))


def test_an_annealed_rate_falls_from_the_whole_to_next_to_nothing() -> None:
    trial = trial_for("adding", steps=100, learning_rate=0.1, anneal=True)
    rates = [rate_at(trial, step) for step in range(1, 101)]
    assert rates[0] == 0.1
    assert rates == sorted(rates, reverse=True)
    assert rates[50] == pytest.approx(0.05)
    assert 0 < rates[-1] < 1e-4
    assert rate_at(replace(trial, anneal=False), 77) == 0.1


def test_gradient_norms_are_what_autograd_says_of_an_unrolled_network() -> None:
    task, lag = TASKS["adding"], 8
    network = prepared(trial_for("adding", "rnn", lag, hidden_size=5))
    assert isinstance(network, RecurrentNetwork)
    actual = gradient_norms(network, task, lag, Generator().manual_seed(3))["h"]

    batch = task.draw(lag, 32, Generator().manual_seed(3))
    w = {name.removesuffix("_l0"): p for name, p in network.layer.named_parameters()}
    h, states = torch.zeros(32, 5), []
    for x in batch.inputs:
        h = torch.tanh(x @ w["weight_ih"].T + w["bias_ih"] + h @ w["weight_hh"].T + w["bias_hh"])
        h.retain_grad()
        states.append(h)
    loss = loss_of("squared", network.readout(h), batch.targets) * 32
    loss.backward()  # type: ignore[no-untyped-call]
    expected = []
    for state in reversed(states):
        assert state.grad is not None
        expected.append(state.grad.norm(dim=1).mean().item())
    assert [distance for distance, _ in actual] == list(range(lag))
    assert [norm for _, norm in actual] == pytest.approx(expected, rel=1e-4)


def test_an_lstm_that_keeps_everything_carries_gradients_farther_than_an_rnn() -> None:
    task, lag = TASKS["adding"], 60
    share = {}
    for cell, state in (("rnn", "h"), ("lstm", "c")):
        network = prepared(trial_for("adding", cell, lag, forget_bias=6.0))
        norms = gradient_norms(network, task, lag, Generator().manual_seed(3))[state]
        share[cell] = norms[-1][1] / norms[0][1]
    assert share["lstm"] > 0.1
    assert share["rnn"] < 1e-4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"task": "adition"}, "no task 'adition'; the tasks are adding"),
        ({"task": "adding", "cell": "transformer"}, "no cell 'transformer'; the cells are mlp-win"),
        ({"task": "adding", "lag": 1}, "the lag is the length of a sequence, from 4 to 5000"),
        ({"task": "adding", "steps": 0}, "steps must be larger than 0"),
        ({"task": "adding", "learning_rate": -1.0}, "learning rate must be larger than 0"),
        ({"task": "adding", "hidden_size": 4, "parameters": 9}, "not both"),
        ({"task": "adding", "chrono": True, "forget_bias": 1.0}, "leave forget_bias out"),
    ],
)
def test_what_cannot_be_tried_is_refused_in_words(
    arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        experiment(**arguments)  # type: ignore[arg-type]


def test_counting_tells_how_far_it_reaches_and_uses_its_whole_budget() -> None:
    result = experiment("anbn", "lstm", lag=3, steps=300, hidden_size=6, learning_rate=0.03)
    assert result.steps == 300
    assert result.solved
    assert result.figures["reach"] >= 3
