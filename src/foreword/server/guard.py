"""Check each request before it reaches an endpoint: host, origin, token, rate; answer errors.

A browser also sends requests from other sites' pages to this machine. `Origin` and `Sec-Fetch-Site`
identify them; `Host` identifies those of a site whose name was pointed at this machine (DNS
rebinding). Knows no models.
"""

import base64
import hmac
import logging
import time
from collections.abc import Mapping
from functools import lru_cache, partial

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foreword.server.endpoint import JSON, Headers, Prompt, address_of, answer_with
from foreword.server.gathering import Respond
from foreword.server.limits import Rates
from foreword.server.pressure import Pressure
from foreword.server.refusal import RequestError, later
from foreword.server.service import Service

PROTECTED = ("/v1/", "/metrics", "/openapi.json")
"""Paths that need the token. The page and the health of the server are public."""

_log = logging.getLogger("foreword.server")
_requests = logging.getLogger("foreword.server.requests")


class Guard:
    """Pass on allowed requests; answer for the others, and for those that fail."""

    def __init__(
        self,
        app: ASGIApp,
        service: Service,
        paths: frozenset[str],
        prompts: Mapping[str, Prompt],
    ) -> None:
        """Set the guarded application; its paths, by which requests are counted; some endpoints."""
        settings = service.settings
        self._app = app
        self._metrics = service.metrics
        self._hosts = settings.served_hosts
        self._origins = frozenset(origin.lower() for origin in settings.origins)
        self._token = None if settings.token is None else settings.token.encode()
        self._rates = Rates(settings.allowed_rate, exempt=settings.is_proxy)
        self._unanswered = 0  # requests that `answer` has begun
        self._pressure = Pressure(waiting=lambda: self._unanswered)
        self._logs = settings.log != "errors"
        self._paths = paths
        self._batcher = service.batcher
        self._prompts = prompts
        self.prompts = frozenset(path.encode() for path in prompts)

    def takes_on(self, target: bytes) -> bool:
        """Whether to accept a request in this iteration of the event loop, given its target.

        Requests for the health and the metrics of the server are always accepted.
        """
        if not target.startswith(b"/v1/") or self._pressure.admits():
            return True
        path = target.partition(b"?")[0].decode("latin-1")
        self._metrics.answered(path if path in self._paths else "other", 503, 0.0)
        return False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = time.perf_counter()
        path: str = scope["path"]
        status = 0
        cross: Headers = []

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *cross] if cross else message["headers"]
            await send(message)

        try:
            cross = self._admitted(scope, path)
            if scope["method"] == "OPTIONS" and cross:
                await answer_with(sending, 204, b"", headers=_PREFLIGHT)
            else:
                scope["app"] = self  # so that Starlette raises for unknown paths
                await self._app(scope, receive, sending)
        except Exception as error:
            refusal = _of_error(error, scope["method"], path)
            await _refuse(sending, refusal, begun=status != 0)
        finally:
            self._count(scope, status, start)

    def answer(self, scope: Scope, body: bytes, respond: Respond) -> None:
        """Answer a whole request to one of the endpoints in `prompts`, without ASGI.

        It has no `Origin`, so its answer needs no headers for another site's page.
        """
        finish = partial(self._finish, scope, respond, time.perf_counter())
        self._unanswered += 1
        try:
            self._admitted(scope, scope["path"])
            work = self._prompts[scope["path"]].work(scope, body)
        except Exception as error:
            finish(error)
        else:
            self._batcher.start(work, finish)

    def _finish(
        self, scope: Scope, respond: Respond, start: float, outcome: bytes | Exception
    ) -> None:
        self._unanswered -= 1
        if not self._unanswered:
            self._pressure.measure()
        if isinstance(outcome, bytes):
            status = 200
            respond(status, outcome, [])
        else:
            refusal = _of_error(outcome, scope["method"], scope["path"])
            status = refusal.status
            respond(status, refusal.body(), refusal.raw_headers())
        self._count(scope, status, start)

    def _count(self, scope: Scope, status: int, start: float) -> None:
        path = scope["path"]
        seconds = time.perf_counter() - start
        counted = path if path in self._paths else "other"
        self._metrics.answered(counted, status, seconds)
        if self._logs:
            _requests.info("%s %s %d %.1f ms", scope["method"], counted, status, seconds * 1000)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._admitted(scope, scope["path"])
            scope["app"] = self
            await self._app(scope, receive, send)
        except (RequestError, HTTPException) as error:
            refusal = error if isinstance(error, RequestError) else _of_starlette(error)
            await _refuse_upgrade(scope, send, refusal)

    def _admitted(self, scope: Scope, path: str) -> Headers:
        """Check a request; return the headers that let another site's page read the answer.

        Raises:
            RequestError: the request is not allowed.
        """
        host = origin = authorization = site = None
        protocols = b""
        for name, value in scope["headers"]:
            if name == b"host":
                host = value if host is None else b""
            elif name == b"origin":
                origin = value
            elif name == b"authorization":
                authorization = value
            elif name == b"sec-fetch-site":
                site = value
            elif name == b"sec-websocket-protocol":
                protocols = value
        if host is None or _name(host) not in self._hosts:
            raise RequestError(
                421,
                "forbidden_host",
                "this server does not go by that name; serve with --allow-host NAME if it should",
            )
        cross: Headers = []
        if origin is not None or site == b"cross-site":
            cross = self._cross(host, origin, site)
        if scope.get("method") == "OPTIONS":
            return cross  # a preflight request, which has no token
        if self._token is not None and path.startswith(PROTECTED):
            self._check_token(authorization, protocols)
        if (wait := self._rates.wait(address_of(scope))) > 0:
            raise later(429, "rate_limited", "too many requests from this address", int(wait) + 1)
        return cross

    def _cross(self, host: bytes, origin: bytes | None, site: bytes | None) -> Headers:
        if origin is None:
            if site == b"cross-site":
                raise _another_site()
            return []
        small = origin.lower()
        if small in (b"http://" + host.lower(), b"https://" + host.lower()):
            return []
        if small.decode("latin-1") in self._origins:
            return [
                (b"access-control-allow-origin", origin),
                (b"access-control-expose-headers", b"retry-after"),
                (b"vary", b"origin"),
            ]
        raise _another_site()

    def _check_token(self, authorization: bytes | None, protocols: bytes) -> None:
        token = b""
        if authorization is not None:
            scheme, _, rest = authorization.partition(b" ")
            token = rest.strip() if scheme.lower() == b"bearer" else b""
        elif protocols:
            token = _token_in(protocols)
        if self._token is None or not hmac.compare_digest(token, self._token):
            raise RequestError(
                401,
                "unauthorized",
                "send the server's token: Authorization: Bearer TOKEN",
                headers={"WWW-Authenticate": "Bearer"},
            )


