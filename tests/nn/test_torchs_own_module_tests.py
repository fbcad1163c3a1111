"""The samples of PyTorch's own module tests, from the installed wheel, on our layers."""

from functools import cache
from typing import Any

import pytest
import torch
from torch import nn

import foreword.nn as ours

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")

LAYERS = (nn.RNN, nn.LSTM, nn.GRU)
CELLS = (nn.RNNCell, nn.LSTMCell, nn.GRUCell)


@cache
def info_of(kind: type[nn.Module]) -> Any:
    """What PyTorch's tests know of a module."""
    from torch.testing._internal.common_modules import module_db  # here, because it is slow

    (info,) = (info for info in module_db if info.module_cls is kind)
    return info


def samples(kind: type[nn.Module], dtype: torch.dtype, training: bool) -> list[Any]:
    more = {"with_packed_sequence": True} if kind in (nn.RNN, nn.GRU) else {}
    info = info_of(kind)
    actual: list[Any] = info.module_inputs_func(
        info, "cpu", dtype, requires_grad=True, training=training, **more
    )
    return actual


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("kind", LAYERS, ids=lambda kind: kind.__name__)
def test_samples_give_what_their_references_say(
    kind: type[nn.Module], dtype: torch.dtype, training: bool
) -> None:
    actual = samples(kind, dtype, training)
    assert len(actual) >= 16
    for sample in actual:
        make, call = sample.constructor_input, sample.forward_input
        theirs = kind(*make.args, **make.kwargs).to(dtype).train(training)
        mine = getattr(ours, kind.__name__)(*make.args, **make.kwargs).to(dtype).train(training)
        mine.load_state_dict(theirs.state_dict())
        result = mine(*call.args, **call.kwargs)
        torch.testing.assert_close(result, theirs(*call.args, **call.kwargs))
        if isinstance(call.args[0], torch.Tensor):
            expected = sample.reference_fn(mine, *call.args)
            torch.testing.assert_close(result, expected)


@pytest.mark.parametrize("kind", [*LAYERS, *CELLS], ids=lambda kind: kind.__name__)
def test_error_samples_raise_what_they_say(kind: type[nn.Module]) -> None:
    info = info_of(kind)
    actual = info.module_error_inputs_func(
        info, "cpu", torch.float64, requires_grad=False, training=True
    )
    assert len(actual) >= (10 if kind in LAYERS else 3)
    for sample in actual:
        make = sample.module_error_input.constructor_input
        call = sample.module_error_input.forward_input
        mine: Any = getattr(ours, kind.__name__)
        if sample.error_on.name == "CONSTRUCTION_ERROR":
            with pytest.raises(sample.error_type, match=sample.error_regex):
                mine(*make.args, **make.kwargs)
        else:
            layer = mine(*make.args, **make.kwargs)
            with pytest.raises(sample.error_type, match=sample.error_regex):
                layer(*call.args, **call.kwargs)


@pytest.mark.parametrize("kind", LAYERS, ids=lambda kind: kind.__name__)
def test_first_and_second_derivatives_of_the_samples(kind: type[nn.Module]) -> None:
    for sample in samples(kind, torch.float64, True)[::3]:
        make, call = sample.constructor_input, sample.forward_input
        if not isinstance(call.args[0], torch.Tensor):
            continue
        if make.kwargs.get("nonlinearity") == "relu":
            continue  # has no second derivative to speak of
        layer = getattr(ours, kind.__name__)(*make.args, **make.kwargs).double()
        x, *rest = call.args

        def outputs(x: torch.Tensor, layer: Any = layer, rest: Any = rest) -> Any:
            return layer(x, *rest)[0]

        assert torch.autograd.gradcheck(outputs, (x,))
        assert torch.autograd.gradgradcheck(outputs, (x,), fast_mode=True)


@pytest.mark.parametrize("kind", CELLS, ids=lambda kind: kind.__name__)
def test_samples_of_the_cells(kind: type[nn.Module]) -> None:
    actual = samples(kind, torch.float64, training=True)
    assert len(actual) >= 2
    for sample in actual:
        make, call = sample.constructor_input, sample.forward_input
        theirs = kind(*make.args, **make.kwargs).double()
        mine = getattr(ours, kind.__name__)(*make.args, **make.kwargs).double()
        mine.load_state_dict(theirs.state_dict())
        torch.testing.assert_close(mine(*call.args), theirs(*call.args))
        torch.testing.assert_close(mine(call.args[0]), theirs(call.args[0]))
        batch = call.args[0].repeat(3, 1)
        torch.testing.assert_close(mine(batch), theirs(batch))
        torch.testing.assert_close(mine(*call.args), sample.reference_fn(mine, *call.args))
