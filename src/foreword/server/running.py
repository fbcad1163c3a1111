"""Runs the application under uvicorn: sockets, signals, logs. Knows no endpoints."""

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from foreword.errors import SettingsError
from foreword.server.gathering import GatheringProtocol
from foreword.server.settings import ServerSettings
from foreword.visible import shown

GARBAGE = (10_000, 5, 5)
"""Python's thresholds for looking for cycles, of which requests and connections leave none:
by default it would look after every 700 objects more, as many are under way at once."""


def bound(settings: ServerSettings) -> socket.socket:
    """The socket to serve.

    Raises:
        SettingsError: the address cannot be bound; says why.
    """
    try:
        family, *_, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        raise SettingsError(
            f"{settings.host}:{settings.port} cannot be served: {error}. Is a server running "
            "there? Another --port, or --port 0 for any that is free"
        ) from error
    return listening


class OneLine(logging.Formatter):
    """A record's message is one line, whatever a client has sent; a traceback follows it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """What `logging` calls for every record."""
        record.message = shown(record.message)
        return super().formatMessage(record)


def run(
    app: ASGIApp,
    settings: ServerSettings,
    listening: socket.socket,
    reload: Callable[[], Coroutine[Any, Any, Any]],
    admits: Callable[[bytes], bool] = lambda _: True,
) -> None:
    """Serves until SIGINT or SIGTERM, and finishes what was begun. SIGHUP reads models anew.

    Args:
        app: the application.
        settings: where and how.
        listening: as `bound` gives it.
        reload: reads the models anew.
        admits: whether a request, by its target, is taken on; else it is told to come later.
    """
    log = logging.StreamHandler()
    log.setFormatter(OneLine("%(asctime)s %(name)s %(levelname)s %(message)s"))
    logging.basicConfig(handlers=[log])
    logging.getLogger("foreword").setLevel(
        logging.WARNING if settings.log == "errors" else logging.INFO
    )
    config = uvicorn.Config(
        app,
        http=type("Protocol", (GatheringProtocol,), {"admits": staticmethod(admits)}),
        ws="websockets-sansio",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        limit_concurrency=settings.connections,
        backlog=min(settings.connections, 2048),
        timeout_keep_alive=30,
        timeout_graceful_shutdown=int(settings.grace_seconds),
        ws_max_size=settings.largest_body,
        ws_ping_interval=20.0,
        ws_ping_timeout=20.0,
        ws_per_message_deflate=False,
    )
    server = uvicorn.Server(config)
    gc.collect()
    gc.freeze()  # what is there now stays, and is not looked through again and again
    thresholds = gc.get_threshold()
    gc.set_threshold(*GARBAGE)
    try:
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(_serve(server, listening, reload))
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


async def _serve(
    server: uvicorn.Server, listening: socket.socket, reload: Callable[[], Coroutine[Any, Any, Any]]
) -> None:
    loop = asyncio.get_running_loop()
    reloads: set[asyncio.Task[Any]] = set()

    def again() -> None:
        task = loop.create_task(reload())
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    if hasattr(signal, "SIGHUP"):
        loop.add_signal_handler(signal.SIGHUP, again)
    await server.serve(sockets=[listening])
