"""Endpoints as ASGI applications: read JSON within limits, and answer JSON. Knows no models."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
from starlette.types import Receive, Scope, Send

from foreword.predictor.lockstep import Work
from foreword.server.limits import Patience
from foreword.server.refusal import RequestError
from foreword.server.service import Service

JSON = b"application/json"
Headers = list[tuple[bytes, bytes]]
Handler = Callable[[Service, Any], Awaitable[bytes | AsyncIterator[bytes]]]


class Post:
    """An endpoint that takes JSON: an ASGI application."""

    def __init__(self, service: Service, request: type[Any], handler: Handler) -> None:
        """Set the request's type and its handler, which returns JSON or a stream of events."""
        self._service = service
        self._decoder = msgspec.json.Decoder(request)
        self._handler = handler
        self._patience = Patience(service.settings.body_seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        length = _checked_length(scope)
        settings = self._service.settings
        try:
            with self._patience:
                body = await _body(length, receive, settings.largest_body)
        except TimeoutError:
            seconds = settings.body_seconds
            message = f"the body did not come within {seconds:g} s"
            raise RequestError(408, "timeout", message) from None
        answer = await self._handler(self._service, decoded(self._decoder, body))
        if isinstance(answer, bytes):
            await answer_with(send, 200, answer)
        else:
            await _stream(receive, send, answer)


class Prompt(Post):
    """An endpoint whose answers are soon computed, so that ASGI would take as long as they do.

    `Guard.answer` calls it for small requests.
    """

    def __init__(
        self, service: Service, request: type[Any], work: Callable[[Service, Any], Work[bytes]]
    ) -> None:
        """Set the request's type, and the work that returns the JSON of the answer."""
        self._work = work
        super().__init__(service, request, self._computed)

    def work(self, scope: Scope, body: bytes) -> Work[bytes]:
        """Return the work that answers a request.

        Raises:
            RequestError: the request is wrong, or the queue is full.
        """
        _checked_length(scope)
        request = decoded(self._decoder, body)
        self._service.batcher.admit()
        return self._work(self._service, request)

    async def _computed(self, service: Service, request: Any) -> bytes:
        service.batcher.admit()
        return await service.batcher.together(self._work(service, request))


class Get:
    """An endpoint without a request body."""

    def __init__(self, answer: Callable[[], bytes], kind: bytes = JSON) -> None:
        """Set the function that makes the answer, and the answer's content type."""
        self._answer = answer
        self._kind = kind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        del receive
        body = self._answer()
        await answer_with(send, 200, b"" if scope["method"] == "HEAD" else body, kind=self._kind)


async def answer_with(
    send: Send, status: int, body: bytes, *, kind: bytes = JSON, headers: Headers | None = None
) -> None:
    """Send an answer of known length."""
    whole = [*headers_of(body, kind), *(headers or ())]
    await send({"type": "http.response.start", "status": status, "headers": whole})
    await send({"type": "http.response.body", "body": body})


def headers_of(body: bytes, kind: bytes = JSON) -> Headers:
    """The headers of every answer of known length."""
    return [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]


def address_of(scope: Scope) -> str:
    """The client's address; empty on a Unix socket, which has none."""
    return scope["client"][0] if scope.get("client") else ""


def decoded(decoder: "msgspec.json.Decoder[Any]", body: bytes | str) -> Any:
    """Decode a JSON message.

    Raises:
        RequestError: 400 if it is not JSON; 422 if a field is unknown, missing or wrong.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        message = str(error)
        raise RequestError(422, "invalid", message, param=_field(message)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestError(400, "bad_json", f"the body is no JSON in UTF-8: {error}") from None
    except RecursionError:
        raise RequestError(400, "bad_json", "the JSON is nested too deeply") from None


def _field(message: str) -> str | None:
    """The field that msgspec names: "... - at `$.stop[0]`", or an unknown or missing one."""
    _, separator, path = message.partition(" - at `$.")
    if separator:
        return path.rstrip("`")
    named = message.split("field `")
    return named[1].partition("`")[0] if len(named) > 1 else None


def _checked_length(scope: Scope) -> bytes:
    """The value of `content-length`, or nothing.

    Raises:
        RequestError: 415, the headers do not announce unencoded JSON.
    """
    kind = length = b""
    encoding = b"identity"
    for name, value in scope["headers"]:
        if name == b"content-type":
            kind = kind or value
        elif name == b"content-length":
            length = value
        elif name == b"content-encoding":
            encoding = value
    if kind != JSON:
        essence, _, parameters = kind.lower().partition(b";")
        charset = parameters.strip().replace(b'"', b"")
        if essence.strip() != JSON or charset not in (b"", b"charset=utf-8"):
            raise RequestError(
                415, "not_json", "send JSON, with the header content-type: application/json"
            )
    if encoding != b"identity":
        raise RequestError(415, "not_json", "send the body as it is, without content-encoding")
    return length


async def _body(length: bytes, receive: Receive, largest: int) -> bytes:
    """Read the body, if it is small enough."""
    if length.isdigit() and int(length) > largest:
        raise _too_large(largest)
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body", False):
        if len(body) > largest:
            raise _too_large(largest)
        message = await receive()
        body += message.get("body", b"")
    if len(body) > largest:
        raise _too_large(largest)
    return body


def _too_large(largest: int) -> RequestError:
    # The rest of the body is not read, so that the connection cannot be used again.
    return RequestError(
        413,
        "too_large",
        f"the body has more than {largest:,} bytes",
        headers={"Connection": "close"},
    )


async def _stream(receive: Receive, send: Send, events: AsyncIterator[bytes]) -> None:
    """Send server-sent events until they end or the client disconnects."""
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [
                (b"content-type", b"text/event-stream; charset=utf-8"),
                (b"cache-control", b"no-store"),
                (b"x-content-type-options", b"nosniff"),
                (b"x-accel-buffering", b"no"),  # tells nginx to pass on events at once
            ],
        }
    )
    gone = asyncio.ensure_future(_disconnected(receive))
    try:
        async for event in events:
            if gone.done():
                return
            await send({"type": "http.response.body", "body": event, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
