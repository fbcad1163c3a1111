import pytest
import torch
from torch import nn

from foreword.cells.registry import NAMES
from foreword.errors import SettingsError
from foreword.nn.recurrent import Recurrent


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("name", "peer"), [("rnn", nn.RNN), ("lstm", nn.LSTM), ("gru", nn.GRU)])
def test_stacked_layers_take_torch_weights_and_give_its_outputs(
    name: str, peer: type[nn.RNNBase]
) -> None:
    theirs = peer(4, 6, num_layers=3)
    ours = Recurrent(name, 4, 6, 3)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(5, 2, 4, generator=seeded())

    outputs, last = ours(x)
    expected, their_last = theirs(x)

    torch.testing.assert_close(outputs, expected)
    their_parts = their_last if isinstance(their_last, tuple) else (their_last,)
    torch.testing.assert_close(last, their_parts)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_weights_and_another_gives_others(name: str) -> None:
    one = Recurrent(name, 3, 4, generator=seeded(1)).state_dict()
    same = Recurrent(name, 3, 4, generator=seeded(1)).state_dict()
    other = Recurrent(name, 3, 4, generator=seeded(2)).state_dict()

    assert all(torch.equal(one[k], same[k]) for k in one)
    assert not torch.equal(one["weight_ih_l0"], other["weight_ih_l0"])


@pytest.mark.parametrize("name", ["lstm", "lstm-peephole", "lstm-peephole-only", "lstm-coupled"])
def test_the_forget_gate_begins_with_its_bias_in_all(name: str) -> None:
    layer = Recurrent(name, 3, 4, 2, forget_bias=1.5, generator=seeded())
    for k in range(2):
        rows = layer.cell.gates.index("f") * 4
        back = layer.cell.recurrent_gates.index("f") * 4
        total = (
            layer.get_parameter(f"bias_ih_l{k}")[rows : rows + 4]
            + layer.get_parameter(f"bias_hh_l{k}")[back : back + 4]
        )
        assert torch.equal(total, torch.full((4,), 1.5))


def test_dropout_acts_between_layers_and_only_while_training() -> None:
    x = torch.randn(5, 2, 3, generator=seeded())
    layer = Recurrent("gru", 3, 4, 2, dropout=0.5, generator=seeded())
    plain = Recurrent("gru", 3, 4, 2)
    plain.load_state_dict(layer.state_dict())

    assert not torch.equal(layer(x)[0], layer(x)[0])
    layer.eval()
    assert torch.equal(layer(x)[0], plain(x)[0])


def test_drop_connect_changes_outputs_and_its_gradients_reach_the_raw_weight() -> None:
    x = torch.randn(6, 2, 3, generator=seeded())
    layer = Recurrent("lstm", 3, 8, weight_dropout=0.5, generator=seeded())

    outputs, _ = layer(x)
    outputs.sum().backward()
    gradient = layer.get_parameter("weight_hh_l0").grad
    assert gradient is not None
    share = float((gradient == 0).float().mean())

    assert 0.3 < share < 0.7
    layer.eval()
    assert not torch.equal(outputs, layer(x)[0])


def test_gradients_flow_through_a_stack_to_every_parameter() -> None:
    for name in NAMES:
        layer = Recurrent(name, 3, 4, 2, generator=seeded())
        state = tuple(torch.rand(2, 2, 4, generator=seeded()) for _ in layer.cell.states)
        outputs, last = layer(torch.randn(5, 2, 3, generator=seeded()), state)
        (outputs.sum() + sum(part.sum() for part in last)).backward()
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in layer.parameters()), name


@pytest.mark.parametrize(
    ("shape", "message"),
    [((4, 2, 5), r"\(4, 2, 5\).*batch, 3"), ((0, 2, 3), "time > 0"), ((4, 3), r"\(4, 3\)")],
)
def test_wrong_input_shapes_are_refused_with_both_shapes(
    shape: tuple[int, ...], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        Recurrent("lstm", 3, 4)(torch.zeros(shape))


def test_a_state_of_another_batch_is_refused_with_both_shapes() -> None:
    layer = Recurrent("gru", 3, 4)
    with pytest.raises(SettingsError, match=r"state h has the shape \(1, 5, 4\).*\(1, 2, 4\)"):
        layer(torch.zeros(1, 2, 3), layer.start(5))
