"""Run the application under uvicorn: sockets, signals, logs. Knows no endpoints."""

import asyncio
import gc
import logging
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Scope

from foreword.errors import SettingsError
from foreword.server.bounded_http import BoundedProtocol
from foreword.server.bounded_websocket import BoundedWebSocket
from foreword.server.connections import RESERVE, Cause, Connections
from foreword.server.gathering import Respond
from foreword.server.handshakes import Handshakes
from foreword.server.limits import Turns
from foreword.server.new_connection import NewConnection
from foreword.server.settings import ServerSettings
from foreword.visible import shown

ASKED_FOR = ("foreword.server.requests", "foreword.server.texts")
"""Loggers with a record for each request, if the user wants them."""
KINDS = 64
"""Templates of log records that are counted by their text; others count by line of code.
"""
LOOKS = 1.0
"""Seconds between two searches for overdue connections."""
BETWEEN = 0.005
"""Seconds between closing some overdue connections and closing more."""
SENT = 131_072
"""Bytes of answers that the kernel holds for a slow client; Linux doubles the value."""
SPARE_FILES = 64
"""Files that the process may have open besides connections."""
GARBAGE = (5_000, 2, 5_000)
"""Python's thresholds for collecting cycles, of which requests and connections leave none. All
clients wait during a collection, about 0.5 µs for each object: it examines 5,000 new objects, which
are more than those of requests that are answered together, every third time the youngest 15,000 or
so, and very rarely all objects of thousands of connections.
"""

_log = logging.getLogger("foreword.server")


def bound(settings: ServerSettings) -> socket.socket:
    """Bind the socket to serve.

    Raises:
        SettingsError: the address cannot be bound.
    """
    try:
        family, *_, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Data that a client does not read waits in the kernel; by default up to megabytes.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SENT)
            listening.bind(address)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        raise SettingsError(
            f"{settings.host}:{settings.port} cannot be served: {error}. Is a server running "
            "there? Try another --port, or --port 0 for any free one"
        ) from error
    return listening


