"""What a layer over the network is: an opinion on the next word, with a weight. Knows no layer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Opinion:
    """What a layer makes of the next word.

    The prediction is then (1 - weight) P_network + weight P_layer.

    Attributes:
        weight: its share in the mixture, 0 to 1.
        words: P(word | context, the word begins as typed); sums to at most 1.
        spelled: how words of `words` are written, where that is not as the model has them: for
            a model without capitals, `anna` as Anna.
    """

    weight: float
    words: Mapping[str, float]
    spelled: Mapping[str, str] = field(default_factory=dict)


class Layer(Protocol):
    """Whoever has an opinion on the next word besides the network."""

    def opinion(self, context: Sequence[str], prefix: str) -> Opinion:
        r"""Its opinion.

        Args:
            context: the normalised words before, "\n" for a line's end.
            prefix: the letters typed of the next word.
        """
        ...
