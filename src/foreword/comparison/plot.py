"""Draws a comparison: perplexity against words seen and against seconds. Needs matplotlib."""

from pathlib import Path
from statistics import median

from foreword.comparison.compare import Comparison
from foreword.comparison.pairs import PairComparison
from foreword.errors import MissingExtraError
from foreword.folder.architecture import DESCRIPTIONS
from foreword.visible import shown

NGRAM = ("#1f2933", "")
"""The colour and the line of an n-gram model, which has no curve."""


def plot(comparison: Comparison, path: Path, text: str) -> None:
    """Writes a PNG of two panels that share their perplexity axis."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.ticker import EngFormatter, ScalarFormatter
    except ModuleNotFoundError as error:
        raise MissingExtraError("plotting", "plot") from error
    figure = Figure(figsize=(12, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, sharey=True)
    rows = sorted(comparison.rows, key=lambda row: row.perplexity)
    for row in rows:
        points = [p for p in comparison.points if p.model == row.model]
        told = DESCRIPTIONS.get(row.model)
        colour, line = (told.colours[0], told.line) if told is not None else NGRAM
        look = {
            "color": colour,
            "linestyle": line,
            "linewidth": 1.8,
            "marker": "D" if row.model == "ngram" else ".",  # counted once: one point, no curve
            "markersize": 5,
        }
        perplexities = [p.perplexity for p in points]
        left.plot([p.words_seen for p in points], perplexities, **look)
        label = f"{row.model}  {row.perplexity:.1f}"
        best = min(points, key=lambda p: p.perplexity)  # what the table tells of
        for axes, x in ((left, best.words_seen), (right, best.seconds)):
            axes.plot(x, best.perplexity, "o", color=colour, markersize=7, fillstyle="none")
        right.plot([p.seconds for p in points], perplexities, label=label, **look)
    left.set_xlabel("words seen in training")
    left.xaxis.set_major_formatter(EngFormatter())
    left.set_ylabel("perplexity on held-out text (log scale)")
    right.set_xlabel("seconds of training")
    for axes in (left, right):
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(ScalarFormatter())
        axes.yaxis.set_minor_formatter(ScalarFormatter())
        axes.grid(visible=True, which="both", color="#e4e7eb", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    # A network whose gradients exploded for a while shall not flatten all the others' curves.
    firsts = [next(p.perplexity for p in comparison.points if p.model == r.model) for r in rows]
    left.set_ylim(top=min(max(p.perplexity for p in comparison.points), 3 * median(firsts)) * 1.1)
    figure.legend(  # beside the panels: within one it hid the ends of curves
        title="best perplexity (ringed)",
        loc="outside right upper",
        frameon=False,
        fontsize=9,
        title_fontsize=9,
        labelspacing=0.7,
    )
    title = f"Next-word models of equal size and time on {shown(text)}"
    figure.suptitle(title, fontsize=12).set_parse_math(False)  # a file's name is no formula
    figure.savefig(path, dpi=150)


LINES = {"none": ":", "additive": "--", "multiplicative": "-"}
"""The line of each attention."""


def plot_pairs(comparison: PairComparison, path: Path, text: str) -> None:
    """Write a PNG of two panels: perplexity while training, and BLEU at its end."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.ticker import ScalarFormatter
    except ModuleNotFoundError as error:
        raise MissingExtraError("plotting", "plot") from error
    figure = Figure(figsize=(12, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    rows = sorted(comparison.rows, key=lambda row: row.perplexity)
    for row in rows:
        points = [p for p in comparison.points if p.model == row.name]
        left.plot(
            [p.seconds for p in points],
            [p.perplexity for p in points],
            color=DESCRIPTIONS[row.model].colours[0],
            linestyle=LINES[row.attention],
            linewidth=1.8,
            label=f"{row.name}  {row.perplexity:.1f}",
        )
    left.set_xlabel("seconds of training")
    left.set_ylabel("perplexity of held-out translations, per sub-word (log scale)")
    left.set_yscale("log")
    left.yaxis.set_major_formatter(ScalarFormatter())
    left.yaxis.set_minor_formatter(ScalarFormatter())
    left.legend(title="perplexity at the end", frameon=False, fontsize=8, title_fontsize=8)
    measured = sorted((r for r in rows if r.bleu is not None), key=lambda row: row.bleu or 0.0)
    bars = right.barh(
        [row.name for row in measured],
        [row.bleu for row in measured],
        color=[DESCRIPTIONS[row.model].colours[0] for row in measured],
    )
    right.bar_label(bars, fmt="%.1f", padding=3, fontsize=9)
    right.set_xlabel("BLEU of the held-out pairs, greedy")
    for axes in (left, right):
        axes.grid(visible=True, axis="both", color="#e4e7eb", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    title = f"Translation models of equal size and time on {shown(text)}"
    figure.suptitle(title, fontsize=12).set_parse_math(False)
    figure.savefig(path, dpi=150)
