"""The interface of a layer over the network: a weighted opinion on the next word."""

import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from foreword.predictor.letters import begins
from foreword.predictor.lexicon import Lexicon
from foreword.predictor.reading import Context, ModelReader

WORDS_OF_A_LAYER = 64
"""The number of a layer's most probable words that are mixed in."""


@dataclass(frozen=True)
class Factors:
    """What a layer multiplies the network's probabilities of some words by, before their sum is 1.

    A layer gives the same object as long as the factors are the same, so that they are looked up in
    the model's vocabulary once.

    Attributes:
        words: the factors by word, in the model's form.

    Raises:
        ValueError: a factor is below 1, or no number.
    """

    words: Mapping[str, float]
    _looked_up: list[tuple[Lexicon, np.ndarray, np.ndarray]] = field(
        default_factory=list, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        for word, factor in self.words.items():
            if not 1 <= factor < math.inf:
                raise ValueError(f"the factor of {word!r} is {factor}, not 1 or more")

    def over(self, lexicon: Lexicon) -> tuple[np.ndarray, np.ndarray]:
        """Return the factor of every word of a vocabulary, (V,), and the ids of those above 1."""
        known = next((one for one in self._looked_up if one[0] is lexicon), None)
        if known is None:
            by_id = np.ones(len(lexicon.words), dtype=np.float32)
            for word, factor in self.words.items():
                index = lexicon.id_of(word)
                if index is not None:
                    by_id[index] = factor
            by_id.flags.writeable = False
            known = (lexicon, by_id, np.flatnonzero(by_id > 1))
            self._looked_up[:] = [known]
        return known[1:]


@dataclass(frozen=True)
class Opinion:
    """A layer's distribution over the next word.

    The prediction becomes (1 - weight) P_network + weight P_layer, after P_network was multiplied
    by the factors and divided by its sum.

    Attributes:
        weight: the layer's share in the mixture, 0 to 1.
        words: P(word | context, the word begins as typed); sums to at most 1.
        spelled: the spelling of words in `words` that differs from the model's: for a model without
            capitals, `anna` is spelled Anna.
        factors: the factors of the words that the network should find more probable in any context.
    """

    weight: float
    words: Mapping[str, float]
    spelled: Mapping[str, str] = field(default_factory=dict)
    factors: Factors | None = None


class Layer(Protocol):
    """Anything with an opinion on the next word besides the network."""

    def opinion(self, context: Sequence[str], prefix: str) -> Opinion:
        r"""Return the layer's opinion.

        Args:
            context: the normalised words before the next one, with "\n" for the end of a line.
            prefix: the letters typed of the next word.
        """
        ...


def opinion_of(
    layer: Layer | None, reader: ModelReader, context: Context, letters: str
) -> Opinion | None:
    """Return a layer's opinion; None if there is no layer, it has no opinion, or it fails."""
    if layer is None:
        return None
    try:
        prefix = reader.tokenizer.normalise(letters) if letters else ""
        given = layer.opinion(context.words, prefix)
        return _checked(given, reader.lexicon.fold(letters), reader.lexicon)
    except Exception as error:  # a failing layer must not stop suggestions
        _warn_once(layer, error)
        return None


def _checked(given: Opinion, fold: str, lexicon: Lexicon) -> Opinion | None:
    if not 0 <= given.weight <= 1:
        raise ValueError(f"its weight is {given.weight}, not 0 to 1")
    total = math.fsum(given.words.values())
    if not total <= 1 + 1e-6 or min(given.words.values(), default=0.0) < 0:
        raise ValueError(f"its probabilities are not shares of 1: they sum to {total}")
    begin_so = [item for item in given.words.items() if begins(fold, lexicon.fold(item[0]))]
    likeliest = heapq.nlargest(WORDS_OF_A_LAYER, begin_so, key=lambda item: item[1])
    if not likeliest or not given.weight:
        return None
    words = dict(likeliest)
    spelled = {
        w: s for w, s in given.spelled.items() if w in words and lexicon.fold(s) == lexicon.fold(w)
    }
    return Opinion(float(given.weight), words, spelled, given.factors)


_warned: set[tuple[type, type]] = set()


def _warn_once(layer: Layer, error: Exception) -> None:
    """Log that a kind of layer fails in some way, once, as it may fail at every keystroke."""
    kind = (type(layer), type(error))
    if kind not in _warned:
        _warned.add(kind)
        import logging  # see `foreword.compiled`

        logging.getLogger("foreword").warning(
            "suggestions go on without the layer %s, which failed: %s: %s",
            type(layer).__name__,
            type(error).__name__,
            error,
        )
