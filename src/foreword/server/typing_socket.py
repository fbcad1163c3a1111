"""WebSocket `/v1/type`: receive keystrokes, send suggestions, drop stale ones. Knows no HTTP.

Only the newest frame of a connection waits to be answered. A client that reads slowly is sent no
more than it reads, and is disconnected if it reads nothing for long.
"""

import asyncio
import contextlib

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

    def __init__(self, service: Service) -> None:
        """Set the parts of the server."""
        self._service = service
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
        client = _Client(self._service, send, self._patience)
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


class _Client:
    """One connection: its newest frame and its typist."""

    def __init__(self, service: Service, send: Send, patience: Patience) -> None:
        self._service = service
        self._send = send
        self._patience = patience
        self._newest: tuple[str, float] | None = None
        self._arrived = asyncio.Event()
        self._typist: Typist | None = None
        self._model: Model | None = None

    def take(self, text: str, wait: float) -> None:
        """Replace the newest frame; its address may ask in `wait` seconds."""
        if self._newest is not None:
            self._service.metrics.keystroke("stale").inc()
        self._newest = (text, wait)
        self._arrived.set()

    async def answer(self) -> None:
        """Answer the newest frame, again and again."""
        while True:
            await self._arrived.wait()
            try:
                self._service.batcher.admit()
                text = await self._service.batcher.together(self._answer())
            except RequestError as refusal:  # the queue is full, or it waited too long
                text = self._refused(refusal)
            if text is None:
                continue
            try:
                with self._patience:
                    await self._send({"type": "websocket.send", "text": text})
            except (TimeoutError, OSError):
                await self._send({"type": "websocket.close", "code": 1008, "reason": "too slow"})
                return

    def _answer(self) -> Work[str | None]:
        """Answer the newest frame, if there is one."""
        if self._newest is None:
            return None
        (text, wait), self._newest = self._newest, None
        self._arrived.clear()
        count = self._service.metrics.keystroke
        try:
            _check_rate(wait)
            answer = yield from self._suggest(decoded(_keystroke, text))
        except RequestError as refusal:
            count("refused").inc()
            return _error(text, refusal)
        except ForewordError as error:
            count("failed").inc()
            return _error(text, RequestError(500, "internal", str(error)))
        count("answered").inc()
        return encode(answer).decode()

    def _suggest(self, keystroke: Keystroke) -> Work[KeystrokeAnswer]:
        model = self._service.models.get(keystroke.model)
        if self._typist is None or model is not self._model:
            self._model, self._typist = model, model.predictor.typist(marks=MARKS)
        text = self._service.text(keystroke.text)
        suggestions = yield from self._typist.suggesting(text, keystroke.k)
        answer = KeystrokeAnswer(keystroke.id, offered(suggestions, text))
        if keystroke.trace:
            # Clients draw complete words, so that the one being typed is left out.
            answer.trace = self._typist.trace(text, complete=True).as_json()
        return answer

    def _refused(self, refusal: RequestError) -> str | None:
        if self._newest is None:
            return None
        (text, _), self._newest = self._newest, None
        self._arrived.clear()
        self._service.metrics.keystroke("refused").inc()
        return _error(text, refusal)


def _check_rate(wait: float) -> None:
    if wait > 0:
        raise RequestError(429, "rate_limited", "too many keystrokes from this address")


def _error(text: str, refusal: RequestError) -> str:
    try:
        keystroke_id = _id.decode(text).id
    except (msgspec.DecodeError, RecursionError):
        keystroke_id = None
    error = {"code": refusal.code, "message": refusal.message}
    return encode({"id": keystroke_id, "error": error}).decode()
