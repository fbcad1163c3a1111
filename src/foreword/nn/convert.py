"""Turns torch's recurrent layers into Foreword's in somebody's model, in place, and back.

A layer stays the object that it is, and its class changes: whatever holds it goes on to hold it,
and whatever it carries stays where it is. Before any layer is changed, all of them are asked
whether they carry something that would not be the same afterwards.
"""

import logging
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from foreword.errors import ConversionError
from foreword.nn.layers import GRU, LSTM, RNN
from foreword.nn.recurrent import Noise, Recurrent

KINDS: dict[type[nn.Module], Callable[..., Recurrent]] = {nn.RNN: RNN, nn.LSTM: LSTM, nn.GRU: GRU}
_THEIRS: dict[str, Any] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
"""torch's layer for each cell that it has."""

_log = logging.getLogger("foreword.nn")

_OF_ANY_MODULE = frozenset(vars(nn.Module()))
_NEEDED_NO_MORE = "flatten_parameters"
"""People replace it on a layer to silence it; here it does nothing anyway."""


@dataclass(frozen=True)
class _Plan:
    """How one layer will be changed.

    Attributes:
        layer: torch's.
        kind: the class that it will be of.
        fields: what objects of that class hold besides what every module does.
        dropped: names of what only torch's layers hold.
    """

    layer: nn.Module
    kind: type[nn.Module]
    fields: dict[str, Any]
    dropped: frozenset[str]


def convert(module: nn.Module) -> nn.Module:
    """Turns every `torch.nn.RNN`, `LSTM` and `GRU` in a module into its namesake here.

    The layers stay the same objects and only their class changes. So their parameters, buffers,
    submodules, hooks of all kinds, attributes, parametrisations and gradients stay as well, and
    optimisers, tied weights and state dicts go on to work. Subclasses of torch's layers are left
    as they are, since what they change is not known; a warning is logged for each.

    Args:
        module: a model or a single layer, changed in place.

    Returns:
        The module itself.

    Raises:
        ConversionError: a layer carries something that would work differently afterwards. It
            names each such layer and what it carries. Nothing was changed.
    """
    plans: list[_Plan] = []
    refusals: list[str] = []
    left: list[str] = []
    for path, layer in module.named_modules():
        base = _base_of(layer)
        if base not in KINDS:
            if _is_recurrent(layer):
                left.append(f"{path or 'the module'} ({type(layer).__name__})")
            continue
        reasons, plan = _examined(layer, base)
        refusals += [f"{path or 'the layer'} ({base.__name__}) {reason}." for reason in reasons]
        if plan is not None:
            plans.append(plan)
    _carry_out(plans, refusals)
    if left:
        _log.warning(
            "convert left as they are, since it knows torch's own layers alone: %s", ", ".join(left)
        )
    return module


def unconvert(module: nn.Module) -> nn.Module:
    """Turns Foreword's `RNN`, `LSTM` and `GRU` in a module into torch's: the way back.

    Code that looks for `torch.nn.LSTM`, to quantise, script or count it, then finds it. As with
    `convert`, the layers stay the same objects and all that they carry stays. Layers that torch
    does not have, because of their cell, their options or their class, are left as they are; a
    warning is logged that names each of them.

    Args:
        module: a model or a single layer, changed in place.

    Returns:
        The module itself.

    Raises:
        ConversionError: a layer carries something that would work differently afterwards. It
            names each such layer and what it carries. Nothing was changed.
    """
    plans: list[_Plan] = []
    refusals: list[str] = []
    left: list[str] = []
    for path, layer in module.named_modules():
        if not isinstance(layer, Recurrent):
            continue
        base = _base_of(layer)
        name = f"{path or 'the layer'} ({base.__name__}"
        if lack := _lack(layer, base):
            left.append(f"{name}{lack})")
            continue
        plan = _plan_back(layer)
        reasons = [*_replaced_methods(layer, base), *_taken_back(layer, plan)]
        refusals += [f"{name}) {reason}." for reason in reasons]
        plans.append(plan)
    _carry_out(plans, refusals)
    for plan in plans:
        plan.layer.flatten_parameters()  # type: ignore[operator]
    if left:
        _log.warning(
            "unconvert left as they are, since torch has no such layers: %s", ", ".join(left)
        )
    return module


