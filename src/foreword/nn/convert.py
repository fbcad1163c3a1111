"""Turns torch's recurrent layers into Foreword's in somebody's model, in place.

A layer stays the same object and only its class changes, so all references to it and everything
that it carries stay valid. Before any layer is changed, all of them are checked for features that
would work differently afterwards.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from foreword.nn.layers import GRU, LSTM, RNN
from foreword.nn.reclass import OF_ANY_MODULE, Plan, base_of, carried, carry_out, replaced_methods
from foreword.nn.recurrent import Recurrent

KINDS: dict[type[nn.Module], Callable[..., Recurrent]] = {nn.RNN: RNN, nn.LSTM: LSTM, nn.GRU: GRU}
_log = logging.getLogger("foreword.nn")


def convert(module: nn.Module) -> nn.Module:
    """Turns every `torch.nn.RNN`, `LSTM` and `GRU` in a module into its namesake here.

    The layers stay the same objects and only their class changes. So their parameters, buffers,
    submodules, hooks of all kinds, attributes, parametrisations and gradients stay as well, and
    optimisers, tied weights and state dicts keep working. Subclasses of torch's layers are left
    as they are, since what they change is not known; a warning is logged for each.

    Args:
        module: a model or a single layer, changed in place.

    Returns:
        The module itself.

    Raises:
        ConversionError: a layer carries something that would work differently afterwards. It
            names each such layer and what it carries. Nothing was changed.
    """
    plans: list[Plan] = []
    refusals: list[str] = []
    left: list[str] = []
    for path, layer in module.named_modules():
        base = base_of(layer)
        if base not in KINDS:
            if _is_recurrent(layer):
                left.append(f"{path or 'the module'} ({type(layer).__name__})")
            continue
        reasons, plan = _examined(layer, base)
        refusals += [f"{path or 'the layer'} ({base.__name__}) {reason}." for reason in reasons]
        if plan is not None:
            plans.append(plan)
    carry_out(plans, refusals)
    if left:
        _log.warning(
            "convert did not change these, since it knows only torch's own layers: %s",
            ", ".join(left),
        )
    return module


def _is_recurrent(layer: nn.Module) -> bool:
    """Whether its class derives from that of a layer that is converted."""
    scripted = (
        getattr(layer, "original_name", None) if isinstance(layer, torch.jit.ScriptModule) else None
    )
    return isinstance(layer, nn.RNNBase) or scripted in {kind.__name__ for kind in KINDS}


def _examined(layer: nn.Module, base: type[nn.Module]) -> tuple[list[str], Plan | None]:
    """Why a layer cannot be converted, and how to change it if there is no reason."""
    try:
        blank = _blank(layer, base)
    except (ValueError, TypeError, AttributeError) as error:
        return [f"cannot be constructed from its attributes: {error}"], None
    of_torchs = frozenset(vars(base(1, 1, device="meta")))
    fields = {k: v for k, v in vars(blank).items() if k not in OF_ANY_MODULE}
    dropped = of_torchs - OF_ANY_MODULE - fields.keys()
    reasons = [
        *replaced_methods(layer, base),
        *_taken_names(layer, base, blank, of_torchs),
        *_odd_weights(layer, blank),
    ]
    if layer._backward_hooks and layer._is_full_backward_hook is False:
        reasons.append(
            "carries a hook of register_backward_hook, which sees the last operation inside "
            "torch's own layer. Use register_full_backward_hook"
        )
    if reasons:
        return reasons, None
    return [], Plan(layer, _kind_for(layer, base), fields, dropped)


def _blank(layer: nn.Module, base: type[nn.Module]) -> Recurrent:
    """A layer of ours with the same sizes and without memory."""
    theirs: Any = layer
    options: dict[str, Any] = {
        "num_layers": theirs.num_layers,
        "bias": theirs.bias,
        "batch_first": theirs.batch_first,
        "bidirectional": theirs.bidirectional,
    }
    if base is nn.LSTM:
        options["proj_size"] = theirs.proj_size
    if base is nn.RNN:
        # torch's layer decides by its mode.
        options["nonlinearity"] = theirs.mode.removeprefix("RNN_").lower()
    ours = KINDS[base](theirs.input_size, theirs.hidden_size, device="meta", **options)
    # Not by the constructor, which would repeat the warnings of torch's.
    ours.dropout = theirs.dropout
    return ours


def _kind_for(layer: nn.Module, base: type[nn.Module]) -> type[nn.Module]:
    """The class of ours; where weights are parametrised, a subclass with the same properties."""
    kind: Any = KINDS[base]
    theirs = type(layer)
    if theirs is base:
        return kind  # type: ignore[no-any-return]
    own = {k: v for k, v in vars(theirs).items() if k not in ("__dict__", "__weakref__")}
    own["forward"] = _forward_of_parametrised(kind)
    return type(theirs.__name__, (kind,), own)


def _forward_of_parametrised(kind: type[Recurrent]) -> Callable[..., Any]:
    """A forward that reads parametrised weights as often as torch's layers do.

    Reading a weight can have a side effect: in training each reading is a step of spectral_norm's
    power iteration. torch reads each weight twice to see whether it has changed, up to the first
    that has, and then twice to use it. Our layers read each weight once, and the first one once
    more.
    """

    def forward(self: Any, *inputs: Any, **more: Any) -> Any:
        has_changed = False
        for name in self._flat_weights_names:
            if parametrize.is_parametrized(self, name):
                readings = (1 if has_changed else 3) - (name == "weight_ih_l0")
                for _ in range(readings):
                    getattr(self, name)
                has_changed = True
        return kind.forward(self, *inputs, **more)

    return forward


def _taken_names(
    layer: nn.Module, base: type[nn.Module], blank: Recurrent, of_torchs: frozenset[str]
) -> Iterator[str]:
    """Attributes of the layer with names that the new class uses itself."""
    of_class = {
        name
        for kind in type(blank).__mro__[: type(blank).__mro__.index(nn.Module)]
        for name in vars(kind)
        if not name.startswith("__")
    }
    # Methods of torch's have been checked already.
    of_torchs |= vars(base).keys() | vars(nn.RNNBase).keys()
    ours = (of_class | vars(blank).keys()) - of_torchs
    for name in sorted(ours & carried(layer)):
        yield (
            f"carries something named {name}, a name that foreword.nn.{type(blank).__name__} uses "
            "itself. Rename it"
        )


def _odd_weights(layer: nn.Module, blank: Recurrent) -> Iterator[str]:
    """Weights that the kernels would not find, or would not read correctly."""
    names: dict[str, list[str]] = {}
    for name, wanted in blank.named_parameters():
        # A parametrised weight is not read: computing it may change its sources.
        if not parametrize.is_parametrized(layer, name):
            oddity = _oddity(layer, name, wanted.shape)
            if oddity is not None:
                names.setdefault(oddity, []).append(name)
    for oddity, named in names.items():
        yield f"has odd weights ({', '.join(named)}): {oddity}"


def _oddity(layer: nn.Module, name: str, shape: torch.Size) -> str | None:
    weight = getattr(layer, name, None)
    kind = type(weight)
    if weight is None:
        return (
            "not there. If a wrapper computes or gathers them at each call, convert before you "
            "wrap the layer, or call the model once before you convert"
        )
    if name in vars(layer) and (name in layer._parameters or name in layer._buffers):
        return "there twice, as an attribute and as a parameter or buffer. Remove one of the two"
    if kind is nn.UninitializedParameter:
        return "of a shape that is not known yet. Call the model once before you convert"
    if kind not in (Tensor, nn.Parameter):
        return (
            f"a {kind.__name__}, no plain tensor, so that the kernels cannot read them. Convert "
            "before weights are sharded or quantised"
        )
    if weight.layout is not torch.strided:
        return f"laid out as {weight.layout}. Make them dense"
    if weight.shape != shape:
        return (
            f"of the shape {tuple(weight.shape)}, where the layer's sizes ask for {tuple(shape)}. "
            "If they are sharded, convert before that"
        )
    return None
