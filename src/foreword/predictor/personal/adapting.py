"""Adapt the layer's weights to a text before the text itself is learned. Knows no files.

Each word is predicted from what was held before it, as if it were being written. Whichever part of
the mixture predicts it better gains weight.
"""

from collections.abc import Callable, Sequence

from foreword.predictor.personal.cut import Line
from foreword.predictor.personal.view import View
from foreword.predictor.personal.weights import RECENCY, Weights, part_of
from foreword.predictor.predictor import Predictor
from foreword.text.tokenizer import UNK_ID

Network = Callable[[Sequence[str]], Sequence[float]]
"""Maps a line to P of each word given those before it; 0 for a word that the network lacks."""


def network_of(predictor: Predictor) -> Network:
    """Return a function that gives a model's probability of each word of a line."""

    def probabilities(words: Sequence[str]) -> list[float]:
        state, shares_of_words = predictor.start(), []
        for word in words:
            index = predictor.tokenizer.id_of(word)
            shares = predictor.probabilities(state)
            shares_of_words.append(float(shares[index]) if index != UNK_ID else 0.0)
            state = predictor.advance(state, word, mend=False)
        return shares_of_words

    return probabilities


def adapted(
    view: View, lines: Sequence[Line], normalise: Callable[[str], str], network: Network | None
) -> Weights:
    """Return the weights after some lines.

    Args:
        view: what was held before the lines.
        lines: the lines, as words.
        normalise: returns the model's form of a word.
        network: the other part of the mixture; without it, only the layer's own parts are weighed.
    """
    weights = view.weights
    for line in lines:
        words = ["" if word is None else normalise(word) for word in line]
        others = network(words) if network is not None else None
        for position, word in enumerate(words):
            if not word:
                continue
            evidence = view.ngrams.evidence(*view.context(words[:position][-2:]))
            index = view.ids.get(word)
            p = 0.0
            if index is not None:
                by_ngrams, by_recency = view.probability(evidence, index)
                recency = weights.of(RECENCY)
                p = (1 - recency) * by_ngrams + recency * by_recency
                weights = weights.after(RECENCY, by_recency, by_ngrams)
            if others is not None:
                weights = weights.after(part_of(evidence), p, others[position])
    return weights


def sample(lines: Sequence[Line], words: int) -> list[Line]:
    """Return lines with about `words` words in all, evenly spread over the text."""
    total = sum(len(line) for line in lines)
    step = max(1, -(-total // max(words, 1)))
    return list(lines[step - 1 :: step])
