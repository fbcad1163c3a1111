"""Give a model the n-grams of its training text, which it then mixes with its network."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from foreword.folder.saving import write_folder
from foreword.folder.store import read_folder
from foreword.ngrams.compact import MOST_FOLLOWING, compact, expanded
from foreword.ngrams.counts import Array
from foreword.ngrams.mixture import NgramMixture
from foreword.ngrams.pruning import learn_most_useful
from foreword.ngrams.table import NgramTable
from foreword.packaging.parts import Parts
from foreword.predictor.engine import Engine
from foreword.text.newlines import Lines
from foreword.text.sources import read_sources
from foreword.text.tokenizer import EOS_ID, Tokenizer
from foreword.text.tokens import tokenise

ORDER = 4
"""The number of words of the longest n-grams."""
MOST = 400_000
"""The number of n-grams that are kept unless another is given: about two megabytes."""
LONG = 5_000_000
"""From so many words on, n-grams of three words and more that were seen once are not counted."""
FITTED_ON = 6_000
"""The number of words of the validation text on which the weights are fitted."""
WEIGHTS = np.arange(0.0, 0.65, 0.05)
"""The weights that are tried."""
LEAST_GAIN = 0.005
"""The least fall of perplexity, relatively, for which a model gets n-grams."""

Tell = Callable[[str, int, int | None], None]


def add_ngrams(folder: Path, parts: Parts, most: int = MOST, tell: Tell | None = None) -> float:
    """Give the model in a folder n-grams of its training text, if they improve it.

    Args:
        folder: the model folder; what it had before is replaced.
        parts: the text; the weights are fitted on its validation part.
        most: the number of n-grams.
        tell: called with (activity, amount done, amount in all).

    Returns:
        The perplexity with n-grams relative to that without, by the weights that were chosen; 1 if
        the model has none.
    """
    model = read_folder(folder)
    V = model.model.vocab_size

    def counting(done: int, total: int) -> None:
        if tell is not None:
            tell("counting n-grams", done, total)

    read = ids_of(parts.train, parts.lines, model.tokenizer, tell)
    table = learn_most_useful(
        read,
        V,
        ORDER,
        most,
        min_count=2 if len(read) > LONG else 1,
        following=MOST_FOLLOWING,
        progress=counting,
    )
    rounded = expanded(compact(table))
    engine = Engine(model.model, model.weights)
    held_out = ids_of(parts.valid, parts.lines, model.tokenizer, tell)[:FITTED_ON]
    weights, gain = fitted_weights(engine, rounded, held_out, tell)
    ngrams = NgramMixture.of(table, weights).arrays if gain < 1 - LEAST_GAIN else {}
    write_folder(
        folder,
        model.config,
        model.weights,
        model.tokenizer,
        "",
        model.rare,
        model.misspellings,
        ngrams,
    )
    return gain if ngrams else 1.0


def perplexity_of(engine: Engine, ids: Array, tell: Callable[[int], None] | None = None) -> float:
    """Return exp of the nats per word of a text, each line of which starts anew.

    Args:
        engine: the network, with n-grams or without.
        ids: (N,) the text, lines ended by `<eos>`.
        tell: called with the number of words done.
    """
    start = engine.advance(engine.start(), EOS_ID)
    state, nats = start, 0.0
    for done, word in enumerate(ids.tolist(), 1):
        nats -= engine.log_probabilities(state)[word]
        state = start if word == EOS_ID else engine.advance(state, word)
        if tell is not None:
            tell(done)
    return float(np.exp(nats / max(1, len(ids))))


def ids_of(part: Path, lines: Lines, tokenizer: Tokenizer, tell: Tell | None) -> Array:
    """Return the ids of a part of a text, lines ended by `<eos>`."""

    def reading(done: int, total: int | None) -> None:
        if tell is not None:
            tell("reading the text", done, total)

    sources = read_sources([part], tokenizer.config, read_as="text", lines=lines)
    return np.asarray(tokenise(sources, tokenizer, progress=reading).ids)


def fitted_weights(
    engine: Engine, table: NgramTable, ids: Array, tell: Tell | None = None
) -> tuple[Array, float]:
    """Return the weights of n-grams beside a network that are best for a text.

    Args:
        engine: the network, which starts each line anew.
        table: the n-grams.
        ids: (N,) a text that neither was learned from, lines ended by `<eos>`.
        tell: called with (activity, amount done, amount in all).

    Returns:
        A weight for each length of the known context, (n,) float32, and the perplexity by them
        relative to that of the network alone.
    """
    start = engine.advance(engine.start(), EOS_ID)
    state = start
    last = np.full(table.order - 1, EOS_ID, dtype=np.int64)
    nats = np.zeros((table.order, len(WEIGHTS)))
    for done, word in enumerate(ids.tolist(), 1):
        contexts = [part[-1] for part in table.contexts(last[:, None])]
        z = engine.log_probabilities(state)
        mixed = z + WEIGHTS[:, None] * (np.log(table.probabilities(contexts)[0]) - z)
        peaks = mixed.max(axis=1)
        totals = np.log(np.exp(mixed - peaks[:, None]).sum(axis=1)) + peaks
        nats[table.known(contexts)[0]] += totals - mixed[:, word]
        state = start if word == EOS_ID else engine.advance(state, word)
        last = np.append(last[1:], word) if len(last) else last
        if tell is not None:
            tell("weighing n-grams", done, len(ids))
    best = nats.argmin(axis=1)
    saved = nats.min(axis=1).sum() - nats[:, 0].sum()
    return WEIGHTS[best].astype(np.float32), float(np.exp(saved / max(1, len(ids))))
