"""The quasi-recurrent network against convolutions over time, as its paper writes it."""

import pytest
import torch

from foreword.cells.registry import cell_for
from foreword.nn import Noise, Recurrent

T, B, I, H = 7, 3, 4, 5  # noqa: E741


def test_outputs_are_those_of_a_convolution_and_of_pooling() -> None:
    torch.manual_seed(1)
    layer = Recurrent("qrnn", I, H, dtype=torch.float64)
    x, c = torch.randn(T, B, I).double(), torch.randn(B, H).double()
    nothing = [torch.zeros(1, B, H).double() for _ in range(3)]
    outputs, last = layer(x, (nothing[0], c[None], *nothing))

    # One filter of two steps for each gate, over (B, I, T) with a zero in front of the text.
    filters = torch.stack([layer.weight_before_l0, layer.weight_ih_l0], 2)
    padded = torch.nn.functional.pad(x.permute(1, 2, 0), (1, 0))
    a = torch.nn.functional.conv1d(padded, filters, layer.bias_ih_l0).permute(2, 0, 1)
    f, g, o = a[..., :H].sigmoid(), a[..., H : 2 * H].tanh(), a[..., 2 * H :].sigmoid()
    memories = []
    for t in range(T):
        c = f[t] * c + (1 - f[t]) * g[t]
        memories.append(c)
    torch.testing.assert_close(outputs, o * torch.stack(memories))
    torch.testing.assert_close(last[1][0], c)


def test_a_text_read_in_parts_is_read_as_a_whole() -> None:
    torch.manual_seed(1)
    layer = Recurrent("qrnn", I, H, num_layers=2, dtype=torch.float64)
    x = torch.randn(T, B, I).double()
    whole, last = layer(x)
    state, parts = None, []
    for part in x.split([1, 4, 2]):
        output, state = layer(part, state)
        parts.append(output)
    torch.testing.assert_close(torch.cat(parts), whole)
    torch.testing.assert_close(state, last)


def test_it_has_no_recurrent_matrix() -> None:
    shapes = cell_for("qrnn").parameter_shapes(I, H)
    assert shapes == {
        "weight_ih": (3 * H, I),
        "bias_ih": (3 * H,),
        "weight_before": (3 * H, I),
    }


@pytest.mark.parametrize("name", ["qrnn", "slstm"])
def test_a_memory_is_dropped_where_there_are_more_parts_than_h_and_c(name: str) -> None:
    torch.manual_seed(1)
    layer = Recurrent(name, I, H, noise=Noise(memory=0.5))
    x = torch.randn(T, B, I)
    outputs, last = layer(x)
    assert len(last) == len(layer.cell.states)
    assert not torch.equal(outputs, layer.eval()(x)[0])
