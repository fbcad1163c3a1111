"""What a model does with a text, word by word: gates, states, predictions, as named arrays."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from foreword.cells.cell import Cell
from foreword.inspect.subject import Model, Reading, Subject, read, subject_of
from foreword.models.mlp import MLPModel
from foreword.models.model import State
from foreword.models.recurrent import RecurrentModel

CHUNK_WORDS = 256
"""The number of words that are run at once, which affects only memory."""
CHUNK_ROWS = 64
"""Positions whose logits exist at once."""


@dataclass(frozen=True)
class LayerArrays:
    """One layer over a text.

    Attributes:
        layer: 0 is the one next to the embedding.
        gates: by name, (T, H) float32; none for an Elman network or an MLP.
        states: h, and c where there is one, after each word, (T, H). Of an MLP, its outputs as h.
        cell: whose gates and states these are; None for an MLP.
    """

    layer: int
    gates: dict[str, np.ndarray]
    states: dict[str, np.ndarray]
    cell: Cell | None = None

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """Gates and states."""
        return self.gates | self.states


@dataclass(frozen=True)
class Predictions:
    """What was predicted after each of T words.

    Attributes:
        came: (T,) float64, log P of the word that came, in nats; NaN after the last.
        rank: (T,) its place among all words by probability, from 1; 0 after the last.
        top: (T, k) ids of the likeliest words.
        shares: (T, k) their probabilities.
        entropy: (T,) of the whole prediction, in bits.
    """

    came: np.ndarray
    rank: np.ndarray
    top: np.ndarray
    shares: np.ndarray
    entropy: np.ndarray

    @property
    def perplexity(self) -> float:
        """The perplexity of the words that came; NaN if there was only one word."""
        known = self.came[~np.isnan(self.came)]
        return float(np.exp(-known.mean())) if len(known) else math.nan


@dataclass(frozen=True)
class TextTrace:
    """The activations and predictions of a model over a text.

    Attributes:
        subject: the model.
        reading: the T words that it read; a text's first is an `<eos>`.
        before: the state before them.
        layers: the gates and states.
        features: the input of the output layer after each word, (T, F).
        predictions: the predictions after each word.
    """

    subject: Subject
    reading: Reading
    before: State
    layers: tuple[LayerArrays, ...]
    features: np.ndarray
    predictions: Predictions

    @cached_property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """Every array by its name: `layer0.f` (word, unit), `came` (word), `top` (word, place)."""
        named = {
            f"layer{layer.layer}.{name}": values
            for layer in self.layers
            for name, values in layer.arrays.items()
        }
        p = self.predictions
        return named | {
            "ids": self.reading.ids,
            "came": p.came,
            "rank": p.rank,
            "top": p.top,
            "shares": p.shares,
            "entropy": p.entropy,
        }

    def state_before(self, t: int) -> State:
        """The state of the network before word t, (L, 1, H) each; or an MLP's window of ids."""
        network = self.subject.network
        if t == 0:
            return self.before
        if isinstance(network, MLPModel):
            n = network.config.context_words - 1
            window = np.concatenate([self.before[0].numpy()[:, 0], self.reading.ids[:t]])
            return (torch.from_numpy(window[len(window) - n :])[:, None],)
        names = list(self.layers[0].states)
        return tuple(
            torch.from_numpy(np.stack([layer.states[name][t - 1] for layer in self.layers]))[
                :, None
            ]
            for name in names
        )

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {values.shape}" for name, values in self.arrays.items())
        return f"TextTrace of {self.subject.name} over {len(self.reading)} words: {shapes}"


def trace(model: Model, text: str, *, top: int = 5) -> TextTrace:
    """Runs a model over a text and keeps all activations and predictions.

    Memory grows with the text: a word takes 4 bytes for each gate and state of each unit.

    Args:
        model: a folder, or the result of `foreword.load`.
        text: lines; the model begins after an `<eos>`, and reads one at each line's end.
        top: likeliest words to keep at each step.

    Raises:
        FolderError: the model cannot be read.
    """
    subject = subject_of(model)
    return trace_reading(subject, read(subject.tokenizer, text), top=top)


