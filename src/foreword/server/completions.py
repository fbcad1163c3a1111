"""OpenAI's `/v1/completions`, with words for tokens. A field works as OpenAI says, or is refused.

The same request with the same `seed` draws the same words on every replica. Knows no network.
"""

import secrets
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from foreword.predictor.generate import draw
from foreword.predictor.state import State
from foreword.server.messages import (
    CompletionAnswer,
    CompletionChoice,
    CompletionRequest,
    TokenLogprobs,
    Usage,
    encode,
)
from foreword.server.models import Model
from foreword.server.refusal import RequestError
from foreword.server.service import Service
from foreword.text.tokenizer import Tokenizer, Word

MOST_STOPS = 4
WORDS_AT_ONCE = 16
"""Words of a prompt scored before other requests are answered."""
DONE = b"data: [DONE]\n\n"


@dataclass
class _Piece:
    """A piece of a completion's text, with its word's log probabilities if they are requested."""

    text: str
    log: float | None = None
    top: dict[str, float] = field(default_factory=dict)


async def complete(service: Service, request: CompletionRequest) -> bytes | AsyncIterator[bytes]:
    """Continue one text or several; answer at once or in a stream of events."""
    model = service.models.get(request.model)
    _check(service, request)
    sent = [request.prompt] if isinstance(request.prompt, str) else request.prompt
    texts = [service.text(text, "prompt") for text in sent]
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
    prompts = [_Prompt(service, model, request, text) for text in texts]
    drawings = [
        _Drawing(service, model, request, prompt, index)
        for index, prompt in enumerate(prompt for prompt in prompts for _ in range(count))
    ]
    if request.stream:
        return _events(answer, prompts, drawings, request)
    for drawing in drawings:
        answer.choices.append(await drawing.whole())
    answer.usage = _usage(prompts, drawings)
    return encode(answer)


def _check(service: Service, request: CompletionRequest) -> None:
    """Refuse values that would otherwise be ignored."""
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


class _Prompt:
    """A text that is read once for all its choices, a few words at a time.

    Attributes:
        text: the text as it was sent.
        words: the number of its words, once it is read.
        pieces: the text in pieces if it is echoed: each word with the spaces before it.
    """

    def __init__(
        self, service: Service, model: Model, request: CompletionRequest, text: str
    ) -> None:
        self._batcher = service.batcher
        self._predictor = model.predictor
        self._request = request
        self._state: State | None = None
        self.text = text
        self.words = 0
        self.pieces: list[_Piece] = []

    async def read(self) -> State:
        """Return the state after the text, which the first call reads."""
        if self._state is None:
            start = self._predictor.start()
            words = list(self._predictor.tokenizer.read(self.text, start.last))
            self.words = len(words)
            if self._request.echo:
                self._split(words)
            if self._request.echo and self._request.logprobs is not None:
                self._state = await self._scored(words, start)
            else:
                texts = [word.text for word in words]
                self._state = await self._batcher.together(self._predictor.reading(texts, start))
        return self._state

    def _split(self, words: list[Word]) -> None:
        start = 0
        for word in words:
            self.pieces.append(_Piece(self.text[start : word.end]))
            start = word.end
        if start < len(self.text):
            self.pieces.append(_Piece(self.text[start:]))

    async def _scored(self, words: list[Word], state: State) -> State:
        """Add its word's log probabilities to each piece; return the state after the text."""
        scoring = self._score(words, state)
        while some := await self._batcher.run(lambda: list(islice(scoring, WORDS_AT_ONCE))):
            state = some[-1]
        return state

    def _score(self, words: list[Word], state: State) -> Iterator[State]:
        for word, piece in zip(words, self.pieces, strict=False):
            logs = self._predictor.log_probabilities(state)
            _add_logs(piece, logs, word.id, self._request, self._predictor.tokenizer)
            state = self._predictor.advance(state, word.text, mend=False)
            yield state


