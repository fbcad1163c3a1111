"""Refuse arguments of recurrent layers in torch's words, so that code that catches them works."""

import numbers
import warnings
from collections.abc import Sequence

import torch
from torch import Tensor


def is_autocast(device: torch.device) -> bool:
    """Whether `torch.autocast` is on for a device."""
    return device.type != "meta" and torch.is_autocast_enabled(device.type)


def autocast_dtype(x: Tensor) -> torch.dtype | None:
    """Return the dtype that x is cast to; None if it keeps its own."""
    if x.dtype == torch.float64 or not is_autocast(x.device):
        return None
    return torch.get_autocast_dtype(x.device.type)


def keep_mask(reset: Tensor, x: Tensor) -> Tensor:
    """Return (T, B), 0 where the state is reset; x is (T, B, I)."""
    if tuple(reset.shape) != tuple(x.shape[:2]):
        raise RuntimeError(
            "reset must have the input's shape without its last dimension, "
            f"{tuple(x.shape[:2])} as (time, batch), got {tuple(reset.shape)}"
        )
    return (~reset.to(x.device, torch.bool)).to(x.dtype)


def check_input(x: Tensor, weight: Tensor, input_size: int, dimensions: int) -> None:
    """Refuse another dtype, device, number of features or of dimensions than `weight_ih` takes."""
    is_there = isinstance(weight, Tensor)  # other types are refused later, with their name
    if is_there and x.dtype != weight.dtype and not is_autocast(x.device):
        raise ValueError(
            f"RNN input dtype ({x.dtype}) does not match weight dtype ({weight.dtype}). "
            f"Convert input: input.to({weight.dtype}), or convert model: model.to({x.dtype})"
        )
    if x.dim() != dimensions:
        raise RuntimeError(f"input must have {dimensions} dimensions, got {x.dim()}")
    if x.shape[-1] != input_size:
        raise RuntimeError(
            f"input.size(-1) must be equal to input_size. Expected {input_size}, got {x.shape[-1]}"
        )
    if is_there and x.device != weight.device:
        raise RuntimeError(
            "Input and parameter tensors are not at the same device, found input tensor at "
            f"{x.device} and parameter tensor at {weight.device}"
        )


def check_dimensions(layer: str, x: Tensor, states: Sequence[Tensor]) -> None:
    """Refuse an input without two or three dimensions, or states with another number of them."""
    if x.dim() not in (2, 3):
        raise ValueError(f"{layer}: Expected input to be 2D or 3D, got {x.dim()}D tensor instead")
    if any(part.dim() != x.dim() for part in states):
        kind = "batched 3-D" if x.dim() == 3 else "unbatched 2-D"
        names = "hx" if len(states) == 1 else "hx and cx"
        got = ", ".join(f"{part.dim()}-D" for part in states)
        got = f"{got} tensor" if len(states) == 1 else f"({got}) tensors"
        raise RuntimeError(f"For {kind} input, {names} should also be {x.dim()}-D but got {got}")


def check_state(state: Sequence[Tensor], shapes: Sequence[tuple[int, int, int]], x: Tensor) -> None:
    """Refuse a state of other shapes than these, or of another device or dtype than x."""
    for k, (part, expected) in enumerate(zip(state, shapes, strict=True)):
        if part.shape != expected:
            name = "hidden size" if len(state) == 1 else f"hidden[{k}] size"
            raise RuntimeError(f"Expected {name} {expected}, got {list(part.shape)}")
        if part.device != x.device:
            raise RuntimeError(
                "Input and hidden tensors are not at the same device, found input tensor at "
                f"{x.device} and hidden tensor at {part.device}"
            )
        if part.dtype != x.dtype and not is_autocast(x.device):
            raise ValueError(
                f"RNN hidden dtype ({part.dtype}) does not match input dtype ({x.dtype})"
            )


def check_weight(
    name: str, weight: Tensor | None, shape: tuple[int, ...], x: Tensor, *, is_cast: bool
) -> None:
    """Refuse a weight that is missing, or has another shape, dtype or device than x requires.

    Args:
        name: the name of the parameter.
        weight: the parameter.
        shape: the shape that the layer's sizes require.
        x: the input.
        is_cast: whether autocast is on, which casts everything except float64.
    """
    if not isinstance(weight, Tensor):
        raise RuntimeError(  # noqa: TRY004, torch's own kind of error
            f"{name} is {weight!r}, where the layer needs a tensor of the shape {shape}. A layer "
            "without biases is made by bias=False"
        )
    if weight.shape != shape:
        raise RuntimeError(f"{name} should have the shape {shape}, got {tuple(weight.shape)}")
    can_be_cast = is_cast and weight.is_floating_point() and weight.dtype != torch.float64
    if weight.device != x.device or (weight.dtype != x.dtype and not can_be_cast):
        raise RuntimeError(
            f"{name} is {weight.dtype} on {weight.device}, but the input is {x.dtype} on "
            f"{x.device}: {_advice(weight, x)}"
        )


def _advice(weight: Tensor, x: Tensor) -> str:
    if weight.is_meta:
        return (
            "it has no values. Load them (load_state_dict(..., assign=True) with strict=True names "
            "those that are missing), or give it memory by to_empty"
        )
    return f"all parameters and the input must be alike, as by layer.to({x.device}, {x.dtype})"


def check_sizes(
    input_size: int,
    hidden_size: int,
    num_layers: int,
    bias: bool,
    batch_first: bool,
    dropout: float,
    proj_size: int,
) -> None:
    """Refuse arguments from which no layer can be made."""
    is_number = isinstance(dropout, numbers.Number) and not isinstance(dropout, bool)
    if not is_number or not 0 <= dropout <= 1:
        raise ValueError(
            "dropout should be a number in range [0, 1] representing the probability of an "
            "element being zeroed"
        )
    if dropout > 0 and num_layers == 1:
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout "
            f"expects num_layers greater than 1, but got dropout={dropout} and num_layers=1",
            stacklevel=4,
        )
    for name, flag in (("bias", bias), ("batch_first", batch_first)):
        if not isinstance(flag, bool):
            raise TypeError(f"{name} should be of type bool, got: {type(flag).__name__}")
    for name, size in (("input_size", input_size), ("hidden_size", hidden_size)):
        if not isinstance(size, int):
            raise TypeError(f"{name} should be of type int, got: {type(size).__name__}")
        if size <= 0:
            raise ValueError(f"{name} must be greater than zero")
    if num_layers <= 0:
        raise ValueError("num_layers must be greater than zero")
    if proj_size < 0:
        raise ValueError("proj_size should be a positive integer or zero to disable projections")
    if proj_size >= hidden_size:
        raise ValueError("proj_size has to be smaller than hidden_size")
