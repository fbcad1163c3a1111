"""The page's figures as PNG and SVG, from the same document. Needs matplotlib; knows no models."""

import base64
import math
import warnings
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator, ScalarFormatter

from foreword.folder.architecture import DESCRIPTIONS
from foreword.inspect.colours import DIVERGING, GATES, SEQUENTIAL

INK, MUTED, RULE, ACCENT, WARM = "#1c232d", "#5c6570", "#e4e1db", "#0b62a0", "#b8540a"
ERASED = "#c9c5bd"
READABLE = 60
"""The number of words whose names fit under a figure; with more, it shows their numbers."""
WIDTH = 9.5
"""Inches: on a page or a slide, letters are still readable."""
BITS = 12.0
"""The surprise at which a word's colour is strongest."""
A_ROW, ROWS = 10, 12
"""The largest number of words, and of rows, in the figure of the predictions; the page has all."""

GATE_MAP = LinearSegmentedColormap.from_list("gate", SEQUENTIAL["light"])
STATE_MAP = LinearSegmentedColormap.from_list("state", DIVERGING["light"])
SURPRISE_MAP = LinearSegmentedColormap.from_list("surprise", ["#fdf6f0", "#dfa583"])


def draw(document: dict[str, Any], folder: Path) -> list[Path]:
    """Writes all figures as PNG and as SVG, and returns the files.

    Args:
        document: the result of `foreword.inspect.document`.
        folder: created if it is missing; figures of the same names are replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    # Texts stay texts: they can be searched, and the file is small. The salt makes it reproducible.
    style: Any = {"svg.fonttype": "none", "svg.hashsalt": "foreword", "font.size": 9}
    with rc_context(style), warnings.catch_warnings():
        # A character that the font lacks is drawn as a box, which still shows the word's position.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        for name, figure in _figures(document):
            FigureCanvasAgg(figure)
            for kind in ("png", "svg"):
                path = folder / f"{name}.{kind}"
                metadata = {"Date": None} if kind == "svg" else None
                figure.savefig(path, dpi=120, metadata=metadata)
                # Arranged once; doing it again for the second file costs most of the time.
                figure.set_layout_engine("none")
                written.append(path)
    return written


def _figures(document: dict[str, Any]) -> Iterable[tuple[str, Figure]]:
    """Name and figure of each section that has something to show."""
    yield "words", words(document)
    several = len(document["layers"]) > 1
    for layer in document["layers"]:
        suffix = f"-layer{layer['layer'] + 1}" if several else ""
        if layer["gates"] or layer["states"]:
            yield f"gates{suffix}", gates(document, layer)
        if layer["memory"] is not None and layer["ranking"]:
            yield f"unit{suffix}", unit(document, layer)
    if document["gradients"] and document["gradients"]["curves"]:
        yield "gradients", gradients(document)
    for spectra in document["jacobians"]:
        if spectra["steps"]:
            suffix = f"-layer{spectra['layer'] + 1}" if len(document["jacobians"]) > 1 else ""
            yield f"jacobians{suffix}", jacobians(spectra)
    if document["attributions"]:
        yield "attributions", attributions(document)
    for number, contrast in enumerate(document["contrasts"], start=1):
        yield f"contrast-{number}", contrasts(document, contrast)


def words(document: dict[str, Any]) -> Figure:
    """The text, the probability of each word, and the words that the model expected instead."""
    texts = document["words"][: A_ROW * ROWS]
    rows = math.ceil(len(texts) / A_ROW)
    figure = Figure(figsize=(WIDTH, 0.8 + 0.95 * rows), layout="constrained")
    axes = figure.subplots()
    for k, text in enumerate(texts):
        x, y = k % A_ROW, -(k // A_ROW)
        p = document["came"][k - 1] if k else None
        expected = document["top"][k - 1][0] if k else None
        surprise = 0 if p is None else min(BITS, -math.log2(max(p, 1e-12))) / BITS
        _write(axes, x, y, _short(text, 13), ha="center", fontsize=11, bbox=_box(surprise))
        if p is not None and expected is not None:
            _write(axes, x, y - 0.33, _share(p), ha="center", fontsize=7.5, color=INK)
            guess = f"{_short(expected[0], 10)} {_share(expected[1])}"
            _write(axes, x, y + 0.34, guess, ha="center", fontsize=7, color=MUTED)
    axes.set_xlim(-0.6, A_ROW - 0.4)
    axes.set_ylim(-rows + 0.45, 0.55)
    axes.axis("off")
    which = "" if len(texts) == len(document["words"]) else f" (the first {len(texts)} words)"
    told = f"Above each word what was expected most, below it how probable it was itself{which}"
    _title(figure, told)
    return figure


def gates(document: dict[str, Any], layer: dict[str, Any]) -> Figure:
    """A map for each gate and state: words across, units down, those that hold longest on top."""
    parts = [*layer["gates"], *layer["states"]]
    T = len(document["words"])
    columns = 1 if T > READABLE else 2
    rows = math.ceil(len(parts) / columns)
    figure = Figure(figsize=(WIDTH, 0.6 + 2.5 * rows), layout="constrained")
    grid = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    order = next(iter(layer["orders"].values()))
    for axes, part in zip(grid, parts, strict=False):
        values = _matrix(part["data"], part["low"], part["high"], len(layer["units"]))
        _map(axes, values[:, order], part["low"], part["high"])
        _name_words(axes, document["words"], size=7 if columns == 1 else 6)
        axes.set_title(f"{part['label']} {part['name']}: {part['says']}", fontsize=9, loc="left")
        axes.set_ylabel("units", color=MUTED)
    for axes in grid[len(parts) :]:
        axes.axis("off")
    holds = "those that hold longest on top" if "holding time" in layer["orders"] else "as numbered"
    _title(figure, f"Gates and states of layer {layer['layer'] + 1}, a row a unit, {holds}")
    return figure


def unit(document: dict[str, Any], layer: dict[str, Any]) -> Figure:
    """The most telling unit as a capacitor: its charge, and the gates that act on it."""
    position, T = layer["telling"], len(document["words"])
    best = next(row for row in layer["ranking"] if row["position"] == position)
    quantities = {
        part["name"]: _matrix(part["data"], part["low"], part["high"], len(layer["units"]))[
            :, position
        ]
        for part in [*layer["gates"], *layer["states"]]
    }
    keep, take = layer["kinds"]["keep"], layer["kinds"]["take"]
    rows = [(keep, f"{keep} keeps", quantities[keep])] if keep else []
    if take:
        rows.append((take, f"{take} charges", quantities[take]))
    elif keep:
        rows.append(("i", f"1 − {keep} charges", 1 - quantities[keep]))
    rows += [
        (name, text, quantities[name]) for name, text in (("o", "o shows"),) if name in quantities
    ]
    rows += [
        (name, text, quantities[name])
        for name, text in (("r", "r looks back"),)
        if name in quantities
    ]
    figure = Figure(figsize=(WIDTH, 3.2 + 0.7 * len(rows)), layout="constrained")
    ratios = [4.0, *(1.0 for _ in rows)]
    every = np.atleast_1d(figure.subplots(1 + len(rows), 1, sharex=True, height_ratios=ratios))
    x = np.arange(T + 1) - 0.5
    charge = quantities[layer["memory"]]
    top = every[0]
    top.stairs(np.maximum(charge, 0), x, fill=True, color=WARM, alpha=0.3)
    top.stairs(np.minimum(charge, 0), x, fill=True, color=ACCENT, alpha=0.3)
    top.stairs(charge, x, color=INK, linewidth=1.2, baseline=None)
    top.axhline(0, color=MUTED, linewidth=0.8)
    top.set_ylabel("memory c" if layer["memory"] == "c" else "state h")
    for axes, (name, text, values) in zip(every[1:], rows, strict=True):
        axes.stairs(values, x, fill=True, color=GATES.get(name, MUTED), alpha=0.5)
        axes.set_ylim(0, 1)
        axes.set_yticks([0, 1])
        axes.set_ylabel(text, rotation=0, ha="right", va="center")
    for axes in every:
        _plain(axes)
    for axes in every[:-1]:
        axes.tick_params(bottom=False)
    top.set_xlim(-0.5, T - 0.5)
    _name_words(every[-1], document["words"])
    longest = best["longest_hold"]
    holds = "" if longest is None else f": it keeps a charge for up to {longest} words"
    _title(figure, f"Unit {best['unit']} of layer {layer['layer'] + 1} as a capacitor{holds}")
    return figure


def gradients(document: dict[str, Any]) -> Figure:
    """Norms by distance, relative to distance 0; and what clipping would cut."""
    flow = document["gradients"]
    clipping = flow["clipping"]
    figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
    ratios = [2, 1] if clipping else [1]
    panels = np.atleast_1d(figure.subplots(1, len(ratios), width_ratios=ratios))
    left = panels[0]
    deepest = max(c["layer"] for c in flow["curves"])
    for curve in sorted(flow["curves"], key=lambda c: c["kind"] == "trained"):
        norms = curve["norms"].get("c") or curve["norms"]["h"]
        relative = np.array([np.nan if n is None else n for n in norms]) / (norms[0] or 1)
        own = curve["kind"] == "trained"
        vanishes = curve["vanishes"]
        layer = f", layer {curve['layer'] + 1}" if deepest > 0 else ""
        left.plot(
            np.where(relative > 0, relative, np.nan),
            color=ACCENT if own else DESCRIPTIONS[curve["cell"]].colours[0],
            linestyle=":" if curve["kind"] == "untrained" else "-",
            linewidth=2.8 if own else 1.5,
            label=_plain_text(curve["label"])
            + layer
            + ("" if vanishes is None else f": under 1 % at {vanishes}"),
        )
    left.axhline(0.01, color=WARM, linestyle="--", linewidth=1)
    left.set_yscale("log")
    left.set_ylim(bottom=max(left.get_ylim()[0], 1e-6))
    left.set_xlabel("words back")
    left.set_ylabel("gradient norm by the memory, relative to distance 0")
    _plain(left)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    if clipping:
        right = panels[1]
        norms = np.array([np.nan if n is None else n for n in clipping["norms"]])
        clip = clipping["clip"]
        over = norms > clip if clip is not None else np.zeros(len(norms), bool)
        right.scatter(np.arange(len(norms)), norms, s=18, c=np.where(over, WARM, ACCENT))
        if clip is not None:
            right.axhline(clip, color=WARM, linestyle="--", linewidth=1)
            share = _share(clipping["share"]) if clipping["share"] else "None"
            title = f"{share} of the windows above the limit of {clip:g}"
            right.set_title(title, fontsize=9, loc="left")
        right.set_ylim(bottom=0)
        right.set_xlabel(f"windows of {clipping['words']} words")
        right.set_ylabel("norm of the weights’ gradient, unclipped")
        right.xaxis.set_major_locator(MaxNLocator(integer=True))
        _plain(right)
    _title(figure, "How far gradients reach back")
    return figure


def jacobians(spectra: dict[str, Any]) -> Figure:
    """The singular values of each step, as a column of marks; at 1 nothing grows or shrinks."""
    steps = spectra["steps"]
    figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
    axes = figure.subplots()
    most = max(max(step["singular_values"], default=1) or 1 for step in steps)
    for k, step in enumerate(steps):
        values = [v for v in step["singular_values"] if v is not None and v > most * 1e-4]
        axes.hlines(
            values, k - 0.32, k + 0.32, color=INK, linewidth=0.8, alpha=0.45, rasterized=True
        )
    axes.axhline(1, color=WARM, linestyle="--", linewidth=1.2)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.set_xlim(-0.6, len(steps) - 0.4)
    axes.set_xticks(range(len(steps)))
    axes.set_xticklabels(
        [f"{_short(s['word'], 12)} {s['at']}" for s in steps],
        rotation=45,
        ha="right",
        rotation_mode="anchor",
    )
    _literal(axes)
    axes.set_ylabel("singular value")
    _plain(axes)
    _title(figure, f"Jacobian of ({spectra['state']}), layer {spectra['layer'] + 1}, step by step")
    return figure


def attributions(document: dict[str, Any]) -> Figure:
    """The contribution of each earlier word to a prediction, beside the cost of erasing it."""
    largest = sorted(document["attributions"], key=lambda a: -abs(a["difference"] or 0))[:3]
    figure = Figure(figsize=(WIDTH, 2.9 * len(largest) + 0.5), layout="constrained")
    for axes, attribution in zip(
        np.atleast_1d(figure.subplots(len(largest), 1)), largest, strict=True
    ):
        # The last words before a prediction: those that fit.
        start = max(attribution["first"], attribution["at"] + 1 - READABLE)
        skip = start - attribution["first"]
        erased = np.array(attribution["erased"][skip:], float)
        x = np.arange(len(erased))
        if attribution["integrated"] is not None:
            earned = np.array(attribution["integrated"][skip:], float)
            colours = np.where(earned >= 0, WARM, ACCENT)
            axes.bar(x - 0.2, earned, 0.4, color=colours)
        axes.bar(x + 0.2, erased, 0.4, color=ERASED)
        axes.axhline(0, color=MUTED, linewidth=0.8)
        axes.set_ylabel("nats")
        _name_words(axes, document["words"][start : attribution["at"] + 1])
        _plain(axes)
        target, p = _short(attribution["target"], 20), _share(attribution["probability"])
        title = axes.set_title(
            f"{target}, {p}, after word {attribution['at']}", fontsize=9, loc="left"
        )
        title.set_parse_math(False)
        key = [Patch(color=ERASED, label="lost when erased")]
        if attribution["integrated"] is not None:
            key.insert(0, Patch(color=WARM, label="earned (integrated gradients)"))
        axes.legend(handles=key, frameon=False, fontsize=8)
    _title(figure, "Which words earned a prediction: orange for it, blue against it")
    return figure


def contrasts(document: dict[str, Any], contrast: dict[str, Any]) -> Figure:
    """Where the predictions of two runs diverge, and which units carry the difference."""
    # For a long text, the words around the change, from a few before it on.
    before = next((k for k, (a, _) in enumerate(contrast["pairs"]) if a >= contrast["at"]), 0) - 8
    start = max(0, min(before, len(contrast["pairs"]) - READABLE))
    shown = slice(start, start + READABLE)
    texts = [document["words"][a] for a, _ in contrast["pairs"][shown]]
    figure = Figure(figsize=(WIDTH, 2.8 + 2.8 * len(contrast["layers"])), layout="constrained")
    grid = np.atleast_1d(figure.subplots(1 + len(contrast["layers"]), 1))
    top = grid[0]
    divergence = np.array(
        [np.nan if d is None else d for d in contrast["divergence"][shown]], float
    )
    top.bar(np.arange(len(texts)), divergence, 0.7, color=ACCENT)
    top.set_ylabel("divergence (KL), bits")
    top.set_xlim(-0.5, max(0, len(texts) - 1) + 0.5)
    top.set_ylim(0, max(0.1, np.nanmax(divergence, initial=0) * 1.1))
    _plain(top)
    if not contrast["layers"]:
        _name_words(top, texts)
    else:
        top.tick_params(labelbottom=False)  # the words stand below the map
    for axes, layer in zip(grid[1:], contrast["layers"], strict=True):
        values = _matrix(layer["difference"], layer["low"], layer["high"], len(layer["units"]))
        order = np.argsort(-np.abs(values).sum(0), kind="stable")
        _map(axes, values[shown, order], layer["low"], layer["high"])
        _name_words(axes, texts)
        which = f"Difference of {layer['state']}, layer {layer['layer'] + 1}, the largest on top"
        axes.set_title(which, fontsize=9, loc="left")
        axes.set_ylabel("units", color=MUTED)
    if contrast["layers"]:
        # An invisible scale beside the bars keeps each word above its own column of the map.
        unseen = figure.colorbar(ScalarMappable(), ax=top, pad=0.01, aspect=12, ticks=[])
        unseen.ax.set_visible(False)
    _title(figure, f"What changes: {contrast['label']}")
    return figure


def _matrix(block: str, low: float, high: float, columns: int) -> np.ndarray:
    """(T, units) of a packed block."""
    levels = np.frombuffer(zlib.decompress(base64.b64decode(block)), np.uint8)
    return low + levels.reshape(-1, max(1, columns)) / 255 * (high - low)


def _map(axes: Axes, values: np.ndarray, low: float, high: float) -> None:
    """Words across and units down, with its scale."""
    # A few units with extreme values must not make the others pale.
    size = float(np.quantile(np.abs(values), 0.98)) if values.size else 0.0
    norm = Normalize(-(size or 1), size or 1) if low < 0 else Normalize(low, high)
    colours = STATE_MAP if low < 0 else GATE_MAP
    axes.imshow(values.T, aspect="auto", interpolation="nearest", cmap=colours, norm=norm)
    figure = axes.figure
    assert isinstance(figure, Figure)
    bar = figure.colorbar(ScalarMappable(norm, colours), ax=axes, pad=0.01, aspect=12)
    bar.outline.set_visible(False)
    axes.spines[:].set_visible(False)
    axes.set_yticks([])


def _name_words(axes: Axes, texts: Sequence[str], size: float = 7) -> None:
    if len(texts) <= READABLE:
        axes.set_xticks(range(len(texts)))
        names = [_short(text, 12) for text in texts]
        axes.set_xticklabels(names, rotation=55, ha="right", rotation_mode="anchor", fontsize=size)
        _literal(axes)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(12, integer=True))
        axes.set_xlabel("word")


def _literal(axes: Axes) -> None:
    """The text's dollar signs begin no formula."""
    for label in axes.get_xticklabels():
        label.set_parse_math(False)


def _write(axes: Axes, x: float, y: float, text: str, **look: Any) -> Text:
    return axes.text(x, y, text, va="center", parse_math=False, **look)


def _title(figure: Figure, text: str) -> None:
    figure.suptitle(text, fontsize=12, color=INK, x=0.01, ha="left").set_parse_math(False)


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(RULE)
    axes.tick_params(colors=MUTED, labelcolor=INK)
    axes.grid(visible=True, axis="y", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)


def _box(strength: float) -> dict[str, Any]:
    return {"boxstyle": "round,pad=0.35", "facecolor": SURPRISE_MAP(strength), "edgecolor": "none"}


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _plain_text(text: str) -> str:
    """Of a legend, which has no switch for formulas."""
    return text.replace("$", r"\$")


def _share(p: float) -> str:
    return "< 0.1 %" if p < 0.001 else f"{100 * p:.{0 if p > 0.0995 else 1}f} %"
