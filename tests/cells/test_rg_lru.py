"""The real-gated linear recurrent unit against its paper's equations, and what they promise."""

import pytest
import torch
from torch import Tensor

from foreword.cells.registry import cell_for
from foreword.nn import Recurrent

T, B, I, H = 7, 3, 4, 5  # noqa: E741


def test_outputs_are_those_of_the_papers_equations() -> None:
    torch.manual_seed(1)
    layer = Recurrent("rg-lru", I, H, dtype=torch.float64)
    x, h = torch.randn(T, B, I).double(), torch.randn(B, H).double()
    outputs, _ = layer(x, h[None])

    W_f, W_i, W_n = layer.weight_ih_l0.chunk(3)
    b_f, b_i, b_n = layer.bias_ih_l0.chunk(3)
    a = torch.sigmoid(layer.recurrence_l0)
    for t in range(T):
        r = torch.sigmoid(x[t] @ -W_f.T - b_f)  # the paper's W_a and b_a are -W_f and -b_f
        i = torch.sigmoid(x[t] @ W_i.T + b_i)
        a_t = a ** (8 * r)
        h = a_t * h + torch.sqrt(1 - a_t**2) * (i * (x[t] @ W_n.T + b_n))
        torch.testing.assert_close(outputs[t], h)


def test_units_begin_by_keeping_between_900_and_999_thousandths() -> None:
    torch.manual_seed(1)
    layer = Recurrent("rg-lru", 2, 4000)
    kept = torch.sigmoid(layer.recurrence_l0.double()) ** 8
    assert 0.9 <= kept.min() < 0.901
    assert 0.998 < kept.max() <= 0.9991
    assert kept.mean().item() == pytest.approx((0.9 + 0.999) / 2, abs=2e-3)
    again = Recurrent("rg-lru", 2, 4000, generator=torch.Generator().manual_seed(5))
    same = Recurrent("rg-lru", 2, 4000, generator=torch.Generator().manual_seed(5))
    assert torch.equal(again.recurrence_l0, same.recurrence_l0)


def closed(layer: Recurrent, f: float, i: float) -> None:
    """Gates by their biases alone, and the input as the candidate."""
    H = layer.hidden_size
    with torch.no_grad():
        layer.weight_ih_l0.zero_()
        layer.weight_ih_l0[2 * H :] = torch.eye(H)
        layer.bias_ih_l0.zero_()
        layer.bias_ih_l0[:H], layer.bias_ih_l0[H : 2 * H] = f, i


def test_with_open_input_gates_the_variance_of_the_state_becomes_that_of_the_input() -> None:
    torch.manual_seed(1)
    layer = Recurrent("rg-lru", 40, 40)
    closed(layer, f=-30.0, i=30.0)  # r = 1: the longest memory is of 1,000 steps
    layer.recurrence_l0.data.clamp_(max=7.0)  # ... and now of 140
    outputs, _ = layer(torch.randn(700, 30, 40))
    assert outputs[-100:].var().item() == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("f", [20.0, 200.0, -200.0])
def test_gates_that_are_wholly_closed_or_open_leave_gradients_finite(f: float) -> None:
    torch.manual_seed(1)
    layer, h = Recurrent("rg-lru", H, H), torch.randn(1, B, H, requires_grad=True)
    closed(layer, f=f, i=0.0)
    outputs, _ = layer(torch.randn(T, B, H), h)
    outputs.square().sum().backward()
    gradients: list[Tensor | None] = [h.grad, *(p.grad for p in layer.parameters())]
    assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients)
    if f == 200.0:
        torch.testing.assert_close(outputs[-1], h[0], rtol=0, atol=1e-4)


def test_it_has_no_recurrent_matrix() -> None:
    shapes = cell_for("rg-lru").parameter_shapes(I, H)
    assert shapes == {"weight_ih": (3 * H, I), "bias_ih": (3 * H,), "recurrence": (H,)}
