"""Choose methods and their numbers on a text. Knows no files.

A plan is applied to a text unchanged. Its open choices are made on another text.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from foreword.evaluation.methods.dynamic import Dynamic, gradient_rms
from foreword.evaluation.methods.mixing import (
    best_weights,
    best_weights_by_group,
    mixed,
    perplexity,
)
from foreword.evaluation.methods.reading import read
from foreword.models.model import LanguageModel, NextWordModel
from foreword.ngrams.table import NgramTable
from foreword.text.tokenizer import EOS_ID

TUNE_WORDS = 50_000
"""The number of words of a tuning text for temperature, cache and weights."""
DYNAMIC_WORDS = 10_000
"""The number of these for the rates of dynamic evaluation, each of which reads them again."""
TEMPERATURES = (0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.15, 1.2, 1.3)
THETAS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2)
WINDOWS = (500, 1000, 2000, 4000)
RATES = (2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3)
DECAYS = (5e-4, 2e-3, 5e-3, 2e-2)

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Cache:
    """The numbers of a continuous cache; see `foreword.evaluation.methods.cache`."""

    theta: float
    window: int
    """The number of words that it remembers."""


@dataclass(frozen=True)
class Plan:
    """The methods that are applied to a network's probabilities.

    Attributes:
        temperature: the divisor of the logits.
        cache: the cache; None for none.
        dynamic: dynamic evaluation; None for none.
        table: an n-gram model of the same vocabulary, to be mixed in; None for none.
        weights: by the name of a mixture, the share of each part: (parts,), or (parts, n) for each
            number of words of the context that the n-gram model knew.
    """

    temperature: float = 1.0
    cache: Cache | None = None
    dynamic: Dynamic | None = None
    table: NgramTable | None = None
    weights: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Opinions:
    """P of each of N words by each part, (N,); NaN by an empty cache.

    Attributes:
        network: at the plan's temperature.
        cache: by the cache alone; None if there is none.
        ngram: by the n-gram model; None if there is none.
        known: the number of words of the context that the n-gram model knew.
        untempered: by the network at temperature 1; None if that is the plan's.
    """

    network: np.ndarray
    cache: np.ndarray | None
    ngram: np.ndarray | None
    known: np.ndarray
    untempered: np.ndarray | None = None

    def mixtures(self) -> Iterator[tuple[str, np.ndarray]]:
        """Return each mixture's name and parts, (parts, N); the network alone comes first."""
        yield "network", self.network[None]
        if self.ngram is not None:
            yield "network + n-gram", np.stack([self.network, self.ngram])
        if self.cache is not None:
            yield "network + cache", np.stack([self.network, self.cache])
        if self.cache is not None and self.ngram is not None:
            parts = [self.network, self.ngram, self.cache]
            yield "network + n-gram + cache", np.stack(parts)


def opinions(
    model: LanguageModel, ids: np.ndarray, plan: Plan, tell: Callable[[int, int], None] | None
) -> Opinions:
    """Return the opinions of a plan's parts on each word of a text."""
    cache = plan.cache
    temperatures = (1.0,) if plan.temperature == 1.0 else (plan.temperature, 1.0)
    reading = read(
        model,
        ids,
        temperatures=temperatures,
        thetas=() if cache is None else (cache.theta,),
        windows=() if cache is None else (cache.window,),
        dynamic=plan.dynamic,
        progress=tell,
    )
    ngram, known = by_ngrams(plan.table, ids)
    cached_shares = None if cache is None else reading.cached[0, 0]
    network, *untempered = np.exp(-reading.nats)
    return Opinions(network, cached_shares, ngram, known, *untempered)


def by_ngrams(table: NgramTable | None, ids: np.ndarray) -> tuple[np.ndarray | None, np.ndarray]:
    """Return P of each word by the n-grams, and how many words of its context they knew."""
    if table is None:
        return None, np.zeros(len(ids), dtype=np.int64)
    before = np.r_[EOS_ID, ids[:-1]].astype(np.int64)[:, None]
    contexts = [part[:, 0] for part in table.contexts(before)]
    return table.probability_of(contexts, ids.astype(np.int64))