class _Drawing:
    """One completion, whose words are drawn one by one between other requests."""

    def __init__(
        self,
        service: Service,
        model: Model,
        request: CompletionRequest,
        prompt: _Prompt,
        index: int,
    ) -> None:
        self._run = service.batcher.run
        self._model = model
        self._request = request
        self._prompt = prompt
        self._stops = _stops(request)
        self.index = index
        self.finish = "length"
        self.drawn = 0

    async def whole(self) -> CompletionChoice:
        """Return the complete choice."""
        pieces = [piece async for piece in self.pieces()]
        return self.choice(pieces, 0, self.finish)

    def choice(self, pieces: list[_Piece], offset: int, finish: str | None) -> CompletionChoice:
        """Pieces in OpenAI's form; `offset` is the position of the first one in the text."""
        text = "".join(piece.text for piece in pieces)
        return CompletionChoice(text, self.index, self._logprobs(pieces, offset), finish)

    def _logprobs(self, pieces: list[_Piece], offset: int) -> TokenLogprobs | None:
        if self._request.logprobs is None:
            return None
        logprobs = TokenLogprobs([], [], [], [])
        for piece in pieces:
            if piece.log is not None:
                logprobs.tokens.append(piece.text)
                logprobs.token_logprobs.append(piece.log)
                logprobs.top_logprobs.append(piece.top)
                logprobs.text_offset.append(offset)
            offset += len(piece.text)
        return logprobs

    async def pieces(self) -> AsyncIterator[_Piece]:
        """Yield the pieces of the prompt if it is echoed, then drawn ones until a stop text."""
        request = self._request
        state = await self._prompt.read()
        for piece in self._prompt.pieces:
            yield piece
        most = 16 if request.max_tokens is None else request.max_tokens
        held: list[_Piece] = []
        drawing = self._draw(state, most)
        while some := await self._run(lambda: list(islice(drawing, 1))):
            piece = some[0]
            held.append(piece)
            text = "".join(part.text for part in held)
            if (end := _first(text, self._stops)) is not None:
                self.finish = "stop"
                for part in _cut(held, end):
                    yield part
                return
            keep = _may_begin_stop(text, self._stops)
            while held and len(text) - len(held[0].text) >= keep:
                text = text[len(held[0].text) :]
                yield held.pop(0)
        for piece in held:
            yield piece
        if self.drawn < most:
            self.finish = "stop"  # the line ended

    def _draw(self, state: State, most: int) -> Iterator[_Piece]:
        request, predictor = self._request, self._model.predictor
        seed = secrets.randbits(63) if request.seed is None else request.seed
        for word in draw(
            predictor,
            self._prompt.text,
            max_words=most,
            state=state,
            temperature=1.0 if request.temperature is None else request.temperature,
            top_p=request.top_p,
            seed=seed % (1 << 64) * 64 + self.index,  # not negative, and different for each choice
        ):
            self.drawn += 1
            piece = _Piece(word.text)
            _add_logs(piece, word.logs, word.id, request, predictor.tokenizer)
            yield piece


def _add_logs(
    piece: _Piece,
    logs: np.ndarray,
    index: int,
    request: CompletionRequest,
    tokenizer: Tokenizer,
) -> None:
    """Add log probabilities to a piece if requested: its word's, and the largest ones."""
    if request.logprobs is None:
        return
    piece.log = float(logs[index])
    count = min(request.logprobs, len(logs))
    if count:
        top = np.argpartition(-logs, count - 1)[:count]
        top = top[np.argsort(-logs[top])]
        piece.top = {tokenizer.word_of(int(i)): float(logs[i]) for i in top}


async def _events(
    answer: CompletionAnswer,
    prompts: list[_Prompt],
    drawings: list[_Drawing],
    request: CompletionRequest,
) -> AsyncIterator[bytes]:
    """Yield a server-sent event for each piece, then the reason for the end, and [DONE]."""
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
    except RequestError as refusal:  # the status was sent before
        yield b"data: " + refusal.body() + b"\n\n"
        return
    if wants_usage:
        answer.choices = []
        answer.usage = _usage(prompts, drawings)
        yield b"data: " + encode(answer) + b"\n\n"
    yield DONE


def _usage(prompts: list[_Prompt], drawings: list[_Drawing]) -> Usage:
    read = sum(prompt.words for prompt in prompts)
    drawn = sum(drawing.drawn for drawing in drawings)
    return Usage(read, drawn, read + drawn)


def _first(text: str, stops: list[str]) -> int | None:
    """The position of the first stop in a text."""
    starts = [start for stop in stops if (start := text.find(stop)) >= 0]
    return min(starts, default=None)


def _may_begin_stop(text: str, stops: list[str]) -> int:
    """The number of characters at the end that may begin a stop."""
    longest = 0
    for stop in stops:
        for length in range(min(len(stop) - 1, len(text)), longest, -1):
            if text.endswith(stop[:length]):
                longest = length
                break
    return longest


def _cut(pieces: list[_Piece], end: int) -> list[_Piece]:
    """The pieces up to a position."""
    kept = []
    for piece in pieces:
        if end <= 0:
            break
        piece.text = piece.text[:end]
        end -= len(piece.text)
        kept.append(piece)
    return kept


def _invalid(name: str, why: str) -> RequestError:
    return RequestError(422, "invalid", f"`{name}` {why}", param=name)


def _unsupported(name: str, why: str) -> RequestError:
    return RequestError(422, "unsupported", f"`{name}` is not supported: {why}", param=name)