def trace_reading(
    subject: Subject, reading: Reading, *, before: State | None = None, top: int = 5
) -> TextTrace:
    """`trace` for words that are split already and follow a state; None begins a text."""
    before = subject.network.start(1) if before is None else before
    layers, features = run(subject, reading, before)
    predicted = predictions(subject, features, reading.ids, top)
    return TextTrace(subject, reading, before, layers, features.numpy(), predicted)


def run(
    subject: Subject, reading: Reading, before: State
) -> tuple[tuple[LayerArrays, ...], Tensor]:
    """The layers' activations over T words, and the input of the output layer, (T, F)."""
    network, state = subject.network, before
    parts: list[tuple[LayerArrays, ...]] = []
    features: list[Tensor] = []
    with torch.no_grad():
        for inputs in torch.split(reading.inputs, CHUNK_WORDS):
            embedded = F.embedding(inputs, network.embedding.weight)
            match network:
                case RecurrentModel():
                    hidden, state, layer_traces = network.traced(embedded, state)
                    cell = network.recurrent.cell
                    parts.append(tuple(_recurrent(layer, cell) for layer in layer_traces.layers))
                case MLPModel():
                    outputs = network.layers(embedded, state)
                    hidden, state = outputs[-1], network.after(inputs, state)
                    named = ({"h": _array(y)} for y in outputs)
                    parts.append(tuple(LayerArrays(k, {}, y) for k, y in enumerate(named)))
                case _:
                    raise TypeError(f"{type(network).__name__} cannot be traced")
            features.append(network.projected(hidden)[:, 0])
    return joined(*parts), torch.cat(features)


def joined(*parts: tuple[LayerArrays, ...]) -> tuple[LayerArrays, ...]:
    """Stretches of a text, one after the other, as one."""
    return tuple(
        LayerArrays(
            pieces[0].layer,
            {name: np.concatenate([p.gates[name] for p in pieces]) for name in pieces[0].gates},
            {name: np.concatenate([p.states[name] for p in pieces]) for name in pieces[0].states},
            pieces[0].cell,
        )
        for pieces in zip(*parts, strict=True)
    )


def state_after(subject: Subject, reading: Reading) -> State:
    """The state after words that are not examined."""
    state = subject.network.start(1)
    with torch.no_grad():
        for inputs in torch.split(reading.inputs, CHUNK_WORDS):
            _, state = subject.network.features(inputs, state)
    return state


def _recurrent(layer: Any, cell: Cell) -> LayerArrays:
    # An Elman network's only "gate" is its hidden state.
    gates = {k: _array(v) for k, v in layer.gates.items() if k not in layer.states}
    states = {k: _array(v) for k, v in layer.states.items()}
    return LayerArrays(layer.layer, gates, states, cell)


def _array(values: Tensor) -> np.ndarray:
    """(T, 1, H) as (T, H)."""
    return np.array(values[:, 0].numpy())


def predictions(subject: Subject, features: Tensor, ids: np.ndarray, top: int) -> Predictions:
    """The predictions from features (T, F), given the words read (T,)."""
    targets = torch.from_numpy(np.append(ids[1:], 0))
    top = min(top, subject.network.config.vocab_size)
    rows = []
    with torch.no_grad():
        chunks = (torch.split(part, CHUNK_ROWS) for part in (features, targets))
        for x, target in zip(*chunks, strict=True):
            scores = subject.network.scores(x)
            at_target = scores.gather(1, target[:, None])
            rank = (scores > at_target).sum(1, dtype=torch.int32) + 1
            best = scores.topk(top, dim=1)
            largest = best.values[:, :1]
            scores -= largest
            odds = scores.exp()
            total = odds.sum(1).double()
            # With p = odds / total: -sum p ln p = ln total - sum odds * scores / total.
            entropy = total.log() - torch.linalg.vecdot(odds, scores) / total
            came = (at_target - largest)[:, 0] - total.log()
            shares = (best.values - largest).exp() / total[:, None]
            rows.append((came, rank, best.indices, shares, entropy / math.log(2)))
    joined = Predictions(*(torch.cat(parts).numpy() for parts in zip(*rows, strict=True)))
    joined.came[-1], joined.rank[-1] = math.nan, 0
    return joined
