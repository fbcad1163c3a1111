"""Padded, packed and reversed sequences. Knows no cells."""

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence


def checked_lengths(lengths: Tensor | list[int], steps: int, batch: int) -> Tensor:
    """Lengths as int64 (B,).

    Raises:
        RuntimeError: not one a sequence, or one that is out of range; it says which.
    """
    found = torch.as_tensor(lengths)
    if found.is_floating_point() or found.is_complex() or found.dtype == torch.bool:
        raise RuntimeError(f"lengths must be whole numbers, got {found.dtype}")
    if tuple(found.shape) != (batch,):
        raise RuntimeError(
            f"lengths must have the shape ({batch},), one for each sequence of the input, got "
            f"{tuple(found.shape)}"
        )
    found = found.to(torch.int64)
    if torch.compiler.is_compiling() or found.is_meta:
        return found
    wrong = ((found < 0) | (found > steps)).nonzero()
    if len(wrong):
        first = int(wrong[0])
        raise RuntimeError(
            f"lengths[{first}] is {int(found[first])}, but the input has {steps} steps: "
            f"lengths must be 0 to {steps}"
        )
    return found


def within(lengths: Tensor, steps: int) -> Tensor:
    """(T, B), True where a step belongs to its sequence."""
    return torch.arange(steps, device=lengths.device).unsqueeze(1) < lengths


def reverse(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Each sequence of x (T, B, ...) backwards; what lies beyond its length stays in place."""
    if lengths is None:
        return x.flip(0)
    steps = torch.arange(len(x), device=x.device).unsqueeze(1)
    index = torch.where(steps < lengths, lengths - 1 - steps, steps)
    index = index.view(*index.shape, *(1 for _ in x.shape[2:])).expand_as(x)
    return x.gather(0, index)


def state_after(states: Tensor, before: Tensor, lengths: Tensor) -> Tensor:
    """The state (B, size) after the last step of each sequence, from those of all (T, B, size).

    A sequence of length 0 keeps the state that it began with.
    """
    index = (lengths - 1).clamp(min=0).view(1, -1, 1).expand(1, *states.shape[1:])
    last = states.gather(0, index)[0]
    return torch.where((lengths > 0).unsqueeze(1), last, before)


def unpack(packed: PackedSequence) -> tuple[Tensor, Tensor]:
    """A packed sequence padded with zeros (T, B, I), longest first, and its lengths."""
    steps, batch = len(packed.batch_sizes), int(packed.batch_sizes[0])
    place = _places(packed)
    padded = packed.data.new_zeros((steps, batch, *packed.data.shape[1:]))
    lengths = place.sum(0)
    return padded.masked_scatter(_like(place, padded), packed.data), lengths


def repack(padded: Tensor, like: PackedSequence) -> PackedSequence:
    """Padded outputs (T, B, F) packed as the inputs were."""
    data = padded[_places(like)]
    return PackedSequence(data, like.batch_sizes, like.sorted_indices, like.unsorted_indices)


def _places(packed: PackedSequence) -> Tensor:
    """(T, B), True where the padded form has a step; in the order of the packed data."""
    sizes = packed.batch_sizes.to(packed.data.device)
    return torch.arange(int(packed.batch_sizes[0]), device=sizes.device) < sizes.unsqueeze(1)


def _like(mask: Tensor, x: Tensor) -> Tensor:
    return mask.view(*mask.shape, *(1 for _ in x.shape[2:])).expand_as(x)
