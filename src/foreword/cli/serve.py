"""`foreword serve`: suggestions over HTTP and WebSocket. No torch."""

import os
import stat
from pathlib import Path
from typing import Annotated

import typer

from foreword.cli.console import errors
from foreword.errors import MissingExtraError, SettingsError

MOST_OF_SECRET = 65_536
"""The largest size of a file with a token or a key, in bytes."""
OTHERS = stat.S_IRWXO | stat.S_IWGRP
"""File permissions of a secret that the system's tools also warn of."""


def serve(
    folders: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="DIR...",
            help="Model folders of either kind, or names of installed models.",
        ),
    ] = None,
    translator: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DIR",
            help="Translation model; the same as a DIR that holds one. Repeat it for more.",
        ),
    ] = None,
    memory: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Translation memory of the translation model (TMX, PO, XLIFF, a table), which is "
            "looked up first; repeat it for more.",
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on. Any but this machine's own needs a token.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 8765,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File with the token that clients must send; FOREWORD_TOKEN may hold it instead.",
        ),
    ] = None,
    state_key_file: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="File with the key that signs states, the same for all replicas; "
            "repeatable. The first key signs, all are accepted. FOREWORD_STATE_KEY may "
            "hold it instead. Default: a random key.",
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Host name by which clients reach the server; repeat it for more."
        ),
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL", help="Another site whose pages may send requests; repeat it for more."
        ),
    ] = None,
    log: Annotated[
        str,
        typer.Option(help="errors; requests: path, status and time of each; or texts: bodies too."),
    ] = "errors",
    rate: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            help="Requests per second from one address; 0 means no limit. Default: 0 on this "
            "machine's own address, otherwise 100.",
        ),
    ] = None,
    connections: Annotated[
        int, typer.Option(min=1, help="Largest number of connections at once, WebSockets included.")
    ] = 2048,
    connections_per_address: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Largest number of these from one address; 0 means no limit. Default: 0 for "
            "this machine's own addresses, otherwise 256.",
        ),
    ] = None,
    proxy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            help="Address or network of a proxy, which limits per address do not apply to; "
            "repeat it for more.",
        ),
    ] = None,
    waiting: Annotated[
        int,
        typer.Option(
            min=1, help="Largest number of waiting requests; further ones are refused with 503."
        ),
    ] = 1024,
    deadline: Annotated[
        float, typer.Option(min=0.001, help="Seconds that a request may wait.")
    ] = 1.0,
    max_text: Annotated[
        int, typer.Option(min=1, help="Largest number of characters of a text.")
    ] = 16_384,
    typists: Annotated[
        int,
        typer.Option(
            min=0,
            help="Number of texts being typed that are remembered, so as not to be read "
            "again; 0 means none.",
        ),
    ] = 512,
) -> None:
    """Serve suggestions over HTTP and WebSocket, and a page to type in."""
    try:
        from foreword.server.app import make_app, make_service
        from foreword.server.reloading import reload_models
        from foreword.server.running import bound, run
        from foreword.server.settings import ServerSettings
    except ModuleNotFoundError as error:
        raise MissingExtraError("foreword serve", "serve") from error
    settings = ServerSettings(
        host=host,
        port=port,
        token=_token(token_file),
        state_keys=_keys(state_key_file or []),
        hosts=tuple(allow_host or ()),
        origins=tuple(origin or ()),
        log=log,
        rate=rate,
        connections=connections,
        connections_per_address=connections_per_address,
        proxies=tuple(proxy or ()),
        waiting=waiting,
        deadline=deadline,
        longest_text=max_text,
        largest_body=max(1 << 17, 8 * max_text),
        typists=typists,
    )
    service = make_service(folders or (), settings, translator or (), memory or ())
    listening = bound(settings)
    where = f"{host if ':' not in host else f'[{host}]'}:{listening.getsockname()[1]}"
    served = [model.name for model in service.models.all()]
    names = ", ".join(served + [model.name for model in service.translators.all()])
    app = make_app(service)
    run(
        app,
        settings,
        listening,
        lambda: reload_models(service),
        admits=app.takes_on,
        prompts=app.prompts,
        answer=app.answer,
        refused=lambda cause: service.metrics.refused(cause.value),
        beside=service.batcher.beside,
        ready=lambda: errors.print(f"serving {names} at http://{where}/ (Ctrl-C stops)"),
    )


def _token(path: Path | None) -> str | None:
    if path is None:
        return os.environ.get("FOREWORD_TOKEN") or None
    try:
        return _secret(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(
            f"{path} holds no token: its byte {error.start + 1} is not UTF-8. A token is a line of "
            'printable ASCII characters: python -c "import secrets; print(secrets.token_urlsafe())"'
        ) from error


def _keys(paths: list[Path]) -> tuple[bytes, ...]:
    if paths:
        return tuple(_secret(path) for path in paths)
    key = os.environ.get("FOREWORD_STATE_KEY")
    return (os.fsencode(key),) if key else ()


def _secret(path: Path) -> bytes:
    """The content of a file that no one else should read."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            held = file.read(MOST_OF_SECRET + 1)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    if len(held) > MOST_OF_SECRET:
        raise SettingsError(
            f"{path} cannot be the file of a secret: it has more than {MOST_OF_SECRET:,} bytes"
        )
    if os.name == "posix" and stat.S_ISREG(mode) and mode & OTHERS:
        errors.print(
            f"{path} has mode {stat.S_IMODE(mode):04o}: other users of this machine can read or "
            f"change the secret in it. chmod 600 {path}",
            style="yellow",
        )
    return held.strip()
