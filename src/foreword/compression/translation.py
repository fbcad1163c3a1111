"""A translation model made smaller: int8 weights, and what they cost on pairs. No torch."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from foreword.compression.cost import refuse_compressed
from foreword.errors import SettingsError, TextError
from foreword.folder.adopting import current
from foreword.folder.config import TranslationCompression
from foreword.folder.quantised import quantise
from foreword.folder.store import CARD, folder_bytes
from foreword.folder.translation_store import read_translation, write_translation
from foreword.text.pair_batches import Ends, Ids, batch_of, batches_by_length
from foreword.text.pairs.reading import read_pairs
from foreword.text.windows import IGNORED
from foreword.translator.numpy_network import NumpyNetwork
from foreword.visible import as_markdown

BATCH_WORDS = 2048
"""The number of target sub-words that are read at once."""

Tell = Callable[[str, int, int | None], None]


def compress_translation(
    source: Path,
    target: Path,
    paths: Sequence[Any],
    *,
    bound: float,
    most_words: int,
    say: Callable[[str], None] = lambda _: None,
    progress: Tell = lambda *_: None,
) -> TranslationCompression:
    """Write a translation model in int8, and measure the cost on pairs; see `compress`.

    Args:
        source: a model in float32.
        target: the folder to write, which is claimed.
        paths: of the pairs.
        bound: the largest relative rise of perplexity; above it nothing is written.
        most_words: about the number of target sub-words that are read.
        say: called with a sentence about what was read.
        progress: called with (activity, amount done, amount in all).

    Raises:
        SettingsError: the loss is over the bound, or the model is compressed already.
        FolderError, TextError: with what to do about it.
    """
    before = read_translation(source)
    refuse_compressed(source, before.config.weights)
    pairs = read_pairs(paths)
    say(pairs.note)
    if len(pairs) == 0:
        raise TextError("there are no pairs to measure the loss on")
    subwords = before.subwords
    sources, targets = (
        Ids.of(subwords.encode_batch(side)) for side in (pairs.sources, pairs.targets)
    )
    weights = quantise(before.weights)
    costs = []
    for activity, of_model in (("the model", before.weights), ("the compressed one", weights)):
        network = NumpyNetwork(before.model, of_model)
        ends = Ends(subwords.start, subwords.end)
        costs.append(_perplexity(network, sources, targets, ends, most_words, activity, progress))
    (whole, count), (small, _) = costs
    result = TranslationCompression(
        bytes=folder_bytes(source),
        text=pairs.names,
        subwords=count,
        perplexity_before=whole,
        perplexity_after=small,
    )
    if small > whole * (1 + bound):
        raise SettingsError(
            f"on {result.text} the compressed model's perplexity is {small:.2f}, "
            f"{small / whole - 1:.1%} above {whole:.2f}, and the bound is {bound:.1%}: nothing was "
            "written. Allow more (--bound)"
        )
    config = before.config.model_copy(update={"weights": "int8", "compression": result})
    card = current(source, CARD)
    text = card.read_text("utf-8") if card.exists() else ""
    write_translation(
        target,
        config,
        weights,
        subwords,
        _told(text, result),
        shortlist=before.shortlist,
        spellings=before.spellings,
        replaces=True,
    )
    return result


def _told(card: str, result: TranslationCompression) -> str:
    """Add what compressing has cost to a model card."""
    loss = result.perplexity_after / result.perplexity_before - 1
    return (
        f"{card.rstrip()}\n\n## Compression\n\nThe matrices are int8, with a scale for each row. "
        f"On {as_markdown(result.text)} ({result.subwords:,} sub-words) the perplexity is "
        f"{result.perplexity_after:.3f} instead of {result.perplexity_before:.3f} ({loss:+.2%}).\n"
    )


def _perplexity(
    network: NumpyNetwork,
    sources: Ids,
    targets: Ids,
    ends: Ends,
    most_words: int,
    activity: str,
    progress: Tell,
) -> tuple[float, int]:
    """Return the perplexity of the targets given their sources, and the number of sub-words."""
    nats, count = 0.0, 0
    for chosen in batches_by_length(
        sources.lengths, targets.lengths, BATCH_WORDS, np.random.default_rng(1)
    ):
        batch = batch_of([sources[k] for k in chosen], [targets[k] for k in chosen], ends)
        memory, states = network.encode(batch.source, batch.lengths)
        for ids, expected in zip(batch.inputs, batch.targets, strict=True):
            features, states, _ = network.step(ids, states, memory)
            logs = network.log_probabilities(features)
            counted = np.flatnonzero(expected != IGNORED)
            nats -= float(logs[counted, expected[counted]].sum(dtype=np.float64))
            count += len(counted)
        progress(activity, count, most_words)
        if count >= most_words:
            break
    return math.exp(nats / count), count
