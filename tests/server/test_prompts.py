"""Requests that are answered without ASGI: the same answers, in order, whatever arrives between."""

import json
import re
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from foreword.server.app import make_app
from foreword.server.bounded_http import BoundedProtocol
from foreword.server.connections import Connections, State
from foreword.server.gathering import LARGEST_PROMPT
from foreword.server.guard import Guard
from foreword.server.handshakes import Handshakes
from foreword.server.limits import Turns
from foreword.server.service import Service

from .conftest import TOKEN, MakeService, run
from .test_bounds import Transport, statuses, turns

HEAD = b"host: 127.0.0.1\r\ncontent-type: application/json\r\n"


def post(body: bytes, head: bytes = HEAD, path: bytes = b"/v1/predict") -> bytes:
    return b"POST %b HTTP/1.1\r\n%bcontent-length: %d\r\n\r\n%b" % (path, head, len(body), body)


def predict(text: str) -> bytes:
    return post(json.dumps({"text": text}).encode())


class Asked:
    """Counts the requests that reach the application by ASGI."""

    def __init__(self, app: Guard) -> None:
        self.app = app
        self.count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.count += 1
        await self.app(scope, receive, send)


class Client:
    """A connection to a server, some of whose requests are answered without ASGI if `prompts`."""

    def __init__(self, service: Service, *, prompts: bool = True) -> None:
        app = make_app(service)
        self.asked = Asked(app)
        self.connections = Connections(service.settings)
        own: dict[str, Any] = {
            "open_connections": self.connections,
            "handshakes": Handshakes(),
            "admits": staticmethod(app.takes_on),
            "prompts": app.prompts if prompts else frozenset(),
            "answer": staticmethod(app.answer),
            "largest_body": service.settings.largest_body,
            "pipelined": Turns(),
        }
        config = uvicorn.Config(self.asked, lifespan="off", log_config=None, proxy_headers=False)
        config.load()
        self.transport = Transport("127.0.0.1")
        connection = self.connections.enter("127.0.0.1", lambda cause, state: None)
        protocol = type("Protocol", (BoundedProtocol,), own)(
            connection=connection, has_turn=False, config=config,
            server_state=ServerState(), app_state={},
        )  # fmt: skip
        self.connection = connection
        self.transport.protocol = protocol
        protocol.connection_made(self.transport)

    async def send(self, data: bytes) -> None:
        self.transport.protocol.data_received(data)
        await turns(12)

    def bodies(self) -> list[Any]:
        """The answers, all of which have a length."""
        written, bodies = self.transport.written, []
        while written:
            head, _, written = written.partition(b"\r\n\r\n")
            length = int(re.search(rb"content-length: (\d+)", head)[1])  # type: ignore[index]
            bodies.append(json.loads(written[:length]))
            written = written[length:]
        return bodies

    def words(self) -> list[list[str]]:
        return [[one["word"] for one in body["suggestions"]] for body in self.bodies()]


def suggested(service: Service, *texts: str) -> list[list[str]]:
    predictor = service.models.get(None).predictor
    return [[one.word for one in predictor.suggest(text)] for text in texts]


@pytest.mark.parametrize(
    "request_bytes",
    [
        predict("I would li"),
        predict("I would like "),
        post(b'{"text": ["the ", "ca"], "k": 2}'),
        post(b'{"text": "the "}', HEAD + b"authorization: Bearer wrong\r\n"),
        post(b'{"text": "the "}', b"host: other\r\ncontent-type: application/json\r\n"),
        post(b'{"text": "the "}', b"host: 127.0.0.1\r\ncontent-type: text/plain\r\n"),
        post(b'{"text": "the "}', HEAD + b"content-encoding: gzip\r\n"),
        post(b'{"text": "the "}', HEAD + b"sec-fetch-site: cross-site\r\n"),
        post(b'{"text": "the "}', HEAD + b"origin: http://127.0.0.1\r\n"),
        post(b'{"text": "the ", "kk": 1}'),
        post(b'{"text": "the ", "model": "none"}'),
        post(b"{"),
        post(b""),
        predict("a" * 101),
        post(b'{"text": "the "}', HEAD + b"connection: close\r\n"),
        post(b'{"text": "the "}', HEAD + b"connection: keep-alive\r\n").replace(b"1.1", b"1.0", 1),
    ],
)
def test_an_answer_is_the_same_without_asgi(serve: MakeService, request_bytes: bytes) -> None:
    async def ask(prompts: bool, **settings: Any) -> tuple[bytes, bool]:
        client = Client(serve(longest_text=100, **settings), prompts=prompts)
        await client.send(request_bytes)
        return client.transport.written, client.transport.closed

    for settings in ({}, {"token": TOKEN}):
        ours, closed = run(ask(True, **settings))
        theirs = run(ask(False, **settings))
        assert (sorted(ours.split(b"\r\n")), closed) == (
            sorted(theirs[0].split(b"\r\n")),
            theirs[1],
        )


