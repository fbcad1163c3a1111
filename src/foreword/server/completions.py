"""OpenAI's `/v1/completions`, in words. Every field does what OpenAI says, or is refused.

Of `seed` the same request draws the same words on every replica. Knows no network.
"""

import secrets
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from foreword.predictor.generate import generate
from foreword.predictor.state import State
from foreword.server.messages import (
    Choice,
    CompletionAnswer,
    CompletionRequest,
    TokenLogprobs,
    Usage,
    encode,
)
from foreword.server.models import Model
from foreword.server.refusal import RequestError
from foreword.server.service import Service
from foreword.text.tokenizer import EOS

MOST_STOPS = 4
DONE = b"data: [DONE]\n\n"


@dataclass
class _Piece:
    """Some text of a completion, with a word's log probabilities where they are wanted."""

    text: str
    log: float | None = None
    top: dict[str, float] = field(default_factory=dict)


async def complete(service: Service, request: CompletionRequest) -> bytes | AsyncIterator[bytes]:
    """Continues one text or several, whole or in a stream of events."""
    model = service.models.get(request.model)
    _check(service, request)
    prompts = [request.prompt] if isinstance(request.prompt, str) else request.prompt
    texts = [service.text(prompt, "prompt") for prompt in prompts]
    count = request.n or 1
    if len(texts) * count > service.settings.most_texts:
        most = service.settings.most_texts
        raise RequestError(413, "too_large", f"more than {most} completions at once", param="n")
    service.batcher.admit()
    answer = CompletionAnswer(
        id=f"cmpl-{secrets.token_hex(12)}",
        created=int(time.time()),
        model=model.name,
        choices=[],
        system_fingerprint=f"fw_{model.checksum[:12]}",
    )
    drawings = [
        _Drawing(service, model, request, text, index)
        for index, text in enumerate(text for text in texts for _ in range(count))
    ]
    if request.stream:
        return _events(answer, drawings, request)
    for drawing in drawings:
        answer.choices.append(await drawing.whole())
    answer.usage = _usage(drawings, count)
    return encode(answer)


def _check(service: Service, request: CompletionRequest) -> None:
    """Refuses what would otherwise be dropped silently."""
    most = service.settings.most_tokens
    if (request.max_tokens or 0) > most:
        raise _invalid("max_tokens", f"must be {most:,} at most")
    if request.suffix:
        raise _unsupported("suffix", "the model reads from left to right alone")
    for name in ("presence_penalty", "frequency_penalty"):
        if getattr(request, name):
            raise _unsupported(name, "words are drawn by the model's probabilities alone")
    if request.logit_bias:
        raise _unsupported("logit_bias", "words are drawn by the model's probabilities alone")
    if request.best_of is not None and request.best_of != (request.n or 1):
        raise _unsupported("best_of", "it must be as `n`")
    if request.stream_options is not None and not request.stream:
        raise _invalid("stream_options", "needs `stream`")
    stops = _stops(request)
    if len(stops) > MOST_STOPS or not all(stops):
        raise _invalid("stop", f"must be {MOST_STOPS} texts at most, and none empty")
    if any(len(stop) > 256 for stop in stops):
        raise _invalid("stop", "has a text of more than 256 characters")


def _stops(request: CompletionRequest) -> list[str]:
    if request.stop is None:
        return []
    return [request.stop] if isinstance(request.stop, str) else request.stop


