"""WebSockets: receive keystrokes, send suggestions, drop stale ones. Knows no HTTP.

`TypingSocket` takes frames for any kind of typing; `WordTyping` is `/v1/type`, next words.

Only the newest frame of a connection waits to be answered. A slow client gets only as many answers
as it reads, and is disconnected if it reads nothing for long.

A keystroke is answered within two iterations of the event loop and without a task of its own, as
far as the server can hand over and take texts directly (`BoundedWebSocket.deliver`). Elsewhere
ASGI's messages carry them.
"""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
from starlette.types import Receive, Scope, Send

from foreword.errors import ForewordError
from foreword.predictor.lockstep import Work
from foreword.predictor.mixed_typist import MixedTypist
from foreword.predictor.typist import Typist
from foreword.server.connections import DIRECT
from foreword.server.endpoint import address_of, decoded
from foreword.server.limits import Patience, Rates
from foreword.server.messages import (
    Keystroke,
    KeystrokeAnswer,
    KeystrokeId,
    encode,
)
from foreword.server.models import Mixture, Model
from foreword.server.predicting import offered
from foreword.server.refusal import RequestError
from foreword.server.service import Service
from foreword.server.typists import MARKS

NOT_TEXT = 1003
INTERNAL_ERROR = 1011
SUBPROTOCOL = "foreword"

Deliver = Callable[[Callable[[str], None]], Callable[[bytes], bool]]
"""Given what takes each text; returns what sends a text at once, or returns False."""

_keystroke = msgspec.json.Decoder(Keystroke)
_id = msgspec.json.Decoder(KeystrokeId)


