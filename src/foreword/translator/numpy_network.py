"""Run a translation model: encode sentences, then decode one sub-word after another.

The equations are those of `foreword.translation.model`, written in numpy; the layers and the int8
products run in C++ if that was compiled. Knows no words, no search and no torch.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from foreword.cells.operations import linear
from foreword.errors import FolderError
from foreword.folder.quantised import SCALE
from foreword.folder.translation import TranslationConfig
from foreword.translator.automaton import Automaton
from foreword.translator.choice import Following, Likeliest, best_of_all, following, limit
from foreword.translator.int8_rows import as_factors
from foreword.translator.layers import Layer, layer_of

Array: TypeAlias = np.ndarray
States: TypeAlias = tuple[Array, ...]
"""The state of N decoders: (L, N, size) for each of the cell's states, and with input feeding also
(1, N, E), the last attentional vectors. It is a value that never changes."""


@dataclass(frozen=True)
class Memory:
    """The encoder's results for B sentences of up to S sub-words, in K heads, for the attention.

    Attributes:
        values: the encoder's outputs, (B, K, S, D), in the order of the sentence.
        keys: the keys with which queries are compared, in the same shape.
        lengths: the number of positions of each sentence; the others are padding. (B,)
    """

    values: Array
    keys: Array
    lengths: Array

    @property
    def parts(self) -> tuple[Array, Array, Array]:
        """The memory in the form that the native module expects."""
        return self.keys, self.values, self.lengths

    def take(self, sentences: Array) -> "Memory":
        """Return the memory of some of the sentences, without unnecessary padding."""
        lengths = self.lengths[sentences]
        S = int(lengths.max(initial=1))
        values, keys = (of[:, :, :S][sentences] for of in (self.values, self.keys))
        return Memory(values, keys, lengths)


class Step(NamedTuple):
    """The decoders after one more sub-word.

    Attributes:
        features: a_t, from which the next sub-word is scored, (N, E).
        states: after the step.
        attention: the weights of the source's positions, (N, K, S); None without attention.
    """

    features: Array
    states: States
    attention: Array | None


class Wanted(NamedTuple):
    """The arguments of a search; see `foreword.translator.search.BeamSearch`.

    Attributes:
        longest: the most sub-words of each translation, its end included, (B,).
        beams: the number of hypotheses of a sentence.
        n: how many translations of each are returned.
        alpha: how much the length of a translation counts.
        start: the sub-word that the decoder reads first.
        end: the sub-word that ends a sentence.
        never: sub-words that are never written.
        words: the sub-words that each translation may consist of, rising, including the end; empty:
            any.
        demands: the demands on each translation; empty: none.
    """

    longest: Array
    beams: int
    n: int
    alpha: float
    start: int
    end: int
    never: list[int]
    words: list[Array]
    demands: list[Automaton]


class Ended(NamedTuple):
    """A result of a network's own search; see `search.Hypothesis`."""

    ids: tuple[int, ...]
    log_probabilities: Array
    score: float
    attention: Array | None


