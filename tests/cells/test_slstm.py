"""The sLSTM against the paper's equations without a stabiliser, and at gates that overflow."""

import numpy as np
import pytest
import torch
from torch import Tensor

from foreword.cells.registry import cell_for
from foreword.nn import Recurrent

T, B, I, H = 9, 3, 4, 5  # noqa: E741


def layer_of(activation: str = "sigmoid", dtype: torch.dtype = torch.float64) -> Recurrent:
    torch.manual_seed(1)
    layer = Recurrent("slstm", I, H, dtype=dtype, forget_activation=activation)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_()
    return layer


def by_the_paper(layer: Recurrent, x: Tensor, activation: str) -> tuple[np.ndarray, np.ndarray]:
    """h and C / N of every step, by the equations that overflow where gates are large."""
    w = {name[:-3]: value.detach().numpy() for name, value in layer.named_parameters()}
    h, C, N = (np.zeros((B, H)) for _ in range(3))
    shown, held = [], []
    for word in x.numpy():
        a = word @ w["weight_ih"].T + w["bias_ih"] + h @ w["weight_hh"].T + w["bias_hh"]
        a_i, a_f, a_z, a_o = np.split(a, 4, axis=1)
        i = np.exp(a_i)
        f = np.exp(a_f) if activation == "exp" else 1 / (1 + np.exp(-a_f))
        C = f * C + i * np.tanh(a_z)
        N = f * N + i
        h = 1 / (1 + np.exp(-a_o)) * C / N
        shown.append(h)
        held.append(C / N)
    return np.stack(shown), np.stack(held)


@pytest.mark.parametrize("activation", ["sigmoid", "exp"])
def test_h_and_the_memory_are_those_of_the_paper(activation: str) -> None:
    layer, x = layer_of(activation), torch.randn(T, B, I).double()
    outputs, _, trace = layer(x, return_trace=True)
    shown, held = by_the_paper(layer, x, activation)
    np.testing.assert_allclose(outputs.detach().numpy(), shown, rtol=1e-10)
    np.testing.assert_allclose(trace.layers[0].states["c"].detach().numpy(), held, rtol=1e-10)


@pytest.mark.parametrize("size", [-500.0, 500.0])
def test_a_factor_common_to_all_input_gates_cancels_even_where_exp_would_overflow(
    size: float,
) -> None:
    layer, x = layer_of(dtype=torch.float32), torch.randn(T, B, I)
    before, _ = layer(x)
    with torch.no_grad():
        layer.bias_ih_l0[:H] += size
    after, _ = layer(x)
    torch.testing.assert_close(after, before, rtol=1e-3, atol=1e-3)  # 500 leaves 5 digits of a_i
    after.sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in layer.parameters())


def test_the_shown_gates_are_shares_that_charge_and_hold_the_memory() -> None:
    layer, x = layer_of(), torch.randn(T, B, I).double()
    _, _, trace = layer(x, return_trace=True)
    gates, c = trace.layers[0].gates, trace.layers[0].states["c"]
    torch.testing.assert_close(gates["i"] + gates["f"], torch.ones(T, B, H).double())
    before = torch.cat([torch.zeros(1, B, H).double(), c[:-1]])
    torch.testing.assert_close(c, gates["f"] * before + gates["i"] * gates["g"])
    assert torch.equal(gates["f"][0], torch.zeros(B, H))  # there was nothing to hold


def test_a_state_that_no_step_has_made_is_read_without_overflow() -> None:
    # A translation model's decoder begins in tanh(W h), part by part.
    cell = cell_for("slstm")
    shapes = cell.parameter_shapes(I, H).items()
    weights = {name: 30 * torch.randn(shape) for name, shape in shapes}
    state = tuple(torch.rand(1000, H) * 2 - 1 for _ in cell.states)
    for _ in range(3):
        state, _ = cell.step(torch.randn(1000, I), state, weights)
        assert all(part.isfinite().all() for part in state)
        assert state[0].abs().max() <= 1 + 1e-5
