"""What a client may send before anyone looks at who it is; protocols on the test's transports."""

import asyncio
import gc
import re
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from foreword.server.bounded_http import MOST_HEAD, MOST_HEADERS, BoundedProtocol
from foreword.server.bounded_websocket import MOST_PINGS, BoundedWebSocket
from foreword.server.connections import CLOSED_AT_ONCE, LINGER, RESERVE, Cause, Connections
from foreword.server.endpoint import answer_with
from foreword.server.handshakes import Handshakes
from foreword.server.limits import Turns
from foreword.server.new_connection import NewConnection
from foreword.server.settings import ServerSettings

from .conftest import run

GET = b"GET /v1/models HTTP/1.1\r\nhost: a\r\n\r\n"
HEALTH = b"GET /health HTTP/1.1\r\nhost: a\r\n\r\n"
POST = b"POST /v1/predict HTTP/1.1\r\nhost: a\r\n"
UPGRADE = (
    b"GET /v1/type HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
    b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n"
)
HIGH_WATER = 65_536


class Transport(asyncio.Transport):
    """A client that takes what it is sent, unless `reads` is false."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self.written = b""
        self.untaken = 0
        self.reads = True
        self.is_read = True
        self.closed = False
        self.aborted = False
        self.protocol: Any = None

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return (self.address, 1234) if name == "peername" else default

    def write(self, data: Any) -> None:
        self.written += data
        if not self.reads:
            before, self.untaken = self.untaken, self.untaken + len(data)
            if before <= HIGH_WATER < self.untaken:
                self.protocol.pause_writing()

    def get_write_buffer_size(self) -> int:
        return self.untaken

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            if not self.untaken:
                self.protocol.connection_lost(None)

    def abort(self) -> None:
        if not self.aborted:
            self.closed = self.aborted = True
            self.protocol.connection_lost(None)

    def pause_reading(self) -> None:
        assert self.is_read
        self.is_read = False

    def resume_reading(self) -> None:
        assert not self.is_read
        self.is_read = True

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol


class Server:
    """Its clients, its clock, and an application that echoes bodies and frames."""

    def __init__(self, answer: bytes = b"", **limits: Any) -> None:
        self.now = 0.0
        self.causes: list[Cause] = []
        self.asked = 0
        self.let_go = asyncio.Event()
        self.let_go.set()
        self.received: list[Any] = []
        settings = ServerSettings(**limits)
        self.connections = Connections(settings, refused=self.causes.append, clock=lambda: self.now)
        self.answer = answer
        own = {
            "open_connections": self.connections,
            "handshakes": Handshakes(lambda: self.now),
        }
        self.config = uvicorn.Config(
            self.app,
            interface="asgi3",
            proxy_headers=False,
            lifespan="off",
            log_config=None,
            ws=type("Socket", (BoundedWebSocket,), own | {"long": Turns()}),
            ws_max_size=settings.largest_body,
            ws_per_message_deflate=False,
        )
        self.config.load()
        protocol = type(
            "Protocol",
            (BoundedProtocol,),
            own
            | {
                "admits": staticmethod(lambda _: True),
                "largest_body": settings.largest_body,
                "pipelined": Turns(),
            },
        )
        self.New = type("New", (NewConnection,), own | {"protocol": protocol})

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            while (message := await receive())["type"] == "websocket.receive":
                self.received.append(message["text"])
                await self.let_go.wait()
                await send({"type": "websocket.send", "text": message["text"]})
            self.received.append(message)
            return
        body, more = b"", scope["method"] == "POST"
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        await self.let_go.wait()
        await answer_with(send, 200, self.answer or body)

    def connect(self, address: str = "192.0.2.1") -> Transport:
        transport = Transport(address)
        settings = {"config": self.config, "server_state": ServerState(), "app_state": {}}
        transport.protocol = self.New(**settings)
        transport.protocol.connection_made(transport)
        return transport

    def pass_seconds(self, seconds: float) -> None:
        self.now += seconds
        while self.connections.close_overdue():
            pass


async def turns(count: int = 6) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def send(transport: Transport, data: bytes) -> list[int]:
    """Sends as a socket would, as long as the server reads; gives the answers' statuses."""
    for start in range(0, len(data), 65_536):
        for _ in range(2_000):
            if transport.is_read or transport.closed:
                break
            await turns(1)
        if transport.closed or not transport.is_read:
            break
        transport.protocol.data_received(data[start : start + 65_536])
        await turns()
    await turns()
    return statuses(transport)


