"""The models that are served, by name; each can be read anew while others are asked.

A model that is replaced goes on for those who hold it, and is freed after the last. Knows no
requests.
"""

import asyncio
import ctypes
import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foreword.errors import ForewordError, SettingsError
from foreword.folder.installed import find_folder
from foreword.folder.store import seen
from foreword.predictor.predictor import Prediction, Predictor, load
from foreword.predictor.state import State
from foreword.predictor.suggest import HIDDEN
from foreword.server.refusal import RequestError
from foreword.server.typists import Typists

Files = list[tuple[int, int, int] | None]

_log = logging.getLogger("foreword.server")


@dataclass(frozen=True, eq=False)
class Model:
    """A model as it was read from its folder.

    Attributes:
        name: by which requests choose it.
        predictor: the model.
        typists: who type with it, by the beginnings of their texts.
        created: seconds since 1970, when it was read.
        files: by which a change of its folder is known.
    """

    name: str
    predictor: Predictor
    typists: Typists
    created: int
    files: Files

    @property
    def checksum(self) -> str:
        """SHA-256 of the weights and the vocabulary, hexadecimal."""
        return self.predictor.folder.checksum

    def likeliest(self, state: State, prefix: str, k: int) -> list[Prediction]:
        """The k likeliest next words after a state, or those that begin so, in any case.

        Probabilities: see `Prediction`.
        """
        shares = self.predictor.probabilities(state)
        if prefix:
            lexicon = self.predictor.lexicon
            low, high = lexicon.range(lexicon.fold(self.predictor.tokenizer.normalise(prefix)))
            ids = lexicon.ids[low:high]
            shares = shares[ids]
            shares = shares / max(float(shares.sum()), 1e-38)
        else:
            ids = np.arange(len(shares))
            shares[list(HIDDEN)] = 0.0
        count = min(k, int(np.count_nonzero(shares)))
        if count == 0:
            return []
        top = np.argpartition(-shares, count - 1)[:count]
        top = top[np.lexsort((ids[top], -shares[top]))]
        word_of = self.predictor.tokenizer.word_of
        return [Prediction(word_of(int(ids[index])), float(shares[index])) for index in top]


class Models:
    """The models by name; the first is the one of requests that name none."""

    def __init__(self, folders: Sequence[str], *, typists: int) -> None:
        """Reads the folders, or installed models by their names.

        Raises:
            FolderError: one is missing or damaged.
            SettingsError: there is none, or two have the same name.
        """
        if not folders:
            raise SettingsError("there is no model to serve: name a model folder")
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
        self._default = next(iter(self._models))

    def all(self) -> list[Model]:
        """Those that are served now."""
        return list(self._models.values())

    def get(self, name: str | None) -> Model:
        """A model by name; the first for None.

        Raises:
            RequestError: none has this name.
        """
        model = self._models.get(self._default if name is None else name)
        if model is None:
            known = ", ".join(self._models)
            raise RequestError(
                404, "model_not_found", f"no such model. There are: {known}", param="model"
            )
        return model

    async def reload(self) -> dict[str, str]:
        """Reads all folders anew, beside the requests that go on; a failed one stays as it was.

        Returns:
            What became of each: "unchanged", "reloaded", or why it could not be read.
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
            del old
        # The allocator would keep most of what the old ones took, in pieces of use to nobody.
        await asyncio.to_thread(give_back)
        return outcome

    def _read(self, name: str) -> Model:
        # One thread, the event loop's: to share a few microseconds' work with a thread whose core
        # others keep busy is to wait for it. Other cores are for other replicas.
        files = seen(self._paths[name])  # before they are read: a later change is found later
        predictor = load(self._paths[name], threads=1)
        predictor.suggest("a")  # what is made when it is first needed is made now
        _ = predictor.folder.checksum
        return Model(name, predictor, Typists(predictor, self._typists), int(time.time()), files)


def give_back() -> None:
    """Gives memory that is free back to the system, where the C library can (glibc)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
