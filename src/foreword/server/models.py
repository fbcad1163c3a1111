"""The models that are served, by name. They can be reloaded while requests are answered.

Requests that have begun with a replaced model end with it; then it is freed. Knows no requests.
"""

import asyncio
import ctypes
import logging
import sys
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from foreword.errors import ForewordError, SettingsError
from foreword.folder.installed import find_folder
from foreword.folder.store import seen
from foreword.predictor.candidates import HIDDEN
from foreword.predictor.mixed_typist import MixedTypist
from foreword.predictor.predictor import Prediction, Predictor, load
from foreword.predictor.state import State
from foreword.predictor.typist import Typist
from foreword.server.refusal import RequestError, named
from foreword.server.typists import MARKS, RecentTypists, Typists

Files = list[tuple[int, int, int] | None]

MIXTURES = 8
"""The most mixtures whose texts are remembered."""

_log = logging.getLogger("foreword.server")


@dataclass(frozen=True, eq=False)
class Model:
    """A model that was loaded from its folder.

    Attributes:
        name: the name in requests.
        predictor: the model itself.
        typists: the texts that are typed with it.
        created: the time when it was loaded, in seconds since 1970.
        files: the result of `foreword.folder.store.seen`, which shows when its folder has changed.
    """

    name: str
    predictor: Predictor
    typists: Typists
    created: int
    files: Files
    _sorting: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)
    _sorted: set[bool] = field(default_factory=set, init=False, repr=False)

    @property
    def checksum(self) -> str:
        """SHA-256 of the weights and the vocabulary, in hexadecimal digits."""
        return self.predictor.folder.checksum

    def typist(self, **options: Any) -> Typist:
        """Return a typist, with options of `Predictor.typist`."""
        return self.predictor.typist(**options)

    async def sort_letters(self, *, ignore_case: bool) -> None:
        """Let another thread sort the words by their letters, before letters are first computed.

        It takes a good part of a second, during which the event loop would not answer anyone.
        """
        if ignore_case in self._sorted:
            return
        async with self._sorting:
            if ignore_case not in self._sorted:
                await asyncio.to_thread(self.predictor.letters, "", ignore_case=ignore_case)
                self._sorted.add(ignore_case)

    def likeliest(self, state: State, prefix: str, k: int) -> list[Prediction]:
        """The k likeliest next words after a state that begin with a prefix in any case.

        The probabilities are those of `Prediction`.
        """
        probabilities = self.predictor.probabilities(state)
        if prefix:
            lexicon = self.predictor.lexicon
            low, high = lexicon.range(lexicon.fold(self.predictor.tokenizer.normalise(prefix)))
            ids = lexicon.ids[low:high]
            probabilities = probabilities[ids]
            probabilities = probabilities / max(float(probabilities.sum()), 1e-38)
        else:
            ids = np.arange(len(probabilities))
            probabilities[list(HIDDEN)] = 0.0
        count = min(k, int(np.count_nonzero(probabilities)))
        if count == 0:
            return []
        top = np.argpartition(-probabilities, count - 1)[:count]
        top = top[np.lexsort((ids[top], -probabilities[top]))]
        word_of = self.predictor.tokenizer.word_of
        return [Prediction(word_of(int(ids[i])), float(probabilities[i])) for i in top]


@dataclass(frozen=True, eq=False)
class Mixture:
    """Several models, whose words are suggested in one list.

    Attributes:
        models: at least two, the first one first.
        typists: the texts that are typed with all of them.
    """

    models: tuple[Model, ...]
    typists: RecentTypists[MixedTypist]

    def typist(self, **options: Any) -> MixedTypist:
        """Return a typist, with options of `MixedTypist`."""
        return MixedTypist([model.predictor for model in self.models], **options)


class Models:
    """The models by name; the first one answers requests that name none."""

    def __init__(self, folders: Sequence[str], *, typists: int) -> None:
        """Load model folders, or installed models by their names.

        Raises:
            FolderError: a folder is missing or damaged.
            SettingsError: two models have the same name.
        """
        self._typists = typists
        self._paths: dict[str, Path] = {}
        for folder in folders:
            path, name = find_folder(folder), Path(folder).resolve().name
            if name in self._paths:
                raise SettingsError(
                    f"two models are named {name}, by the last part of their paths: "
                    f"{self._paths[name]} and {path}. Rename one of the folders"
                )
            self._paths[name] = path
        self._models = {name: self._read(name) for name in self._paths}
        self._mixtures: OrderedDict[tuple[str, ...], Mixture] = OrderedDict()

    def all(self) -> list[Model]:
        """All models that are served."""
        return list(self._models.values())

    def get(self, name: str | None) -> Model:
        """Return a model by name, or the first one for None.

        Raises:
            RequestError: no model has this name.
        """
        return named(self._models, name, "next-word")

    def mixture(self, name: str | None, also: Sequence[str]) -> Mixture:
        """Return several models at once: one by name, or the first one for None, and others.

        Raises:
            RequestError: no model has one of the names, or two of them are of the same model.
        """
        models = tuple(self.get(each) for each in (name, *also))
        names = tuple(model.name for model in models)
        if len(set(names)) < len(names):
            raise RequestError(
                422,
                "invalid",
                "`also` names a model twice, or the one that is asked anyway",
                param="also",
            )
        mixture = self._mixtures.pop(names, None)
        if mixture is None:
            make = partial(MixedTypist, [model.predictor for model in models], marks=MARKS)
            mixture = Mixture(models, RecentTypists(make, self._typists))
        self._mixtures[names] = mixture
        if len(self._mixtures) > MIXTURES:
            self._mixtures.popitem(last=False)
        return mixture

    async def reload(self) -> dict[str, str]:
        """Load changed folders while requests are answered; a model that cannot be loaded stays.

        Returns:
            The outcome of each: "unchanged", "reloaded", or the error.
        """
        outcome = {}
        for name, old in list(self._models.items()):
            if await asyncio.to_thread(seen, self._paths[name]) == old.files:
                outcome[name] = "unchanged"
                continue
            try:
                self._models[name] = await asyncio.to_thread(self._read, name)
            except ForewordError as error:
                _log.error("the model %s stays as it was: %s", name, error)
                outcome[name] = str(error)
                continue
            outcome[name] = "reloaded"
            self._mixtures.clear()
            del old
        # The allocator would keep most memory of the old models.
        await asyncio.to_thread(give_back)
        return outcome

    def _read(self, name: str) -> Model:
        # One thread for each call: who shares a few microseconds of work with another waits for it
        # if its core is busy. Other cores are for other replicas.
        files = seen(self._paths[name])  # before loading, so that a later change is noticed
        predictor = load(self._paths[name], threads=1)
        # Creates now what is created at the first use: the words sorted in the core, and in Python,
        # for states.
        predictor.suggest("a")
        predictor.read("a")
        _ = predictor.folder.checksum
        typists = Typists(partial(predictor.typist, marks=MARKS), self._typists)
        return Model(name, predictor, typists, int(time.time()), files)


def give_back() -> None:
    """Return free memory to the system, if the C library supports it (glibc)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