_PREFLIGHT: Headers = [
    (b"access-control-allow-methods", b"GET, POST"),
    (b"access-control-allow-headers", b"authorization, content-type"),
    (b"access-control-max-age", b"600"),
]


@lru_cache(maxsize=64)
def _name(host: bytes) -> str:
    """The host in lower case, without its port."""
    text = host.decode("latin-1").lower()
    name, colon, port = text.rpartition(":")
    return name if colon and port.isdigit() else text


def _token_in(protocols: bytes) -> bytes:
    """The token among a WebSocket's subprotocols, where a browser can send one."""
    for protocol in protocols.split(b","):
        name, _, value = protocol.strip().partition(b".")
        if name == b"bearer":
            try:
                return base64.urlsafe_b64decode(value + b"=" * (-len(value) % 4))
            except ValueError:
                return b""
    return b""


def _another_site() -> RequestError:
    return RequestError(
        403,
        "forbidden_origin",
        "pages of other sites may not ask; serve with --origin https://... if one should",
    )


def _of_error(error: Exception, method: str, path: str) -> RequestError:
    """What a client is told of an error; one that nobody expected is logged."""
    if isinstance(error, RequestError):
        return error
    if isinstance(error, HTTPException):
        return _of_starlette(error)
    _log.error("%s %s failed", method, path, exc_info=error)
    return RequestError(500, "internal", "the server failed; its log says where")


def _of_starlette(error: HTTPException) -> RequestError:
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "invalid")
    return RequestError(
        error.status_code, code, f"{error.detail}; see /openapi.json", headers=error.headers
    )


async def _refuse(send: Send, refusal: RequestError, *, begun: bool) -> None:
    if begun:
        return  # the answer has begun: the connection is closed
    await answer_with(send, refusal.status, refusal.body(), headers=refusal.raw_headers())


async def _refuse_upgrade(scope: Scope, send: Send, refusal: RequestError) -> None:
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008, "reason": refusal.code})
        return
    await send(
        {
            "type": "websocket.http.response.start",
            "status": refusal.status,
            "headers": [(b"content-type", JSON), *refusal.raw_headers()],
        }
    )
    await send({"type": "websocket.http.response.body", "body": refusal.body()})
