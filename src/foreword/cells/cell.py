"""What a recurrent cell is: its description, its parameters and its equations. Needs no torch.

A cell is one class in one file of this folder. Everything that Foreword does with it is derived
from that class: the names on the command line, the shapes in a model folder, the model card,
default settings, plots, the inspection's colours, and the tests' parameters. A cell is run by its
own equations unless a kernel declares that it can run the cell.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from foreword.cells.operations import Array, linear

Weights = Mapping[str, Array]
State = tuple[Array, ...]
Gates = dict[str, Array]
OptionValue = bool | int | float | str
Begin = float | Callable[[Array], Array]
"""A parameter's initial value: one number for all entries, or a function of an array of the
parameter's shape whose numbers are drawn uniformly from 0 to 1.
"""

LEARNING_RATE = 6e-3
"""A rate that suits gated cells, slightly below the best one in `benchmarks/cells.py --chats`,
since long runs suit smaller rates."""


@dataclass(frozen=True)
class Option:
    """A choice within a cell's equations.

    Attributes:
        about: what it does, in one line.
        default: its value unless another one is chosen.
        choices: the values of an option that is a name.
        least: the smallest number, for an option that is a number.
        most: the largest number.
        usual: the value in a new model unless another one is chosen; None means `default`. Models
            that are older than the option have `default`.
        setting: its name among the settings of training and in a model folder's configuration; None
            means its own name.
    """

    about: str
    default: OptionValue
    choices: tuple[str, ...] = ()
    least: float = 0
    most: float = 0
    usual: OptionValue | None = None
    setting: str | None = None

    def checked(self, name: str, value: Any) -> OptionValue:
        """Return the value if it is allowed.

        Raises:
            ValueError: it is not allowed; the message says what is.
        """
        if self.choices:
            if value not in self.choices:
                raise ValueError(f"{name} must be one of {', '.join(self.choices)}, not {value!r}")
        elif isinstance(self.default, bool):
            if not isinstance(value, bool):
                raise ValueError(f"{name} must be true or false, not {value!r}")
        else:
            is_whole = isinstance(self.default, int)
            kinds = (int,) if is_whole else (int, float)
            if type(value) not in kinds or not self.least <= value <= self.most:
                kind = "a whole number" if is_whole else "a number"
                limits = f"from {self.least:,} to {self.most:,}"
                raise ValueError(f"{name} must be {kind} {limits}, not {value!r}")
        return type(self.default)(value)


class Cell(ABC):
    """The equations of one recurrent network, for one time step.

    The letters have the same meaning in every cell: x input (..., I), h hidden state (..., P), c
    memory (..., H); i, f, o input, forget and output gate; g candidate memory; r, z, n reset gate,
    update gate and candidate state. Weights have torch's names and order of gates. P is H, unless
    the hidden state is a projection of H units to fewer (Sak et al. 2014): then `weight_hr` (P, H)
    makes it.

    Attributes:
        name: its name on the command line.
        about: what it is and who published it, to follow "predicts with": "an LSTM with ...".
        year: of the publication; tables list cells in this order.
        colours: of its curves, on a light and on a dark background.
        line: the style of its curves, in Matplotlib's notation.
        gates: names of what `step` computes on the way, in the order of the rows of `weight_ih`.
        keep: the gate that says how much of the old memory is kept; None if there is none.
        take: the gate that says how much of the candidate is added; None if that is 1 - keep.
        candidate: the name among `gates` of the value that is added; None if there is none.
        learning_rate: the default of the peak learning rate in training.
        is_compared: whether `foreword compare` trains it by default.
        options: by name; attributes of the cell have these names, too.
        begins: initial values of parameters, by name; the others are random, uniform in
            +-1/sqrt(H).
        setting_of: for a variant of another cell, the name of the model that uses this cell if its
            setting `variant_setting` is above 0; None if models have the cell's own name.
        projected: whether there is a `weight_hr`.
    """

    name: ClassVar[str]
    about: ClassVar[str]
    year: ClassVar[int]
    colours: ClassVar[tuple[str, str]]
    line: ClassVar[str] = "-"
    gates: ClassVar[tuple[str, ...]]
    keep: ClassVar[str | None] = None
    take: ClassVar[str | None] = None
    candidate: ClassVar[str | None] = None
    learning_rate: ClassVar[float] = LEARNING_RATE
    is_compared: ClassVar[bool] = True
    options: ClassVar[Mapping[str, Option]] = {}
    begins: ClassVar[Mapping[str, Begin]] = {}
    setting_of: ClassVar[str | None] = None
    variant_setting: ClassVar[str | None] = None
    cell_clip: float = 0.0

    def __init__(self, *, projected: bool = False, **options: OptionValue) -> None:
        """Set the values of `options`; the others have their defaults.

        Raises:
            ValueError: the cell has no such option, or the value is not allowed.
        """
        self.projected = projected
        for name in options:
            if name not in self.options:
                raise ValueError(f"{self.name} has no option {name}")
        for name, option in self.options.items():
            setattr(self, name, option.checked(name, options.get(name, option.default)))

    @classmethod
    def settings(cls) -> dict[str, str]:
        """The names of its options, by the names of their settings."""
        return {option.setting or name: name for name, option in cls.options.items()}

    @property
    def chosen(self) -> dict[str, Any]:
        """The options by name, with their values."""
        return {name: getattr(self, name) for name in self.options}

    @abstractmethod
    def step(
        self, x: Array, state: State, w: Weights, seen: Array | None = None
    ) -> tuple[State, Gates]:
        """The state after one more input, and the gates.

        Args:
            x: (..., I).
            state: the parts of `states`.
            w: the parameters of `parameter_shapes`.
            seen: the vector that `weight_hh` multiplies; None means the state itself. Recurrent
                dropout passes a masked copy here, while the complete state is carried on to the
                next step.
        """

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the parts of the state, the output h first."""
        return ("h",)

    @property
    def memory(self) -> str:
        """The part of the state that is the long-term memory: c, or h if there is no c."""
        return "c" if "c" in self.states else "h"

    @property
    def is_bounded(self) -> bool:
        """Whether |h| is at most 1 for every input; a larger stored state is then refused."""
        return True

    @property
    def recurrent_gates(self) -> tuple[str, ...]:
        """The gates that see the state, in the order of the rows of `weight_hh`."""
        return self.gates

    @property
    def recurrent_state(self) -> int:
        """The index of the part of the state that `weight_hh` multiplies: 0, h."""
        return 0

    def state_sizes(self, hidden_size: int, proj_size: int = 0) -> tuple[int, ...]:
        """The number of units of each part of the state; only h may be projected."""
        return (proj_size or hidden_size, *(hidden_size for _ in self.states[1:]))

    def parameter_shapes(
        self, input_size: int, hidden_size: int, proj_size: int = 0
    ) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the cell's parameters, in torch's order.

        Without recurrent gates, there are neither `weight_hh` nor `bias_hh`.
        """
        H, rows = hidden_size, len(self.gates) * hidden_size
        recurrent_rows = len(self.recurrent_gates) * hidden_size
        seen = self.state_sizes(hidden_size, proj_size)[self.recurrent_state]
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (rows, input_size),
            "weight_hh": (recurrent_rows, seen),
            "bias_ih": (rows,),
            "bias_hh": (recurrent_rows,),
        }
        if not self.recurrent_gates:
            del shapes["weight_hh"], shapes["bias_hh"]
        if self.projected:
            shapes["weight_hr"] = (proj_size, H)
        return shapes

    def project(self, h: Array, w: Weights) -> Array:
        """W_hr h, if the hidden state is projected; else h."""
        return linear(h, w["weight_hr"]) if self.projected else h
