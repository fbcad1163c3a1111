"""Weights as int8 with a scale a row, and back. Knows arrays and their names, no models or files.

Of a matrix (rows, columns) each row is stored in steps of its own, a 127th of its largest value:
one weight in a row of large ones does not cost the others their precision. A row is a gate's unit,
a word's vector, or a word's output, so that a product by a row is scaled once, after its sum.
"""

from collections.abc import Mapping

import numpy as np

SCALE = "_scale"
"""Ends the name of a matrix' scales, (rows,) float32; its name is that of its int8 values."""


def is_quantisable(name: str, shape: tuple[int, ...]) -> bool:
    """Whether a tensor is a matrix; biases and peepholes, of which there are few, stay float32."""
    return len(shape) == 2 and "peephole" not in name


def is_quantised(weights: Mapping[str, np.ndarray]) -> bool:
    """Whether any of them has scales."""
    return any(name.endswith(SCALE) for name in weights)


def quantise(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Every matrix as int8 and its scales; the others as they are."""
    found: dict[str, np.ndarray] = {}
    for name, values in weights.items():
        if not is_quantisable(name, values.shape):
            found[name] = values
            continue
        scales = (np.abs(values).max(axis=1) / np.float32(127)).astype(np.float32)
        steps = values / np.where(scales > 0, scales, 1)[:, None]
        found[name] = np.clip(np.rint(steps), -127, 127).astype(np.int8)
        found[name + SCALE] = scales
    return found


def dense(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The float32 that int8 and scales stand for; others as they are."""
    found: dict[str, np.ndarray] = {}
    for name, values in weights.items():
        if (scales := weights.get(name + SCALE)) is not None:
            values = values * scales[:, None]
        if not name.endswith(SCALE):
            found[name] = values
    return found