def statuses(transport: Transport) -> list[int]:
    return [int(actual) for actual in re.findall(rb"HTTP/1\.1 (\d+)", transport.written)]


def frame(payload: bytes, *, kind: int = 1, fin: bool = True) -> bytes:
    """A client's WebSocket frame (RFC 6455, section 5.2), masked with zeros."""
    length = len(payload)
    size = bytes([0x80 | length]) if length < 126 else b"\xfe" + length.to_bytes(2, "big")
    return bytes([(0x80 if fin else 0) | kind]) + size + bytes(4) + payload


LARGE = b"x" * 10_000_000


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + LARGE,
        POST + b"cookie: " + LARGE,
        POST + LARGE,
        POST + b"a: b\r\n" * 100_000,
        POST + b"a: b\r\n" * (MOST_HEADERS + 1) + b"\r\n",
        POST + b"x: " + b" " * 10_000_000,
        UPGRADE + b"cookie: " + LARGE,
    ],
    ids=["target", "value", "name", "headers", "a header too many", "spaces", "upgrade"],
)
def test_an_endless_head_is_refused_before_much_of_it_is_read(head: bytes) -> None:
    async def ask() -> tuple[list[int], int, int]:
        server = Server()
        client = server.connect()
        actual = await send(client, head)
        return actual, client.protocol._framing, len(server.connections)

    actual, read, left = run(ask())
    assert actual == [431]
    assert read <= MOST_HEAD + 4_096
    assert left == 0


@pytest.mark.parametrize(
    "rest",
    [
        b"5;" + LARGE,
        b"1;a=bcdefghijklmnopqrst\r\nx\r\n" * 50_000,
        b"0\r\n" + b"a: b\r\n" * 100_000,
        b"0\r\na: " + LARGE,
    ],
    ids=["an extension", "extensions", "trailers", "a trailer"],
)
def test_what_stands_around_a_body_has_a_bound_too(rest: bytes) -> None:
    async def ask() -> tuple[list[int], bool, list[Cause]]:
        server = Server()
        client = server.connect()
        actual = await send(client, POST + b"transfer-encoding: chunked\r\n\r\n" + rest)
        return actual, client.closed, server.causes

    actual, closed, causes = run(ask())
    assert closed
    assert 200 not in actual
    assert causes == [Cause.HEAD]


def test_small_chunks_and_trailers_are_no_attack() -> None:
    async def ask() -> tuple[list[int], bytes, list[tuple[bytes, bytes]]]:
        server = Server()
        client = server.connect()
        body = b"1\r\nx\r\n" * 20_000 + b"0\r\nhost: evil\r\n\r\n"
        actual = await send(client, POST + b"transfer-encoding: chunked\r\n\r\n" + body)
        return actual, client.written, client.protocol.headers

    actual, written, headers = run(ask())
    assert actual == [200]
    assert written.endswith(b"x" * 20_000)
    assert [value for name, value in headers if name == b"host"] == [b"a"]


def test_a_head_that_is_long_but_no_attack_is_read() -> None:
    head = POST + b"cookie: " + b"x" * (MOST_HEAD - 200) + b"\r\ncontent-length: 2\r\n\r\n"

    async def ask() -> list[int]:
        client = Server().connect()
        for index in range(0, len(head), 1_000):
            client.protocol.data_received(head[index : index + 1_000])
        return await send(client, b"{}" + head + b"{}")

    assert run(ask()) == [200, 200]


