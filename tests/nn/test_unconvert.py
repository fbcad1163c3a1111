"""The way back from `convert`: torch's own layers, with all that they carry."""

import copy
import logging
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from tests.nn.test_convert import CARRIED, KINDS, Model, assert_alike, behaviour, model_with
from torch import nn

import foreword.nn as ours
from foreword.errors import ConversionError

pytestmark = [
    pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm` is deprecated"),
    pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN"),
]


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
@pytest.mark.parametrize("add", CARRIED)
def test_there_and_back_a_layer_is_torchs_again_bit_for_bit(
    add: Callable[..., Any], kind: str
) -> None:
    untouched, model = model_with(kind, add), model_with(kind, add)
    layer, parameters = model.body["rnn"], [id(p) for p in model.parameters()]

    assert ours.unconvert(ours.convert(model)) is model

    assert model.body["rnn"] is layer
    assert [id(p) for p in model.parameters()] == parameters
    assert layer.__class__.__mro__[1:] == untouched.body["rnn"].__class__.__mro__[1:]
    assert layer.__class__.__name__ == untouched.body["rnn"].__class__.__name__
    assert vars(layer).keys() == vars(untouched.body["rnn"]).keys()
    actual, expected = behaviour(model), behaviour(untouched)
    assert_alike(actual, expected)
    for a, b in zip(actual["outputs"], expected["outputs"], strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_of_ours_becomes_torchs(kind: str) -> None:
    theirs = KINDS[kind]()
    mine = ours.convert(copy.deepcopy(theirs))
    fresh = type(mine)(
        *(3, 4, theirs.num_layers),
        batch_first=theirs.batch_first,
        bidirectional=theirs.bidirectional,
        **({"proj_size": theirs.proj_size} if kind.startswith("LSTM") else {}),
        **({"nonlinearity": "relu"} if kind == "RNN" else {}),
    )
    fresh.load_state_dict(theirs.state_dict())
    x = torch.randn(2, 5, 3)

    ours.unconvert(fresh)

    assert type(fresh) is type(theirs)
    assert repr(fresh) == repr(theirs)
    assert torch.equal(fresh(x)[0], theirs(x)[0])
    for twin in (copy.deepcopy(fresh), pickle.loads(pickle.dumps(fresh))):
        assert torch.equal(twin(x)[0], theirs(x)[0])


def test_layers_that_torch_does_not_have_are_left_and_named_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Mine(ours.LSTM):
        pass

    layers = [
        ours.LSTM(3, 3),
        ours.PeepholeLSTM(3, 3),
        ours.GRU(3, 3, reset_after=False),
        ours.LSTM(3, 3, cell_clip=1.0, noise=ours.Noise(hidden=0.5)),
        ours.Recurrent("gru", 3, 3, proj_size=2),
        Mine(3, 3),
        ours.Recurrent("gru", 3, 3),
    ]
    model = nn.ModuleList(layers)
    classes = [type(layer) for layer in layers]

    with caplog.at_level(logging.WARNING, "foreword.nn"):
        ours.unconvert(model)

    assert [type(layer) for layer in model] == [nn.LSTM, *classes[1:-1], nn.GRU]
    (record,) = caplog.records
    message = record.getMessage()
    assert message.startswith("unconvert did not change these")
    for part in (
        "1 (PeepholeLSTM of a class or a cell that torch does not have)",
        "2 (GRU with reset_after)",
        "3 (LSTM with cell_clip, noise)",
        "4 (Recurrent with proj_size)",
        "5 (Mine of a class",
    ):
        assert part in message


def test_what_would_not_work_as_before_is_refused_and_nothing_is_changed() -> None:
    model = nn.Sequential(ours.GRU(3, 4), ours.LSTM(4, 4))
    before = model[1].forward
    model[1].forward = lambda x: before(2 * x)
    with pytest.raises(
        ConversionError, match=r"^nothing was converted:\n- 1 \(LSTM\) has its own f"
    ):
        ours.unconvert(model)
    assert [type(layer) for layer in model] == [ours.GRU, ours.LSTM]


def test_a_shared_layer_stays_shared() -> None:
    model = nn.Module()
    model.first = model.second = ours.LSTM(3, 3)
    model.stack = nn.ModuleList([model.first])
    ours.unconvert(model)
    assert type(model.first) is nn.LSTM
    assert model.first is model.second is model.stack[0]


def test_an_average_of_weights_goes_there_and_back() -> None:
    model = Model(nn.LSTM(3, 4))
    x = torch.randn(5, 2, 3)
    averaged = torch.optim.swa_utils.AveragedModel(ours.convert(model))
    averaged.update_parameters(model)
    expected = averaged(x)
    ours.unconvert(averaged)
    assert type(averaged.module.body["rnn"]) is nn.LSTM
    torch.testing.assert_close(averaged(x), expected)
