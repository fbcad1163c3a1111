"""Draw the map as a picture: a panel per task, cells by lags. Needs matplotlib."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

from foreword.errors import MissingExtraError
from foreword.memory.map import MapCell, cells_of, lags_of, tasks_of
from foreword.memory.tasks.registry import TASKS

PANELS = 2
"""The number of panels side by side."""
FORMATS = ("svg", "png")
NARROWEST = 5.5
"""The inches that the title needs."""
LABEL = 54
"""The number of letters in a line under a panel, beyond which it would be cut off."""
NONE, ALL = "#e9edf1", "#1d5fa8"
"""The colours for none and for all of the seeds."""


def draw(table: Sequence[MapCell], folder: Path) -> list[Path]:
    """Write map.svg and map.png.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.colors import LinearSegmentedColormap
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise MissingExtraError("drawing the map", "plot") from error
    tasks = tasks_of(table)
    columns = min(PANELS, len(tasks))
    rows = -(-len(tasks) // columns)
    widest = max(len(lags_of(table, task)) for task in tasks)
    tallest = max(len(cells_of(table, task)) for task in tasks)
    width = max(columns * (1.6 + 0.75 * widest), NARROWEST)
    size = (width, rows * (1.15 + 0.38 * tallest) + 0.5)
    colours = LinearSegmentedColormap.from_list("share", (NONE, ALL))
    written = []
    # Text stays text in the SVG, so that it can be searched and read aloud; ids stay the same.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "foreword"}):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        panels = list(figure.subplots(rows, columns, squeeze=False).flat)
        for panel, task in zip(panels, tasks, strict=False):
            _panel(panel, [cell for cell in table if cell.task == task], task, colours)
        for panel in panels[len(tasks) :]:
            panel.set_axis_off()
        figure.suptitle("Share of seeds that solve a task, by cell and lag", fontsize=12)
        for form in FORMATS:
            path = folder / f"map.{form}"
            metadata = {"Date": None} if form == "svg" else {}
            figure.savefig(path, dpi=150, metadata=metadata)
            written.append(path)
    return written


def _panel(panel: Any, table: Sequence[MapCell], task: str, colours: Any) -> None:
    lags, cells = lags_of(table, task), cells_of(table, task)
    shares = [[float("nan")] * len(lags) for _ in cells]
    for cell in table:
        shares[cells.index(cell.cell)][lags.index(cell.lag)] = cell.share
    panel.imshow(shares, cmap=colours, vmin=0, vmax=1, aspect="auto")
    for cell in table:
        panel.text(
            lags.index(cell.lag),
            cells.index(cell.cell),
            f"{cell.solved}/{cell.tried}",
            ha="center",
            va="center",
            fontsize=9,
            color="white" if cell.share > 0.55 else "#1f2933",
        )
    panel.set_xticks(range(len(lags)), [str(lag) for lag in lags])
    panel.set_yticks(range(len(cells)), cells)
    # White lines between the cells.
    panel.set_xticks([k - 0.5 for k in range(1, len(lags))], minor=True)
    panel.set_yticks([k - 0.5 for k in range(1, len(cells))], minor=True)
    panel.grid(which="minor", color="white", linewidth=2)
    panel.tick_params(which="both", length=0)
    panel.spines[:].set_visible(False)
    panel.set_xlabel(fill(f"lag: {TASKS[task].lag_is}", LABEL), fontsize=9)
    panel.set_title(TASKS[task].title, fontsize=11, loc="left")
