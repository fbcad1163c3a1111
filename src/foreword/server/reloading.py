"""`/v1/reload` and SIGHUP: models read anew without dropping a request. Knows no network."""

from foreword.server.messages import Reloaded, ReloadRequest, encode
from foreword.server.refusal import RequestError
from foreword.server.service import Service


async def reload(service: Service, request: ReloadRequest) -> bytes:
    """Reads all models anew, for whoever has the server's token."""
    del request
    if service.settings.token is None:
        raise RequestError(
            403,
            "no_token",
            "only a server with a token is told so; send this one the signal SIGHUP",
        )
    return encode(Reloaded(await reload_models(service)))


async def reload_models(service: Service) -> dict[str, str]:
    """Reads all models anew, and counts what became of them."""
    outcome = await service.models.reload()
    for result in outcome.values():
        known = result in ("reloaded", "unchanged")
        service.metrics.reloads.labels(result if known else "failed").inc()
    return outcome
