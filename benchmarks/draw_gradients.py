"""Draws how gradients explode in an Elman network, and what clipping does: FOLDER/exploding.svg.

python benchmarks/draw_gradients.py FOLDER

Left: the product of the Jacobians d h(j) / d h(j - 1) over ever more steps, of networks that are
not trained. Right: networks on the temporal order task, trained with and without clipping.
"""

import sys
from pathlib import Path

import torch
from matplotlib import rc_context
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from torch import Tensor

import foreword.nn
from foreword.memory.tasks.registry import task_for
from foreword.memory.tasks.task import loss_of

INK, MUTED, RULE = "#1c232d", "#5c6570", "#e4e1db"
COLOURS = ("#0b62a0", "#2b8a86", "#7a8290", "#d98a3d", "#b8300a")
UNITS, STEPS = 64, 50
RADII = (0.5, 0.9, 1.1, 2.0, 4.0)
"""The largest absolute eigenvalue of W_hh."""
INPUT = 0.1
"""Size of the inputs: small ones leave tanh nearly straight, so that its slope is close to 1."""
TASK, LAG, UPDATES, RATE, CLIP = "temporal-order-2", 20, 800, 0.3, 1.0
FIRST_RADIUS = 1.3
"""The radius of W_hh with which those networks begin."""


def with_radius(layer: foreword.nn.RNN, radius: float) -> None:
    """Scales the recurrent weights to this spectral radius."""
    weight = layer.weight_hh_l0
    with torch.no_grad():
        weight *= radius / torch.linalg.eigvals(weight).abs().max()


def norms_by_distance(radius: float) -> list[float]:
    """The spectral norm of d h(T) / d h(T - d), for d = 0, 1, ..., STEPS."""
    torch.manual_seed(1)
    layer = foreword.nn.RNN(8, UNITS)
    with_radius(layer, radius)
    with torch.no_grad():
        h, _ = layer(INPUT * torch.randn(2 * STEPS, 1, 8))
    product = torch.eye(UNITS)
    norms = [1.0]
    for state in h[-STEPS:, 0].flip(0):
        # d h / d h_before = diag(1 - h^2) W_hh; the later step's factor stands on the left.
        product = product @ ((1 - state**2)[:, None] * layer.weight_hh_l0.detach())
        norms.append(float(torch.linalg.matrix_norm(product, 2)))
    return norms


def training(clip: float | None) -> tuple[list[float], list[float]]:
    """At each update, the loss and the norm of the gradient before any clipping."""
    torch.manual_seed(1)
    draws = torch.Generator().manual_seed(1)
    task = task_for(TASK)
    inputs, classes = task.sizes(LAG)
    layer, readout = foreword.nn.RNN(inputs, 50), torch.nn.Linear(50, classes)
    with_radius(layer, FIRST_RADIUS)
    parameters = [*layer.parameters(), *readout.parameters()]
    optimizer = torch.optim.SGD(parameters, RATE)
    losses, norms = [], []
    for _ in range(UPDATES):
        batch = task.draw(LAG, 32, draws)
        hidden, _ = layer(batch.inputs)
        loss: Tensor = loss_of(task.loss, readout(hidden[batch.asked]), batch.targets)
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(parameters, clip or float("inf"))
        optimizer.step()
        losses.append(loss.item())
        norms.append(norm.item())
    return losses, norms


def draw(path: Path) -> None:
    figure = Figure(figsize=(9.5, 4.4), layout="constrained")
    FigureCanvasSVG(figure)
    grid = figure.add_gridspec(2, 2, width_ratios=(1.1, 1))
    left = figure.add_subplot(grid[:, 0])
    for radius, colour in zip(RADII, COLOURS, strict=True):
        norms = norms_by_distance(radius)
        left.plot(norms, color=colour, linewidth=1.8, label=f"radius {radius:g}")
        print(f"radius {radius:g}: {norms[10]:.2g} after 10 steps, {norms[-1]:.2g} after {STEPS}")
    left.axhline(1, color=MUTED, linewidth=0.8, linestyle="--")
    left.set_yscale("log")
    left.set_xlabel("steps back, d")
    left.set_title("Norm of ∂h(T) / ∂h(T − d), by the radius of W_hh", fontsize=9, loc="left")
    left.legend(frameon=False, fontsize=8)
    upper, lower = figure.add_subplot(grid[0, 1]), figure.add_subplot(grid[1, 1])
    for clip, colour, label in ((None, COLOURS[4], "unclipped"), (CLIP, COLOURS[0], "clipped")):
        losses, norms = training(clip)
        upper.plot(losses, color=colour, linewidth=1, label=label)
        lower.plot(norms, color=colour, linewidth=0.6, label=label)
        print(f"{label}: loss {sum(losses[-50:]) / 50:.3f}, largest norm {max(norms):.1f}")
    lower.axhline(CLIP, color=MUTED, linewidth=0.8, linestyle="--")
    lower.set_yscale("log")
    lower.set_xlabel("update")
    upper.set_title("Loss of the temporal order task", fontsize=9, loc="left")
    lower.set_title("Norm of its gradient; the limit is dashed", fontsize=9, loc="left")
    upper.legend(frameon=False, fontsize=8, loc="upper right")
    for axes in (left, upper, lower):
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(RULE)
        axes.tick_params(colors=MUTED, labelcolor=INK)
        axes.grid(visible=True, axis="y", color=RULE, linewidth=0.6)
    figure.savefig(path, metadata={"Date": None})


folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
with rc_context({"svg.fonttype": "none", "svg.hashsalt": "foreword", "font.size": 9}):
    draw(folder / "exploding.svg")
