"""Swaps torch's recurrent layers for Foreword's in somebody's model, in place."""

from collections.abc import Callable
from typing import Any

from torch import nn

from foreword.nn.layers import GRU, LSTM, RNN
from foreword.nn.recurrent import Recurrent

KINDS: dict[type[nn.Module], Callable[..., Recurrent]] = {nn.RNN: RNN, nn.LSTM: LSTM, nn.GRU: GRU}


def convert(module: nn.Module) -> nn.Module:
    """Replaces every `torch.nn.RNN`, `LSTM` and `GRU` in a module by its namesake here.

    The parameters are not copied but handed over: optimisers and tied weights that hold them go on
    to work, and so does a `state_dict`. Hooks, and whether the layer trains, are kept. Subclasses
    of torch's layers are left as they are: what they change is not known.

    Args:
        module: changed in place, unless it is such a layer itself.

    Returns:
        The module, or the layer that takes its place.
    """
    if type(module) in KINDS:
        return _converted(module)
    replaced: dict[int, nn.Module] = {}
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            if type(child) in KINDS:
                # A layer that is used in two places stays one layer.
                replaced.setdefault(id(child), _converted(child))
                setattr(parent, name, replaced[id(child)])
    return module


def _converted(theirs: nn.Module) -> Recurrent:
    assert isinstance(theirs, nn.RNNBase)
    options: dict[str, Any] = {
        "num_layers": theirs.num_layers,
        "bias": theirs.bias,
        "batch_first": theirs.batch_first,
        "bidirectional": theirs.bidirectional,
    }
    if isinstance(theirs, nn.LSTM):
        options["proj_size"] = theirs.proj_size
    if isinstance(theirs, nn.RNN):
        options["nonlinearity"] = theirs.nonlinearity
    kind = KINDS[type(theirs)]
    ours = kind(theirs.input_size, theirs.hidden_size, device="meta", **options)
    ours.dropout = theirs.dropout
    for name, parameter in theirs.named_parameters():
        setattr(ours, name, parameter)
    ours.train(theirs.training)
    for hooks in (
        "_forward_hooks",
        "_forward_hooks_with_kwargs",
        "_forward_hooks_always_called",
        "_forward_pre_hooks",
        "_forward_pre_hooks_with_kwargs",
        "_backward_hooks",
        "_backward_pre_hooks",
    ):
        setattr(ours, hooks, getattr(theirs, hooks))
    return ours