def test_a_small_request_needs_no_asgi_and_is_counted(serve: MakeService) -> None:
    service = serve()

    async def ask() -> tuple[int, State]:
        client = Client(service)
        await client.send(predict("the ca"))
        await client.send(predict("the ca")[:-3])  # its body comes in two parts
        assert client.connection.state is State.REST
        await client.send(predict("the ca")[-3:])
        assert client.words() == suggested(service, "the ca", "the ca")
        return client.asked.count, client.connection.state

    assert run(ask()) == (0, State.IDLE)
    assert b'foreword_requests_total{path="/v1/predict",status="200"} 2.0' in service.metrics.text()


@pytest.mark.parametrize(
    "data",
    [
        post(b'{"text": "the "}' + b" " * LARGEST_PROMPT),
        b"POST /v1/predict HTTP/1.1\r\n" + HEAD + b"transfer-encoding: chunked\r\n\r\n"
        b'10\r\n{"text": "the "}\r\n0\r\n\r\n',
        post(b'{"text": "the "}', path=b"/v1/predict?a=b"),
        post(b'{"text": "the "}', path=b"/v1/score"),
    ],
)
def test_other_requests_go_by_asgi(serve: MakeService, data: bytes) -> None:
    async def ask() -> tuple[list[int], int]:
        client = Client(serve())
        await client.send(data)
        return statuses(client.transport), client.asked.count

    assert run(ask()) == ([200], 1)


def test_requests_that_arrive_together_are_answered_in_order(serve: MakeService) -> None:
    service = serve()
    texts = ["the ca", "the cat ", "I", "I would", "the "]

    async def ask() -> Client:
        client = Client(service)
        await client.send(b"".join(map(predict, texts)))
        await turns(60)
        return client

    client = run(ask())
    assert client.words() == suggested(service, *texts)
    # One at once: others' requests are read before this client's next one is answered.
    assert client.asked.count == len(texts) - 1


def test_a_client_that_goes_before_its_answer_leaves_nothing(serve: MakeService) -> None:
    service = serve()

    async def ask() -> bytes:
        client = Client(service)
        client.transport.protocol.data_received(predict("the cat sat on "))
        assert service.batcher.waiting == 1
        client.transport.abort()
        await turns()
        assert len(client.connections) == 0
        return client.transport.written

    assert run(ask()) == b""
    assert service.batcher.waiting == 0


def test_a_server_that_stops_answers_and_closes(serve: MakeService) -> None:
    async def ask() -> Client:
        client = Client(serve())
        client.transport.protocol.data_received(predict("the cat sat on "))
        client.transport.protocol.shutdown()
        await turns()
        return client

    client = run(ask())
    assert statuses(client.transport) == [200]
    assert b"connection: close" in client.transport.written
    assert client.transport.closed


def test_an_unexpected_error_is_logged_and_answered(
    serve: MakeService, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    service = serve()

    def fails(service: Service, text: str) -> str:
        raise RuntimeError("a fault")

    monkeypatch.setattr(Service, "text", fails)

    async def ask() -> Client:
        client = Client(service)
        await client.send(predict("the "))
        return client

    assert statuses(run(ask()).transport) == [500]
    assert "a fault" in caplog.text
