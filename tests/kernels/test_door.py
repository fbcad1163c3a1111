"""What reaches the loops in C++ is what they take it for: else the right numbers, or an error."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.needs import needs
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

import foreword.nn as ours
from foreword.kernels import native
from foreword.kernels.native import door
from foreword.kernels.native.module import call, loaded
from foreword.kernels.native.structs import Ranks, Softmax
from foreword.kernels.operator import bptt_forward
from foreword.kernels.problem import Problem

pytestmark = needs("kernels")

EXAMPLES = 120


def test_any_tensor_of_any_layer_may_be_any_other() -> None:
    script = Path(__file__).with_name("swapping.py")
    ended = subprocess.run(
        [sys.executable, script, str(EXAMPLES)], capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == 0, ended.stderr[-3000:]


def model(**options: Any) -> ours.LSTM:
    torch.manual_seed(0)
    return ours.LSTM(3, 4, 2, **options)


@pytest.mark.parametrize("name", ["weight_ih_l0", "weight_hh_l0", "bias_hh_l0", "weight_ih_l1"])
@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 2, 3)])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_a_parameter_of_another_dtype_is_refused_by_its_name(
    name: str, shape: tuple[int, ...], dtype: torch.dtype
) -> None:
    layer, x = model(), torch.randn(shape)
    layer.register_parameter(name, nn.Parameter(layer.get_parameter(name).detach().to(dtype)))
    for is_training in (False, True):
        with torch.set_grad_enabled(is_training):
            # torch's words and kind of error for the first weight: ValueError.
            kind = ValueError if name == "weight_ih_l0" else RuntimeError
            with pytest.raises(kind, match="weight dtype" if kind is ValueError else name):
                layer(x)


@pytest.mark.parametrize("name", ["weight_hh_l0", "bias_ih_l1"])
def test_a_parameter_that_was_never_loaded_is_refused_by_its_name(name: str) -> None:
    with torch.device("meta"):
        layer = model()
    saved = {k: v for k, v in model().state_dict().items() if k != name}
    layer.load_state_dict(saved, strict=False, assign=True)
    for shape in ((1, 1, 3), (5, 2, 3)):
        with torch.no_grad(), pytest.raises(RuntimeError, match=f"{name} is .* on meta.*no values"):
            layer(torch.randn(shape))


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_a_weight_that_is_no_parameter_is_asked_after_conversion_too(kind: Any) -> None:
    layer = kind(3, 4)
    weight = layer.weight_hh_l0.detach()
    del layer.weight_hh_l0
    layer.weight_hh_l0 = weight.double()
    ours.convert(layer)
    with torch.no_grad(), pytest.raises(RuntimeError, match="weight_hh_l0 is torch.float64"):
        layer(torch.randn(1, 1, 3))
    layer.weight_hh_l0 = weight
    with torch.no_grad(), ours.use("reference"):
        expected = layer(torch.ones(1, 1, 3))[0]
    with torch.no_grad():
        torch.testing.assert_close(layer(torch.ones(1, 1, 3))[0], expected)


def test_missing_biases_are_refused_by_their_name() -> None:
    layer = model()
    layer.bias_hh_l0 = None
    with pytest.raises(RuntimeError, match="bias_hh_l0 is None.*bias=False"):
        layer(torch.randn(5, 2, 3))


@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 2, 3)])
@pytest.mark.parametrize("name", ["weight_hh_l1", "bias_ih_l0"])
def test_a_weight_whose_storage_was_freed_is_refused(name: str, shape: tuple[int, ...]) -> None:
    layer, x = model(), torch.randn(shape)
    layer(x)
    layer.get_parameter(name).untyped_storage().resize_(0)
    plain = name.removesuffix("_l0").removesuffix("_l1")
    with torch.no_grad(), pytest.raises(RuntimeError, match=f"{plain} is without its memory"):
        layer(x)


DEFAULTS: dict[str, Callable[[], Any]] = {
    "float64 by default": lambda: torch.set_default_dtype(torch.float64),
    "meta by default": lambda: torch.set_default_device("meta"),
}


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 2, 3), (5, 2, 3)])
@pytest.mark.parametrize("name", DEFAULTS)
def test_memory_of_ones_own_is_float32_on_the_cpu_whatever_the_defaults_are(
    name: str, shape: tuple[int, ...]
) -> None:
    layer, x = model(), torch.randn(shape)
    lengths = torch.full((shape[1],), shape[0])
    with torch.no_grad():
        expected = layer(x)[0]
        try:
            DEFAULTS[name]()
            actual, ragged = layer(x)[0], layer(x, lengths=lengths)[0]
            layer.requires_grad_()
            with torch.enable_grad():
                trained = layer(x)[0]
        finally:
            torch.set_default_dtype(torch.float32)
            torch.set_default_device(None)
    for part in (actual, ragged, trained):
        assert part.dtype is torch.float32
        torch.testing.assert_close(part.detach(), expected)


def test_a_weight_that_was_cast_before_the_way_back_is_refused() -> None:
    layer = model()
    outputs, _ = layer(torch.randn(5, 2, 3))
    layer.weight_hh_l0.data = layer.weight_hh_l0.data.double()
    with pytest.raises(
        RuntimeError, match="in the backward pass a kernel .*neither float32.*Call backward before"
    ):
        outputs.sum().backward()


def test_what_hooks_make_of_saved_tensors_is_asked_too() -> None:
    layer = model()
    assert layer(torch.randn(5, 2, 3))[0].requires_grad
    with torch.autograd.graph.saved_tensors_hooks(Tensor.half, lambda part: part):
        outputs, _ = layer(torch.randn(5, 2, 3))
    with pytest.raises(RuntimeError, match="in the backward pass a kernel .*saved_tensors_hooks"):
        outputs.sum().backward()


@pytest.mark.parametrize("kind", ["negative", "expanded", "in columns"])
def test_incoming_gradients_may_be_laid_out_in_any_way(kind: str) -> None:
    layer, x = ours.GRU(3, 4), torch.randn(5, 2, 3)
    weights = list(layer.parameters())
    incoming = {
        "negative": torch._neg_view(torch.randn(5, 2, 4)),
        "expanded": torch.randn(1, 1, 4).expand(5, 2, 4),
        "in columns": torch.randn(4, 2, 5).transpose(0, 2),
    }[kind]
    actual = torch.autograd.grad(layer(x)[0], weights, incoming)
    with ours.use("reference"):
        expected = torch.autograd.grad(layer(x)[0], weights, incoming.resolve_neg().contiguous())
    torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "wrong",
    [
        torch.zeros(4, dtype=torch.float64),
        torch.zeros(4, device="meta"),
        torch.zeros(8)[::2],
        torch.zeros(4, dtype=torch.int64),
        torch.zeros(4).to_sparse(),
        "no tensor",
    ],
    ids=["float64", "meta", "gaps", "int64", "sparse", "text"],
)
def test_the_compiled_module_itself_refuses_what_it_would_misread(wrong: Any) -> None:
    module: Any = loaded()
    with pytest.raises(module.Misfit):
        module.are_within([wrong], 1.0)


TARGETS = torch.zeros(3, dtype=torch.int64)
ROWS_OF_LOGITS: dict[str, tuple[Any, ...]] = {
    "softmax": Softmax(
        3, 5, *map(torch.zeros, [(3, 5), 5]), TARGETS, *map(torch.zeros, [(3, 1), 3, 5])
    ),
    "ranks": Ranks(3, 5, -1, torch.zeros(3, 5), TARGETS, torch.zeros(3), torch.zeros_like(TARGETS)),
}


@pytest.mark.parametrize(
    ("name", "position"),
    [
        (name, k)
        for name, struct in ROWS_OF_LOGITS.items()
        for k, field in enumerate(struct)
        if isinstance(field, torch.Tensor)
    ],
)
@pytest.mark.parametrize("wrong", [None, 0, 7, torch.zeros(2), torch.zeros(2, dtype=torch.int64)])
def test_kernels_of_logits_refuse_any_tensor_that_is_absent_or_of_another_shape(
    name: str, position: int, wrong: Any
) -> None:
    struct = ROWS_OF_LOGITS[name]
    call(name, "float32", 1, 1, struct)
    inputs = (*struct[:position], wrong, *struct[position + 1 :])
    module: Any = loaded()
    with pytest.raises(module.Misfit):
        call(name, "float32", 1, 1, inputs)


def test_sizes_that_do_not_fit_are_refused_not_cut() -> None:
    with pytest.raises(RuntimeError, match="4294967297 is more than"):
        call("forward", "float32", 1, 1, ((1 << 32) + 1,))
    long = torch.zeros(1, 1, 1).expand(1 << 31, 1, 1)
    layer = ours.RNN(1, 1)
    weights = {name.removesuffix("_l0"): p for name, p in layer.named_parameters()}
    problem = Problem(layer.cell, long, (torch.zeros(1, 1),), weights)
    assert native.refusal(problem) == f"it counts rows to {door.LARGEST}"


@pytest.mark.parametrize("sizes", [[2, 1], [1, 3], [0, 4], [5, -1]])
def test_a_packed_sequence_whose_sizes_do_not_fit_is_refused(sizes: list[int]) -> None:
    packed = PackedSequence(torch.ones(4, 3), torch.tensor(sizes))
    for is_training in (False, True):
        with (
            torch.set_grad_enabled(is_training),
            pytest.raises(RuntimeError, match="has 4 rows, but batch_sizes .* pack_sequence"),
        ):
            model()(packed)


def test_the_operator_refuses_parameters_of_another_shape() -> None:
    layer = ours.GRU(3, 4)
    names = "x h weight_ih weight_hh bias_ih bias_hh"
    weights = [p.detach() for p in layer.parameters()]
    tensors = [torch.zeros(5, 2, 3), torch.zeros(2, 4), *weights]
    for k in range(2, 6):
        for cut in (tensors[k][:2], tensors[k][:0]):
            with pytest.raises(RuntimeError):
                bptt_forward("gru", names, [*tensors[:k], cut, *tensors[k + 1 :]])


@pytest.mark.parametrize("kind", [ours.GRU, ours.RNN, ours.LSTM])
@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (6, 3)])
def test_int8_clips_no_state_that_is_larger_than_1(kind: Any, shape: tuple[int, int]) -> None:
    torch.manual_seed(3)
    layer = kind(8, 16)
    x = torch.randn(*shape, 8)
    state = torch.full((1, shape[1], 16), 2.0)
    hx = (state, state) if kind is ours.LSTM else state
    with torch.no_grad():
        with ours.use(products="int8"):
            actual = layer(x, hx)[0], layer(x, hx, lengths=torch.full((shape[1],), shape[0]))[0]
        with ours.use("portable"):
            expected = layer(x, hx)[0]
    for part in actual:
        torch.testing.assert_close(part, expected, rtol=1e-4, atol=1e-5)


def test_int8_hides_no_nan() -> None:
    layer, x = ours.GRU(8, 16), torch.randn(2, 3, 8)
    x[1, 0, 2] = torch.nan
    with torch.no_grad(), ours.use(products="int8"):
        outputs, _ = layer(x)
    assert outputs[1, 0].isnan().all()
    assert not outputs[:, 1:].isnan().any()


def whole_sums() -> list[Any]:
    """What `sums` takes: a (3, 4), b (3, 5), and room for gradients (4, 5) and a column sum."""
    a, b = torch.randn(3, 4), torch.randn(3, 5)
    order = torch.arange(3)
    other = [5, b.clone(), order.clone(), torch.zeros(4, 5)]
    return [4, 3, a, 4, 5, b, order, torch.zeros(4, 5), *other, torch.zeros(4)]


@pytest.mark.parametrize(
    ("index", "wrong"),
    [
        (0, 5),
        (1, 4),
        (1, 0),
        (2, torch.zeros(2, 4)),
        (2, None),
        (3, 2),
        (3, 5),
        (3, 1 << 62),
        (4, 6),
        (4, -5),
        (5, torch.zeros(2, 5)),
        (5, None),
        (6, torch.arange(2)),
        (6, torch.tensor([0, 1, 3])),
        (6, torch.tensor([0, 1, -1])),
        (7, torch.zeros(3, 5)),
        (7, None),
        (9, torch.zeros(1, 5)),
        (10, torch.tensor([9, 0, 0])),
        (11, torch.zeros(4, 4)),
        (12, torch.zeros(3)),
    ],
)
def test_sums_refuse_tensors_of_other_sizes(index: int, wrong: Any) -> None:
    module: Any = loaded()
    arguments = whole_sums()
    module.sums(arguments, 0, 1)
    expected = arguments[2].t() @ arguments[5]
    torch.testing.assert_close(arguments[7], expected)
    torch.testing.assert_close(arguments[11], expected)
    arguments[index] = wrong
    with pytest.raises(module.Misfit):
        module.sums(arguments, 0, 1)


@pytest.mark.parametrize("format_", [-1, 2, 1 << 20])
def test_a_format_that_a_kernel_does_not_know_is_refused(format_: int) -> None:
    module: Any = loaded()
    with pytest.raises(module.Misfit, match=f"format {format_}"):
        module.sums(whole_sums(), format_, 1)


@pytest.mark.parametrize("kind", [ours.GRU, ours.RNN, ours.LSTM])
@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("shape", [(6, 3), (6, 1)])
def test_int8_shows_a_weight_that_is_not_finite(
    kind: Any, value: float, shape: tuple[int, int]
) -> None:
    """An int8 scale cannot hold such a weight: its unit is NaN, never a number made of the rest."""
    torch.manual_seed(3)
    x = torch.randn(*shape, 8)
    for name in ("weight_ih_l0", "weight_hh_l0", "weight_ih_l1"):
        layer = kind(8, 16, 2)
        with torch.no_grad(), ours.use(products="int8"):
            layer.get_parameter(name)[3, 2] = value
            lengths = torch.full(shape[1:], shape[0])
            for outputs, _ in (layer(x), layer(x, lengths=lengths)):
                assert outputs[:, :, 3].isnan().all()
