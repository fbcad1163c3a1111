"""Swaps one tensor of a layer for another kind, and says what came of it: run by `test_door`.

A process of its own, since what is looked for is a crash. The name of each case is written to
standard error before it is tried, so that the last line tells which one ended the process.
"""

import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

if "FOREWORD_NATIVE" in os.environ:  # as for the test that runs this: `make sanitize`
    import built_elsewhere  # noqa: F401

import foreword.nn as ours
from foreword.cells.registry import NAMES

REFUSALS = (RuntimeError, ValueError, TypeError, NotImplementedError, AttributeError)


class Subclass(Tensor):
    """A tensor of somebody's own kind."""


class ParameterOfOnesOwn(nn.Parameter):
    """A parameter of somebody's own kind."""


def freed(w: Tensor) -> Tensor:
    w = w.clone()
    w.untyped_storage().resize_(0)
    return w


def shrunk(w: Tensor) -> Tensor:
    w = w.clone()
    w.untyped_storage().resize_(max(w.nbytes // 2, 1))
    return w


def at_an_offset(w: Tensor) -> Tensor:
    return torch.cat([torch.full((5,), 1e9), w.flatten(), torch.full((5,), 1e9)])[5:-5].view(
        w.shape
    )


def in_columns(w: Tensor) -> Tensor:
    return w.t().contiguous().t() if w.dim() == 2 else torch.stack([w, w + 1e9], -1)[..., 0]


def with_gaps(w: Tensor) -> Tensor:
    return torch.cat([w, torch.full_like(w, 1e9)], -1)[..., : w.shape[-1]]


def turned(w: Tensor) -> Tensor:
    return w.t().contiguous() if w.dim() == 2 else w.unsqueeze(0)


def fake(w: Tensor) -> Tensor:
    return FakeTensorMode().from_tensor(w)


def quantised(w: Tensor) -> Tensor:
    return torch.quantize_per_tensor(w, 0.1, 0, torch.qint8)


# What the equations make of it, where they make anything: the same numbers, laid out otherwise.
ALIKE: dict[str, Callable[[Tensor], Any]] = {
    "the same": torch.clone,
    "at an offset": at_an_offset,
    "in columns": in_columns,
    "with gaps": with_gaps,
    "expanded": lambda w: w[:1].expand(w.shape),
    "negative": lambda w: torch._neg_view(-w),
    "of a subclass": lambda w: w.clone().as_subclass(Subclass),
    "a parameter of a subclass": lambda w: ParameterOfOnesOwn(w.clone()),
    "made in inference mode": lambda w: in_inference_mode(w),
    "sparse": lambda w: w.to_sparse(),
    "mkldnn": lambda w: w.to_mkldnn(),
}
OTHERS: dict[str, Callable[[Tensor], Any]] = {
    "float64": Tensor.double,
    "float16": Tensor.half,
    "bfloat16": Tensor.bfloat16,
    "complex64": lambda w: w.to(torch.complex64),
    "int32": Tensor.int,
    "meta": lambda w: w.to("meta"),
    "quantised": quantised,
    "nested": lambda w: torch.nested.nested_tensor(list(w)) if w.dim() > 1 else w.double(),
    "fake": fake,
    "of zeros without memory": lambda w: torch._efficientzerotensor(w.shape),
    "functional": torch._to_functional_tensor,
    "freed": freed,
    "shrunk": shrunk,
    "turned": turned,
    "without rows": lambda w: w[:0],
    "a row less": lambda w: w[1:],
    "None": lambda w: None,
}
LAYERS: dict[str, Callable[[], ours.Recurrent]] = {
    **{name: lambda name=name: ours.Recurrent(name, 3, 4, 2) for name in NAMES},
    "gru reset before": lambda: ours.GRU(3, 4, 2, reset_after=False),
    "rnn relu": lambda: ours.RNN(3, 4, 2, "relu"),
    "lstm projected": lambda: ours.LSTM(3, 4, 2, proj_size=2),
    "gru-layernorm projected": lambda: ours.LayerNormGRU(3, 4, 2, proj_size=2),
    "lstm clipped": lambda: ours.LSTM(3, 4, 2, cell_clip=1.0),
    "lstm both ways": lambda: ours.LSTM(3, 4, bidirectional=True),
    "converted": lambda: ours.convert(nn.LSTM(3, 4, 2)),  # type: ignore[dict-item, return-value]
    "zoneout": lambda: ours.LSTM(3, 4, 2, noise=ours.Noise(zoneout_memory=0.3)).eval(),
}
WAYS = ("a step", "steps", "int8", "with lengths", "with gradients")


def in_inference_mode(w: Tensor) -> Tensor:
    with torch.inference_mode():
        return w.clone()


def put(layer: nn.Module, name: str, value: Any) -> None:
    """Sets a parameter; as a plain attribute where torch makes no parameter of it."""
    del layer._parameters[name]
    try:
        is_ready = value is None or isinstance(value, nn.Parameter)
        layer._parameters[name] = value if is_ready else nn.Parameter(value)
    except (RuntimeError, TypeError, NotImplementedError):
        layer._parameters.pop(name, None)
        object.__setattr__(layer, name, value)


def outcome(layer: ours.Recurrent, way: str, x: Tensor, hx: Any) -> list[Tensor]:
    """What a layer computes."""
    options: dict[str, Any] = {"lengths": [3, 1]} if way == "with lengths" else {}
    products = "int8" if way == "int8" else None
    with torch.set_grad_enabled(way == "with gradients"), ours.use(products=products):
        outputs, last = layer(x, hx, **options)
    actual = [outputs, *(last if isinstance(last, tuple) else (last,))]
    if way == "with gradients":
        wanted = [p for p in layer.parameters() if p.requires_grad and p.is_floating_point()]
        actual += torch.autograd.grad(outputs.square().sum(), wanted)
    return [part.detach() for part in actual]


def tried(kind: str, swap: str, way: str, choose: int) -> None:
    """Swaps a tensor, and fails if what is computed then is no refusal and not the truth."""
    torch.manual_seed(1)
    batch, steps = (1, 1) if way == "a step" else (2, 3)
    layer = LAYERS[kind]()
    x = torch.randn(steps, batch, 3)
    state = tuple(torch.rand(p.shape) for p in layer.start(batch))
    names = [*("the input", "h", "c")[: 1 + len(state)], *dict(layer.named_parameters())]
    name = names[choose % len(names)]
    sys.stderr.write(f"{kind}: {name} {swap}, {way}\n")
    sys.stderr.flush()
    make = (ALIKE | OTHERS)[swap]

    def given(made: Callable[[Tensor], Any]) -> tuple[ours.Recurrent, Tensor, Any]:
        torch.manual_seed(2)
        parts, of, at = list(state), LAYERS[kind](), x
        if name in ("h", "c"):
            parts["hc".index(name)] = made(parts["hc".index(name)])
        elif name == "the input":
            at = made(x)
        else:
            put(of, name, made(of.get_parameter(name).detach()))
        return of, at, tuple(parts) if len(parts) > 1 else parts[0]

    def plain(w: Tensor) -> Tensor:
        made = make(w)
        dense = made.as_subclass(Tensor) if made.layout is torch.strided else made.to_dense()
        return dense.resolve_neg().contiguous().clone()

    try:
        of, at, hx = given(make)
        actual = outcome(of, way, at, hx)
    except REFUSALS as error:
        assert swap not in ("the same", "at an offset", "in columns", "with gaps"), error
        return
    except AssertionError:
        if swap == "fake":  # torch's own word for a fake tensor among others
            return
        raise
    if name in ("h", "c") and swap == "None":
        return
    if swap in ALIKE:
        of, at, hx = given(plain)
        with ours.use("reference"):
            truth = outcome(of, way, at, hx)
        off = 0.02 if way == "int8" else 1e-4
        torch.testing.assert_close(actual, truth, rtol=off, atol=off)
        return
    # Other kernels may have computed with it: then as torch's operations do.
    with ours.use("reference"):
        truth = outcome(of, way, at, hx)
    if not any(part.is_meta or type(part) is not Tensor for part in actual):
        torch.testing.assert_close(actual, truth, rtol=1e-2, atol=1e-2, check_dtype=False)


@settings(
    derandomize=os.environ.get("FOREWORD_HYPOTHESIS") != "random",
    max_examples=int(sys.argv[1]) if __name__ == "__main__" else 1,
    deadline=None,
    database=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
@given(
    kind=st.sampled_from(sorted(LAYERS)),
    swap=st.sampled_from(sorted(ALIKE | OTHERS)),
    way=st.sampled_from(WAYS),
    choose=st.integers(0, 63),
)
def swapped(kind: str, swap: str, way: str, choose: int) -> None:
    tried(kind, swap, way, choose)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # torch's, of layouts and quantisation
    swapped()
