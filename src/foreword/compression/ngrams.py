"""N-grams of a text for a model that mixes them with its network. No torch, no files."""

from collections.abc import Callable, Mapping

import numpy as np

from foreword.ngrams.compact import MOST_FOLLOWING, compact, expanded
from foreword.ngrams.counts import Array
from foreword.ngrams.mixture import NgramMixture
from foreword.ngrams.pruning import learn_most_useful
from foreword.ngrams.table import NgramTable
from foreword.predictor.engine import Engine
from foreword.text.tokenizer import EOS_ID

ORDER = 4
"""The number of words of the longest n-grams."""
MOST = 400_000
"""The number of n-grams that are kept unless another is given: about two megabytes."""
LONG = 5_000_000
"""From so many words on, n-grams of three words and more that were seen once are not counted."""
FITTED_ON = 6_000
"""The number of words on which the weights are fitted."""
WEIGHTS = np.arange(0.0, 0.65, 0.05)
"""The weights that are tried."""
LEAST_GAIN = 0.005
"""The least fall of perplexity, relatively, for which a model gets n-grams."""

Tell = Callable[[str, int, int | None], None]


def ngrams_for(
    engine: Engine,
    text: Array,
    held_out: Array,
    most: int = MOST,
    *,
    resets: bool,
    tell: Tell | None = None,
) -> tuple[Mapping[str, Array], float]:
    """Return n-grams of a text for a network, and by which factor they change perplexity.

    Args:
        engine: the network.
        text: (N,) the text that is counted, as ids with lines ended by `<eos>`.
        held_out: (M,) a text that neither was learned from; of its beginning the weights are
            fitted.
        most: the number of n-grams.
        resets: whether each line starts from the state at the beginning of a text.
        tell: called with (activity, amount done, amount in all).

    Returns:
        The arrays of a `NgramMixture`, and a number below 1; or none and 1 if n-grams do not
        improve the predictions.
    """

    def counting(done: int, total: int) -> None:
        if tell is not None:
            tell("counting n-grams", done, total)

    table = learn_most_useful(
        text,
        engine.config.vocab_size,
        ORDER,
        most,
        min_count=2 if len(text) > LONG else 1,
        following=MOST_FOLLOWING,
        progress=counting,
    )
    rounded = expanded(compact(table))
    weights, gain = fitted_weights(engine, rounded, held_out[:FITTED_ON], resets=resets, tell=tell)
    if gain > 1 - LEAST_GAIN:
        return {}, 1.0
    return NgramMixture.of(table, weights).arrays, gain


def fitted_weights(
    engine: Engine, table: NgramTable, ids: Array, *, resets: bool, tell: Tell | None = None
) -> tuple[Array, float]:
    """Return the weights of n-grams beside a network that are best for a text.

    Args:
        engine: the network.
        table: the n-grams.
        ids: (N,) a text that neither was learned from, lines ended by `<eos>`.
        resets: as for `ngrams_for`.
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
        state = start if resets and word == EOS_ID else engine.advance(state, word)
        last = np.append(last[1:], word)
        if tell is not None:
            tell("weighing n-grams", done, len(ids))
    best = nats.argmin(axis=1)
    saved = nats.min(axis=1).sum() - nats[:, 0].sum()
    return WEIGHTS[best].astype(np.float32), float(np.exp(saved / max(1, len(ids))))