class _Drawing:
    """One choice: the prompt read, and words drawn one by one between other requests' work."""

    def __init__(
        self, service: Service, model: Model, request: CompletionRequest, prompt: str, index: int
    ) -> None:
        self._run = service.batcher.run
        self._model = model
        self._request = request
        self._prompt = prompt
        self._stops = _stops(request)
        self.index = index
        self.finish = "length"
        self.prompt_words = 0
        self.drawn = 0

    async def whole(self) -> Choice:
        """The choice, when it is complete."""
        pieces = [piece async for piece in self.pieces()]
        return self.choice(pieces, 0, self.finish)

    def choice(self, pieces: list[_Piece], offset: int, finish: str | None) -> Choice:
        """Pieces as OpenAI has them; offset: where the first stands."""
        text = "".join(piece.text for piece in pieces)
        return Choice(text, self.index, self._logprobs(pieces, offset), finish)

    def _logprobs(self, pieces: list[_Piece], offset: int) -> TokenLogprobs | None:
        if self._request.logprobs is None:
            return None
        found = TokenLogprobs([], [], [], [])
        for piece in pieces:
            if piece.log is not None:
                found.tokens.append(piece.text)
                found.token_logprobs.append(piece.log)
                found.top_logprobs.append(piece.top)
                found.text_offset.append(offset)
            offset += len(piece.text)
        return found

    async def pieces(self) -> AsyncIterator[_Piece]:
        """Pieces of text: of the prompt if it is echoed, then of what is drawn, up to a stop."""
        request = self._request
        for piece in await self._run(self._read_prompt):
            yield piece
        most = 16 if request.max_tokens is None else request.max_tokens
        held: list[_Piece] = []
        drawing = self._draw(most)
        while some := await self._run(lambda: list(islice(drawing, 1))):
            piece = some[0]
            held.append(piece)
            text = "".join(one.text for one in held)
            if (end := _first(text, self._stops)) is not None:
                self.finish = "stop"
                for one in _cut(held, end):
                    yield one
                return
            keep = _may_begin_stop(text, self._stops)
            while held and len(text) - len(held[0].text) >= keep:
                text = text[len(held[0].text) :]
                yield held.pop(0)
        for piece in held:
            yield piece
        if self.drawn < most:
            self.finish = "stop"  # the line ended

    def _read_prompt(self) -> list[_Piece]:
        """The prompt's pieces if it is echoed; each word with the spaces before it."""
        predictor, text = self._model.predictor, self._prompt
        wants_logs = self._request.logprobs is not None
        found: list[_Piece] = []
        state, place = predictor.start(), 0
        for word in predictor.tokenizer.read(text, state.last):
            self.prompt_words += 1
            if not self._request.echo:
                continue
            piece = _Piece(text[place : word.end])
            place = word.end
            if wants_logs:
                self._add_logs(piece, state, word.id)
                state = predictor.advance(state, word.text)
            found.append(piece)
        if self._request.echo and place < len(text):
            found.append(_Piece(text[place:]))
        return found

    def _draw(self, most: int) -> Iterator[_Piece]:
        request, predictor = self._request, self._model.predictor
        seed = secrets.randbits(63) if request.seed is None else request.seed
        wants_logs = request.logprobs is not None
        state = predictor.read(self._prompt) if wants_logs else predictor.start()
        for text in generate(
            predictor,
            self._prompt,
            max_words=most,
            temperature=1.0 if request.temperature is None else request.temperature,
            top_p=request.top_p,
            seed=seed % (1 << 64) * 64 + self.index,  # never negative; each choice has its own
        ):
            self.drawn += 1
            piece = _Piece(text)
            if wants_logs:
                word = EOS if text == "\n" else text.removeprefix(" ")
                self._add_logs(piece, state, predictor.tokenizer.id_of(word))
                state = predictor.advance(state, word)
            yield piece

    def _add_logs(self, piece: _Piece, state: State, index: int) -> None:
        logs = self._model.predictor.log_probabilities(state)
        piece.log = float(logs[index])
        count = min(self._request.logprobs or 0, len(logs))
        if count:
            top = np.argpartition(-logs, count - 1)[:count]
            word_of = self._model.predictor.tokenizer.word_of
            piece.top = {word_of(int(i)): float(logs[i]) for i in top[np.argsort(-logs[top])]}


async def _events(
    answer: CompletionAnswer, drawings: list[_Drawing], request: CompletionRequest
) -> AsyncIterator[bytes]:
    """Server-sent events, one for each piece; then the reason for the end, and [DONE]."""
    wants_usage = request.stream_options is not None and request.stream_options.include_usage
    if wants_usage:
        answer.usage = None
    try:
        for drawing in drawings:
            offset = 0
            async for piece in drawing.pieces():
                answer.choices = [drawing.choice([piece], offset, None)]
                offset += len(piece.text)
                yield b"data: " + encode(answer) + b"\n\n"
            answer.choices = [drawing.choice([], offset, drawing.finish)]
            yield b"data: " + encode(answer) + b"\n\n"
    except RequestError as refusal:  # the status has been sent long ago
        yield b"data: " + refusal.body() + b"\n\n"
        return
    if wants_usage:
        answer.choices = []
        answer.usage = _usage(drawings, request.n or 1)
        yield b"data: " + encode(answer) + b"\n\n"
    yield DONE


def _usage(drawings: list[_Drawing], count: int) -> Usage:
    read = sum(drawing.prompt_words for drawing in drawings) // count
    drawn = sum(drawing.drawn for drawing in drawings)
    return Usage(read, drawn, read + drawn)


def _first(text: str, stops: list[str]) -> int | None:
    """Where the first of the stops begins in a text."""
    places = [place for stop in stops if (place := text.find(stop)) >= 0]
    return min(places, default=None)


def _may_begin_stop(text: str, stops: list[str]) -> int:
    """How many characters at the end may be the beginning of a stop."""
    longest = 0
    for stop in stops:
        for length in range(min(len(stop) - 1, len(text)), longest, -1):
            if text.endswith(stop[:length]):
                longest = length
                break
    return longest


def _cut(pieces: list[_Piece], end: int) -> list[_Piece]:
    """The pieces up to a place."""
    found = []
    for piece in pieces:
        if end <= 0:
            break
        piece.text = piece.text[:end]
        end -= len(piece.text)
        found.append(piece)
    return found


def _invalid(name: str, why: str) -> RequestError:
    return RequestError(422, "invalid", f"`{name}` {why}", param=name)


def _unsupported(name: str, why: str) -> RequestError:
    return RequestError(422, "unsupported", f"`{name}` is not supported: {why}", param=name)
