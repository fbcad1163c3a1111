"""The scale-invariant coupled LSTM against its definition, computed unit by unit."""

import torch

from foreword.cells.registry import cell_for
from foreword.nn import Recurrent

T, B, I, H = 5, 3, 4, 6  # noqa: E741


def max_normalised(values: list[float]) -> list[float]:
    """Each value over the largest magnitude."""
    top = max(abs(value) for value in values)
    return [value / top if top else value for value in values]


@torch.no_grad()
def test_the_scale_invariant_cell_follows_its_definition_unit_by_unit() -> None:
    torch.manual_seed(1)
    layer = Recurrent("si-cifg", I, H, dtype=torch.float64)
    x = torch.randn(T, B, I, dtype=torch.float64)
    outputs, (_, last_c) = layer(x)
    for sequence in range(B):
        h, c = [0.0] * H, [0.0] * H
        for t in range(T):
            sums = [
                float(w_x @ x[t, sequence] + b_x + w_h @ torch.tensor(h).double() + b_h)
                for w_x, w_h, b_x, b_h in zip(
                    layer.weight_ih_l0,
                    layer.weight_hh_l0,
                    layer.bias_ih_l0,
                    layer.bias_hh_l0,
                    strict=True,
                )
            ]
            f = max_normalised([max(a, 0.0) for a in sums[:H]])
            g = max_normalised(sums[H : 2 * H])
            o = max_normalised([max(a, 0.0) for a in sums[2 * H :]])
            c = [f[k] * c[k] + (1 - f[k]) * g[k] for k in range(H)]
            h = [o[k] * m for k, m in enumerate(max_normalised(c))]
            torch.testing.assert_close(outputs[t, sequence], torch.tensor(h).double())
        torch.testing.assert_close(last_c[0, sequence], torch.tensor(c).double())


def test_scaling_a_gates_weights_and_biases_leaves_the_outputs_as_they_are() -> None:
    torch.manual_seed(2)
    layer = Recurrent("si-cifg", I, H, dtype=torch.float64)
    x = torch.randn(T, B, I, dtype=torch.float64)
    before, _ = layer(x)
    with torch.no_grad():
        for gate, factor in enumerate((3.0, 0.01, 700.0)):
            for parameter in layer.parameters():
                parameter[gate * H : (gate + 1) * H] *= factor
    after, _ = layer(x)
    torch.testing.assert_close(after, before)


def test_gates_of_zeros_stay_zeros_and_their_gradients_are_finite() -> None:
    cell = cell_for("si-cifg")
    x, zeros = torch.zeros(2, I, requires_grad=True), torch.zeros(2, H)
    weights = {
        name: torch.zeros(shape, requires_grad=True)
        for name, shape in cell.parameter_shapes(I, H).items()
    }
    (h, c), gates = cell.step(x, (zeros, zeros), weights)
    assert all((value == 0).all() for value in (h, c, *gates.values()))
    (h.sum() + c.sum()).backward()
    assert all(weight.grad.isfinite().all() for weight in weights.values())
