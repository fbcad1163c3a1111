"""Measure a translation model by the length of sentences: BLEU, and how far gradients reach.

The gradient is that of the last target word's loss with respect to the embedding of the first
source word: whether learning at the end of a translation reaches the beginning of the sentence, the
question of Bengio et al. (1994).
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional as F

from foreword.evaluation.translation import measure, ranges_of_lengths
from foreword.folder.config import LengthMeasure
from foreword.text.subwords import Subwords
from foreword.translation.model import TranslationModel
from foreword.translator.translation import words_of

EXAMINED = 50
"""The most sentences of each range of lengths whose gradients are computed."""


def measures_by_length(
    model: TranslationModel,
    subwords: Subwords,
    sources: Sequence[str],
    translations: Sequence[str],
    references: Sequence[str],
) -> tuple[LengthMeasure, ...]:
    """Measure translations and gradients by the number of words of the source.

    Args:
        model: the model, in float32; it is left in its mode.
        subwords: its vocabulary.
        sources: the sentences.
        translations: those of the model.
        references: those of people.
    """
    measures = []
    for words, chosen in ranges_of_lengths(sources).items():
        quality = measure([translations[k] for k in chosen], [references[k] for k in chosen])
        examined = [k for k in chosen if sources[k].strip() and references[k].strip()][:EXAMINED]
        norms = [gradient_norms(model, subwords, sources[k], references[k]) for k in examined]
        measures.append(
            LengthMeasure(
                words=words,
                pairs=len(chosen),
                bleu=quality.bleu,
                gradient=_mean([float(by_word[0]) for by_word in norms]),
                share=_mean([float(n[0] / n.sum()) for n in norms if n.sum() > 0]),
            )
        )
    return tuple(measures)


def gradient_norms(
    model: TranslationModel, subwords: Subwords, source: str, target: str
) -> np.ndarray:
    """Return the norm of the last target word's gradient with respect to each source word.

    The loss is -ln P(the last word | the source, the words before it), in nats; the gradient is by
    the embeddings of the source word's sub-words, without dropout.

    Args:
        model: the model.
        subwords: its vocabulary.
        source: a sentence of at least a word.
        target: its translation, likewise.

    Returns:
        (source words,).
    """
    ids, expected = subwords.encode(source), subwords.encode(target)
    last = words_of(expected, subwords.bytes)[-1]
    was_training = model.training
    model.eval()
    try:
        embedded = model.embedded(torch.tensor([*ids, subwords.end])[:, None])
        embedded = embedded.detach().requires_grad_()
        memory, states = model.encode_embedded(embedded, torch.tensor([len(ids) + 1]))
        inputs = torch.tensor([subwords.start, *expected[:-1]])[:, None]
        features, _, _ = model.features(inputs, states, memory)
        scores = model.scores(features[last.start : last.stop, 0])
        wanted = torch.tensor(expected[last.start : last.stop])
        loss = F.cross_entropy(scores, wanted, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, embedded)
    finally:
        model.train(was_training)
    squares = gradient[:, 0].square().sum(1).numpy()
    words = words_of(ids, subwords.bytes)
    return np.sqrt([squares[word.start : word.stop].sum() for word in words])


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0
