"""Multiply vectors by int8 matrices in C++, within equations written for numpy's arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from foreword import compiled
from foreword.cores import available
from foreword.folder.quantised import SCALE, dense

Array = np.ndarray


class Int8Rows:
    """A matrix (rows, columns) of int8 with a scale for each row, used in place of an array.

    `x @ matrix.T` multiplies vectors, each of which is rounded to int8 by its own scale; an index
    gives rows in float32; a slice gives a matrix of those rows.
    """

    __array_ufunc__ = None  # numpy leaves `x @ matrix.T` to this class

    def __init__(self, values: Array, scales: Array) -> None:
        self._values, self._scales = np.ascontiguousarray(values), np.ascontiguousarray(scales)
        self._product = compiled.part("Product")(
            compiled.part("Matrix")(self._values, self._scales)
        )
        self._slices: dict[tuple[int, int], Int8Rows] = {}

    def __len__(self) -> int:
        return len(self._values)

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of rows and of columns."""
        return self._values.shape

    @property
    def T(self) -> "_Transposed":  # noqa: N802, numpy's name
        """The transposed matrix, as a factor."""
        return _Transposed(self)

    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, slice):
            with np.errstate(over="ignore"):  # reported when scores are needed
                return self._values[index] * self._scales[index][..., None]
        begin, end, _ = index.indices(len(self))
        if (begin, end) not in self._slices:
            self._slices[begin, end] = Int8Rows(self._values[begin:end], self._scales[begin:end])
        return self._slices[begin, end]

    def times(self, x: Array) -> Array:
        """Return x (..., columns) by the rows, (..., rows)."""
        x = np.ascontiguousarray(x, np.float32)
        into = np.empty((*x.shape[:-1], len(self)), np.float32)
        self._product.multiply(x, into, available())
        return into


class _Transposed:
    """The right factor of `x @ matrix.T`."""

    __array_ufunc__ = None

    def __init__(self, rows: Int8Rows) -> None:
        self._rows = rows

    def __rmatmul__(self, x: Array) -> Array:
        return self._rows.times(x)


def as_factors(weights: Mapping[str, Array]) -> dict[str, Any]:
    """Return weights by name: int8 matrices as `Int8Rows` if there is a native module.

    Without it, and for float32 weights, they are arrays of float32.
    """
    if compiled.loaded() is None:
        return dict(dense(weights))
    return {
        name: Int8Rows(values, weights[name + SCALE]) if name + SCALE in weights else values
        for name, values in weights.items()
        if not name.endswith(SCALE)
    }
