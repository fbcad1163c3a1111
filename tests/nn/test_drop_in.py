"""Foreword's layers in the place of torch's: outputs, gradients, names, errors."""

import copy
import pickle
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import foreword.nn as ours

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")

NAMES = ["RNN", "LSTM", "GRU"]


def pair(name: str, **options: Any) -> tuple[nn.RNNBase, ours.Recurrent]:
    """A layer of torch's and ours, with the same weights."""
    theirs = getattr(nn, name)(3, 5, dtype=torch.float64, **options)
    mine = getattr(ours, name)(3, 5, dtype=torch.float64, **options)
    mine.load_state_dict(theirs.state_dict())
    return theirs, mine


def options_of(name: str) -> st.SearchStrategy[dict[str, Any]]:
    flags = {k: st.booleans() for k in ("bias", "batch_first", "bidirectional")}
    more: dict[str, st.SearchStrategy[Any]] = {"num_layers": st.integers(1, 3)}
    if name == "LSTM":
        more["proj_size"] = st.sampled_from([0, 2])
    if name == "RNN":
        more["nonlinearity"] = st.sampled_from(["tanh", "relu"])
    return st.fixed_dictionaries({**flags, **more})


def state_for(layer: nn.RNNBase, batch: int) -> Any:
    rows = layer.num_layers * (2 if layer.bidirectional else 1)
    generator = torch.Generator().manual_seed(1)

    def draw(size: int) -> Tensor:
        return torch.randn(rows, batch, size, dtype=torch.float64, generator=generator)

    if isinstance(layer, nn.LSTM):
        return draw(layer.proj_size or layer.hidden_size), draw(layer.hidden_size)
    return draw(layer.hidden_size)


def gradients(outputs: Tensor, x: Tensor, layer: nn.Module) -> tuple[Tensor, ...]:
    return torch.autograd.grad(outputs.square().sum(), [x, *layer.parameters()])


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=25)
@given(data=st.data(), first=st.integers(1, 5), second=st.integers(1, 5), with_state=st.booleans())
def test_outputs_states_and_gradients_are_torchs(
    name: str, data: st.DataObject, first: int, second: int, with_state: bool
) -> None:
    theirs, mine = pair(name, **data.draw(options_of(name)))
    assert list(mine.state_dict()) == list(theirs.state_dict())
    x = torch.randn(first, second, 3, dtype=torch.float64).requires_grad_()
    batch = first if theirs.batch_first else second
    hx = state_for(theirs, batch) if with_state else None

    expected, their_last = theirs(x, hx)
    actual, last = mine(x, hx)

    torch.testing.assert_close(actual, expected)
    torch.testing.assert_close(last, their_last)
    torch.testing.assert_close(gradients(actual, x, mine), gradients(expected, x, theirs))


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=25)
@given(data=st.data(), lengths=st.lists(st.integers(1, 6), min_size=1, max_size=4))
def test_lengths_and_packed_sequences_give_what_torch_gives_for_packed_ones(
    name: str, data: st.DataObject, lengths: list[int]
) -> None:
    theirs, mine = pair(name, **data.draw(options_of(name)))
    steps, batch = max(lengths), len(lengths)
    shape = (batch, steps, 3) if theirs.batch_first else (steps, batch, 3)
    x = torch.randn(shape, dtype=torch.float64).requires_grad_()
    hx = state_for(theirs, batch)
    is_sorted = data.draw(st.booleans())
    if is_sorted:
        lengths = sorted(lengths, reverse=True)
    packed = pack_padded_sequence(
        x, torch.tensor(lengths), batch_first=theirs.batch_first, enforce_sorted=is_sorted
    )

    their_packed, their_last = theirs(packed, hx)
    my_packed, my_last = mine(packed, hx)
    expected, _ = pad_packed_sequence(their_packed, batch_first=theirs.batch_first)
    actual, last = mine(x, hx, lengths=lengths)

    assert isinstance(my_packed, type(their_packed))
    torch.testing.assert_close(my_packed.data, their_packed.data)
    torch.testing.assert_close(my_packed.batch_sizes, their_packed.batch_sizes)
    torch.testing.assert_close(my_last, their_last)
    torch.testing.assert_close(actual, expected)
    torch.testing.assert_close(last, their_last)
    torch.testing.assert_close(gradients(actual, x, mine), gradients(expected, x, theirs))


