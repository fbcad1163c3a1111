"""Runs a model: states are advanced by words, and words scored. Knows ids, not words; no torch.

In C++ where that was compiled, in numpy elsewhere.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np

from foreword.cores import available
from foreword.errors import FolderError
from foreword.folder.architecture import AnyConfig, NgramConfig
from foreword.predictor import compiled_network
from foreword.predictor.ngram_network import NgramNetwork
from foreword.predictor.numpy_network import Array, NumpyLayers, NumpyNetwork
from foreword.predictor.state import State
from foreword.predictor.trace import LayerTrace
from foreword.text.tokenizer import EOS_ID

Likely = list[tuple[int, float]]
"""Ids and their probabilities, the likeliest first; of equals the smaller id."""


class Engine:
    """A model that advances a state by a word and scores the next.

    Immutable, and safe to share between threads; threads of its own take part in long work. What
    it computes depends neither on their number nor on who else is in a batch.
    """

    def __init__(
        self,
        config: AnyConfig,
        weights: Mapping[str, Array],
        *,
        threads: int | None = None,
    ) -> None:
        """Takes weights as `foreword.folder.weights` names them, float32 or int8 with scales.

        Args:
            config: the architecture.
            weights: kept, not copied, where they can be used as they are.
            threads: that share long work; None: as many as this process may use cores.
        """
        self.config = config
        self._network = _network(config, weights, threads or available())
        self._weights = weights

    @property
    def is_compiled(self) -> bool:
        """Whether it runs in C++ rather than in numpy."""
        return isinstance(self._network, compiled_network.CompiledNetwork)

    def start(self) -> State:
        """The state before any word: zeros, or a window of line ends."""
        config = self.config
        if isinstance(config, NgramConfig):
            return State((np.full(config.order - 1, EOS_ID, dtype=np.int64),), EOS_ID)
        if not config.is_recurrent:
            return State((np.full(config.context_words, EOS_ID, dtype=np.int64),), EOS_ID)
        parts = 2 if config.name.startswith("lstm") else 1
        shape = (config.num_layers, config.hidden_size)
        return State(tuple(np.zeros(shape, dtype=np.float32) for _ in range(parts)), EOS_ID)

    def call_up(self) -> None:
        """Wakes the threads that share long work, if it comes within 100 microseconds.

        Before a step and the scores of all words, that saves the time of waking: as long as a step.
        """
        self._network.call_up()

    def advance(self, state: State, word: int) -> State:
        """The state after one more word id."""
        return State(self._network.advance(state.parts, word), word)

    def advance_many(self, states: Sequence[State], words: Sequence[int]) -> list[State]:
        """The states of many users after one more word each; bit for bit as one by one."""
        after = self._network.advance_many([state.parts for state in states], words)
        return [State(parts, int(word)) for parts, word in zip(after, words, strict=True)]

    def trace(self, state: State, word: int) -> tuple[LayerTrace, ...]:
        """What one more word id does inside, layer by layer.

        Computed in numpy and float32 by whatever means the model predicts: with int8 weights it is
        what the network does but for the rounding of its hidden states. An n-gram model has no
        layers.
        """
        if isinstance(self.config, NgramConfig):
            return ()
        if self.config.is_recurrent:
            found = self._layers.run(self._layers.embedded(word), state.parts)
        else:
            window = np.append(state.parts[0][1:], word)
            found = self._layers.run(self._layers.embedded(window), ())
        return tuple(
            LayerTrace(gates, dict(zip("hc", states, strict=False))) for states, gates in found
        )

    @cached_property
    def _layers(self) -> NumpyLayers:
        assert not isinstance(self.config, NgramConfig)
        return NumpyLayers(self.config, self._weights)

    def best(
        self, state: State, k: int, words: Array | None = None, hidden: Sequence[int] = ()
    ) -> Likely:
        """The k likeliest next words and their probabilities.

        Args:
            state: after the text.
            k: how many at most.
            words: ids, distinct: only these are scored, and P given that the next is one of them.
            hidden: ids that are not given, though they have their share of the probability.

        Raises:
            FolderError: scores overflow, so that there are no probabilities.
        """
        return _finite(self._network.best(state.parts, k, words, hidden))

    def best_many(
        self,
        states: Sequence[State],
        k: int,
        words: Sequence[Array | None],
        hidden: Sequence[int] = (),
    ) -> list[Likely]:
        """`best` for many users, each among words of their own, or all; None stands for all.

        Raises:
            FolderError: scores of one of them overflow.
        """
        parts = [state.parts for state in states]
        return [_finite(found) for found in self._network.best_many(parts, k, words, hidden)]

    def logits(self, state: State, words: Array | None = None) -> Array:
        """Scores of every word as the next, (V,) float32; or of some words alone, by their ids.

        Raises:
            FolderError: they overflow, so that there are no probabilities.
        """
        scores = self._network.scores(state.parts, words)
        if len(scores) and not np.isfinite(scores.max()):
            raise _overflow()
        return scores

    def probabilities(self, state: State, words: Array | None = None) -> Array:
        """P(next word), (V,) float32, sums to 1.

        Args:
            state: after the text.
            words: ids; P given that the next is one of these, (len(words),). Scores no others.

        Raises:
            FolderError: as `logits`.
        """
        scores = self.logits(state, words)
        if len(scores) == 0:
            return scores
        shares = np.exp(scores - scores.max())
        shares /= shares.sum(dtype=np.float64)
        return np.asarray(shares)

    def log_probabilities(self, state: State) -> Array:
        """Natural logarithm of P(next word), (V,) float64; exact where P itself rounds to 0.

        Raises:
            FolderError: as `logits`.
        """
        scores = self.logits(state).astype(np.float64)
        scores -= scores.max()
        return np.asarray(scores - np.log(np.exp(scores).sum()))


def _network(
    config: AnyConfig, weights: Mapping[str, Array], threads: int
) -> NgramNetwork | compiled_network.CompiledNetwork | NumpyNetwork:
    if isinstance(config, NgramConfig):
        return NgramNetwork(weights)
    return compiled_network.network(config, weights, threads) or NumpyNetwork(config, weights)


def _finite(found: Likely | None) -> Likely:
    if found is None:
        raise _overflow()
    return found


def _overflow() -> FolderError:
    return FolderError(
        "the model's scores overflow after this text: its weights are too large. "
        "Train it anew with a smaller learning rate"
    )
