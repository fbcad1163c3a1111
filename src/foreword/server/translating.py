"""`/v1/translation`: suggestions while a translation is typed, over HTTP and WebSocket."""

from collections.abc import Callable

import msgspec

from foreword.errors import ForewordError, SettingsError
from foreword.server.endpoint import decoded
from foreword.server.messages import (
    Attention,
    SourceWord,
    TranslationAnswer,
    TranslationKeystroke,
    TranslationKeystrokeAnswer,
    TranslationRequest,
    WordLook,
    encode,
)
from foreword.server.predicting import offered
from foreword.server.refusal import RequestError
from foreword.server.service import Service
from foreword.server.typing_socket import Typing, check_rate
from foreword.translator.line_typist import AnyTypist

_keystroke = msgspec.json.Decoder(TranslationKeystroke)


async def suggest(service: Service, request: TranslationRequest) -> bytes:
    """Suggest words of one translation."""
    work = _prepared(service, request)
    async with service.typing.turn():
        return encode(await service.typing.compute(work))


class SourceTyping(Typing):
    """Words of translations for one connection."""

    def begin(self) -> None:
        """Answer the newest frame when no other is computed."""
        self.in_a_task(self._answered_one())

    async def _answered_one(self) -> bytes | None:
        async with self.service.typing.turn():
            newest = self.newest()
            if newest is None:
                return None
            text, wait = newest
            try:
                check_rate(wait)
                keystroke = decoded(_keystroke, text)
                answer = await self.service.typing.compute(_prepared(self.service, keystroke))
            except (RequestError, ForewordError) as error:
                return self.refused(text, error)
        self.service.metrics.keystroke("answered")
        fields = {name: getattr(answer, name) for name in answer.__struct_fields__}
        return encode(TranslationKeystrokeAnswer(id=keystroke.id, **fields))


def _prepared(service: Service, request: TranslationRequest) -> Callable[[], TranslationAnswer]:
    """Check a request; return the function that computes its answer.

    Raises:
        RequestError: it names no model, or a text in it is too long.
    """
    model = service.translators.get(request.model)
    source, text = service.text(request.source, "source"), service.text(request.text)
    if request.word is not None and request.word >= len(text):
        raise RequestError(
            422, "invalid",
            f"`word` is {request.word}, but `text` has {len(text)} characters", param="word",
        )  # fmt: skip

    def compute() -> TranslationAnswer:
        try:
            typist = model.typist(source)
        except SettingsError as error:
            raise RequestError(422, "invalid", str(error), param="source") from None
        suggestions = typist.suggest(text, request.k, phrases=request.phrases)
        answer = TranslationAnswer(model=model.name, suggestions=offered(suggestions, text))
        if request.rest:
            answer.rest = typist.rest(text)
        if request.attention:
            answer.attention = _attention(typist, source, text)
        if request.word is not None:
            _, end, others = typist.alternatives(text, request.word, request.k)
            answer.alternatives = offered(others, text[:end])
        return answer

    return compute


def _attention(typist: AnyTypist, source: str, text: str) -> Attention:
    words = [SourceWord(*span) for span in typist.words(source)]
    looks = [
        WordLook(start, end, [round(weight, 4) for weight in weights])
        for start, end, weights in typist.looks(text)
    ]
    return Attention(words, looks)
