"""`/v1/letters`: the probabilities of the next characters, over HTTP and WebSocket."""

from itertools import islice

import msgspec

from foreword.errors import ForewordError
from foreword.predictor.lockstep import Work
from foreword.predictor.next_letter import Letters
from foreword.server.endpoint import decoded
from foreword.server.messages import (
    LetterOptions,
    LettersAnswer,
    LettersKeystroke,
    LettersKeystrokeAnswer,
    LettersRequest,
    NextLetters,
    encode,
)
from foreword.server.models import Model
from foreword.server.refusal import RequestError
from foreword.server.service import Service
from foreword.server.typing_socket import ModelTyping, check_rate

_keystroke = msgspec.json.Decoder(LettersKeystroke)


async def letters(service: Service, request: LettersRequest) -> bytes:
    """Return the next characters of one text or of several."""
    model = service.models.get(request.model)
    texts = service.texts([request.text] if isinstance(request.text, str) else request.text)
    await model.sort_letters(ignore_case=request.ignore_case)
    service.batcher.admit()
    together = service.batcher.together
    results = [await together(_letters(model, text, request)) for text in texts]
    if isinstance(request.text, str):
        (only,) = results
        return encode(LettersAnswer(model.name, only.letters, only.end_of_word))
    return encode(LettersAnswer(model.name, results=results))


class LetterTyping(ModelTyping):
    """Next characters for one connection."""

    def begin(self) -> None:
        """Answer the newest frame together with those of other clients."""
        self.in_a_task(self._answered_one())

    async def _answered_one(self) -> bytes | None:
        newest = self.newest()
        if newest is None:
            return None
        text, wait = newest
        try:
            check_rate(wait)
            answer = await self._answer(decoded(_keystroke, text))
        except (RequestError, ForewordError) as error:
            return self.refused(text, error)
        self.service.metrics.keystroke("answered")
        return encode(answer)

    async def _answer(self, keystroke: LettersKeystroke) -> LettersKeystrokeAnswer:
        model = self.service.models.get(keystroke.model)
        text = self.service.text(keystroke.text)
        await model.sort_letters(ignore_case=keystroke.ignore_case)
        self.service.batcher.admit()
        work = self.typist_of(model).lettering(text, ignore_case=keystroke.ignore_case)
        letters = await self.service.batcher.together(work)
        return LettersKeystrokeAnswer(
            id=keystroke.id,
            letters=_first(letters, keystroke.k),
            end_of_word=letters.end_of_word,
        )


def _letters(model: Model, text: str, options: LetterOptions) -> Work[NextLetters]:
    letters = yield from model.typists.lettering(text, ignore_case=options.ignore_case)
    return NextLetters(_first(letters, options.k), letters.end_of_word)


def _first(letters: Letters, k: int | None) -> dict[str, float]:
    """Return the k most probable characters, or all."""
    return dict(islice(letters.items(), k))
