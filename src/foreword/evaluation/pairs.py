"""Measure a translation model on pairs: how probable the reference translations are."""

import time
from collections.abc import Iterator
from dataclasses import asdict, replace

import numpy as np
import torch
from torch import Tensor

from foreword.evaluation.perplexity import Score, added
from foreword.evaluation.translation import Quality
from foreword.folder.config import TranslationEvaluation
from foreword.text.pair_batches import Ends, Ids, PairBatch, batch_of, batches_by_length
from foreword.translation.model import TranslationModel

BATCH_WORDS = 2048
"""The number of target sub-words read at once, which affects only memory and speed."""


def score_pairs(model: TranslationModel, sources: Ids, targets: Ids, ends: Ends) -> Score:
    """Predict every sub-word of the targets, given their sources and those before it.

    The end of each target is predicted too. Perplexities of models with different sub-words do not
    compare.

    Args:
        model: the model, which is measured without dropout and left in its mode.
        sources: the sub-words of the sentences.
        targets: the sub-words of their translations.
        ends: the ids of start and end.
    """
    was_training = model.training
    model.eval()
    began, total = time.perf_counter(), Score()
    try:
        with torch.inference_mode():
            for batch in _batches(sources, targets, ends):
                source, lengths, inputs, expected = on_device(batch, model.device)
                memory, states = model.encode(source, lengths)
                features = model.features(inputs, states, memory)[0].flatten(0, 1)

                def scores(places: Tensor, features: Tensor = features) -> Tensor:
                    return model.scores(features[places])

                total = added(total, scores, expected.flatten())
    finally:
        model.train(was_training)
    return replace(total, seconds=time.perf_counter() - began)


def evaluation_of_pairs(
    score: Score, quality: Quality | None, *, text: str, pairs: int, beams: int
) -> TranslationEvaluation:
    """Return the record of the evaluation.

    Args:
        score: that of the reference translations.
        quality: that of the translations; None if they were not measured.
        text: the name of the pairs.
        pairs: their number.
        beams: those of the search that translated them.
    """
    shown = {} if quality is None else asdict(quality)
    return TranslationEvaluation(
        text=text,
        pairs=pairs,
        subwords=score.words,
        perplexity=score.perplexity,
        cross_entropy_nats=score.cross_entropy,
        top1=score.top1 / score.words,
        beams=beams,
        **shown,
    )


def on_device(batch: PairBatch, device: torch.device) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return a batch as tensors: source, lengths, inputs, targets."""
    arrays = batch.source, batch.lengths, batch.inputs, batch.targets
    source, lengths, inputs, targets = (torch.from_numpy(a).to(device) for a in arrays)
    return source, lengths, inputs, targets


def _batches(sources: Ids, targets: Ids, ends: Ends) -> Iterator[PairBatch]:
    for chosen in batches_by_length(sources.lengths, targets.lengths, BATCH_WORDS):
        yield batch_of([sources[k] for k in chosen], [targets[k] for k in chosen], ends)


def greedy(model: TranslationModel, sources: Ids, ends: Ends) -> Iterator[tuple[int, list[int]]]:
    """Translate sentences by the likeliest sub-word at each step, for a measure in mid-training.

    Args:
        model: the model, which is used without dropout and left in its mode.
        sources: the sub-words of the sentences.
        ends: the ids of start and end.

    Yields:
        The number of each sentence, and the sub-words of its translation, at most twice as many and
        ten more.
    """
    was_training = model.training
    model.eval()
    lengths = sources.lengths
    try:
        for chosen in batches_by_length(lengths, lengths, BATCH_WORDS):
            batch = batch_of([sources[k] for k in chosen], [np.empty(0, int)] * len(chosen), ends)
            for k, translation in zip(chosen, _greedy(model, batch, ends), strict=True):
                yield int(k), translation
    finally:
        model.train(was_training)


@torch.inference_mode()
def _greedy(model: TranslationModel, batch: PairBatch, ends: Ends) -> list[list[int]]:
    source, lengths, last, _ = on_device(batch, model.device)
    memory, states = model.encode(source, lengths)
    chosen, fed = [], None
    is_done = torch.zeros_like(lengths, dtype=torch.bool)
    for _ in range(2 * len(source) + 10):
        features, states, _ = model.features(last, states, memory, fed)
        fed, last = features[0], model.scores(features).argmax(-1)
        chosen.append(last[0])
        is_done |= last[0] == ends.end
        if is_done.all():
            break
    rows = torch.stack(chosen, 1).tolist()
    return [row[: row.index(ends.end)] if ends.end in row else row for row in rows]
