"""`/v1/reload` and SIGHUP: reload models without dropping a request. Knows no network."""

from foreword.server.messages import Reloaded, ReloadRequest, encode
from foreword.server.refusal import RequestError
from foreword.server.service import Service


async def reload(service: Service, request: ReloadRequest) -> bytes:
    """Reload all changed models for a client with the server's token."""
    del request
    if service.settings.token is None:
        raise RequestError(
            403,
            "no_token",
            "a request can reload only a server with a token; send this one the signal SIGHUP",
        )
    return encode(Reloaded(await reload_models(service)))


async def reload_models(service: Service) -> dict[str, str]:
    """Reload all changed models, and count the outcomes.

    One reload waits for the other: two at once would read the same models twice, and the older
    reading might end last.
    """
    async with service.reloading:
        outcome = await service.models.reload() | await service.translators.reload()
    for result in outcome.values():
        known = result in ("reloaded", "unchanged")
        service.metrics.reloads.labels(result if known else "failed").inc()
    return outcome
