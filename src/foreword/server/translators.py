"""Translation models as the server's endpoints use them. They can be reloaded between requests."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from foreword.errors import ForewordError, SettingsError
from foreword.folder.installed import find_folder
from foreword.folder.store import seen
from foreword.server.refusal import RequestError, named
from foreword.text.pairs.memory import TranslationMemory
from foreword.translator.line_typist import AnyTypist
from foreword.translator.translator import Translator

BEAMS = 4
TYPED_SOURCES = 64
"""The most sources of a model whose translations are typed at once, without encoding them again."""
KEPT = 128
"""Decoder states kept for each of these sources; few, since each holds some 50 KB."""

_log = logging.getLogger("foreword.server")


class Answer(NamedTuple):
    """The translation of a text.

    Attributes:
        texts: the best one, and others.
        from_memory: the lines and sentences of the text that a translation memory has translated.
    """

    texts: list[str]
    from_memory: Sequence[str] = ()


class Translates(Protocol):
    """Anything that translates from one language into another.

    Attributes:
        name: the name by which requests choose it.
        created: the time when it was loaded, in seconds since 1970.
        source: the code of a language, such as de.
        target: likewise.
    """

    name: str
    created: int
    source: str
    target: str

    def translate(self, texts: list[str], alternatives: int) -> list[Answer]:
        """Return the translations of each text: the best one, and at most `alternatives` others."""
        ...

    def typist(self, source: str) -> AnyTypist:
        """Return the typist of a source, which suggests words of its translation.

        Raises:
            SettingsError: the source has several lines, or is too long.
        """
        ...

    def reload(self) -> str:
        """Load the model again if its folder has changed; see `Models.reload`."""
        ...


class FolderTranslator:
    """A translation model in a folder. Knows nothing about HTTP."""

    def __init__(
        self, folder: str, *, sources: int = TYPED_SOURCES, memory: Sequence[str] = ()
    ) -> None:
        """Load the model.

        Args:
            folder: its path, or the name of an installed model.
            sources: the number of remembered sources whose translations are typed.
            memory: files of a translation memory, which is looked up first.

        Raises:
            FolderError: the folder is missing or damaged, or holds another kind of model.
            SettingsError: the model's languages, by which requests choose it, are unknown.
        """
        self._path, self.name = find_folder(folder), Path(folder).resolve().name
        self._most = min(sources, TYPED_SOURCES)
        self._memory_files = list(memory)
        self._read()

    def _read(self) -> None:
        files = seen(self._path)  # before loading, so that a later change is noticed
        translator = Translator.load(self._path)
        config = translator.config
        if not config.source_language or not config.target_language:
            raise SettingsError(
                f"{self._path} does not name its languages, by which clients choose a model. Set "
                "source_language and target_language when training"
            )
        self.source = config.source_language.partition("-")[0]
        self.target = config.target_language.partition("-")[0]
        self._memory: TranslationMemory | None = None
        if self._memory_files:
            self._memory = TranslationMemory.read(self._memory_files, (self.source, self.target))
        self._typists: OrderedDict[str, AnyTypist] = OrderedDict()
        self._translator, self._files, self.created = translator, files, int(time.time())

    def translate(self, texts: list[str], alternatives: int) -> list[Answer]:
        """Return the translations of each text: the best one, and at most `alternatives` others."""
        n = 1 + alternatives
        translations = self._translator.translate(
            texts, beams=max(BEAMS, n), n=n, memory=self._memory
        )
        return [
            Answer([best.text, *(other.text for other in best.alternatives)], best.from_memory)
            for best in translations
        ]

    def typist(self, source: str) -> AnyTypist:
        """Return the typist of a source; see `Translator.typist`."""
        known = self._typists
        typist = known.pop(source, None) or self._translator.typist(source, kept=KEPT)
        if self._most:
            known[source] = typist
            if len(known) > self._most:
                known.popitem(last=False)
        return typist

    def reload(self) -> str:
        """Load the model again if its folder has changed; see `Models.reload`."""
        if seen(self._path) == self._files:
            return "unchanged"
        try:
            self._read()
        except ForewordError as error:
            _log.error("the model %s stays as it was: %s", self.name, error)
            return str(error)
        return "reloaded"


class Translators:
    """The translation models by name; the first one answers requests that name none."""

    def __init__(self, translators: Sequence[Translates] = ()) -> None:
        """Set the models.

        Raises:
            SettingsError: two have the same name.
        """
        self._by_name = {model.name: model for model in translators}
        if len(self._by_name) < len(translators):
            names = ", ".join(model.name for model in translators)
            raise SettingsError(f"two translation models have the same name: {names}. Rename one")

    def all(self) -> list[Translates]:
        """All translation models that are served."""
        return list(self._by_name.values())

    def between(self, source: str, target: str) -> Translates:
        """Return the first model from one language into another.

        Raises:
            RequestError: there is none.
        """
        for model in self.all():
            if (model.source, model.target) == (source, target):
                return model
        known = ", ".join(f"{model.source} to {model.target}" for model in self.all())
        raise RequestError(
            400, "unknown_language",
            f"{source[:20]} to {target[:20]} is not supported. This server translates {known}",
        )  # fmt: skip

    def get(self, name: str | None) -> Translates:
        """Return a model by name, or the first one for None.

        Raises:
            RequestError: no translation model has this name.
        """
        return named(self._by_name, name, "translation")

    async def reload(self) -> dict[str, str]:
        """Load changed folders while requests are answered; a model that cannot be loaded stays.

        Returns:
            The outcome of each: "unchanged", "reloaded", or the error.
        """
        return {model.name: await asyncio.to_thread(model.reload) for model in self.all()}