@pytest.mark.parametrize("name", NAMES)
def test_without_a_batch_dimension_as_torch(name: str) -> None:
    theirs, mine = pair(name, num_layers=2, bidirectional=True)
    x = torch.randn(4, 3, dtype=torch.float64)
    hx = state_for(theirs, 1)
    hx = tuple(h[:, 0] for h in hx) if isinstance(hx, tuple) else hx[:, 0]

    torch.testing.assert_close(mine(x), theirs(x))
    torch.testing.assert_close(mine(x, hx), theirs(x, hx))


def test_the_same_seed_draws_the_same_weights_as_torch() -> None:
    for name in NAMES:
        torch.manual_seed(3)
        theirs = getattr(nn, name)(3, 5, num_layers=2, bidirectional=True)
        torch.manual_seed(3)
        mine = getattr(ours, name)(3, 5, num_layers=2, bidirectional=True)
        torch.testing.assert_close(mine.state_dict(), theirs.state_dict(), rtol=0, atol=0)


def test_arguments_by_position_are_torchs() -> None:
    assert ours.RNN(3, 4, 2, "relu", False, True, 0.5, True).nonlinearity == "relu"
    assert ours.LSTM(3, 4, 2, False, True, 0.5, True, 2).proj_size == 2
    assert ours.GRU(3, 4, 2, False, True, 0.5, True, None, torch.float64).batch_first


def zeros(*shape: int) -> Tensor:
    return torch.zeros(shape, dtype=torch.float64)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("x", "batch"),
    [
        (zeros(2, 3, 4), None),
        (torch.zeros(2, 3, 3), None),
        (zeros(0, 3, 3), None),
        (zeros(2, 2, 2, 3), None),
        (zeros(2, 4, 3), 3),
        (zeros(2, 3), 3),
    ],
    ids=["features", "dtype", "no steps", "4-D", "batch", "unbatched"],
)
def test_errors_are_torchs(name: str, x: Tensor, batch: int | None) -> None:
    theirs, mine = pair(name)
    hx = None if batch is None else state_for(theirs, batch)
    with pytest.raises((RuntimeError, ValueError)) as expected:
        theirs(x, hx)
    with pytest.raises(expected.type) as actual:
        mine(x, hx)
    assert str(actual.value) == str(expected.value).replace("4D instead", "4D tensor instead")


@pytest.mark.parametrize("name", NAMES)
def test_packed_sequences_of_other_features_are_refused(name: str) -> None:
    packed = pack_padded_sequence(zeros(2, 1, 4), torch.tensor([2]))
    with pytest.raises(RuntimeError, match=r"must be equal to input_size. Expected 3, got 4"):
        pair(name)[1](packed)


@pytest.mark.parametrize(
    "arguments",
    [
        {"hidden_size": 0},
        {"input_size": -1},
        {"input_size": 3.0},
        {"num_layers": 0},
        {"bias": 1},
        {"batch_first": "no"},
        {"dropout": 1.5},
        {"dropout": True},
        {"proj_size": 5},
        {"proj_size": -1},
    ],
    ids=str,
)
def test_bad_arguments_are_refused_in_torchs_words(arguments: dict[str, Any]) -> None:
    good = {"input_size": 3, "hidden_size": 5}
    with pytest.raises((ValueError, TypeError)) as expected:
        nn.LSTM(**{**good, **arguments})
    with pytest.raises(expected.type) as actual:
        ours.LSTM(**{**good, **arguments})
    assert str(actual.value) == str(expected.value)


def test_rnn_and_gru_refuse_projections_as_torch_does() -> None:
    for kind in (ours.RNN, ours.GRU):
        with pytest.raises(ValueError, match="only supported for LSTM, not RNN or GRU"):
            kind(3, 5, proj_size=2)


def test_dropout_with_one_layer_warns_as_torch_does() -> None:
    with pytest.warns(UserWarning, match="num_layers greater than 1"):
        ours.GRU(3, 5, dropout=0.5)


def test_dropout_keeps_the_expectation_and_is_off_in_evaluation() -> None:
    layer = ours.GRU(3, 400, 2, dropout=0.5)
    x = torch.randn(4, 2, 3)
    assert not torch.equal(layer(x)[0], layer(x)[0])
    layer.eval()
    assert torch.equal(layer(x)[0], layer(x)[0])


