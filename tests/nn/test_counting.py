"""What counters of other tools see of a layer's work."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import foreword.nn as ours


def counted(layer: nn.Module, *, with_gradients: bool) -> int:
    x = torch.randn(5, 2, 3, requires_grad=True)
    with FlopCounterMode(display=False) as counter, torch.set_grad_enabled(with_gradients):
        outputs = layer(x)[0]
        if with_gradients:
            outputs.sum().backward()
    return counter.get_total_flops()


# torch's LSTM is one operation of oneDNN's, of which its own counter knows nothing.
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True}])
@pytest.mark.parametrize("kind", [nn.GRU, nn.RNN])
def test_torchs_counter_sees_in_a_layer_what_it_sees_in_torchs(kind: type, options: dict) -> None:
    mine, theirs = getattr(ours, kind.__name__)(3, 4, **options), kind(3, 4, **options)
    forwards = counted(theirs, with_gradients=False)
    assert counted(mine, with_gradients=False) == ours.flops(mine, 5, 2) == forwards
    assert counted(mine, with_gradients=True) == 3 * forwards


@pytest.mark.parametrize("kind", [ours.LSTM, ours.PeepholeLSTM, ours.LayerNormGRU])
def test_a_counter_sees_cells_that_torch_does_not_have(kind: type[ours.Recurrent]) -> None:
    layer = kind(3, 4, 2, proj_size=2)
    expected = ours.flops(layer, 5, 2)
    assert counted(layer, with_gradients=False) == expected > 0
    assert counted(layer, with_gradients=True) >= 3 * expected


def test_a_mogrifiers_own_matrices_are_counted() -> None:
    plain, mogrified = ours.LSTM(3, 4), ours.MogrifierLSTM(3, 4, rounds=5)
    # Three products (I, H) and two (H, I) a step more.
    assert ours.flops(mogrified, 7) == ours.flops(plain, 7) + 7 * 2 * 5 * 3 * 4
