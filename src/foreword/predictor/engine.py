"""Run a model: advance states by words and score the next word. Knows ids, not words; no torch.

The code is C++ if that was compiled, and numpy otherwise.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from foreword.cores import available
from foreword.errors import FolderError
from foreword.folder.architecture import AnyConfig, NgramConfig
from foreword.ngrams.mixture import NgramMixture
from foreword.predictor import compiled_network
from foreword.predictor.activations import LayerActivations
from foreword.predictor.mixed_network import MixedNetwork
from foreword.predictor.ngram_network import NgramNetwork
from foreword.predictor.numpy_network import Array, NumpyLayers, NumpyNetwork
from foreword.predictor.state import State
from foreword.text.tokenizer import EOS_ID

Likely = list[tuple[int, float]]
"""Ids and their probabilities, the most probable first; of equal ones, the smaller id first."""


class Engine:
    """A model that advances a state by a word and scores the next.

    Immutable and thread-safe; it has threads of its own for long work. Its results depend neither
    on their number nor on the other states in a batch.
    """

    def __init__(
        self,
        config: AnyConfig,
        weights: Mapping[str, Array],
        *,
        threads: int | None = None,
        ngrams: NgramMixture | None = None,
    ) -> None:
        """Take weights as `foreword.folder.weights` names them, float32 or int8 with scales.

        Args:
            config: the architecture.
            weights: the weights, which are not copied if they can be used as they are.
            threads: the number of threads that share long work; None: one per available core.
            ngrams: those that are mixed with the network.

        Raises:
            FolderError: the n-grams are not of this network's words, or the model is not a network.
        """
        self.config = config
        self.ngrams = ngrams
        self._network = _network(config, weights, threads or available(), ngrams)
        self._weights = weights

    @property
    def compiled(self) -> compiled_network.CompiledNetwork | None:
        """The network in C++, without n-grams; None if the model runs in numpy."""
        network = self._network
        if isinstance(network, MixedNetwork):
            network = network.network
        return network if isinstance(network, compiled_network.CompiledNetwork) else None

    @property
    def compiled_ngrams(self) -> Any | None:
        """The n-grams in C++; None if there are none."""
        return self._network.native if isinstance(self._network, MixedNetwork) else None

    @property
    def is_compiled(self) -> bool:
        """Whether the model runs in C++ rather than in numpy."""
        return self.compiled is not None

    def start(self) -> State:
        """Return the state before any word: zeros, or a window of line ends, or both."""
        config = self.config
        if isinstance(config, NgramConfig):
            return State((_line_ends(config.order - 1),), EOS_ID)
        of_ngrams = () if self.ngrams is None else (_line_ends(self.ngrams.order - 1),)
        if not config.is_recurrent:
            return State((_line_ends(config.context_words), *of_ngrams), EOS_ID)
        shape = (config.num_layers, config.hidden_size)
        parts = tuple(np.zeros(shape, dtype=np.float32) for _ in config.cell.states)
        return State((*parts, *of_ngrams), EOS_ID)

    def call_up(self) -> None:
        """Wake the threads that share long work, if it comes within 100 microseconds.

        Before a step and the scores of all words, this saves the time of waking them, which is as
        long as a step.
        """
        self._network.call_up()

    def advance(self, state: State, word: int) -> State:
        """Return the state after one more word id."""
        return State(self._network.advance(state.parts, word), word)

    def advance_many(self, states: Sequence[State], words: Sequence[int]) -> list[State]:
        """Return the states of many users after one more word each, bit for bit as `advance`."""
        after = self._network.advance_many([state.parts for state in states], words)
        return [State(parts, int(word)) for parts, word in zip(after, words, strict=True)]

    def trace(self, state: State, word: int) -> tuple[LayerActivations, ...]:
        """Return what one more word id does inside the network, layer by layer.

        This is always computed in numpy and float32: with int8 weights it is what the network does
        except for the rounding of hidden states. An n-gram model has no layers.
        """
        if isinstance(self.config, NgramConfig):
            return ()
        if self.config.is_recurrent:
            parts = state.parts[: len(self.config.cell.states)]
            layers = self._layers.run(self._layers.embedded(word), parts)
        else:
            window = np.append(state.parts[0][1:], word)
            layers = self._layers.run(self._layers.embedded(window), ())
        names = self.config.cell.states if self.config.is_recurrent else ("h",)
        return tuple(
            LayerActivations(gates, dict(zip(names, states, strict=True)))
            for states, gates in layers
        )

    @cached_property
    def _layers(self) -> NumpyLayers:
        assert not isinstance(self.config, NgramConfig)
        return NumpyLayers(self.config, self._weights)

    def best(
        self, state: State, k: int, words: Array | None = None, hidden: Sequence[int] = ()
    ) -> Likely:
        """Return the k most probable next words and their probabilities.

        Args:
            state: the state after the text.
            k: the largest number of words.
            words: distinct ids; only these are scored, and P is given that the next word is one of
                them.
            hidden: ids that are not returned, though they count in the probabilities.

        Raises:
            FolderError: the scores overflow, so that there are no probabilities.
        """
        return _finite(self._network.best(state.parts, k, words, hidden))

    def best_many(
        self,
        states: Sequence[State],
        k: int,
        words: Sequence[Array | None],
        hidden: Sequence[int] = (),
    ) -> list[Likely]:
        """Return `best` for many users, each among words of their own; None stands for all words.

        Raises:
            FolderError: the scores of one of them overflow.
        """
        parts = [state.parts for state in states]
        return [
            _finite(likeliest) for likeliest in self._network.best_many(parts, k, words, hidden)
        ]

    def logits(self, state: State, words: Array | None = None) -> Array:
        """Return the score of every word as the next, (V,) float32, or of those in `words`.

        Raises:
            FolderError: the scores overflow, so that there are no probabilities.
        """
        scores = self._network.scores(state.parts, words)
        if len(scores) and not np.isfinite(scores.max()):
            raise _overflow()
        return scores

    def probabilities(self, state: State, words: Array | None = None) -> Array:
        """Return P(next word), (V,) float32, which sums to 1.

        Args:
            state: the state after the text.
            words: ids; if given, only these are scored, and P is given that the next word is one of
                them, (len(words),).

        Raises:
            FolderError: as `logits`.
        """
        return shares_of(self.logits(state, words))

    def log_probabilities(self, state: State) -> Array:
        """Return ln P(next word), (V,) float64, exact even where P itself rounds to 0.

        Raises:
            FolderError: as `logits`.
        """
        scores = self.logits(state).astype(np.float64)
        scores -= scores.max()
        return np.asarray(scores - np.log(np.exp(scores).sum()))


def shares_of(scores: Array) -> Array:
    """Return the probabilities that belong to scores: their softmax."""
    if len(scores) == 0:
        return scores
    shares = np.exp(scores - scores.max())
    shares /= shares.sum(dtype=np.float64)
    return np.asarray(shares)


def _network(
    config: AnyConfig,
    weights: Mapping[str, Array],
    threads: int,
    ngrams: NgramMixture | None,
) -> NgramNetwork | compiled_network.CompiledNetwork | NumpyNetwork | MixedNetwork:
    if isinstance(config, NgramConfig):
        if ngrams is not None:
            raise FolderError("an n-gram model has no n-grams beside it")
        return NgramNetwork(weights)
    network = compiled_network.network(config, weights, threads) or NumpyNetwork(config, weights)
    if ngrams is None:
        return network
    if ngrams.vocab_size != config.vocab_size:
        raise FolderError(
            f"the n-grams are of {ngrams.vocab_size:,} words, and the network of "
            f"{config.vocab_size:,}"
        )
    return MixedNetwork(network, ngrams)


def _line_ends(count: int) -> Array:
    return np.full(count, EOS_ID, dtype=np.int64)


def _finite(likeliest: Likely | None) -> Likely:
    if likeliest is None:
        raise _overflow()
    return likeliest


def _overflow() -> FolderError:
    return FolderError(
        "the model's scores overflow after this text: its weights are too large. "
        "Train it anew with a smaller learning rate"
    )
