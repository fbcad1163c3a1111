"""`foreword serve`: suggestions over HTTP and WebSocket. No torch."""

import os
from pathlib import Path
from typing import Annotated

import typer

from foreword.cli.console import errors
from foreword.errors import MissingExtraError, SettingsError


def serve(
    folders: Annotated[
        list[str],
        typer.Argument(metavar="DIR...", help="Model folders, or installed models' names."),
    ],
    host: Annotated[
        str, typer.Option(help="The address to bind. Any but this machine's own needs a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8765,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Holds the token that clients must send. Or FOREWORD_TOKEN is it."
        ),
    ] = None,
    state_key_file: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Holds the key that signs states; the same for all replicas. The first signs, "
            "all are accepted. Or FOREWORD_STATE_KEY is it. Without one, one is drawn.",
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A name by which clients reach it; repeat it for each."),
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="Another site whose pages may ask; repeat it for each."),
    ] = None,
    log: Annotated[
        str,
        typer.Option(help="errors; requests: path, status and time of each; texts: bodies too."),
    ] = "errors",
    rate: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            help="Requests a second from one address, 0 for any number. Default: 0 on this "
            "machine's own address, else 100.",
        ),
    ] = None,
    connections: Annotated[int, typer.Option(min=1, help="At once.")] = 2048,
    waiting: Annotated[
        int, typer.Option(min=1, help="Requests that may wait; more are refused with 503.")
    ] = 1024,
    deadline: Annotated[
        float, typer.Option(min=0.001, help="Seconds that a request may wait.")
    ] = 1.0,
    max_text: Annotated[int, typer.Option(min=1, help="Characters of a text.")] = 16_384,
    typists: Annotated[
        int,
        typer.Option(
            min=0, help="Texts being typed that are remembered, so as not to be read anew; 0: none."
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
        waiting=waiting,
        deadline=deadline,
        longest_text=max_text,
        largest_body=max(1 << 17, 8 * max_text),
        typists=typists,
    )
    service = make_service(folders, settings)
    listening = bound(settings)
    where = f"{host if ':' not in host else f'[{host}]'}:{listening.getsockname()[1]}"
    names = ", ".join(model.name for model in service.models.all())
    errors.print(f"serving {names} at http://{where}/ (Ctrl-C stops)")
    app = make_app(service)
    run(app, settings, listening, lambda: reload_models(service), app.takes_on)


def _token(path: Path | None) -> str | None:
    return _read(path).decode() if path is not None else os.environ.get("FOREWORD_TOKEN") or None


def _keys(paths: list[Path]) -> tuple[bytes, ...]:
    if paths:
        return tuple(_read(path) for path in paths)
    key = os.environ.get("FOREWORD_STATE_KEY")
    return (key.encode(),) if key else ()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes().strip()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
