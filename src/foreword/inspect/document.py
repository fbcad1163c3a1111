"""An inspection as plain data, for the page and whoever else reads JSON. Chooses what fits."""

import base64
import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import version
from typing import Any

import numpy as np

from foreword.folder.architecture import DESCRIPTIONS
from foreword.inspect.attribution import Attribution
from foreword.inspect.contrast import Contrast
from foreword.inspect.findings import Findings
from foreword.inspect.gradients import GradientFlow
from foreword.inspect.trace import LayerArrays, TextTrace
from foreword.inspect.units import kinds_of, orders, ranked, telling, time_constants
from foreword.models.build import count_parameters
from foreword.visible import plain

LARGEST_MAPS = 2_200_000
"""Bytes of all heat maps, before packing: a page shall stay below 5 MB."""
CHANGED_UNITS = 96
"""Units of a layer whose difference between two runs is mapped."""
CURVES = 6
"""Units whose memory in both runs is drawn."""

GATES = {
    "i": ("input gate", "how much of the new comes in"),
    "f": ("forget gate", "how much of the memory stays"),
    "g": ("candidate", "what may come in"),
    "o": ("output gate", "how much of the memory is shown"),
    "r": ("reset gate", "how much of the past the candidate sees"),
    "z": ("update gate", "how much of the state stays"),
    "n": ("candidate", "what may come in"),
    "s": ("highway", "what is output instead of the memory"),
}
STATES = {
    "c": ("memory", "what the cell holds"),
    "h": ("hidden state", "what the cell shows"),
    "n": ("normaliser", "how much the memory has taken in"),
    "m": ("stabiliser", "the logarithm of the normaliser's unit"),
    "u_f": ("previous input", "its part in the forget gate"),
    "u_g": ("previous input", "its part in the candidate"),
    "u_o": ("previous input", "its part in the output gate"),
}
SHARES = ("i", "f", "o", "r", "z")
"""Gates between 0 and 1; candidates lie between -1 and 1."""


def document(findings: Findings) -> dict[str, Any]:
    """Everything that the page shows; words are text, never markup, and all of it is seen."""
    shown: dict[str, Any] = plain(_document(findings))
    return shown


def _document(findings: Findings) -> dict[str, Any]:
    traced = findings.traced
    shown = _units_shown(traced)
    notes = list(findings.notes)
    for layer, units in zip(traced.layers, shown, strict=True):
        H = len(time_constants(layer))
        if len(units) < H:
            notes.append(
                f"Layer {layer.layer + 1} has {H:,} units; {len(units):,} are shown, spread over "
                "their holding times. The files with the numbers have all."
            )
    predictions = traced.predictions
    word_of = traced.subject.tokenizer.word_of
    return {
        "format": 1,
        "title": _title(traced),
        "made": datetime.now().strftime("%Y-%m-%d %H:%M"),
        "foreword": version("foreword"),
        "model": _model(traced),
        "notes": notes,
        "words": list(traced.reading.words),
        "came": _numbers(np.exp(predictions.came)),
        "rank": [int(r) or None for r in predictions.rank],
        "top": [
            [[word_of(int(i)), _number(p)] for i, p in zip(ids, shares, strict=True)]
            for ids, shares in zip(predictions.top, predictions.shares, strict=True)
        ],
        "entropy": _numbers(predictions.entropy),
        "perplexity": _number(predictions.perplexity),
        "layers": [
            _layer(layer, units, traced) for layer, units in zip(traced.layers, shown, strict=True)
        ],
        "gradients": None if findings.flow is None else _flow(findings.flow),
        "jacobians": [
            {
                "layer": layer.layer,
                "state": layer.state,
                "steps": [
                    {
                        "at": step.at,
                        "word": step.word,
                        "singular_values": _numbers(step.singular_values),
                    }
                    for step in layer.steps
                ],
            }
            for layer in findings.spectra
        ],
        "attributions": [_attribution(a, traced) for a in findings.attributions],
        "contrasts": [_contrast(c, traced) for c in findings.contrasts],
    }


def packed(values: np.ndarray, low: float, high: float) -> str:
    """Values as bytes, 0 for `low` and 255 for `high`, row by row, by zlib and base64."""
    scaled = (values.astype(np.float64) - low) * (255 / (high - low))
    bytes_ = np.clip(np.round(scaled), 0, 255).astype(np.uint8).tobytes()
    return base64.b64encode(zlib.compress(bytes_)).decode("ascii")


