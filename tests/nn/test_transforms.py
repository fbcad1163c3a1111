"""What the page "Coming from torch.nn" says of vectorised gradients, traces and autocast."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd.functional import hessian, jacobian
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import foreword.nn as ours
from foreword.cells.registry import NAMES

LAYERS: dict[str, Callable[[], ours.Recurrent]] = {
    **{name: lambda name=name: ours.Recurrent(name, 3, 4) for name in NAMES},
    "lstm in float64": lambda: ours.LSTM(3, 4, dtype=torch.float64),
    "lstm projected, both ways": lambda: ours.LSTM(3, 4, 2, bidirectional=True, proj_size=2),
}


def inputs_for(layer: nn.Module, *shape: int) -> Tensor:
    torch.manual_seed(1)
    return torch.randn(shape, dtype=next(layer.parameters()).dtype)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("lengths", [None, [3, 1]], ids=["whole", "lengths"])
def test_a_vectorised_jacobian_is_that_of_a_loop(name: str, lengths: list[int] | None) -> None:
    layer = LAYERS[name]()
    x = inputs_for(layer, 3, 2, 3)

    def outputs(x: Tensor) -> Tensor:
        actual: Tensor = layer(x, lengths=lengths)[0]
        return actual[-1]

    torch.testing.assert_close(jacobian(outputs, x, vectorize=True), jacobian(outputs, x))


@pytest.mark.parametrize("name", ["lstm", "gru", "lstm in float64"])
def test_a_vectorised_hessian_is_that_of_a_loop(name: str) -> None:
    layer = LAYERS[name]()
    x = inputs_for(layer, 2, 1, 3)

    def loss(x: Tensor) -> Tensor:
        actual: Tensor = layer(x)[0]
        return actual.square().sum()

    actual, expected = hessian(loss, x, vectorize=True), hessian(loss, x)
    torch.testing.assert_close(actual, expected)


def test_many_incoming_gradients_may_come_by_vmap() -> None:
    layer = ours.GRU(3, 4)
    x = inputs_for(layer, 3, 2, 3).requires_grad_()
    y = layer(x)[0]
    many = torch.randn(5, *y.shape)

    def back(d: Tensor) -> Tensor:
        return torch.autograd.grad(y, x, d, retain_graph=True)[0]

    torch.testing.assert_close(torch.func.vmap(back)(many), torch.stack([*map(back, many)]))


class Packing(nn.Module):
    """Packs, reads and pads."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor, lengths: Tensor) -> Any:
        packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
        outputs, last = self.layer(packed)
        outputs, _ = pad_packed_sequence(outputs)
        return (outputs, *last) if isinstance(last, tuple) else (outputs, last)


class WithLengths(Packing):
    """Reads a padded batch."""

    def forward(self, x: Tensor, lengths: Tensor) -> Any:
        outputs, last = self.layer(x, lengths=lengths)
        return (outputs, *last) if isinstance(last, tuple) else (outputs, last)


@pytest.mark.filterwarnings("ignore")  # torch's, that tracing will go
@pytest.mark.parametrize("wrap", [Packing, WithLengths])
@pytest.mark.parametrize("name", ["lstm", "gru", "lstm-layernorm", "lstm projected, both ways"])
def test_a_trace_with_lengths_takes_any_other_lengths(name: str, wrap: type[Packing]) -> None:
    model = wrap(LAYERS[name]())
    traced = torch.jit.trace(model, (torch.randn(5, 3, 3), torch.tensor([5, 2, 4])))
    for lengths in ([5, 2, 4], [3, 8, 1, 7], [2]):
        x = torch.randn(max(lengths), len(lengths), 3)
        inputs = x, torch.tensor(lengths)
        torch.testing.assert_close(traced(*inputs), model(*inputs))


class Tagger(nn.Module):
    """A layer and what its state and outputs are used for."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        outputs, last = self.layer(x, h)
        return outputs + last


def test_symbolic_tracing_records_one_call_of_a_layer() -> None:
    model = Tagger(ours.GRU(3, 4))
    traced = torch.fx.symbolic_trace(model)
    assert [n.target for n in traced.graph.nodes if n.op == "call_module"] == ["layer"]
    for shape in ((5, 2, 3), (2, 7, 3)):
        inputs = torch.randn(shape), torch.randn(1, shape[1], 4)
        torch.testing.assert_close(traced(*inputs), model(*inputs))


def test_symbolic_tracing_of_a_layer_alone_is_refused_with_what_to_do() -> None:
    with pytest.raises(
        RuntimeError, match=r"cannot look into foreword.nn.GRU.*a module that holds"
    ):
        torch.fx.symbolic_trace(ours.GRU(3, 4))


KINDS: dict[str, tuple[Any, dict[str, Any]]] = {
    "RNN": (nn.RNN, {}),
    "GRU": (nn.GRU, {}),
    "GRU, two layers": (nn.GRU, {"num_layers": 2, "bidirectional": True}),
    "LSTM": (nn.LSTM, {}),
    "LSTM, projected": (nn.LSTM, {"proj_size": 2}),
}


@pytest.mark.filterwarnings("ignore:TF32 acceleration:UserWarning")  # of mkldnn.flags
@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("is_packed", [False, True], ids=["padded", "packed"])
@pytest.mark.parametrize("state", [None, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", KINDS)
def test_autocast_on_a_cpu_gives_the_dtypes_and_nearly_the_numbers_that_torch_gives(
    name: str, state: torch.dtype | None, is_packed: bool
) -> None:
    kind, options = KINDS[name]
    torch.manual_seed(2)
    theirs = kind(3, 4, **options)
    mine = getattr(ours, kind.__name__)(3, 4, **options)
    mine.load_state_dict(theirs.state_dict())
    x = torch.randn(5, 2, 3)
    hx: Any = None
    if state is not None:
        hx = tuple(torch.zeros(part.shape, dtype=state) for part in mine.start(2))
        hx = hx if len(hx) > 1 else hx[0]

    def actual(layer: nn.Module) -> list[Tensor]:
        inputs = pack_padded_sequence(x, [5, 3]) if is_packed else x
        with torch.autocast("cpu", torch.bfloat16):
            outputs, last = layer(inputs, hx)
        outputs = outputs.data if is_packed else outputs
        return [outputs, *(last if isinstance(last, tuple) else (last,))]

    # Without AVX-512, oneDNN has no LSTM in bfloat16: torch fails. Its own loop has other dtypes.
    has_onednn = torch.ops.mkldnn._is_mkldnn_bf16_supported() or is_packed or kind is not nn.LSTM
    with torch.backends.mkldnn.flags(enabled=has_onednn):
        expected = actual(theirs)
    torch.testing.assert_close(actual(mine), expected, rtol=0.02, atol=0.02, check_dtype=has_onednn)
