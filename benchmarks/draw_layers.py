"""Draws what `layers.py` measured: the roofline, speed against H, B and T, one thread to two."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
from matplotlib import pyplot as plt

from limits import BYTES

if TYPE_CHECKING:
    from layers import Row

COLOURS = {"float32": "tab:blue", "bfloat16": "tab:orange", "int8": "tab:green"}
MARKS = {"step": "o", "sequence": "s", "batches": "^", "training": "v", "lengths": "d"}


def draw(rows: Sequence["Row"], about: dict[str, Any], folder: Path) -> None:
    """Writes `roofline.png` and `scaling.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    _roofline(rows, about, folder / "roofline.png")
    if any(row.part == "scaling" for row in rows):
        _scaling([row for row in rows if row.part == "scaling"], folder / "scaling.png")


def _numbers(row: "Row") -> tuple[int, int, int]:
    B, T, H = (int(n) for n in row.shape.split(","))
    return B, T, H


def _roofline(rows: Sequence["Row"], about: dict[str, Any], path: Path) -> None:
    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    intensity = np.logspace(-1, 3, 200)
    rates = list(about["reads GB/s"].values())
    for products, peak in about["peak GFLOP/s"].items():
        for rate, style in zip(rates, ("-", ":"), strict=False):
            roof = np.minimum(peak, intensity * rate)
            axes.plot(intensity, roof, style, color=COLOURS[products], linewidth=1)
    for row in rows:
        if row.part in MARKS and row.layer in ("lstm", "gru", "rnn"):
            # Each step reads its weights again: as many operations a byte as sequences allow.
            x = 2 * _numbers(row)[0] / BYTES[row.products]
            axes.plot(x, row.gflops, MARKS[row.part], color=COLOURS[row.products], alpha=0.7)
    for part, mark in MARKS.items():
        axes.plot([], [], mark, color="gray", label=part)
    for products, colour in COLOURS.items():
        axes.plot([], [], "-", color=colour, label=products)
    sizes = list(about["reads GB/s"])
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="operations a byte of recurrent weights",
        ylabel="GFLOP/s",
        title=f"Roofs: reading {' (solid) and '.join(sizes)} (dotted) over and over",
    )
    axes.legend(fontsize="small", ncols=2)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _scaling(rows: Sequence["Row"], path: Path) -> None:
    figure, panels = plt.subplots(2, 3, figsize=(10, 5.5), layout="constrained", sharey="row")
    base = 20, 35, 512
    for column, (name, index) in enumerate((("H", 2), ("B", 0), ("T", 1))):
        for layer, colour in (("lstm", "tab:blue"), ("gru", "tab:orange")):
            for peer, style in (("torch", "--"), ("ours, one thread", ":")):
                points = sorted(
                    (_numbers(row)[index], row)
                    for row in rows
                    if row.layer == layer
                    and row.peer == peer
                    and all(n == base[k] for k, n in enumerate(_numbers(row)) if k != index)
                )
                if not points:
                    continue
                x, found = zip(*points, strict=True)
                if peer == "torch":
                    theirs = [row.gflops * row.ours_ms / row.peer_ms for row in found]
                    panels[0, column].plot(
                        x, [row.gflops for row in found], "o-", color=colour, label=f"{layer}, ours"
                    )
                    label = f"{layer}, torch"
                    panels[0, column].plot(
                        x, theirs, "o", linestyle=style, color=colour, label=label
                    )
                else:
                    gains = [row.ratio for row in found]
                    panels[1, column].plot(x, gains, "o-", color=colour, label=layer)
        panels[0, column].set(xscale="log", xlabel=name)
        panels[1, column].set(xscale="log", xlabel=name)
        panels[1, column].axhline(1, color="gray", linewidth=0.5)
    panels[0, 0].set(ylabel="GFLOP/s, forwards")
    panels[1, 0].set(ylabel="one thread's time by all threads'")
    panels[0, 0].legend(fontsize="small")
    figure.suptitle("float32; otherwise B = 20, T = 35, H = 512")
    figure.savefig(path, dpi=120)
    plt.close(figure)
