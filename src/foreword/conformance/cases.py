"""Random problems over every option that a recurrent layer has. Knows no kernels."""

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from foreword.cells.registry import CELLS, NAMES, from_description
from foreword.nn.recurrent import Recurrent

DTYPES = {"float64": torch.float64, "float32": torch.float32, "bfloat16": torch.bfloat16}
TOLERANCE = {"float64": 1e-9, "float32": 1e-4, "bfloat16": 1e-1}
"""The largest difference that counts as agreement, relative to the largest value if that is above
1. bfloat16 has 8 bits, and its rounding errors add up over time."""


@dataclass(frozen=True)
class Case:
    """One layer and one batch, up to the numbers.

    Attributes:
        cell: by its name.
        variant: the option of the cell that differs from its default, as `name=value`; "" for none.
        num_layers: 1 or 2.
        bidirectional: whether it also reads backwards.
        bias: whether it has biases.
        projected: whether the hidden state is projected.
        ragged: whether the sequences differ in length.
        dtype: a name of `DTYPES`.
        seed: of sizes and numbers.
    """

    cell: str
    variant: str = ""
    num_layers: int = 1
    bidirectional: bool = False
    bias: bool = True
    projected: bool = False
    ragged: bool = False
    dtype: str = "float32"
    seed: int = 0

    @property
    def name(self) -> str:
        """The cell with its options."""
        parts = [self.cell, self.variant, "projected" if self.projected else ""]
        return " ".join(part for part in parts if part)

    @property
    def sizes(self) -> dict[str, int]:
        """T, B, I, H and P, small, drawn by the seed."""
        dice = random.Random(self.seed)
        H = dice.randint(2, 9)
        return {
            "T": dice.randint(1, 8),
            "B": dice.randint(1, 5),
            "I": dice.randint(1, 7),
            "H": H,
            "P": dice.randint(1, H - 1) if self.projected else 0,
        }

    def arguments(self) -> dict[str, Any]:
        """Of a layer with torch's signature."""
        given: dict[str, Any] = {
            "input_size": self.sizes["I"],
            "hidden_size": self.sizes["H"],
            "num_layers": self.num_layers,
            "bias": self.bias,
            "bidirectional": self.bidirectional,
        }
        if self.projected:
            given["proj_size"] = self.sizes["P"]
        if self.variant:
            option, _ = self.variant.split("=")
            given[option] = from_description(f"{self.cell} {self.variant}").chosen[option]
        return given

    def layer(self) -> Recurrent:
        """The layer of this case, in float64, on weights that the seed draws."""
        generator = torch.Generator().manual_seed(self.seed)
        layer = Recurrent(self.cell, **self.arguments(), generator=generator, dtype=torch.float64)
        with torch.no_grad():
            for parameter in layer.parameters():  # larger than at the start of training
                parameter.add_(torch.randn(parameter.shape, generator=generator).double() * 0.3)
                parameter.copy_(parameter.to(DTYPES[self.dtype]))
        return layer

    def inputs(self) -> "Inputs":
        """Drawn by the seed, in float64, rounded to what the dtype can hold."""
        generator = torch.Generator().manual_seed(self.seed + 1)
        T, B, size = self.sizes["T"], self.sizes["B"], self.sizes["I"]

        def draw(*shape: int) -> Tensor:
            drawn = torch.randn(shape, generator=generator).to(DTYPES[self.dtype])
            return drawn.double()

        state = tuple(draw(*part.shape) for part in self.layer().start(B))
        lengths = None
        if self.ragged:
            lengths = torch.randint(1, T + 1, (B,), generator=generator)
            lengths[0] = T
        return Inputs(draw(T, B, size), state, lengths)


@dataclass(frozen=True)
class Inputs:
    """A batch: x (T, B, I), the state by its parts, and lengths (B,) or None."""

    x: Tensor
    state: tuple[Tensor, ...]
    lengths: Tensor | None


def variants(cell: str) -> list[str]:
    """All of a cell's options by default, and each that is not a number with its other values.

    >>> variants("gru")
    ['', 'reset_after=False']
    """
    names = [""]
    for name, option in CELLS[cell].options.items():
        values: tuple[bool | str, ...] = option.choices
        if isinstance(option.default, bool):
            values = (not option.default,)
        names += [f"{name}={value}" for value in values if value != option.default]
    return names


def cases(
    cells: Sequence[str] = NAMES, dtypes: Sequence[str] = tuple(DTYPES), repeats: int = 2
) -> Iterator[Case]:
    """Every combination, each on `repeats` random sizes."""
    seed = 0
    flags = (False, True)
    for cell in cells:
        for variant, projected in itertools.product(variants(cell), flags):
            if projected and variant == "reset_after=False":
                continue  # there is no such cell
            case = Case(cell, variant, projected=projected)
            for dtype, layers, both, bias, ragged in itertools.product(
                dtypes, (1, 2), flags, flags, flags
            ):
                for _ in range(repeats):
                    seed += 1
                    yield replace(
                        case,
                        num_layers=layers,
                        bidirectional=both,
                        bias=bias,
                        ragged=ragged,
                        dtype=dtype,
                        seed=seed,
                    )
