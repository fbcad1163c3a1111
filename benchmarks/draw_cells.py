"""Draws the data flow of one step of every cell: docs/images/cells/*.svg.

python benchmarks/draw_cells.py [FOLDER]
"""

import sys
from pathlib import Path

from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch

INK, GATE, MEMORY, LOOK = "#334e68", "#d9e8f5", "#0b69a3", "#c0365a"


class Drawing:
    """A page with boxes, circles and arrows, in units of a box's height."""

    def __init__(self, width: float, height: float) -> None:
        self.figure = Figure(figsize=(width * 0.62, height * 0.62))
        FigureCanvasSVG(self.figure)
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set_xlim(0, width)
        self.axes.set_ylim(0, height)
        self.axes.axis("off")

    def gate(self, x: float, y: float, name: str, function: str = "σ") -> None:
        box = FancyBboxPatch(
            (x - 0.55, y - 0.4),
            1.1,
            0.8,
            boxstyle="round,pad=0,rounding_size=0.15",
            facecolor=GATE,
            edgecolor=INK,
            linewidth=1.2,
        )
        self.axes.add_patch(box)
        self.text(x, y, f"{function}")
        self.text(x + 0.2, y + 0.62, name, italic=True)

    def operation(self, x: float, y: float, sign: str) -> None:
        self.axes.add_patch(Circle((x, y), 0.3, facecolor="white", edgecolor=INK, linewidth=1.2))
        self.text(x, y, sign)

    def text(self, x: float, y: float, text: str, italic: bool = False) -> None:
        style = "italic" if italic else "normal"
        self.axes.text(x, y, text, ha="center", va="center", fontsize=11, color=INK, style=style)

    def line(self, *points: tuple[float, float], colour: str = INK, arrow: bool = True) -> None:
        xs, ys = zip(*points, strict=True)
        dashes = "--" if colour == LOOK else "-"
        self.axes.plot(xs, ys, color=colour, linewidth=1.3, linestyle=dashes, zorder=0)
        if arrow:
            self.axes.annotate(
                "",
                xy=points[-1],
                xytext=points[-2],
                arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.3},
                zorder=0,
            )

    def save(self, path: Path) -> None:
        self.figure.savefig(path, transparent=False, metadata={"Date": None})


def elman(path: Path) -> None:
    d = Drawing(8, 4)
    d.text(0.6, 2.2, "h")
    d.text(3.2, 0.4, "x")
    d.line((0.9, 2.2), (2.65, 2.2))
    d.line((3.2, 0.7), (3.2, 1.8))
    d.gate(3.2, 2.2, "", "tanh")
    d.line((3.75, 2.2), (7.0, 2.2))
    d.line((5.4, 2.2), (5.4, 3.3))
    d.text(7.3, 2.2, "h'")
    d.text(5.4, 3.6, "output")
    d.save(path)


def lstm(path: Path, kind: str) -> None:
    coupled, only, norm = kind == "coupled", kind == "only", kind == "norm"
    d = Drawing(12.6, 7)
    top, row, bottom = 5.7, 2.6, 1.0
    places = {"f": 2.6, "i": 4.6, "g": 6.4, "o": 8.4}
    if coupled:
        del places["i"]
    d.text(0.6, top, "c")
    d.line((0.9, top), (2.3, top), colour=MEMORY)
    d.line((2.9, top), (6.1, top), colour=MEMORY)
    d.line((6.7, top), (11.7, top), colour=MEMORY)
    d.text(12.0, top, "c'")
    d.operation(2.6, top, "×")
    d.operation(6.4, top, "+")
    d.operation(6.4, 4.3, "×")
    d.operation(10.2, 3.7, "×")
    for name, x in places.items():
        d.gate(x, row, name, "tanh" if name == "g" else "σ")
        sees_state = not (only and name == "g")
        d.line((x, bottom), (x, row - 0.4))
        if not sees_state:
            d.text(x + 0.85, row - 0.75, "x alone")
    state = "c" if only else "h"
    d.line((0.9, bottom), (8.4, bottom), arrow=False)
    d.text(0.6, bottom, f"x, {state}")
    if norm:
        d.text(2.0, 0.45, "N(W x), N(W h)")
    d.line((2.6, row + 0.4), (2.6, top - 0.3))
    d.line((6.4, row + 0.4), (6.4, 4.0))
    d.line((6.4, 4.6), (6.4, top - 0.3))
    if coupled:
        d.gate(4.6, 4.3, "", "1 - f")
        d.line((2.6, 4.3), (4.05, 4.3))
        d.line((5.15, 4.3), (6.1, 4.3))
    else:
        d.line((4.6, row + 0.4), (4.6, 4.3), (6.1, 4.3))
    d.line((8.4, row + 0.4), (8.4, 3.7), (9.9, 3.7))
    d.gate(10.2, 4.75, "", "tanh N" if norm else "tanh")
    d.line((10.2, top), (10.2, 5.15))
    d.line((10.2, 4.35), (10.2, 4.0))
    d.line((10.2, 3.4), (10.2, bottom), (11.7, bottom))
    d.text(12.0, bottom, "h'")
    if kind == "peephole":
        for x in (2.2, 4.2):
            d.line((1.4, top), (1.4, 3.6), (x, 3.6), (x, row + 0.4), colour=LOOK)
        d.line((8.9, top), (8.9, row + 0.4), colour=LOOK)
        d.text(1.4, 6.2, "peepholes")
    if only:
        d.line((1.2, top), (1.2, bottom), colour=LOOK, arrow=False)
    d.save(path)