class Tagger(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.LSTM(3, 4, num_layers=2, batch_first=True, bidirectional=True)
        self.stack = nn.ModuleList([nn.GRU(8, 6), nn.RNN(6, 5, nonlinearity="relu")])
        self.again = self.stack[0]
        self.out = nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Tensor:
        x, _ = self.encoder(x)
        for layer in self.stack:
            x, _ = layer(x)
        actual: Tensor = self.out(x)
        return actual


def test_convert_swaps_layers_in_place_and_keeps_weights_and_outputs() -> None:
    model = Tagger().eval()
    x = torch.randn(2, 5, 3)
    expected, names = model(x), list(model.state_dict())
    parameters = {id(p) for p in model.parameters()}

    assert ours.convert(model) is model

    torch.testing.assert_close(model(x), expected)
    assert list(model.state_dict()) == names
    assert {id(p) for p in model.parameters()} == parameters
    assert type(model.encoder) is ours.LSTM
    assert model.again is model.stack[0]
    assert not model.encoder.training


def test_convert_hands_over_hooks_and_leaves_subclasses_alone() -> None:
    class Special(nn.LSTM):
        pass

    seen: list[str] = []
    model = nn.Sequential(nn.GRU(3, 4))
    model[0].register_forward_hook(lambda *_: seen.append("called"))
    ours.convert(model)(torch.zeros(2, 1, 3))
    assert seen == ["called"]
    special = Special(3, 4)
    assert ours.convert(special) is special
    assert type(ours.convert(nn.RNN(2, 2))) is ours.RNN


def test_code_written_for_torchs_layers_finds_what_it_calls() -> None:
    theirs, mine = pair("LSTM", num_layers=2, bidirectional=True)
    mine.flatten_parameters()
    assert [[tuple(w.shape) for w in ws] for ws in mine.all_weights] == [
        [tuple(w.shape) for w in ws] for ws in theirs.all_weights
    ]
    assert repr(mine) == f"foreword.nn.{theirs!r}"
    for name in NAMES:
        theirs, mine = pair(name)
        assert mine.mode == theirs.mode
        assert len(mine._flat_weights) == 4


def test_layers_are_copied_and_pickled() -> None:
    layer = ours.LSTM(3, 4, num_layers=2, dropout=0.5, generator=torch.Generator().manual_seed(1))
    x = torch.randn(5, 2, 3)
    layer.eval()
    torch.testing.assert_close(copy.deepcopy(layer)(x), layer(x))
    torch.testing.assert_close(
        pickle.loads(pickle.dumps(ours.GRU(3, 4).eval()))(x)[0].shape, (5, 2, 4)
    )


def test_weights_may_be_parametrised() -> None:
    layer = ours.GRU(3, 4)
    nn.utils.parametrizations.weight_norm(layer, "weight_hh_l0")
    layer(torch.randn(5, 2, 3))[0].sum().backward()
    assert all(p.grad is not None for p in layer.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_weights_may_be_tied(name: str) -> None:
    theirs, mine = pair(name, bidirectional=True, batch_first=True)
    x = torch.randn(4, 6, 3, dtype=torch.float64)
    for layer in (theirs, mine):
        layer.bias_ih_l0_reverse = layer.bias_ih_l0
        layer(x)[0].square().sum().backward()
    torch.testing.assert_close(mine(x), theirs(x))
    for a, b in zip(mine.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad)
    assert [len(weights) for weights in mine.all_weights] == [4, 4]
    assert mine.all_weights[1][2] is mine.bias_ih_l0


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
@pytest.mark.parametrize("name", [*NAMES, "PeepholeLSTM"])
def test_a_traced_layer_takes_other_lengths_and_batches_and_learns(name: str) -> None:
    layer = getattr(ours, name)(3, 4, num_layers=2, bidirectional=True)
    traced = torch.jit.trace(layer, torch.randn(5, 2, 3))
    x = torch.randn(9, 4, 3)
    torch.testing.assert_close(traced(x), layer(x))

    expected = torch.autograd.grad(layer(x)[0].square().sum(), list(layer.parameters()))
    actual = torch.autograd.grad(traced(x)[0].square().sum(), list(traced.parameters()))
    torch.testing.assert_close(actual, expected)
