"""The parts that all endpoints share: settings, models, batcher, signer, metrics."""

import asyncio
import logging
from dataclasses import dataclass, field

from foreword.predictor.reading import readable
from foreword.server.batching import Batcher
from foreword.server.lane import Lane
from foreword.server.metrics import Metrics
from foreword.server.models import Models
from foreword.server.refusal import RequestError
from foreword.server.settings import ServerSettings
from foreword.server.states import Signer
from foreword.server.translators import Translators

_log = logging.getLogger("foreword.server.texts")


@dataclass(frozen=True)
class Service:
    """The parts of a server.

    Attributes:
        settings: the limits.
        models: the next-word models.
        translators: the translation models.
        batcher: computes next words.
        translating: computes translations.
        typing: computes suggestions for translations while they are typed; separate, since a long
            text that is being translated would delay them.
        signer: signs states.
        metrics: counts.
        reloading: held while models are read again.
    """

    settings: ServerSettings
    models: Models
    translators: Translators
    batcher: Batcher
    translating: Lane
    typing: Lane
    signer: Signer
    metrics: Metrics
    reloading: asyncio.Lock = field(default_factory=asyncio.Lock)

    def texts(self, texts: list[str]) -> list[str]:
        """Check the number and the lengths of texts in a request, and make them readable.

        Raises:
            RequestError: there are too many, or one is too long.
        """
        most = self.settings.most_texts
        if len(texts) > most:
            raise RequestError(413, "too_large", f"`text` has more than {most} texts", param="text")
        return [self.text(text) for text in texts]

    def text(self, text: str, param: str = "text") -> str:
        """Check the length of a text in a request, and make it readable for a model.

        Raises:
            RequestError: the text is too long.
        """
        if len(text) > self.settings.longest_text:
            raise RequestError(
                413,
                "too_large",
                f"`{param}` has {len(text):,} characters; {self.settings.longest_text:,} are read "
                "at most. Of a longer one, send the end",
                param=param,
            )
        if self.settings.log == "texts":
            _log.info("%s: %s", param, text)
        return readable(text)
