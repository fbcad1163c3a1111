"""The errors that clients receive, as JSON. Knows no networks and no models."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

Served = TypeVar("Served")

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class RequestError(Exception):
    """A request is refused.

    Attributes:
        status: the HTTP status.
        code: identifies the error for programs.
        message: tells people what was wrong and what to do.
        param: the wrong field, if it is one.
        headers: further headers of the answer.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.param = param
        self.headers = dict(headers or {})

    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """The further headers in ASGI's form."""
        return [(key.lower().encode(), value.encode()) for key, value in self.headers.items()]

    def body(self) -> bytes:
        """The JSON of the answer."""
        kind = _TYPES.get(
            self.status, "invalid_request_error" if self.status < 500 else "server_error"
        )
        error = {"code": self.code, "message": self.message, "type": kind, "param": self.param}
        return msgspec.json.encode({"error": error})


def later(status: int, code: str, message: str, seconds: int = 1) -> RequestError:
    """A refusal with the seconds after which the client may try again."""
    return RequestError(status, code, message, headers={"Retry-After": str(max(1, seconds))})


def late(deadline: float) -> RequestError:
    """The refusal of a request that has waited longer than its deadline, in seconds."""
    return later(503, "deadline", f"it would have waited over {deadline:g} s; try again later")


def overloaded() -> RequestError:
    """The refusal of a request that could not be answered in time."""
    return later(503, "overloaded", "the server is busy; try again in a second")


def named(models: Mapping[str, Served], name: str | None, kind: str) -> Served:
    """Return a model by name, or the first one for None.

    Args:
        models: all that are served, by name.
        name: the name in a request.
        kind: what the models do, for the error: "next-word" or "translation".

    Raises:
        RequestError: no model has this name.
    """
    chosen = next(iter(models), "") if name is None else name
    if chosen not in models:
        known = ", ".join(models) or "none"
        message = f"no such {kind} model. This server has: {known}"
        raise RequestError(404, "model_not_found", message, param="model")
    return models[chosen]
