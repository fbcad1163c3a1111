"""Run a translation model's decoder in C++: one step, or the whole search. Holds no equations."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from foreword import compiled
from foreword.cores import available
from foreword.folder.translation import TranslationConfig
from foreword.predictor.compiled_network import CELLS, compiled_layer, matrix, name_of
from foreword.translator.choice import Following, Likeliest
from foreword.translator.numpy_network import (
    Array,
    Ended,
    Memory,
    NumpyNetwork,
    States,
    Step,
    Wanted,
    overflow,
)


class CompiledNetwork(NumpyNetwork):
    """Does the work of `NumpyNetwork` with the decoder of `native/decoder.hpp`.

    In float32 the results are the same. With int8 weights, the vectors that matrices are multiplied
    by are rounded to int8 too.
    """

    def __init__(self, config: TranslationConfig, weights: Mapping[str, Array]) -> None:
        super().__init__(config, weights)
        module: Any = compiled.loaded()
        cell = config.recurrent_cell
        query = matrix(module, weights, "attention.query") if config.looks else None
        energy = None
        if config.attention == "additive":
            energy = np.asarray(self._w["attention.energy"], np.float32).reshape(-1)
        names = ["lower.", *["upper."] * (config.decoder_layers - 1)]
        output = matrix(module, weights, "embedding.weight", weights["output.bias"])
        self._output = compiled.part("Product")(output)
        self._decoder = compiled.part("Decoder")(
            name_of(cell),
            matrix(module, weights, "embedding.weight"),
            [
                compiled_layer(module, cell, weights, prefix, f"_l{max(k - 1, 0)}")
                for k, prefix in enumerate(names)
            ],
            query,
            energy,
            matrix(module, weights, "combine.weight", weights["combine.bias"]),
            output,
            config.heads,
            config.input_feeding,
            getattr(cell, "cell_clip", 0.0),
        )

    def step(self, ids: Array, states: States, memory: Memory) -> Step:
        """See `NumpyNetwork`."""
        N, (_, K, S, _) = len(ids), memory.keys.shape
        features = np.empty((N, self.config.embedding_size), np.float32)
        attention = np.empty((N, K, S), np.float32) if self.config.looks else None
        cells = self._of_cells(states)
        after = tuple(np.empty(part.shape, np.float32) for part in cells)
        self._decoder.step(
            np.ascontiguousarray(ids, np.int64),
            memory.parts,
            tuple(map(np.ascontiguousarray, states)),
            after,
            features,
            attention,
            available(),
        )
        fed = (features[None],) if self.config.input_feeding else ()
        return Step(features, after + fed, attention)

    def log_probabilities(self, features: Array) -> Array:
        """See `NumpyNetwork`."""
        logs = np.empty((len(features), self.config.vocab_size), np.float32)
        if not self._output.log_probabilities(_vectors(features), logs, available()):
            raise overflow()
        return logs

    def likeliest(
        self,
        features: Array,
        count: int,
        never: Sequence[int],
        end: int,
        words: Sequence[Array | None] = (),
    ) -> Likeliest:
        """See `NumpyNetwork`."""
        if words:
            return super().likeliest(features, count, never, end, words)
        ids = np.empty((len(features), count), np.int64)
        likely = Likeliest(ids, np.empty(ids.shape, np.float32), np.empty(len(ids), np.float32))
        if not self._output.likeliest(_vectors(features), list(never), end, *likely, available()):
            raise overflow()
        return likely

    def following(self, features: Array, over: Array, inside: Array, count: int) -> Following:
        """See `NumpyNetwork`."""
        N = len(features)
        logs = np.empty((N, self.config.vocab_size), np.float32)
        after = Following(logs, np.empty(N, np.float32), np.empty((N, count), np.int64))
        if not self._output.following(_vectors(features), over, inside, *after, available()):
            raise overflow()
        return after

    def search(self, memory: Memory, states: States, wanted: Wanted) -> list[list[Ended]] | None:
        """See `NumpyNetwork`."""
        results = self._decoder.search(memory.parts, states, *wanted, available())
        if results is None:
            raise overflow()

        def ended(ids: tuple[int, ...], logs: bytes, score: float, attention: bytes) -> Ended:
            looked = np.frombuffer(attention, np.float32).reshape(len(ids) + 1, -1)
            return Ended(ids, np.frombuffer(logs), score, looked if self.config.looks else None)

        return [[ended(*one) for one in of_sentence] for of_sentence in results]


def _vectors(features: Array) -> Array:
    return np.ascontiguousarray(features, np.float32)


def network_of(config: TranslationConfig, weights: Mapping[str, Array]) -> NumpyNetwork:
    """Return the fastest way to run a model here.

    Raises:
        SettingsError: the native module was built for an older Foreword.
    """
    if compiled.loaded() is not None and type(config.recurrent_cell) in CELLS:
        return CompiledNetwork(config, weights)
    return NumpyNetwork(config, weights)