def _carry_out(plans: Sequence[_Plan], refusals: Sequence[str]) -> None:
    """Changes all layers, or none if there is a refusal."""
    if refusals:
        raise ConversionError("nothing was converted:\n" + "\n".join(f"- {r}" for r in refusals))
    for plan in plans:
        fields = vars(plan.layer)
        for name in plan.dropped:
            fields.pop(name, None)
        fields.update(plan.fields)
        plan.layer.__class__ = plan.kind


def _lack(layer: Recurrent, base: type[nn.Module]) -> str:
    """What torch's layers lack that this one has; empty if nothing."""
    cell = layer.cell
    if base not in (*KINDS.values(), Recurrent) or cell.name not in _THEIRS:
        return " of a class or a cell that torch does not have"
    if cell.projected and cell.name != "lstm":
        return " with proj_size"
    options = {
        "reset_after": getattr(cell, "reset_after", True) is not True,
        "cell_clip": layer.cell_clip != 0,
        "noise": layer.noise != Noise(),
        "skip": layer.skip,
        "generator": layer.generator is not None and layer.dropout > 0,
    }
    named = [name for name, is_lacking in options.items() if is_lacking]
    return f" with {', '.join(named)}" if named else ""


def _plan_back(layer: Recurrent) -> _Plan:
    """How one of our layers becomes torch's."""
    base = _THEIRS[layer.cell.name]
    options: dict[str, Any] = {}
    if base is nn.LSTM:
        options["proj_size"] = layer.proj_size
    if base is nn.RNN:
        options["nonlinearity"] = layer.mode.removeprefix("RNN_").lower()
    blank = base(
        layer.input_size,
        layer.hidden_size,
        num_layers=layer.num_layers,
        bias=layer.bias,
        batch_first=layer.batch_first,
        bidirectional=layer.bidirectional,
        device="meta",
        **options,
    )
    # Not by the constructor, which would warn again.
    blank.dropout = layer.dropout
    fields = {k: v for k, v in vars(blank).items() if k not in _OF_ANY_MODULE}
    fields |= _flat_weights(layer, blank._flat_weights_names)
    ours = frozenset(vars(Recurrent("lstm", 1, 1, device="meta")))
    return _Plan(layer, _kind_back(layer, base), fields, ours - _OF_ANY_MODULE - fields.keys())


def _flat_weights(layer: Recurrent, names: list[str]) -> dict[str, Any]:
    """What torch's layer remembers of its weights from call to call.

    A parametrised weight is not read here, since reading may change what it comes from: the dead
    reference tells torch's layer to read it at the next call, as it does at each.
    """
    dead = weakref.ref(torch.empty(0))
    weights: list[Tensor | None] = []
    references: list[Any] = []
    for name in names:
        is_computed = parametrize.is_parametrized(layer, name)
        weight = None if is_computed else getattr(layer, name, None)
        weights.append(weight)
        references.append(weakref.ref(weight) if weight is not None else dead)
    return {"_flat_weights": weights, "_flat_weight_refs": references}


def _kind_back(layer: nn.Module, base: type[nn.Module]) -> type[nn.Module]:
    """The class of torch; where weights are parametrised, a subclass with the same properties."""
    ours = type(layer)
    if _base_of(layer) is ours:
        return base
    kept = ("__dict__", "__weakref__", "forward")
    own = {k: v for k, v in vars(ours).items() if k not in kept}
    return type(f"Parametrized{base.__name__}", (base,), own)


