"""How a server begins, what it logs, and the files with its secrets."""

import logging
import os
import resource
import socket
import stat
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from foreword.cli import serve as command
from foreword.errors import SettingsError
from foreword.server import running
from foreword.server.connections import Cause
from foreword.server.running import Refusals, Sparing, bound
from foreword.server.settings import ServerSettings

from .conftest import TOKEN, run


def test_it_says_that_it_serves_once_clients_can_connect() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise NotImplementedError

    async def serve() -> list[bool]:
        listening = bound(ServerSettings(port=0))
        connected: list[bool] = []

        def connect() -> None:
            with socket.socket() as client:
                connected.append(client.connect_ex(listening.getsockname()) == 0)

        config = uvicorn.Config(app, lifespan="off", log_config=None)
        config.load()
        server = running._Server(config, connect)
        server.lifespan = config.lifespan_class(config)
        connect()
        await server.startup([listening])
        for one in server.servers:
            one.close()
            await one.wait_closed()
        return connected

    assert run(serve()) == [False, True]


def logged(handler_filter: Sparing, *messages: tuple[str, Any]) -> list[str]:
    actual = []
    for name, message in messages:
        record = logging.LogRecord(name, logging.WARNING, "", 1, message, (), None)
        if handler_filter.filter(record):
            actual.append(record.getMessage())
    return actual


def test_records_that_clients_cause_are_counted_rather_than_written() -> None:
    now = 0.0
    sparing = Sparing(most=3, seconds=60.0, clock=lambda: now)
    refused = ("foreword.server", "refused")
    actual = logged(sparing, *[refused] * 10_000, ("foreword.server", "another"))
    assert actual == ["refused"] * 3 + ["another"]
    now = 61.0
    assert logged(sparing, refused, refused) == ["refused (9,997 more like the last)", "refused"]


def test_records_that_were_asked_for_are_all_written() -> None:
    actual = logged(Sparing(most=1), *[("foreword.server.requests", "GET / 200")] * 100)
    assert len(actual) == 100


def test_thousands_of_refused_connections_are_one_line_of_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    counted: list[Cause] = []
    refusals = Refusals(counted.append)
    for _ in range(3_000):
        refusals.add(Cause.FULL)
    refusals.add(Cause.HEAD)
    refusals.report()
    refusals.report()
    assert len(counted) == 3_001
    assert [record.getMessage()[-5:] for record in caplog.records] == [" 3000", "ge: 1"]


def test_messages_that_are_all_different_are_of_one_kind() -> None:
    actual = logged(Sparing(most=2), *[("asyncio", f"task {number}") for number in range(10_000)])
    assert len(actual) <= running.KINDS + 2


@pytest.mark.parametrize(
    ("held", "message"),
    [
        (b"\xff\xfea token in UTF-16", "not UTF-8"),
        ("ein Schlüssel mit Umlaut".encode(), "printable ASCII"),
        (b"two lines of\nsome length", "one line"),
        (b"x" * 70_000, "65,536 bytes"),
        (b"", "16 characters"),
    ],
)
def test_a_file_that_holds_no_token_is_refused(
    tmp_path: Path, model_path: Path, held: bytes, message: str
) -> None:
    path = tmp_path / "token"
    path.write_bytes(held)
    path.chmod(0o600)
    with pytest.raises(SettingsError, match=message):
        command.serve([str(model_path)], port=0, token_file=path)


def test_a_token_of_the_environment_that_is_no_utf8_is_refused(
    monkeypatch: pytest.MonkeyPatch, model_path: Path
) -> None:
    monkeypatch.setenv("FOREWORD_TOKEN", os.fsdecode(b"\xff" * 20))
    with pytest.raises(SettingsError, match="printable ASCII"):
        command.serve([str(model_path)], port=0)


def test_a_byte_order_mark_is_no_part_of_a_token(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_bytes(b"\xef\xbb\xbf" + TOKEN.encode() + b"\r\n")
    assert command._token(path) == TOKEN


@pytest.mark.parametrize(("mode", "warns"), [(0o600, False), (0o640, False), (0o644, True)])
def test_a_secret_that_others_can_read_is_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], mode: int, warns: bool
) -> None:
    path = tmp_path / "token"
    path.write_text(TOKEN)
    path.chmod(mode)
    assert command._token(path) == TOKEN
    assert command._keys([path]) == (TOKEN.encode(),)
    output = capsys.readouterr().err.replace("\n", "")
    assert ("0644" in output and "chmod 600" in output) is warns
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_more_connections_than_files_may_be_open_are_not_promised(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    limits = [(256, 512)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, new: limits.append(new))
    few = running._affordable(ServerSettings(connections=300))
    assert (few.connections, limits) == (
        300,
        [(256, 512), (300 + running.RESERVE + running.SPARE_FILES, 512)],
    )
    many = running._affordable(ServerSettings(connections=2_048))
    assert many.connections + running.RESERVE + running.SPARE_FILES == 512
    assert "ulimit -n" in caplog.text


@pytest.mark.parametrize("proxy", ["nginx", "10.0.0.1/8", ""])
def test_a_proxy_that_is_no_address_is_refused(proxy: str) -> None:
    with pytest.raises(SettingsError, match="no address of a proxy"):
        ServerSettings(proxies=(proxy,))
