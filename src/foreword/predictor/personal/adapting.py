"""What the layer's weights learn from a text, before the text itself is learned. No files.

Each word is predicted as it would have been while it was written, from what was held before it; who
predicted it better earns weight.
"""

from collections.abc import Callable, Sequence

from foreword.predictor.personal.cut import Line
from foreword.predictor.personal.view import View
from foreword.predictor.personal.weights import RECENCY, Weights, part_of
from foreword.predictor.predictor import Predictor
from foreword.text.tokenizer import UNK_ID

Network = Callable[[Sequence[str]], Sequence[float]]
"""P of each word of a line, given those before it; 0 for one that the network does not know."""


def network_of(predictor: Predictor) -> Network:
    """What a model gives to each word of a line."""

    def probabilities(words: Sequence[str]) -> list[float]:
        state, found = predictor.start(), []
        for word in words:
            index = predictor.tokenizer.id_of(word)
            shares = predictor.probabilities(state)
            found.append(float(shares[index]) if index != UNK_ID else 0.0)
            state = predictor.advance(state, word, mend=False)
        return found

    return probabilities


def adapted(
    view: View, lines: Sequence[Line], normalise: Callable[[str], str], network: Network | None
) -> Weights:
    """The weights after some lines.

    Args:
        view: what was held before them.
        lines: of words.
        normalise: a word as the model has it.
        network: the other part of the mixture. Without it only the layer's own parts are weighed.
    """
    weights = view.weights
    for line in lines:
        words = ["" if word is None else normalise(word) for word in line]
        others = network(words) if network is not None else None
        for place, word in enumerate(words):
            if not word:
                continue
            evidence = view.ngrams.evidence(*view.context(words[:place][-2:]))
            index = view.ids.get(word)
            p = 0.0
            if index is not None:
                by_ngrams, by_recency = view.probability(evidence, index)
                recency = weights.of(RECENCY)
                p = (1 - recency) * by_ngrams + recency * by_recency
                weights = weights.after(RECENCY, by_recency, by_ngrams)
            if others is not None:
                weights = weights.after(part_of(evidence), p, others[place])
    return weights


def sample(lines: Sequence[Line], words: int) -> list[Line]:
    """Lines of about so many words, evenly spread over all."""
    total = sum(len(line) for line in lines)
    step = max(1, -(-total // max(words, 1)))
    return list(lines[step - 1 :: step])
