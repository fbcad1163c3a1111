"""Choose methods and their numbers on a text. Knows no files.

A plan is applied to a text unchanged. Its open choices are made on another text.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from foreword.evaluation.methods.dynamic import Dynamic, gradient_rms
from foreword.evaluation.methods.mixing import (
    Gate,
    best_gate,
    best_weights,
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
THETAS = (3.0, 6.0, 9.0, 12.0, 15.0, 18.0, 22.0, 30.0)
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
        gates: by the name of a mixture, how the weights of its parts are found.
    """

    temperature: float = 1.0
    cache: Cache | None = None
    dynamic: Dynamic | None = None
    table: NgramTable | None = None
    gates: dict[str, Gate] = field(default_factory=dict)


@dataclass(frozen=True)
class Opinion:
    """What one part of a mixture says of N words.

    Attributes:
        shares: (N,), P of each word; NaN by an empty cache.
        signs: (signs, N), what tells how far the part can be trusted, before the word is known.
    """

    shares: np.ndarray
    signs: np.ndarray


@dataclass(frozen=True)
class Mixture:
    """Some parts together, the network first."""

    name: str
    parts: tuple[Opinion, ...]

    @property
    def shares(self) -> np.ndarray:
        """P of each word by each part, (parts, N)."""
        return np.stack([part.shares for part in self.parts])

    @property
    def signs(self) -> np.ndarray:
        """Those of all parts, (signs, N)."""
        return np.concatenate([part.signs for part in self.parts])


@dataclass(frozen=True)
class Opinions:
    """What all parts of a plan say of the same words.

    Attributes:
        network: at the plan's temperature.
        cache: the cache alone; None if there is none.
        ngram: the n-gram model; None if there is none.
        untempered: P of each word by the network at temperature 1, (N,); None if that is the
            plan's.
    """

    network: Opinion
    cache: Opinion | None
    ngram: Opinion | None
    untempered: np.ndarray | None = None

    def mixtures(self) -> Iterator[Mixture]:
        """Return all mixtures; the network alone comes first."""
        yield Mixture("network", (self.network,))
        if self.ngram is not None:
            yield Mixture("network + n-gram", (self.network, self.ngram))
        if self.cache is not None:
            yield Mixture("network + cache", (self.network, self.cache))
        if self.cache is not None and self.ngram is not None:
            yield Mixture("network + n-gram + cache", (self.network, self.ngram, self.cache))


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
    network, *untempered = np.exp(-reading.nats)
    remembered = None
    if reading.cache_signs is not None:
        remembered = Opinion(reading.cached[0, 0], reading.cache_signs)
    by_network = Opinion(network, reading.signs)
    return Opinions(by_network, remembered, by_ngrams(plan.table, ids), *untempered)


def by_ngrams(table: NgramTable | None, ids: np.ndarray) -> Opinion | None:
    """Return the opinion of an n-gram model; its signs say how many words of a context it knew."""
    if table is None:
        return None
    before = np.r_[EOS_ID, ids[:-1]].astype(np.int64)[:, None]
    contexts = [part[:, 0] for part in table.contexts(before)]
    shares, known = table.probability_of(contexts, ids.astype(np.int64))
    return Opinion(shares, (known == np.arange(1, table.order)[:, None]).astype(np.float64))


def applied(plan: Plan, of: Opinions) -> dict[str, np.ndarray]:
    """Return P of each word by each mixture of the plan, (N,)."""
    return {
        mixture.name: mixed(mixture.shares, plan.gates[mixture.name].weights(mixture.signs))
        if len(mixture.parts) > 1
        else mixture.parts[0].shares
        for mixture in of.mixtures()
    }


def weighed(plan: Plan, of: Opinions) -> Plan:
    """Return the plan with the gates that suit these opinions best."""
    gates = {
        mixture.name: best_gate(mixture.shares, mixture.signs)
        for mixture in of.mixtures()
        if len(mixture.parts) > 1
    }
    return replace(plan, gates=gates)


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
    if len(thetas) > 0:
        places = [(a, b) for a in range(len(thetas)) for b in range(len(windows))]
        a, b = min(places, key=lambda at: _with_cache(network, reading.cached[at]))
        plan = replace(plan, cache=Cache(thetas[a], windows[b]))
    if plan.cache is not None or plan.table is not None:
        once = replace(plan, dynamic=None)
        of = opinions(model, ids, once, lambda done, total: tell("weighing", done, total))
        plan = weighed(plan, of)
    return _with_rates(model, ids[:DYNAMIC_WORDS], plan, tell) if dynamic else plan


def _with_cache(network: np.ndarray, cache: np.ndarray) -> float:
    parts = np.stack([network, cache])
    return perplexity(mixed(parts, best_weights(parts)[:, None]))


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