@pytest.mark.parametrize(
    ("sent", "seconds", "answer"),
    [
        (b"", 10.0, []),
        (b"GET / HTT", 10.0, [408]),
        (GET, 30.0, [200]),
        (GET + b"GET", 10.0, [200, 408]),
        (GET[:-2] + b"content-length: 9\r\n\r\n", 10.0, [200]),
        (POST + b"content-length: 9\r\n\r\nhalf", 10.0, [408]),
    ],
    ids=["nothing", "half a head", "one request", "one and a half", "no body", "half a body"],
)
def test_who_keeps_the_server_waiting_is_let_go_in_time(
    sent: bytes, seconds: float, answer: list[int]
) -> None:
    async def ask() -> tuple[bool, bool, list[int], int]:
        server = Server()
        client = server.connect()
        await send(client, sent)
        server.pass_seconds(seconds - 0.1)
        before = client.closed
        server.pass_seconds(0.2)
        await turns()
        return before, client.closed, statuses(client), len(server.connections)

    assert run(ask()) == (False, True, answer, 0)


def test_a_byte_now_and_then_gains_no_time() -> None:
    async def ask() -> float:
        server = Server()
        client = server.connect()
        for byte in GET[:-2]:
            if client.is_read:
                client.protocol.data_received(bytes([byte]))
            server.pass_seconds(0.5)
            if client.closed:
                break
        return server.now

    assert run(ask()) <= 10.5


def test_time_begins_anew_with_each_request() -> None:
    async def ask() -> list[int]:
        server = Server()
        client = server.connect()
        for _ in range(9):
            await send(client, GET)
            server.pass_seconds(9.0)
        return statuses(client)

    assert run(ask()) == [200] * 9


def test_a_body_that_goes_on_after_its_answer_ends_the_connection() -> None:
    async def ask() -> tuple[bool, int]:
        server = Server(largest_body=1_000)
        client = server.connect()
        await send(client, GET[:-2] + b"content-length: 999999999999\r\n\r\n" + b"x" * 900)
        before = client.closed
        await send(client, b"x" * 10_000_000)
        assert not before
        return client.closed, client.protocol._body

    closed, read = run(ask())
    assert closed
    assert read <= 1_000 + 4_096


# Many connections.


def fill(server: Server, count: int, sent: bytes = b"") -> list[Transport]:
    actual = []
    for _ in range(count):
        client = server.connect()
        if sent:
            client.protocol.data_received(sent)
        actual.append(client)
    return actual


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nho",
        POST + b"content-length: 9\r\n\r\nhalf",
        GET,
        UPGRADE + b"\r\n",
    ],
    ids=["silent", "half a head", "half a body", "idle", "WebSocket"],
)
def test_silent_clients_keep_nobody_out(sent: bytes) -> None:
    async def ask() -> tuple[list[int], int, int]:
        server = Server(connections=20, connections_per_address=0)
        silent = fill(server, 20, sent)
        await turns()
        silent += fill(server, 80, sent)
        await turns()
        actual = await send(server.connect(), GET)
        return actual, len(server.connections), sum(not one.closed for one in silent)

    assert run(ask()) == ([200], 20, 19)


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\nho", POST + b"content-length: 9\r\n\r\nhalf"]
)
def test_who_sends_no_whole_request_costs_neither_a_parser_nor_a_task(sent: bytes) -> None:
    async def ask() -> tuple[bool, int, list[int]]:
        server = Server()
        client = server.connect()
        client.protocol.data_received(sent)
        before = isinstance(client.protocol, NewConnection), server.asked
        whole = sent + b"st: a\r\n\r\n" if sent.startswith(b"GET") else sent + b" done"
        return *before, await send(client, whole[len(sent) :] if sent else GET)

    assert run(ask()) == (True, 0, [200])


