"""Padded, packed and reversed sequences. Knows no cells."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence


def checked_lengths(lengths: Tensor | list[int], steps: int, batch: int) -> Tensor:
    """Return lengths as int64 (B,).

    Raises:
        RuntimeError: their number differs from the batch, or one is out of range.
    """
    # Not on the default device, which may have no values to read.
    checked = lengths if isinstance(lengths, Tensor) else torch.as_tensor(lengths, device="cpu")
    if checked.is_floating_point() or checked.is_complex() or checked.dtype == torch.bool:
        raise RuntimeError(f"lengths must be whole numbers, got {checked.dtype}")
    if tuple(checked.shape) != (batch,):
        raise RuntimeError(
            f"lengths must have the shape ({batch},), one for each sequence of the input, got "
            f"{tuple(checked.shape)}"
        )
    checked = checked.to(torch.int64)
    is_tracing = torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
    # An exported graph must work for any lengths, so they are not checked in it.
    if torch.compiler.is_compiling() or is_tracing or checked.is_meta:
        return checked
    wrong = ((checked < 0) | (checked > steps)).nonzero()
    if len(wrong):
        first = int(wrong[0])
        raise RuntimeError(
            f"lengths[{first}] is {int(checked[first])}, but the input has {steps} steps: "
            f"lengths must be 0 to {steps}"
        )
    return checked


def reverse(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Return each sequence of x (T, B, ...) reversed; values beyond its length stay in place."""
    if lengths is None:
        return x.flip(0)
    steps = torch.arange(x.shape[0], device=x.device).unsqueeze(1)  # not len: traced as a number
    index = torch.where(steps < lengths, lengths - 1 - steps, steps)
    index = index.view(*index.shape, *(1 for _ in x.shape[2:])).expand_as(x)
    return x.gather(0, index)


def unpack(packed: PackedSequence) -> tuple[Tensor, Tensor]:
    """Return a packed sequence padded with zeros (T, B, I), longest first, and its lengths."""
    data = packed.data
    if torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
        # By torch's own operation, whose graph works for any number of steps and sequences.
        padded, lengths = torch._VF._pad_packed_sequence(data, packed.batch_sizes, False, 0.0, -1)
        return padded, lengths.to(data.device)
    steps, batch = len(packed.batch_sizes), int(packed.batch_sizes[0])
    places = _places(packed)
    if len(places) != len(data):
        raise RuntimeError(
            f"a packed sequence has {len(data)} rows, but batch_sizes "
            f"{packed.batch_sizes.tolist()} are for {len(places)}: they must fall from step "
            "to step and add up to the rows. pack_padded_sequence and pack_sequence make valid ones"
        )
    padded = data.new_zeros((steps * batch, *data.shape[1:])).index_copy(0, places, data)
    sizes = packed.batch_sizes.to(data.device).unsqueeze(1)
    lengths = (torch.arange(batch, device=data.device) < sizes).sum(0)
    return padded.view(steps, batch, *data.shape[1:]), lengths


def repack(padded: Tensor, like: PackedSequence) -> PackedSequence:
    """Return padded outputs (T, B, F), packed as the inputs were."""
    data: Tensor = _Lines.apply(padded.flatten(0, 1), _places(like))  # type: ignore[no-untyped-call]
    return PackedSequence(data, like.batch_sizes, like.sorted_indices, like.unsorted_indices)


def _places(packed: PackedSequence) -> Tensor:
    """Return the rows of the packed data in the padded form, with steps and batch merged."""
    sizes = packed.batch_sizes.to(packed.data.device)
    is_tracing = torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
    batch: Any = packed.batch_sizes[0] if is_tracing else int(packed.batch_sizes[0])
    is_present = torch.arange(batch, device=sizes.device) < sizes.unsqueeze(1)
    return is_present.flatten().nonzero().squeeze(1)


class _Lines(torch.autograd.Function):
    """Selects rows of x (N, F), each at most once: torch's own backward adds them one by one."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, index: Tensor) -> Tensor:
        return x.index_select(0, index)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        del output
        ctx.lines = len(inputs[0])
        ctx.save_for_backward(inputs[1])
        ctx.save_for_forward(inputs[1])

    @staticmethod
    def backward(ctx: Any, *d_lines: Tensor) -> tuple[Tensor, None]:
        (index,), (d,) = ctx.saved_tensors, d_lines
        return d.new_zeros((ctx.lines, *d.shape[1:])).index_copy(0, index, d), None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Tensor:
        (index,) = ctx.saved_tensors
        moved: Tensor = tangents[0].index_select(0, index)
        return moved
