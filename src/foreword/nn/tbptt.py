"""Truncated backpropagation through time as one call."""

from collections.abc import Iterator

import torch
from torch import Tensor

from foreword.nn.recurrent import Hidden, Recurrent


def detached(hx: Hidden) -> Hidden:
    """Return the same state, cut off from its history, so that gradients stop."""
    return hx.detach() if isinstance(hx, Tensor) else tuple(part.detach() for part in hx)


def tbptt(
    layer: Recurrent, x: Tensor, hx: Hidden | None, window: int
) -> Iterator[tuple[Tensor, Hidden]]:
    """Run a layer over a long sequence in windows; gradients stop where a window starts.

    Truncated backpropagation through time (Williams & Peng 1990). Take each window's step before
    requesting the next: the loss of a window uses the layer's weights at that time.

    >>> import torch
    >>> layer = Recurrent("gru", 3, 4)
    >>> windows = tbptt(layer, torch.randn(10, 2, 3), None, window=4)
    >>> [len(outputs) for outputs, _ in windows]
    [4, 4, 2]

    Args:
        layer: a recurrent layer.
        x: (T, B, I); (B, T, I) if the layer is `batch_first`; or (T, I).
        hx: the state before the first step, as the layer takes it; it is detached.
        window: the number of steps that gradients flow back, at least 1.

    Yields:
        Each window's outputs, and the state after it, detached.

    Raises:
        ValueError: the window is not positive, or the layer also reads backwards.
    """
    if window < 1:
        raise ValueError(f"window must be at least 1, got {window}")
    if layer.bidirectional:
        raise ValueError(
            "a bidirectional layer needs the whole sequence: it cannot read it in windows"
        )
    time = 1 if layer.batch_first and x.dim() == 3 else 0
    for part in torch.split(x, window, dim=time):
        outputs, after = layer(part, None if hx is None else detached(hx))
        hx = detached(after)
        yield outputs, hx
