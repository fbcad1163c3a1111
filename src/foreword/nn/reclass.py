"""Changes the class of layers in place, all of them or none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.nn.utils import parametrize

from foreword.errors import ConversionError

OF_ANY_MODULE = frozenset(vars(nn.Module()))
"""The attributes that every module has."""
_NEEDED_NO_MORE = "flatten_parameters"
"""People replace it on a layer to silence it; here it does nothing anyway."""


@dataclass(frozen=True)
class Plan:
    """How one layer will be changed.

    Attributes:
        layer: torch's.
        kind: the class that it will be of.
        fields: the attributes that objects of that class have and not every module has.
        dropped: names of attributes that only torch's layers have.
    """

    layer: nn.Module
    kind: type[nn.Module]
    fields: dict[str, Any]
    dropped: frozenset[str]


def carry_out(plans: Sequence[Plan], refusals: Sequence[str]) -> None:
    """Changes all layers, or none if there is a refusal."""
    if refusals:
        raise ConversionError("nothing was converted:\n" + "\n".join(f"- {r}" for r in refusals))
    for plan in plans:
        fields = vars(plan.layer)
        for name in plan.dropped:
            fields.pop(name, None)
        fields.update(plan.fields)
        plan.layer.__class__ = plan.kind


def base_of(layer: nn.Module) -> type[nn.Module]:
    """A layer's class, or the class that it had before its weights were parametrised."""
    kind = type(layer)
    if parametrize.is_parametrized(layer) and kind.__name__.startswith("Parametrized"):
        return kind.__bases__[0]
    return kind


def carried(layer: nn.Module) -> set[str]:
    """Names of all that is set on a layer."""
    return {*vars(layer), *layer._parameters, *layer._buffers, *layer._modules}


def replaced_methods(layer: nn.Module, base: type[nn.Module]) -> Iterator[str]:
    """Return the methods of its class that were replaced on the layer itself."""
    own = {
        name
        for kind in base.__mro__[: base.__mro__.index(nn.Module)]
        for name, value in vars(kind).items()
        if callable(value) or isinstance(value, property)
    }
    for name in sorted(own & carried(layer) - {_NEEDED_NO_MORE}):
        yield (
            f"has its own {name}, set on the layer itself and written for its present class. "
            f"Convert first and set {name} afterwards, or remove it (del layer.{name})"
        )