def test_thousands_that_are_late_are_closed_a_few_at_a_time() -> None:
    async def ask() -> tuple[list[int], bool]:
        server = Server(connections=1_000, connections_per_address=0)
        clients = fill(server, 100, GET[:9])
        server.now = 11.0
        left = []
        while server.connections.close_overdue():
            left.append(sum(not client.closed for client in clients))
        return left, all(client.closed for client in clients)

    assert run(ask()) == ([100 - CLOSED_AT_ONCE * turn for turn in (1, 2, 3)], True)


@pytest.mark.parametrize(
    "sent", [GET[:9], GET, UPGRADE + b"\r\n", b"\x16\x03\x01"], ids=["half", "GET", "socket", "TLS"]
)
def test_a_connection_that_ends_leaves_nothing_to_the_garbage_collector(sent: bytes) -> None:
    async def ask() -> int:
        server = Server()

        async def connect() -> None:
            client = server.connect()
            await send(client, sent)
            client.abort()
            client.protocol = None
            await turns()

        await connect()
        gc.collect()
        await connect()
        return gc.collect()

    assert run(ask()) == 0


def test_too_many_who_open_websockets_are_told_to_come_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("foreword.server.handshakes.MOST_WAITING", 2)

    async def ask() -> tuple[list[int], list[int]]:
        server = Server()
        clients = [server.connect() for _ in range(4)]
        for client in clients:
            client.protocol.data_received(UPGRADE + b"\r\n")
        asked = await send(server.connect(), GET)
        return [status for client in clients for status in statuses(client)], asked

    assert run(ask()) == ([101, 101, 503, 503], [200])


def test_frames_that_come_before_the_websocket_is_open_wait_for_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def ask() -> tuple[list[int], list[Any]]:
        server = Server()
        client = server.connect()
        client.protocol.data_received(UPGRADE + b"\r\n")
        await turns(1)  # the handshake has begun; the application has not answered
        client.protocol.data_received(frame(b"early", kind=9) + frame(b"early"))
        await turns()
        client.abort()
        await turns()
        return statuses(client), server.received[:1]

    assert run(ask()) == ([101], ["early"])
    assert not caplog.records


def test_where_all_are_served_the_server_still_tells_of_itself() -> None:
    async def ask() -> tuple[list[int], list[int], list[int], list[int], int]:
        server = Server(connections=5, connections_per_address=0)
        server.let_go.clear()
        served = fill(server, 5, GET)
        await turns()
        fill(server, 3 * RESERVE)  # silent ones cannot fill what is kept for these either
        refused = await send(server.connect(), GET)
        healthy, reserved = server.connect(), len(server.connections)
        await send(healthy, HEALTH)
        server.let_go.set()
        await turns()
        again = await send(server.connect(), GET)
        return statuses(served[0]), refused, statuses(healthy), again, reserved

    served, refused, healthy, again, reserved = run(ask())
    assert (served, refused, healthy, again) == ([200], [503], [200], [200])
    assert reserved == 5 + RESERVE


def test_websockets_count_as_connections_and_make_room_when_nobody_types() -> None:
    async def ask() -> tuple[int, list[int], bool, bytes, list[int]]:
        server = Server(connections=10, connections_per_address=0)
        sockets = []
        for _ in range(10):
            sockets.append(server.connect())
            assert await send(sockets[-1], UPGRADE + b"\r\n") == [101]
            sockets[-1].protocol.data_received(frame(b"a key"))
            await turns()
        count = len(server.connections)
        refused = await send(server.connect(), GET)
        server.now += 60.0
        sockets[0].protocol.data_received(frame(b"a key"))
        await turns()
        asked = await send(server.connect(), GET)
        await turns()
        return count, refused, sockets[0].closed, sockets[1].written, asked

    count, refused, typist_closed, closed, asked = run(ask())
    assert count == 10
    assert refused == [503]
    assert asked == [200]
    assert not typist_closed
    assert b"\x03\xf5" in closed, "1013, try again later (the IANA registry of close codes)"


