"""The interface of a layer over the network: a weighted opinion on the next word."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Opinion:
    """A layer's distribution over the next word.

    The prediction becomes (1 - weight) P_network + weight P_layer.

    Attributes:
        weight: the layer's share in the mixture, 0 to 1.
        words: P(word | context, the word begins as typed); sums to at most 1.
        spelled: the spelling of words in `words` that differs from the model's: for a model without
            capitals, `anna` is spelled Anna.
    """

    weight: float
    words: Mapping[str, float]
    spelled: Mapping[str, str] = field(default_factory=dict)


class Layer(Protocol):
    """Anything with an opinion on the next word besides the network."""

    def opinion(self, context: Sequence[str], prefix: str) -> Opinion:
        r"""Return the layer's opinion.

        Args:
            context: the normalised words before the next one, with "\n" for the end of a line.
            prefix: the letters typed of the next word.
        """
        ...