def gru(path: Path, kind: str) -> None:
    d = Drawing(11.6, 6.2)
    top, row, bottom = 5.0, 2.4, 0.9
    d.text(0.6, top, "h")
    d.line((0.9, top), (5.3, top), colour=MEMORY)
    d.line((5.9, top), (8.5, top), colour=MEMORY)
    d.line((9.1, top), (10.7, top), colour=MEMORY)
    d.text(11.0, top, "h'")
    d.operation(5.6, top, "×")
    d.operation(8.8, top, "+")
    d.operation(8.8, 3.7, "×")
    for name, x in {"r": 2.8, "z": 5.6, "n": 8.8}.items():
        d.gate(x, row, name, "tanh" if name == "n" else "σ")
        d.line((x, bottom), (x, row - 0.4))
    d.line((0.9, bottom), (8.8, bottom), arrow=False)
    d.text(0.6, bottom, "x, h")
    if kind == "norm":
        d.text(2.2, 0.35, "N(W x), N(W h)")
    d.line((5.6, row + 0.4), (5.6, top - 0.3))
    d.gate(7.1, 3.7, "", "1 - z")
    d.line((5.6, 3.7), (6.55, 3.7))
    d.line((7.65, 3.7), (8.5, 3.7))
    d.line((8.8, row + 0.4), (8.8, 3.4))
    d.line((8.8, 4.0), (8.8, top - 0.3))
    d.line((3.35, row), (4.4, row), (4.4, 1.45), (8.25, 1.45), (8.25, row - 0.4), colour=LOOK)
    d.text(6.2, 1.72, "r * (W h)" if kind != "before" else "W (r * h)")
    d.save(path)


def unrolled(path: Path) -> None:
    """Three steps of a network side by side: the state goes right, the gradient left."""
    d = Drawing(11, 6.2)
    middle = 3.0
    for k, x in enumerate((2.4, 5.4, 8.4)):
        step = ("t - 2", "t - 1", "t")[k]
        d.text(x, 0.5, f"word {step}")
        d.line((x, 0.8), (x, middle - 0.42))
        d.gate(x, middle, "", "step")
        d.line((x, middle + 0.4), (x, 4.7))
        d.text(x, 5.0, f"prediction {step}")
        d.line((x - 2.3, middle), (x - 0.55, middle))
        d.text(x - 1.45, middle + 0.3, f"state {('t - 3', 't - 2', 't - 1')[k]}")
    d.line((8.95, middle), (10.5, middle))
    d.text(9.75, middle + 0.3, "state t")
    d.text(8.4, 5.75, "loss")
    d.line((8.75, 5.75), (9.3, 5.75), (9.3, 2.2), (8.7, 2.2), colour=LOOK)
    d.line((8.4, 2.2), (5.7, 2.2), colour=LOOK)
    d.line((5.4, 2.2), (2.7, 2.2), colour=LOOK)
    d.line((2.4, 2.2), (0.4, 2.2), colour=LOOK)
    for x in (7.0, 4.0, 1.3):
        d.text(x, 1.85, "gradient")
    d.save(path)


folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images/cells")
folder.mkdir(parents=True, exist_ok=True)
unrolled(folder / "unrolled.svg")
elman(folder / "rnn.svg")
lstm(folder / "lstm.svg", "plain")
lstm(folder / "lstm-peephole.svg", "peephole")
lstm(folder / "lstm-peephole-only.svg", "only")
lstm(folder / "lstm-coupled.svg", "coupled")
lstm(folder / "lstm-layernorm.svg", "norm")
gru(folder / "gru.svg", "plain")
gru(folder / "gru-layernorm.svg", "norm")
