"""The simple recurrent unit against a loop over its paper's equations."""

import numpy as np
import torch

from foreword.cells.registry import cell_for
from foreword.nn import Recurrent

T, B, I, H = 7, 3, 4, 5  # noqa: E741


def sigmoid(a: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-a))


def test_outputs_are_those_of_the_papers_equations() -> None:
    torch.manual_seed(1)
    layer = Recurrent("sru", I, H, dtype=torch.float64)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_()
    x, h, c = torch.randn(T, B, I).double(), torch.randn(B, H).double(), torch.randn(B, H).double()
    outputs, last = layer(x, (h[None], c[None]))

    w = {name[:-3]: value.detach().numpy() for name, value in layer.named_parameters()}
    W, b, (v_f, v_r) = (
        w["weight_ih"].reshape(4, H, I),
        w["bias_ih"].reshape(4, H),
        w["weight_peephole"],
    )
    for sequence in range(B):
        memory = c[sequence].numpy()
        for t in range(T):
            word = x[t, sequence].numpy()
            f = sigmoid(W[0] @ word + b[0] + v_f * memory)
            r = sigmoid(W[2] @ word + b[2] + v_r * memory)
            memory = f * memory + (1 - f) * (W[1] @ word + b[1])
            shown = r * memory + (1 - r) * (W[3] @ word + b[3])
            np.testing.assert_allclose(outputs[t, sequence].detach().numpy(), shown, rtol=1e-10)
        np.testing.assert_allclose(last[1][0, sequence].detach().numpy(), memory, rtol=1e-10)


def test_a_unit_s_memory_depends_on_no_other_unit_s_past() -> None:
    torch.manual_seed(1)
    layer = Recurrent("sru", I, H)
    c = torch.zeros(1, 1, H, requires_grad=True)
    _, (_, after) = layer(torch.randn(T, 1, I), (torch.zeros(1, 1, H), c))
    for unit in range(H):
        (slope,) = torch.autograd.grad(after[0, 0, unit], c, retain_graph=True)
        assert slope[0, 0].nonzero().flatten().tolist() == [unit]


def test_it_has_no_recurrent_matrix() -> None:
    shapes = cell_for("sru").parameter_shapes(I, H)
    expected = {"weight_ih": (4 * H, I), "bias_ih": (4 * H,), "weight_peephole": (2, H)}
    assert shapes == expected
