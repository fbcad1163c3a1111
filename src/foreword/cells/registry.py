"""Cells by their names."""

from foreword.cells.cell import Cell
from foreword.cells.gru import GRUCell
from foreword.cells.layer_norm import LayerNormGRUCell, LayerNormLSTMCell
from foreword.cells.lstm import CoupledLSTMCell, LSTMCell
from foreword.cells.mogrifier import MogrifierLSTMCell
from foreword.cells.peephole import PeepholeLSTMCell, PeepholeOnlyLSTMCell
from foreword.cells.rnn import ElmanCell

NAMES = (
    "rnn",
    "lstm",
    "lstm-peephole",
    "lstm-peephole-only",
    "lstm-coupled",
    "lstm-layernorm",
    "lstm-mogrifier",
    "gru",
    "gru-layernorm",
)
CLIPPED = ("lstm", "lstm-peephole", "lstm-peephole-only")
"""Those that can have a `cell_clip`. In others c is between -1 and 1, or seen normalised."""


def cell_for(
    name: str,
    *,
    nonlinearity: str = "tanh",
    reset_after: bool = True,
    rounds: int = 5,
    rank: int = 0,
    projected: bool = False,
    cell_clip: float = 0.0,
) -> Cell:
    """The cell of this name.

    Args:
        name: one of `NAMES`.
        nonlinearity: of the Elman cell.
        reset_after: of the GRU; see `foreword.cells.gru`.
        rounds: of the Mogrifier LSTM; see `foreword.cells.mogrifier`.
        rank: of its matrices; 0 for whole ones.
        projected: whether the hidden state is a projection.
        cell_clip: of the cells in `CLIPPED`: the largest |c|; see `foreword.cells.lstm`.

    Raises:
        ValueError: there is no such cell, or it has no such option.

    >>> cell_for("lstm-coupled").gates
    ('f', 'g', 'o')
    """
    if cell_clip and name not in CLIPPED:
        raise ValueError(f"cell_clip is for {', '.join(CLIPPED)}, not {name}")
    match name:
        case "rnn":
            return ElmanCell(nonlinearity, projected=projected)
        case "lstm":
            return LSTMCell(projected=projected, cell_clip=cell_clip)
        case "lstm-peephole":
            return PeepholeLSTMCell(projected=projected, cell_clip=cell_clip)
        case "lstm-peephole-only":
            return PeepholeOnlyLSTMCell(projected=projected, cell_clip=cell_clip)
        case "lstm-coupled":
            return CoupledLSTMCell(projected=projected)
        case "lstm-layernorm":
            return LayerNormLSTMCell(projected=projected)
        case "lstm-mogrifier":
            return MogrifierLSTMCell(rounds=rounds, rank=rank, projected=projected)
        case "gru":
            return GRUCell(reset_after=reset_after, projected=projected)
        case "gru-layernorm":
            return LayerNormGRUCell(projected=projected)
        case _:
            raise ValueError(f"there is no cell {name!r}; the cells are {', '.join(NAMES)}")


def describe(cell: Cell) -> str:
    """A cell with its options as text, from which `from_description` makes it again.

    >>> describe(cell_for("rnn", nonlinearity="relu"))
    'rnn nonlinearity=relu'
    """
    words = [cell.name]
    if isinstance(cell, ElmanCell) and cell.nonlinearity != "tanh":
        words.append(f"nonlinearity={cell.nonlinearity}")
    if isinstance(cell, GRUCell) and not cell.reset_after:
        words.append("reset_before")
    if isinstance(cell, MogrifierLSTMCell):
        words += [f"rounds={cell.rounds}", f"rank={cell.rank}"]
    if cell.cell_clip:
        words.append(f"cell_clip={cell.cell_clip!r}")
    if cell.projected:
        words.append("projected")
    return " ".join(words)


def from_description(text: str) -> Cell:
    """The cell that `describe` described."""
    name, *options = text.split()
    numbers = dict(option.split("=") for option in options if "=" in option)
    return cell_for(
        name,
        nonlinearity="relu" if "nonlinearity=relu" in options else "tanh",
        reset_after="reset_before" not in options,
        rounds=int(numbers.get("rounds", 5)),
        rank=int(numbers.get("rank", 0)),
        projected="projected" in options,
        cell_clip=float(numbers.get("cell_clip", 0.0)),
    )
