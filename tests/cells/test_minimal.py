"""The minimal cells against what their paper writes, computed without a loop over time."""

import pytest
import torch
from torch import Tensor

from foreword.cells.registry import cell_for
from foreword.nn import Recurrent

T, B, I, H = 7, 3, 4, 5  # noqa: E741


def by_scan(keep: Tensor, new: Tensor, first: Tensor) -> Tensor:
    """h_t = keep_t h_(t-1) + new_t for all t at once: products of gates times what came in."""
    products = torch.cumprod(keep, 0)
    return products * (first + torch.cumsum(new / products, 0))


@pytest.mark.parametrize("name", ["mingru", "minlstm"])
def test_a_minimal_cell_is_a_scan_over_gates_of_the_input(name: str) -> None:
    torch.manual_seed(1)
    layer = Recurrent(name, I, H, dtype=torch.float64)
    x, first = torch.randn(T, B, I).double(), torch.randn(B, H).double()
    outputs, last = layer(x, first[None])
    a = x @ layer.weight_ih_l0.T + layer.bias_ih_l0
    if name == "mingru":
        z, n = a[..., :H].sigmoid(), a[..., H:]
        keep, take = z, 1 - z
    else:
        i, f, n = a[..., :H].sigmoid(), a[..., H : 2 * H].sigmoid(), a[..., 2 * H :]
        keep, take = f / (f + i), i / (f + i)
    torch.testing.assert_close(outputs, by_scan(keep, take * n, first))
    torch.testing.assert_close(last[0], outputs[-1])


def test_minimal_cells_have_no_recurrent_weights() -> None:
    for name, gates in (("mingru", 2), ("minlstm", 3)):
        shapes = cell_for(name).parameter_shapes(I, H)
        assert shapes == {"weight_ih": (gates * H, I), "bias_ih": (gates * H,)}