class TypingSocket:
    """The endpoint: an ASGI application."""

    def __init__(self, service: Service, typing: "type[Typing]") -> None:
        """Set the parts of the server, and the class that answers each client."""
        self._service = service
        self._typing = typing
        self._rates = Rates(service.settings.allowed_rate, exempt=service.settings.is_proxy)
        self._patience = Patience(service.settings.send_seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one client until it disconnects."""
        if (await receive())["type"] != "websocket.connect":
            return
        offered_protocols = scope.get("subprotocols", [])
        protocol = SUBPROTOCOL if SUBPROTOCOL in offered_protocols else None
        await send({"type": "websocket.accept", "subprotocol": protocol})
        gauge = self._service.metrics.connections
        gauge.inc()
        client = self._typing(self._service, send, self._patience)
        address = address_of(scope)

        def take(text: str) -> None:
            client.take(text, self._rates.wait(address))

        deliver: Deliver | None = scope.get("extensions", {}).get(DIRECT)
        if deliver is not None:
            client.send_at_once = deliver(take)
        try:
            while not client.is_closed:
                message = await receive()
                if message["type"] != "websocket.receive":
                    break
                text = message.get("text")
                if text is None:
                    await send(
                        {"type": "websocket.close", "code": NOT_TEXT, "reason": "send text frames"}
                    )
                    break
                take(text)
        finally:
            gauge.dec()
            await client.end()


def _not_at_once(_text: bytes) -> bool:
    return False


class Typing(ABC):
    """One connection, with its newest frame and the one that is being answered.

    Attributes:
        send_at_once: sends a text, or returns False if it can only be sent by waiting.
        is_over: whether no more is answered.
        is_closed: whether the client was told so.
    """

    def __init__(self, service: Service, send: Send, patience: Patience) -> None:
        """Set the parts of the server, and the connection to the client."""
        self.service = service
        self.send_at_once: Callable[[bytes], bool] = _not_at_once
        self.is_over = self.is_closed = False
        self._send = send
        self._patience = patience
        self._newest: tuple[str, float] | None = None
        self._answered = ""
        self._is_answering = False
        self._task: asyncio.Task[Any] | None = None
        self._error: BaseException | None = None

    @abstractmethod
    def begin(self) -> None:
        """Begin to answer the newest frame; call `answer` with what comes of it.

        Raises:
            RequestError: the queue is full.
        """

    def take(self, text: str, wait: float) -> None:
        """Replace the newest frame; its address may send a request in `wait` seconds."""
        if self._newest is not None:
            self.service.metrics.keystroke("stale")
        self._newest = (text, wait)
        if not self._is_answering:
            self._next()

    def newest(self) -> tuple[str, float] | None:
        """Return the newest frame, which from now on is the one that is being answered."""
        newest, self._newest = self._newest, None
        if newest is not None:
            self._answered = newest[0]
        return newest

    def in_a_task(self, work: Coroutine[Any, Any, bytes | None]) -> None:
        """Call `answer` with the result of a coroutine, or with its error."""
        self._task = asyncio.ensure_future(work)
        self._task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[bytes | None]") -> None:
        self._task = None
        if not task.cancelled():
            self.answer(task.exception() or task.result())

    def _next(self) -> None:
        """Answer the newest frame, if there is one."""
        self._is_answering = self._newest is not None and not self.is_over
        if self._is_answering:
            try:
                self.begin()
            except RequestError as refusal:
                self.answer(refusal)

    def answer(self, outcome: Any) -> None:
        """Send an answer, if there is any, or an error; then answer the next frame."""
        if isinstance(outcome, RequestError):
            self.newest()
            outcome = self.refused(self._answered, outcome)
        if isinstance(outcome, BaseException):
            self._error = outcome
            self._task = asyncio.ensure_future(self._close(INTERNAL_ERROR, ""))
        elif outcome is None or self.is_over or self.send_at_once(outcome):
            self._next()
        else:
            self._task = asyncio.ensure_future(self._send_patiently(outcome))

    async def _send_patiently(self, text: bytes) -> None:
        try:
            with self._patience:
                await self._send({"type": "websocket.send", "text": text.decode()})
        except (TimeoutError, OSError):
            await self._close(1008, "too slow")
        else:
            self._next()

    async def _close(self, code: int, reason: str) -> None:
        self.is_over = True
        try:
            await self._send({"type": "websocket.close", "code": code, "reason": reason})
        finally:
            self.is_closed = True

    async def end(self) -> None:
        """Answer nothing more.

        Raises:
            Exception: what kept a frame from being answered, if it is a fault of the server.
        """
        self.is_over = True
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await self._task
        if self._error is not None:
            raise self._error

    def refused(self, text: str, error: RequestError | ForewordError) -> bytes:
        """Count a frame that is not answered, and return the error."""
        counted = "refused"
        if isinstance(error, ForewordError):
            counted, error = "failed", RequestError(500, "internal", str(error))
        self.service.metrics.keystroke(counted)
        return _error(text, error)


class ModelTyping(Typing):
    """One connection that types with next-word models."""

    _typist: Typist | None = None
    _model: Model | None = None

    def typist_of(self, model: Model) -> Typist:
        """Return the client's typist; a new one if the model has changed."""
        if self._typist is None or model is not self._model:
            self._model, self._typist = model, model.typist(marks=MARKS)
        return self._typist


class WordTyping(ModelTyping):
    """Next words for one connection: `/v1/type`."""

    def begin(self) -> None:
        """Answer the newest frame together with those of other clients."""
        self.service.batcher.admit()
        self.service.batcher.start(self._answer(), self.answer, lambda: self.is_over)

    def _answer(self) -> Work[bytes | None]:
        newest = self.newest()
        if newest is None:
            return None
        text, wait = newest
        try:
            check_rate(wait)
            answer = yield from self._suggest(decoded(_keystroke, text))
        except (RequestError, ForewordError) as error:
            return self.refused(text, error)
        self.service.metrics.keystroke("answered")
        return encode(answer)

    _mixed: MixedTypist | None = None
    _mixture: Mixture | None = None

    def _mixed_of(self, mixture: Mixture) -> MixedTypist:
        """Return the client's typist of several models; a new one if they have changed."""
        if self._mixed is None or mixture is not self._mixture:
            self._mixture, self._mixed = mixture, mixture.typist(marks=MARKS)
        return self._mixed

    def _suggest(self, keystroke: Keystroke) -> Work[KeystrokeAnswer]:
        text, models = self.service.text(keystroke.text), self.service.models
        if keystroke.also:
            if keystroke.trace:
                raise RequestError(
                    422, "invalid", "`trace` is of one model: leave out `also`", param="trace"
                )
            mixed = self._mixed_of(models.mixture(keystroke.model, keystroke.also))
            suggestions = yield from mixed.suggesting(text, keystroke.k, phrases=keystroke.phrases)
            return KeystrokeAnswer(keystroke.id, offered(suggestions, text))
        typist = self.typist_of(models.get(keystroke.model))
        suggestions = yield from typist.suggesting(text, keystroke.k, phrases=keystroke.phrases)
        answer = KeystrokeAnswer(keystroke.id, offered(suggestions, text))
        if keystroke.trace:
            # Clients draw complete words, so that the one being typed is left out.
            answer.trace = typist.trace(text, complete=True).as_json()
        return answer


def check_rate(wait: float) -> None:
    """Refuse a keystroke whose address may send a request only in `wait` seconds.

    Raises:
        RequestError: 429.
    """
    if wait > 0:
        raise RequestError(429, "rate_limited", "too many keystrokes from this address")


def _error(text: str, refusal: RequestError) -> bytes:
    try:
        keystroke_id = _id.decode(text).id
    except (msgspec.DecodeError, RecursionError):
        keystroke_id = None
    error = {"code": refusal.code, "message": refusal.message}
    return encode({"id": keystroke_id, "error": error})
