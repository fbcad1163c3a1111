"""Turns Foreword's recurrent layers in somebody's model into torch's, in place."""

import logging
import weakref
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from foreword.nn.convert import KINDS
from foreword.nn.dropout import Noise
from foreword.nn.reclass import OF_ANY_MODULE, Plan, base_of, carried, carry_out, replaced_methods
from foreword.nn.recurrent import Recurrent

_THEIRS: dict[str, Any] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
"""torch's layer for each cell that it has."""

_log = logging.getLogger("foreword.nn")


def unconvert(module: nn.Module) -> nn.Module:
    """Turns Foreword's `RNN`, `LSTM` and `GRU` in a module into torch's; the inverse of `convert`.

    Code that looks for `torch.nn.LSTM`, to quantise, script or count it, then sees it. As with
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
    plans: list[Plan] = []
    refusals: list[str] = []
    left: list[str] = []
    for path, layer in module.named_modules():
        if not isinstance(layer, Recurrent):
            continue
        base = base_of(layer)
        name = f"{path or 'the layer'} ({base.__name__}"
        if lack := _lack(layer, base):
            left.append(f"{name}{lack})")
            continue
        plan = _plan_back(layer)
        reasons = [*replaced_methods(layer, base), *_taken_back(layer, plan)]
        refusals += [f"{name}) {reason}." for reason in reasons]
        plans.append(plan)
    carry_out(plans, refusals)
    for plan in plans:
        plan.layer.flatten_parameters()  # type: ignore[operator]
    if left:
        _log.warning(
            "unconvert did not change these, since torch has no such layers: %s", ", ".join(left)
        )
    return module


def _lack(layer: Recurrent, base: type[nn.Module]) -> str:
    """Features of this layer that torch's layers lack; empty if there are none."""
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


def _plan_back(layer: Recurrent) -> Plan:
    """How to turn one of our layers into torch's."""
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
    fields = {k: v for k, v in vars(blank).items() if k not in OF_ANY_MODULE}
    fields |= _flat_weights(layer, blank._flat_weights_names)
    ours = frozenset(vars(Recurrent("lstm", 1, 1, device="meta")))
    return Plan(layer, _kind_back(layer, base), fields, ours - OF_ANY_MODULE - fields.keys())


def _flat_weights(layer: Recurrent, names: list[str]) -> dict[str, Any]:
    """The references to its weights that torch's layer keeps from call to call.

    A parametrised weight is not read here, since reading it may change its sources. A dead
    reference makes torch's layer read it at the next call, as it does at every call.
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
    if base_of(layer) is ours:
        return base
    kept = ("__dict__", "__weakref__", "forward")
    own = {k: v for k, v in vars(ours).items() if k not in kept}
    return type(f"Parametrized{base.__name__}", (base,), own)


def _taken_back(layer: nn.Module, plan: Plan) -> Iterator[str]:
    """Attributes of the layer with names that torch's layer uses itself."""
    kinds = plan.kind.__mro__[: plan.kind.__mro__.index(nn.Module)]
    theirs = {name for kind in kinds for name in vars(kind) if not name.startswith("__")}
    ours = vars(Recurrent("lstm", 1, 1, device="meta")).keys() | set(dir(Recurrent))
    for name in sorted((theirs | plan.fields.keys()) & carried(layer) - ours):
        yield f"carries something named {name}, a name that torch's layer uses itself. Rename it"
