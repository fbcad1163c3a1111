"""Convert weights to int8 with a scale for each row, and back. Knows no models or files.

The scale of a row is a 127th of its largest absolute value, so that a large weight in one row does
not cost the other rows their precision. A row belongs to one unit of a gate, one word's vector or
one word's output, so that a dot product with a row is scaled once, after the sum.
"""

from collections.abc import Mapping

import numpy as np

SCALE = "_scale"
"""The suffix of the name of a matrix's scales, (rows,) float32."""


def is_quantisable(name: str, shape: tuple[int, ...]) -> bool:
    """Whether a tensor is stored in int8; the few biases and peepholes stay float32."""
    return len(shape) == 2 and "peephole" not in name


def quantise(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Convert every matrix to int8 and scales; other weights stay as they are."""
    converted: dict[str, np.ndarray] = {}
    for name, values in weights.items():
        if not is_quantisable(name, values.shape):
            converted[name] = values
            continue
        scales = (np.abs(values).max(axis=1) / np.float32(127)).astype(np.float32)
        steps = values / np.where(scales > 0, scales, 1)[:, None]
        converted[name] = np.clip(np.rint(steps), -127, 127).astype(np.int8)
        converted[name + SCALE] = scales
    return converted


def dense(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Convert int8 and scales to float32; other weights stay as they are."""
    converted: dict[str, np.ndarray] = {}
    for name, values in weights.items():
        if (scales := weights.get(name + SCALE)) is not None:
            values = values * scales[:, None]
        if not name.endswith(SCALE):
            converted[name] = values
    return converted