def _taken_back(layer: nn.Module, plan: _Plan) -> Iterator[str]:
    """What would stand where torch's layer has something of its own."""
    kinds = plan.kind.__mro__[: plan.kind.__mro__.index(nn.Module)]
    theirs = {name for kind in kinds for name in vars(kind) if not name.startswith("__")}
    ours = vars(Recurrent("lstm", 1, 1, device="meta")).keys() | set(dir(Recurrent))
    for name in sorted((theirs | plan.fields.keys()) & _carried(layer) - ours):
        yield f"carries something named {name}, a name that torch's layer uses itself. Rename it"


def _base_of(layer: nn.Module) -> type[nn.Module]:
    """A layer's class; that which it had before its weights were parametrised."""
    kind = type(layer)
    if parametrize.is_parametrized(layer) and kind.__name__.startswith("Parametrized"):
        return kind.__bases__[0]
    return kind


def _is_recurrent(layer: nn.Module) -> bool:
    """Whether it is a relative of the layers that are converted."""
    scripted = (
        getattr(layer, "original_name", None) if isinstance(layer, torch.jit.ScriptModule) else None
    )
    return isinstance(layer, nn.RNNBase) or scripted in {kind.__name__ for kind in KINDS}


def _examined(layer: nn.Module, base: type[nn.Module]) -> tuple[list[str], _Plan | None]:
    """Why a layer cannot be converted, and how it is if nothing stands against it."""
    try:
        blank = _blank(layer, base)
    except (ValueError, TypeError, AttributeError) as error:
        return [f"cannot be made anew from its attributes: {error}"], None
    of_torchs = frozenset(vars(base(1, 1, device="meta")))
    fields = {k: v for k, v in vars(blank).items() if k not in _OF_ANY_MODULE}
    dropped = of_torchs - _OF_ANY_MODULE - fields.keys()
    reasons = [
        *_replaced_methods(layer, base),
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
    return [], _Plan(layer, _kind_for(layer, base), fields, dropped)


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
        # The mode is what torch's layer goes by.
        options["nonlinearity"] = theirs.mode.removeprefix("RNN_").lower()
    ours = KINDS[base](theirs.input_size, theirs.hidden_size, device="meta", **options)
    # Not by the constructor, which would warn again where torch's has warned.
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

    A reading may leave its mark: in training each one is a step of spectral_norm's power iteration.
    torch reads a weight twice to see whether it has changed, up to the first that has, and then
    twice to take it. Ours read each once, and the first of all once more.
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


def _carried(layer: nn.Module) -> set[str]:
    """Names of all that is set on a layer."""
    return {*vars(layer), *layer._parameters, *layer._buffers, *layer._modules}


def _replaced_methods(layer: nn.Module, base: type[nn.Module]) -> Iterator[str]:
    own = {
        name
        for kind in base.__mro__[: base.__mro__.index(nn.Module)]
        for name, value in vars(kind).items()
        if callable(value) or isinstance(value, property)
    }
    for name in sorted(own & _carried(layer) - {_NEEDED_NO_MORE}):
        yield (
            f"has its own {name}, set on the layer itself and written for its present class. "
            f"Convert first and set {name} afterwards, or remove it (del layer.{name})"
        )


def _taken_names(
    layer: nn.Module, base: type[nn.Module], blank: Recurrent, of_torchs: frozenset[str]
) -> Iterator[str]:
    """What would stand where the new class has something of its own."""
    of_class = {
        name
        for kind in type(blank).__mro__[: type(blank).__mro__.index(nn.Module)]
        for name in vars(kind)
        if not name.startswith("__")
    }
    # Methods of torch's are asked about already.
    of_torchs |= vars(base).keys() | vars(nn.RNNBase).keys()
    ours = (of_class | vars(blank).keys()) - of_torchs
    for name in sorted(ours & _carried(layer)):
        yield (
            f"carries something named {name}, a name that foreword.nn.{type(blank).__name__} uses "
            "itself. Rename it"
        )


def _odd_weights(layer: nn.Module, blank: Recurrent) -> Iterator[str]:
    """Weights that no kernel would find, or read rightly."""
    names: dict[str, list[str]] = {}
    for name, wanted in blank.named_parameters():
        # A parametrised weight is not asked for: its computation may change what it comes from.
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