def _units_shown(traced: TextTrace) -> list[np.ndarray]:
    """For each layer the numbers of its units; of large ones some, in the order of their number."""
    cells = sum(len(layer.arrays) for layer in traced.layers) * len(traced.reading)
    most = max(16, LARGEST_MAPS // cells - 1)
    units = []
    for layer in traced.layers:
        by_time = np.argsort(-time_constants(layer), kind="stable")
        H = len(by_time)
        places = np.arange(H) if most >= H else np.linspace(0, H - 1, most).round().astype(int)
        units.append(np.union1d(by_time[np.unique(places)], telling(layer)))
    return units


def _title(traced: TextTrace) -> str:
    words = [w for w in traced.reading.words if w != "<eos>"]
    opening = " ".join(words[:6]) + ("…" if len(words) > 6 else "")
    return f"{traced.subject.name} reading “{opening}”"


def _model(traced: TextTrace) -> dict[str, Any]:
    config = traced.subject.config
    model = config.network
    return {
        "name": model.name,
        "about": DESCRIPTIONS[model.name].about,
        "layers": model.num_layers,
        "hidden_size": model.hidden_size,
        "context_words": model.context_words,
        "parameters": count_parameters(model),
        "vocab_size": model.vocab_size,
        "trained_on": config.training.text if config.training else None,
        "perplexity": config.evaluation.perplexity if config.evaluation else None,
    }


def _layer(layer: LayerArrays, units: np.ndarray, traced: TextTrace) -> dict[str, Any]:
    is_recurrent = traced.subject.config.network.is_recurrent
    position = {int(unit): k for k, unit in enumerate(units)}
    listed = ranked(layer, traced.reading.words) if is_recurrent else []
    return {
        "layer": layer.layer,
        "hidden_size": len(time_constants(layer)),
        "units": units.tolist(),
        "memory": kinds_of(layer).memory if is_recurrent else None,
        "kinds": asdict(kinds_of(layer)),
        "telling": position[telling(layer)],
        "gates": [
            _map(
                name,
                values[:, units],
                *GATES.get(name, (f"gate {name}", "")),
                lowest=0 if name in SHARES else -1,
            )
            for name, values in layer.gates.items()
        ],
        "states": [
            _map(name, values[:, units], *STATES.get(name, (f"state {name}", "")))
            for name, values in layer.states.items()
        ],
        "orders": {
            name: [position[int(unit)] for unit in order if int(unit) in position]
            for name, order in orders(layer).items()
        },
        "ranking": [
            {
                "unit": unit.unit,
                "position": position[unit.unit],
                "time_constant": None
                if unit.time_constant is None
                else _number(unit.time_constant),
                "longest_hold": unit.longest_hold,
                "keep": _number(unit.keep),
                "opens": [[word, _number(value)] for word, value in unit.opens],
                "closes": [[word, _number(value)] for word, value in unit.closes],
                "range": _number(unit.span),
            }
            for unit in listed
            if unit.unit in position
        ],
    }


def _map(
    name: str, values: np.ndarray, label: str, says: str, lowest: float | None = None
) -> dict[str, Any]:
    """Return a map, from `lowest` to 1; without it, or beyond 1, as far as the values reach."""
    largest = float(np.abs(values).max(initial=0))
    low, high = -1.0 if lowest is None else lowest, 1.0
    if lowest is None or largest > 1:
        high = float(f"{max(largest, 1e-6):.4g}")  # as it is written, so that steps are as written
        low = -high
    return {
        "name": name,
        "label": label,
        "says": says,
        "low": _number(low),
        "high": _number(high),
        "data": packed(values, low, high),
    }


def _flow(flow: GradientFlow) -> dict[str, Any]:
    clipping = flow.clipping
    return {
        "window": flow.window,
        "curves": [
            {
                "label": curve.label,
                "cell": curve.cell,
                "kind": curve.kind,
                "layer": curve.layer,
                "norms": {name: _numbers(norms) for name, norms in curve.norms.items()},
                "vanishes": curve.vanishes,
                "explodes": curve.explodes,
            }
            for curve in flow.curves
        ],
        "clipping": {
            "clip": clipping.clip,
            "norms": _numbers(clipping.norms),
            "share": clipping.share,
            "words": clipping.words,
        },
    }


def _attribution(attribution: Attribution, traced: TextTrace) -> dict[str, Any]:
    integrated = attribution.integrated
    return {
        "at": attribution.at,
        "target": traced.reading.words[attribution.at + 1],
        "probability": _number(math.exp(attribution.log_probability)),
        "baseline_probability": _number(math.exp(attribution.baseline)),
        "first": attribution.first,
        "integrated": None if integrated is None else _numbers(integrated),
        "erased": _numbers(attribution.erased),
        "difference": _number(attribution.difference),
        "sum": None if integrated is None else _number(float(integrated.sum())),
        "agreement": None if attribution.agreement is None else _number(attribution.agreement),
    }


def _contrast(contrast: Contrast, traced: TextTrace) -> dict[str, Any]:
    left, right = contrast.pairs[:, 0], contrast.pairs[:, 1]
    layers = []
    for first, second, difference in zip(
        traced.layers, contrast.layers, contrast.difference, strict=True
    ):
        memory = kinds_of(first).memory
        largest = np.abs(difference).max(0, initial=0)
        units = np.argsort(-largest, kind="stable")[:CHANGED_UNITS]
        high = max(float(largest.max()), 1e-6)
        layers.append(
            {
                "layer": first.layer,
                "state": memory,
                "units": units.tolist(),
                "low": _number(-high),
                "high": _number(high),
                "difference": packed(difference[:, units], -high, high),
                "changed": [
                    {
                        "unit": int(unit),
                        "first": _numbers(first.states[memory][left, unit]),
                        "other": _numbers(second.states[memory][right, unit]),
                    }
                    for unit in units[:CURVES]
                ],
            }
        )
    return {
        "kind": contrast.kind,
        "label": contrast.label,
        "at": contrast.at,
        "words": list(contrast.reading.words),
        "pairs": contrast.pairs.tolist(),
        "divergence": _numbers(contrast.divergence),
        "came": _numbers(np.exp(traced.predictions.came[left])),
        "came_other": _numbers(np.exp(contrast.predictions.came[right])),
        "layers": layers,
    }


def _numbers(values: np.ndarray | Sequence[float] | Iterable[float]) -> list[float | None]:
    return [_number(float(value)) for value in values]


def _number(value: float) -> float | None:
    """Four digits; None where there is no number."""
    return float(f"{value:.4g}") if math.isfinite(value) else None