class NumpyNetwork:
    """Encoder, attention and decoder."""

    def __init__(self, config: TranslationConfig, weights: Mapping[str, Array]) -> None:
        self.config = config
        self._w = as_factors(weights)
        self._layers: dict[str, Layer] = {}
        for name in weights:
            prefix, is_layer, suffix = name.partition("weight_ih")
            if is_layer and not name.endswith(SCALE):
                self._layers[prefix + suffix.removeprefix("_")] = layer_of(
                    config.recurrent_cell, weights, self._w, prefix, suffix
                )

    def encode(self, source: Array, lengths: Array) -> tuple[Memory, States]:
        """Return the memory for the attention, and the decoder's first state, for each sentence.

        Args:
            source: (S, B) sub-words, padded with any.
            lengths: (B,), the number of sub-words of each sentence, at least 1.
        """
        config, w = self.config, self._w
        B, packed = len(lengths), _Packed(lengths)
        backwards = packed.backwards
        x = w["embedding.weight"][source[packed.steps, packed.sentences]]
        if config.reverse_source:
            x = x[backwards]
        last = x
        with np.errstate(over="ignore", invalid="ignore"):  # `step` reports it
            for layer in range(config.encoder_layers):
                outputs = self._layer(f"encoder.l{layer}", x, packed)
                last = outputs[packed.last]
                if config.bidirectional:
                    other = self._layer(f"encoder.l{layer}_reverse", x[backwards], packed)
                    last = np.concatenate([last, other[packed.last]], 1)
                    outputs = np.concatenate([outputs, other[backwards]], 1)
                x = outputs
            first = np.tanh(linear(last, w["bridge.weight"], w["bridge.bias"]))
            if config.reverse_source:
                x = x[backwards]
            memory = self._memory(x, packed)
        L, states, begin = config.decoder_layers, [], 0
        for size in config.recurrent_cell.state_sizes(config.hidden_size, 0):
            part = first[:, begin : begin + L * size].reshape(B, L, size)
            states.append(np.ascontiguousarray(part.transpose(1, 0, 2)))
            begin += L * size
        if config.input_feeding:
            states.append(np.zeros((1, B, config.embedding_size), np.float32))
        return memory, tuple(states)

    def _memory(self, outputs: Array, packed: "_Packed") -> Memory:
        B, S, K = len(packed.lengths), len(packed.begins) - 1, self.config.heads
        keys = outputs
        if self.config.attention == "additive":
            keys = linear(outputs, self._w["attention.key"])

        def in_heads(of: Array) -> Array:
            D = of.shape[1] // K
            if packed.is_full:
                return np.ascontiguousarray(of.reshape(S, B, K, D).transpose(1, 2, 0, 3))
            padded = np.zeros((B, K, S, D), np.float32)
            padded[packed.sentences, :, packed.steps] = of.reshape(len(of), K, D)
            return padded

        values = in_heads(outputs)
        keys = values if keys is outputs else in_heads(keys)
        return Memory(values, keys, np.ascontiguousarray(packed.lengths, np.int64))

    def step(self, ids: Array, states: States, memory: Memory) -> Step:
        """Return the decoders after one more sub-word each.

        Args:
            ids: (N,), the last sub-word of each; the start at the first step. N is a multiple of
                the number of sentences in `memory`: the decoders of a sentence are adjacent.
            states: the decoders before it.
            memory: of `encode`.
        """
        w, config = self._w, self.config
        fed = states[-1][0] if config.input_feeding else None
        x = w["embedding.weight"][ids]
        looked = context = None
        after: list[States] = []
        begins = np.array([0, len(ids)], np.int64)
        with np.errstate(over="ignore", invalid="ignore"):
            if fed is not None:
                x = np.concatenate([x, fed], 1)
            for layer in range(config.decoder_layers):
                before = tuple(part[layer] for part in self._of_cells(states))
                name = "lower.l0" if layer == 0 else f"upper.l{layer - 1}"
                x, new = self._layers[name].run(x, before, begins)
                after.append(new)
                if layer == 0 and config.looks:
                    context, looked = self._attended(x, memory)
                    if config.decoder_layers > 1:
                        x = np.concatenate([x, context], 1)
            seen = x if context is None else np.concatenate([x, context], 1)
            combined = np.tanh(linear(seen, w["combine.weight"], w["combine.bias"]))
        new_states = tuple(np.stack(parts) for parts in zip(*after, strict=True))
        if fed is not None:
            new_states += (combined[None],)
        return Step(combined, new_states, looked)

    def log_probabilities(self, features: Array) -> Array:
        """Return the log-probability of each sub-word as the next, (N, V), in nats.

        Args:
            features: of `step`, (N, E).

        Raises:
            FolderError: the weights are so large that the scores overflow.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            scores = linear(features, self._w["embedding.weight"])
            scores += self._w["output.bias"]
            scores -= scores.max(axis=-1, keepdims=True)
            scores -= np.log(np.exp(scores).sum(axis=-1, keepdims=True))
        if not np.isfinite(scores).all():
            raise overflow()
        return np.asarray(scores)

    def likeliest(
        self,
        features: Array,
        count: int,
        never: Sequence[int],
        end: int,
        words: Sequence[Array | None] = (),
    ) -> Likeliest:
        """Return the likeliest sub-words as the next, and their probabilities by a softmax.

        Args:
            features: of `step`, (N, E).
            count: how many of each.
            never: sub-words that are left out.
            end: a sub-word whose log-probability is also returned.
            words: the sub-words of the softmax, for each; empty: all.

        Raises:
            FolderError: the weights are so large that the scores overflow.
        """
        logs = self.log_probabilities(features)
        if words:
            limit(logs, words)
        of_end = logs[:, end].copy()
        logs[:, list(never)] = -np.inf
        best = best_of_all(logs[:, None], logs[:, None], count)
        return Likeliest(best.ids, best.scores, of_end)

    def following(self, features: Array, over: Array, inside: Array, count: int) -> Following:
        """Return the next sub-words; see `choice.following`.

        Raises:
            FolderError: the weights are so large that the scores overflow.
        """
        return following(self.log_probabilities(features), over, inside, count)

    def search(
        self,
        memory: Memory,  # noqa: ARG002
        states: States,  # noqa: ARG002
        wanted: Wanted,  # noqa: ARG002
    ) -> list[list[Ended]] | None:
        """Return the best translations of each sentence, the best first.

        Returns:
            None: the network cannot search by itself.

        Raises:
            FolderError: the weights are so large that the scores overflow.
        """
        return None

    def _of_cells(self, states: States) -> States:
        return states[:-1] if self.config.input_feeding else states

    def _attended(self, states: Array, memory: Memory) -> tuple[Array, Array]:
        """Return the contexts (N, H), and the weights (N, K, S), for decoder states (N, H)."""
        (N, H), (B, K, S, D) = states.shape, memory.keys.shape
        queries = linear(states, self._w["attention.query"])
        queries = queries.reshape(B, N // B, K, D).transpose(0, 2, 1, 3)  # (B, K, n, D)
        if self.config.attention == "multiplicative":
            scores = queries @ memory.keys.transpose(0, 1, 3, 2) / np.float32(math.sqrt(D))
        else:
            hidden = np.tanh(queries[:, :, :, None] + memory.keys[:, :, None])  # (B, K, n, S, D)
            energy = self._w["attention.energy"].reshape(K, D, 1)
            scores = (hidden @ energy[:, None])[..., 0]
        is_padding = np.arange(S) >= memory.lengths[:, None]
        scores = np.where(is_padding[:, None, None], np.float32(-np.inf), scores)
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        contexts = (shares @ memory.values).transpose(0, 2, 1, 3).reshape(N, H)
        return contexts, shares.transpose(0, 2, 1, 3).reshape(N, K, S)

    def _layer(self, name: str, x: Array, packed: "_Packed") -> Array:
        """Return the outputs (rows, units) of a recurrent layer that begins with zeros."""
        state = tuple(
            np.zeros((len(packed.lengths), size), np.float32)
            for size in self.config.recurrent_cell.state_sizes(self.config.encoder_units, 0)
        )
        return self._layers[name].run(x, state, packed.begins)[0]


class _Packed:
    """Where the sub-words of B sentences stand without padding: step after step, the longest first.

    Attributes:
        lengths: of the sentences, (B,).
        begins: the first row of each of S steps, and the number of rows, (S + 1,).
        is_full: whether all sentences are equally long.
        steps: of each row, (rows,).
        sentences: of each row, (rows,).
        backwards: of each row the one that it changes places with when sentences are reversed.
        last: the row of each sentence's last sub-word, (B,).
    """

    def __init__(self, lengths: Array) -> None:
        self.lengths = lengths
        B, S = len(lengths), int(lengths.max())
        self.is_full = bool(lengths.min() == S)
        if self.is_full:
            rows = np.arange(S * B)
            self.begins = np.arange(0, S * B + 1, B)
            self.steps, self.sentences = rows // B, rows % B
            self.backwards = (S - 1 - self.steps) * B + self.sentences
            self.last = rows[-B:]
            return
        order = np.argsort(-lengths, kind="stable")
        is_there = np.arange(S)[:, None] < lengths[order]
        self.begins = np.concatenate([[0], is_there.sum(1).cumsum()]).astype(np.int64)
        self.steps, places = is_there.nonzero()
        self.sentences = order[places]
        self.backwards = self.begins[lengths[self.sentences] - 1 - self.steps] + places
        self.last = np.empty_like(order)
        self.last[order] = self.begins[lengths[order] - 1] + np.arange(len(order))


def overflow() -> FolderError:
    """Return the error of a model whose scores overflow."""
    return FolderError(
        "the model's scores overflow: its weights are too large. Train it anew, or restore the "
        "folder from a copy"
    )