def applied(plan: Plan, shares: Opinions) -> dict[str, np.ndarray]:
    """Return P of each word by each mixture of the plan, (N,)."""
    return {
        name: mixed(parts, _each(plan.weights[name], shares.known)) if len(parts) > 1 else parts[0]
        for name, parts in shares.mixtures()
    }


def _each(weights: np.ndarray, known: np.ndarray) -> np.ndarray:
    return weights[:, known] if weights.ndim == 2 else weights


def weighed(plan: Plan, shares: Opinions) -> Plan:
    """Return the plan with the weights that suit these opinions best.

    With an n-gram model they depend on how many words of the context it knew.
    """
    weights = {}
    for name, parts in shares.mixtures():
        if shares.ngram is not None and "n-gram" in name:
            assert plan.table is not None
            weights[name] = best_weights_by_group(parts, shares.known, plan.table.order)
        elif len(parts) > 1:
            weights[name] = best_weights(parts)
    return replace(plan, weights=weights)


def tuned(
    model: LanguageModel,
    ids: np.ndarray,
    plan: Plan,
    *,
    temperature: bool,
    cache: bool,
    dynamic: bool,
    tell: Tell,
) -> Plan:
    """Return the plan with all weights and the requested numbers chosen on a text.

    Args:
        model: the network.
        ids: (N,), of which the first `TUNE_WORDS` are read.
        plan: the choices that are already made.
        temperature: whether to choose it.
        cache: whether to choose theta and window.
        dynamic: whether to choose rate and decay of dynamic evaluation, by the RMS rule.
        tell: called with (activity, amount done, amount in all).
    """
    ids = ids[:TUNE_WORDS]
    temperatures = TEMPERATURES if temperature else (plan.temperature,)
    settled = plan.cache
    thetas: Sequence[float] = THETAS if cache else () if settled is None else (settled.theta,)
    windows: Sequence[int] = WINDOWS if cache else () if settled is None else (settled.window,)
    reading = read(
        model,
        ids,
        temperatures=temperatures,
        thetas=thetas,
        windows=windows,
        progress=lambda done, total: tell("tuning", done, total),
    )
    coolest = int(reading.nats.mean(axis=1).argmin())
    network = np.exp(-reading.nats[coolest])
    plan = replace(plan, temperature=temperatures[coolest])
    best_shares = None
    if len(thetas) > 0:
        places = [(a, b) for a in range(len(thetas)) for b in range(len(windows))]
        a, b = min(places, key=lambda at: _with_cache(network, reading.cached[at]))
        plan, best_shares = replace(plan, cache=Cache(thetas[a], windows[b])), reading.cached[a, b]
    plan = weighed(plan, Opinions(network, best_shares, *by_ngrams(plan.table, ids)))
    return _with_rates(model, ids[:DYNAMIC_WORDS], plan, tell) if dynamic else plan


def _with_cache(network: np.ndarray, cache: np.ndarray) -> float:
    parts = np.stack([network, cache])
    return perplexity(mixed(parts, best_weights(parts)))


def _with_rates(model: LanguageModel, ids: np.ndarray, plan: Plan, tell: Tell) -> Plan:
    """Choose the rate at a medium decay, then the decay at that rate."""
    assert isinstance(model, NextWordModel)
    rms = gradient_rms(model, ids)
    done, total = 0, (len(RATES) + len(DECAYS)) * len(ids)

    def cost(how: Dynamic) -> float:
        nonlocal done
        reading = read(model, ids, temperatures=(plan.temperature,), dynamic=how)
        done += len(ids)
        tell("tuning dynamic evaluation", done, total)
        return float(reading.nats.mean())

    best = min((Dynamic(rate, 2e-3, rms=rms) for rate in RATES), key=cost)
    best = min((replace(best, decay=decay) for decay in DECAYS), key=cost)
    return replace(plan, dynamic=best)
