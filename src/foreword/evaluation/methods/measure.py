"""Measure a model folder on a text with several methods. Connects the parts; does not compute.

Open choices are tuned on another text, never on the measured one. Methods that adapt to the
measured text are marked, since they have seen more than the network alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Unpack

import numpy as np

from foreword.errors import SettingsError, TextError
from foreword.evaluation.methods.dynamic import Dynamic
from foreword.evaluation.methods.mixing import Gate, perplexity
from foreword.evaluation.methods.plan import Cache, Plan, applied, opinions, tuned
from foreword.folder.config import NgramConfig
from foreword.folder.installed import find_folder
from foreword.folder.store import Folder, read_folder
from foreword.models.build import from_folder
from foreword.models.model import LanguageModel
from foreword.ngrams.table import NgramTable
from foreword.text.choice import ReadingOptions
from foreword.text.corpus import Paths, paths_of
from foreword.text.sources import read_sources
from foreword.text.tokens import tokenise

Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Column:
    """One method, or several together, on one text.

    Attributes:
        name: the parts of the mixture.
        adapts: whether the text's earlier words changed how later ones are predicted, beyond the
            state that the network carries.
        perplexity: over all words, including `<eos>` and `<unk>`.
        settings: the numbers that were used.
    """

    name: str
    adapts: bool
    perplexity: float
    settings: dict[str, object]


@dataclass(frozen=True)
class Measurement:
    """A text with all columns; the first is the network alone, at its own temperature."""

    text: str
    words: int
    columns: tuple[Column, ...]


def measure(
    folder: str | PathLike[str],
    texts: Paths,
    *,
    temperature: float | None = None,
    cache: Cache | None = None,
    cache_weight: float = 0.1,
    dynamic: Dynamic | None = None,
    ngram: str | PathLike[str] | None = None,
    ngram_weight: float = 0.3,
    tune: Paths = (),
    tune_cache: bool = False,
    tune_dynamic: bool = False,
    device: str = "cpu",
    say: Callable[[str], None] | None = None,
    progress: Progress | None = None,
    **reading: Unpack[ReadingOptions],
) -> Measurement:
    """Measure the perplexity of a network without and with methods, each alone and together.

    Args:
        folder: the folder of a network.
        texts: read as one, in order, in one stream.
        temperature: the divisor of the logits; None: chosen on `tune`, or 1.
        cache: a continuous cache.
        cache_weight: its share of a mixture without `tune`.
        dynamic: dynamic evaluation.
        ngram: the folder of an n-gram model with the same vocabulary, to be mixed in.
        ngram_weight: its share of a mixture without `tune`.
        tune: other texts, on which all weights and the requested numbers are chosen.
        tune_cache: whether to choose the cache's numbers.
        tune_dynamic: whether to choose rate and decay of dynamic evaluation, by the RMS rule.
        device: the device that the network runs on.
        say: called with sentences about what was read and detected.
        progress: called with (activity, amount done, amount in all).
        reading: how the texts are read, as for `foreword.evaluate`.

    Raises:
        FolderError, TextError, SettingsError: with what to do about it.
    """
    tune = paths_of(tune)
    if not tune and (tune_cache or tune_dynamic):
        raise SettingsError("there is nothing to tune on: give a text by --tune FILE")
    if temperature is not None and not 0 < temperature < np.inf:
        raise SettingsError(f"temperature must be above 0 and finite, not {temperature}")
    loaded = read_folder(find_folder(folder))
    model = from_folder(loaded, device)

    def tell(activity: str, done: int, total: int | None) -> None:
        if progress is not None:
            progress(activity, done, total)

    def read_text(paths: Paths) -> tuple[str, np.ndarray]:
        sources = read_sources(
            paths_of(paths),
            loaded.tokenizer.config,
            words=loaded.tokenizer.words,
            say=say,
            progress=tell,
            **reading,
        )
        tokens = tokenise(
            sources, loaded.tokenizer, progress=lambda d, t: tell("reading the text", d, t)
        )
        if len(tokens) == 0:
            raise TextError(f"there is nothing to evaluate on: {sources[0].name} has no words")
        return ", ".join(source.name for source in sources), np.asarray(tokens.ids)

    name, ids = read_text(texts)
    plan = Plan(
        temperature=temperature or 1.0,
        cache=cache,
        dynamic=dynamic,
        table=None if ngram is None else _table(Path(ngram), loaded),
    )
    if tune:
        plan = tuned(
            model,
            read_text(tune)[1],
            plan,
            temperature=temperature is None,
            cache=tune_cache,
            dynamic=tune_dynamic,
            tell=tell,
        )
    else:
        a, b = ngram_weight, cache_weight
        weights = {
            "network + n-gram": [1 - a, a],
            "network + cache": [1 - b, b],
            "network + n-gram + cache": [(1 - a) * (1 - b), a * (1 - b), b],
        }
        gates = {name: Gate.constant(each) for name, each in weights.items()}
        plan = replace(plan, gates=gates)
    return Measurement(name, len(ids), tuple(_columns(model, ids, plan, tell)))


def _columns(model: LanguageModel, ids: np.ndarray, plan: Plan, tell: Progress) -> list[Column]:
    columns = []
    runs = [("network", replace(plan, dynamic=None))]
    if plan.dynamic is not None:
        runs.append(("dynamic network", plan))
    for network, how in runs:
        of = opinions(model, ids, how, partial(tell, f"reading with the {network}"))
        if of.untempered is not None and how.dynamic is None:
            network = "tempered network"
            column = Column(
                "network",
                adapts=False,
                perplexity=perplexity(of.untempered),
                settings=_settings("network", Plan()),
            )
            columns.append(column)
        for name, shares in applied(how, of).items():
            column = Column(
                name.replace("network", network, 1),
                adapts="cache" in name or how.dynamic is not None,
                perplexity=perplexity(shares),
                settings=_settings(name, how),
            )
            columns.append(column)
    return columns


def _settings(name: str, plan: Plan) -> dict[str, object]:
    settings: dict[str, object] = {"temperature": plan.temperature}
    if "cache" in name and plan.cache is not None:
        settings |= {"theta": plan.cache.theta, "window": plan.cache.window}
    if plan.dynamic is not None:
        how = plan.dynamic
        settings |= {"rate": how.rate, "decay": how.decay, "segment": how.segment}
        settings["rule"] = "sgd" if how.rms is None else "rms"
    if name in plan.gates:
        settings["gate"] = plan.gates[name].factors.round(4).tolist()
    return settings


def _table(path: Path, network: Folder) -> NgramTable:
    other = read_folder(find_folder(path))
    if not isinstance(other.config.model, NgramConfig):
        raise SettingsError(
            f"{path} is a model of the kind {other.config.model.name}; only an ngram model can "
            "be mixed in: foreword train --model ngram"
        )
    if other.tokenizer.words != network.tokenizer.words:
        raise SettingsError(
            f"{path} has another vocabulary than the network: train both on the same text, with "
            "the same vocab_size, min_count and case"
        )
    return NgramTable.from_arrays(other.weights)