class Sparing(logging.Filter):
    """Pass a few records of each kind per minute, and report how many more there were.

    Otherwise clients could fill a disk with records. Records of each request or text, which the
    user has asked for, all pass.
    """

    def __init__(
        self,
        most: int = 5,
        seconds: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Set how many records of a kind pass in a number of seconds, and a clock."""
        super().__init__()
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._seen: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record passes."""
        if record.name in ASKED_FOR:
            return True
        now = self._clock()
        kind = (record.name, record.lineno, str(record.msg))
        if kind not in self._seen and len(self._seen) >= KINDS:
            kind = (record.name, record.lineno, "")
        since, count = self._seen.get(kind, (now, 0))
        if now - since >= self._seconds:
            if count > self._most:
                record.msg = f"{record.getMessage()} ({count - self._most:,} more like the last)"
                record.args = ()
            since, count = now, 0
        self._seen[kind] = (since, count + 1)
        return count < self._most


class OneLine(logging.Formatter):
    """Format a message as one line, for any data that a client has sent; a traceback follows it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """Format a record's message; called by `logging`."""
        record.message = shown(record.message)
        return super().formatMessage(record)


def run(
    app: ASGIApp,
    settings: ServerSettings,
    listening: socket.socket,
    reload: Callable[[], Coroutine[Any, Any, Any]],
    *,
    admits: Callable[[bytes], bool] = lambda _: True,
    prompts: frozenset[bytes] = frozenset(),
    answer: Callable[[Scope, bytes, Respond], None] | None = None,
    refused: Callable[[Cause], None] = lambda _: None,
    beside: Callable[[], AbstractContextManager[None]] = nullcontext,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until SIGINT or SIGTERM, then finish the current requests. SIGHUP reloads models.

    Args:
        app: the application.
        settings: its settings.
        listening: the socket that `bound` returns.
        reload: reloads the models.
        admits: called with a request's target; returns whether the request is accepted or must be
            retried.
        prompts: the targets of POST requests that `answer` can answer.
        answer: answers a request without ASGI; called with its scope, its body, and what sends the
            answer.
        refused: counts connections that are refused or closed, by cause.
        beside: a context in which the event loop serves; it may start and end a thread.
        ready: called when clients can connect.
    """
    log = logging.StreamHandler()
    log.addFilter(Sparing())
    log.setFormatter(OneLine("%(asctime)s %(name)s %(levelname)s %(message)s"))
    logging.basicConfig(handlers=[log])
    logging.getLogger("foreword").setLevel(
        logging.WARNING if settings.log == "errors" else logging.INFO
    )
    refusals = Refusals(refused)
    connections = Connections(_affordable(settings), refused=refusals.add)
    turns = Turns()
    shared = {"open_connections": connections, "handshakes": Handshakes()}
    protocol = type(
        "Protocol",
        (BoundedProtocol,),
        shared
        | {
            "admits": staticmethod(admits),
            "prompts": prompts,
            "answer": answer and staticmethod(answer),
            "largest_body": settings.largest_body,
            "pipelined": turns,
        },
    )
    config = uvicorn.Config(
        app,
        http=type("New", (NewConnection,), shared | {"protocol": protocol}),
        ws=type("Socket", (BoundedWebSocket,), shared | {"long": turns}),
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        backlog=min(settings.connections, 2048),
        timeout_graceful_shutdown=int(settings.grace_seconds),
        ws_max_size=settings.largest_body,
        ws_ping_interval=20.0,
        ws_ping_timeout=20.0,
        ws_per_message_deflate=False,
    )
    server = _Server(config, ready)
    gc.collect()
    gc.freeze()  # existing objects stay, and need not be searched for cycles
    thresholds = gc.get_threshold()
    gc.set_threshold(*GARBAGE)
    try:
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(_serve(server, listening, reload, connections, refusals, beside))
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


class _Server(uvicorn.Server):
    """A uvicorn server that calls a function once it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


async def _serve(
    server: uvicorn.Server,
    listening: socket.socket,
    reload: Callable[[], Coroutine[Any, Any, Any]],
    connections: Connections,
    refusals: "Refusals",
    beside: Callable[[], AbstractContextManager[None]],
) -> None:
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[Any]] = set()

    def begin(work: Coroutine[Any, Any, Any]) -> None:
        task = loop.create_task(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    async def look() -> None:
        while True:
            await asyncio.sleep(LOOKS)
            while connections.close_overdue():
                await asyncio.sleep(BETWEEN)
            refusals.report()

    if hasattr(signal, "SIGHUP"):
        loop.add_signal_handler(signal.SIGHUP, lambda: begin(reload()))
    begin(look())
    with beside():
        await server.serve(sockets=[listening])


def _affordable(settings: ServerSettings) -> ServerSettings:
    """The settings, with no more connections than the system lets this process open."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows, which has no such limit
        return settings
    wanted = settings.connections + RESERVE + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return settings
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    if most == wanted:
        return settings
    fitting = max(1, most - RESERVE - SPARE_FILES)
    _log.warning(
        "at most %d connections at once, not %d: the system allows this process %d open files. "
        "Raise that (ulimit -n; LimitNOFILE= of systemd), or give --connections %d",
        fitting,
        settings.connections,
        most,
        fitting,
    )
    return replace(settings, connections=fitting)


class Refusals:
    """Count connections that are refused or closed, and log their numbers."""

    def __init__(self, refused: Callable[[Cause], None]) -> None:
        """Set a function that also counts them."""
        self._refused = refused
        self._counts: Counter[Cause] = Counter()

    def add(self, cause: Cause) -> None:
        """Count a connection."""
        self._refused(cause)
        self._counts[cause] += 1

    def report(self) -> None:
        """Log the numbers since the last report, one line for each cause."""
        for cause, count in self._counts.items():
            _log.warning(_WHY[cause], count)
        self._counts.clear()


_WHY = {
    Cause.FULL: "connections refused because there are as many as there may be (--connections): %d",
    Cause.ADDRESS: "connections refused because their address has as many as it may "
    "(--connections-per-address): %d",
    Cause.ROOM: "unused connections closed to make room for new ones (--connections): %d",
    Cause.LATE: "connections closed because their clients took too long: %d",
    Cause.HEAD: "connections closed because a request's head, or what stands around its body, was "
    "too large: %d",
    Cause.INVALID: "connections closed because they sent no valid HTTP: %d",
}