@pytest.mark.parametrize(
    ("address", "other", "most"),
    [
        ("192.0.2.1", "192.0.2.2", 3),
        ("2001:db8::1", "2001:db8:0:1::1", 3),
        ("127.0.0.1", "192.0.2.2", 10),
        ("::ffff:127.0.0.1", "192.0.2.2", 10),
        ("10.0.0.7", "192.0.2.2", 10),
    ],
)
def test_an_address_may_have_so_many_unless_it_is_this_machines_or_a_proxys(
    monkeypatch: pytest.MonkeyPatch, address: str, other: str, most: int
) -> None:
    monkeypatch.setattr("foreword.server.settings.OPEN_CONNECTIONS", 3)

    async def ask() -> tuple[list[int], list[int], list[int]]:
        server = Server(proxies=("10.0.0.0/24",))
        clients = [server.connect(address) for _ in range(10)]
        await turns()
        actual = [statuses(client) for client in clients]
        assert all(one in ([], [429]) for one in actual)
        stranger = await send(server.connect(other), GET)
        clients[0].close()
        again = await send(server.connect(address), GET)
        return [len(one) for one in actual], stranger, again

    refused, stranger, again = run(ask())
    assert refused == [0] * most + [1] * (10 - most)
    assert stranger == again == [200]


# Many requests on one connection, and clients that do not read.


def test_pipelined_requests_are_answered_in_order_a_few_at_a_time() -> None:
    async def ask() -> tuple[int, int]:
        server = Server()
        client = server.connect()
        client.protocol.data_received(GET * 400)
        under_way = len(client.protocol.pipeline)
        actual = await send(client, b"")
        for _ in range(20_000):
            if len(actual) >= 400:
                break
            await turns(1)
            actual = statuses(client)
        assert set(actual) == {200}
        return under_way, len(actual)

    under_way, answered = run(ask())
    assert answered == 400
    assert under_way <= 4_096 // len(GET) + 1


def test_an_invalid_request_is_refused_after_those_before_it_are_answered() -> None:
    async def ask() -> list[int]:
        server = Server()
        server.let_go.clear()
        client = server.connect()
        before = await send(client, GET + GET + b"nonsense\r\n\r\n" + GET)
        assert before == []
        server.let_go.set()
        return await send(client, b"")

    assert run(ask()) == [200, 200, 400]


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET http://[ HTTP/1.1\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\n\r\n",
        POST + b"content-length: 111111111111111111111\r\n\r\n",
        POST + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n",
        POST + b"transfer-encoding: chunked\r\n\r\nnone\r\n",
    ],
    ids=["TLS", "a target", "CONNECT", "a length of 21 digits", "two lengths", "a chunk"],
)
def test_what_is_no_http_is_answered_with_400(sent: bytes) -> None:
    async def ask() -> tuple[list[int], bool]:
        client = Server().connect()
        return await send(client, sent), client.closed

    assert run(ask()) == ([400], True)


def test_a_client_that_sends_no_more_still_gets_its_answer() -> None:
    async def ask() -> tuple[bool, list[int], bool, bool]:
        server = Server()
        server.let_go.clear()
        client, other = server.connect(), server.connect()
        await send(client, GET + GET)
        await send(other, GET[:20])
        kept = client.protocol.eof_received(), other.protocol.eof_received()
        server.let_go.set()
        await turns()
        return kept[0], statuses(client), client.closed, bool(kept[1])

    assert run(ask()) == (True, [200, 200], True, False)


def test_who_reads_no_answers_is_answered_no_more_and_let_go() -> None:
    async def ask() -> tuple[int, int, bool, int]:
        server = Server(answer=b"y" * 10_000)
        client = server.connect()
        client.reads = False
        await send(client, GET * 20_000)
        before = server.asked
        server.pass_seconds(9.9)
        assert not client.closed
        server.pass_seconds(0.2)
        await turns()
        return before, client.untaken, client.aborted, len(server.connections)

    asked, untaken, aborted, left = run(ask())
    assert asked <= HIGH_WATER / 10_000 + 2
    assert untaken <= HIGH_WATER + 2 * 10_500
    assert aborted
    assert left == 0


