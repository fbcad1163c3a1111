"""WebSockets: receive keystrokes, send suggestions, drop stale ones. Knows no HTTP.

`TypingSocket` takes frames for any kind of typing; `WordTyping` is `/v1/type`, next words.

Only the newest frame of a connection waits to be answered. A slow client gets only as many answers
as it reads, and is disconnected if it reads nothing for long.
"""

import asyncio
import contextlib
from abc import ABC, abstractmethod

import msgspec
from starlette.types import Receive, Scope, Send

from foreword.errors import ForewordError
from foreword.predictor.lockstep import Work
from foreword.predictor.typist import Typist
from foreword.server.endpoint import address_of, decoded
from foreword.server.limits import Patience, Rates
from foreword.server.messages import (
    Keystroke,
    KeystrokeAnswer,
    KeystrokeId,
    encode,
)
from foreword.server.models import Model
from foreword.server.predicting import offered
from foreword.server.refusal import RequestError
from foreword.server.service import Service
from foreword.server.typists import MARKS

NOT_TEXT = 1003
SUBPROTOCOL = "foreword"

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
        answering = asyncio.ensure_future(client.answer())
        address = address_of(scope)
        try:
            while not answering.done():
                message = await receive()
                if message["type"] != "websocket.receive":
                    break
                text = message.get("text")
                if text is None:
                    await send(
                        {"type": "websocket.close", "code": NOT_TEXT, "reason": "send text frames"}
                    )
                    break
                client.take(text, self._rates.wait(address))
        finally:
            gauge.dec()
            answering.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await answering


class Typing(ABC):
    """One connection, with its newest frame."""

    def __init__(self, service: Service, send: Send, patience: Patience) -> None:
        """Set the parts of the server, and the connection to the client."""
        self.service = service
        self._send = send
        self._patience = patience
        self._newest: tuple[str, float] | None = None
        self._arrived = asyncio.Event()

    @abstractmethod
    async def answered(self) -> str | None:
        """Wait for a turn, and answer the newest frame, if there is one.

        Raises:
            RequestError: the queue is full, or it waited too long.
        """

    def take(self, text: str, wait: float) -> None:
        """Replace the newest frame; its address may send a request in `wait` seconds."""
        if self._newest is not None:
            self.service.metrics.keystroke("stale")
        self._newest = (text, wait)
        self._arrived.set()

    def newest(self) -> tuple[str, float] | None:
        """Return the newest frame, which is then no longer kept."""
        newest, self._newest = self._newest, None
        self._arrived.clear()
        return newest

    async def answer(self) -> None:
        """Answer the newest frame, again and again."""
        while True:
            await self._arrived.wait()
            try:
                text = await self.answered()
            except RequestError as refusal:
                newest = self.newest()
                text = None if newest is None else self.refused(newest[0], refusal)
            if text is None:
                continue
            try:
                with self._patience:
                    await self._send({"type": "websocket.send", "text": text})
            except (TimeoutError, OSError):
                await self._send({"type": "websocket.close", "code": 1008, "reason": "too slow"})
                return

    def refused(self, text: str, error: RequestError | ForewordError) -> str:
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
            self._model, self._typist = model, model.predictor.typist(marks=MARKS)
        return self._typist


class WordTyping(ModelTyping):
    """Next words for one connection: `/v1/type`."""

    async def answered(self) -> str | None:
        """Answer the newest frame together with those of other clients."""
        self.service.batcher.admit()
        return await self.service.batcher.together(self._answer())

    def _answer(self) -> Work[str | None]:
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
        return encode(answer).decode()

    def _suggest(self, keystroke: Keystroke) -> Work[KeystrokeAnswer]:
        typist = self.typist_of(self.service.models.get(keystroke.model))
        text = self.service.text(keystroke.text)
        suggestions = yield from typist.suggesting(text, keystroke.k)
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


def _error(text: str, refusal: RequestError) -> str:
    try:
        keystroke_id = _id.decode(text).id
    except (msgspec.DecodeError, RecursionError):
        keystroke_id = None
    error = {"code": refusal.code, "message": refusal.message}
    return encode({"id": keystroke_id, "error": error}).decode()