def test_a_client_that_reads_at_last_is_read_again() -> None:
    async def ask() -> tuple[bool, int]:
        server = Server(answer=b"y" * 40_000)
        client = server.connect()
        client.reads = False
        await send(client, GET * 3)
        stopped = not client.is_read
        client.reads, client.untaken = True, 0
        client.protocol.resume_writing()
        await turns(20)
        return stopped, len(await send(client, GET))

    assert run(ask()) == (True, 4)


def test_a_closed_connection_whose_client_takes_nothing_is_cut_off() -> None:
    async def ask() -> tuple[bool, bool]:
        server = Server(answer=b"y" * 10_000)
        client = server.connect()
        client.reads = False
        await send(client, GET)
        server.pass_seconds(31.0)
        before = client.aborted
        server.pass_seconds(LINGER)
        return before, client.aborted

    assert run(ask()) == (False, True)


def test_who_pings_without_reading_is_sent_no_more_than_it_takes() -> None:
    async def ask() -> tuple[int, bool]:
        server = Server()
        client = server.connect()
        await send(client, UPGRADE + b"\r\n")
        client.reads = False
        await send(client, frame(b"p" * 125, kind=9) * 40_000)
        return client.untaken, client.closed

    untaken, closed = run(ask())
    assert untaken <= 200 * MOST_PINGS
    assert closed


def test_who_types_without_reading_is_let_go() -> None:
    async def ask() -> tuple[int, int, bool]:
        server = Server()
        client = server.connect()
        await send(client, UPGRADE + b"\r\n")
        client.reads = False
        await send(client, frame(b"t" * 100) * 40_000)
        await turns(5_000)
        server.pass_seconds(10.1)
        return client.untaken, server.asked, client.aborted

    untaken, _, aborted = run(ask())
    assert untaken <= 2 * HIGH_WATER
    assert aborted


def test_frames_wait_unparsed_while_the_application_is_busy() -> None:
    async def ask() -> tuple[int, list[str]]:
        server = Server()
        server.let_go.clear()
        client = server.connect()
        await send(client, UPGRADE + b"\r\n")
        socket = client.protocol
        socket.data_received(b"".join(frame(b"%d" % number) for number in range(5_000)))
        waiting = socket.queue.qsize()
        server.let_go.set()
        for _ in range(100_000):
            if len(server.received) == 5_000:
                break
            await turns(1)
        return waiting, server.received

    waiting, received = run(ask())
    assert waiting < 1_000
    assert received == [str(number) for number in range(5_000)]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(b"\xff\xfe"), 1007),
        (frame(b"x", fin=False) + frame(b"", kind=0, fin=False) * 2_000, 1009),
    ],
    ids=["no UTF-8", "fragments"],
)
def test_a_message_that_is_none_closes_the_socket_without_a_traceback(
    sent: bytes, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def ask() -> tuple[bytes, int]:
        server = Server()
        client = server.connect()
        await send(client, UPGRADE + b"\r\n")
        await send(client, sent)
        return client.written, len(server.connections)

    written, left = run(ask())
    assert code.to_bytes(2, "big") in written
    assert left == 0
    assert not caplog.records


def test_a_message_that_does_not_end_closes_the_socket() -> None:
    async def ask() -> tuple[bool, bytes]:
        server = Server()
        client = server.connect()
        await send(client, UPGRADE + b"\r\n")
        await send(client, frame(b"half", fin=False))
        for _ in range(21):
            server.pass_seconds(0.5)
            await send(client, frame(b"", kind=10))
        return client.closed, client.written

    closed, written = run(ask())
    assert closed
    assert (1008).to_bytes(2, "big") in written


def test_an_upgrade_that_is_none_is_answered() -> None:
    async def ask(head: bytes) -> list[int]:
        return await send(Server().connect(), head)

    long = UPGRADE + b"cookie: " + b"x" * 9_000 + b"\r\n\r\n"
    assert run(ask(long)) == [431]
    assert run(ask(UPGRADE.replace(b"13\r\n", b"99\r\n") + b"\r\n")) == [400]
