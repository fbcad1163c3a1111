import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from foreword.predictor.predictor import Predictor
from foreword.server.connections import DIRECT
from foreword.server.service import Service
from foreword.server.typing_socket import TypingSocket, WordTyping

from .conftest import SOCKET, MakeService, client_of, run

TEXT = "I would like the cat, to sat on a mat"


def suggestions(predictor: Predictor, text: str, k: int = 3) -> list[dict[str, Any]]:
    return [
        {"word": s.word, "text": s.accepted(text), "probability": s.probability}
        for s in predictor.suggest(text, k)
    ]


def test_every_keystroke_is_answered_as_if_it_were_the_only_one(
    client: TestClient, predictor: Predictor
) -> None:
    with client.websocket_connect(SOCKET) as socket:
        for end in range(len(TEXT)):
            socket.send_json({"id": end, "text": TEXT[:end], "k": 2})
            assert socket.receive_json() == {
                "id": end,
                "suggestions": suggestions(predictor, TEXT[:end], 2),
            }


def test_a_word_being_typed_is_not_traced_before_it_has_ended(client: TestClient) -> None:
    traced = []
    with client.websocket_connect(SOCKET) as socket:
        for text in ("the ca", "the cat", "the cat ", "the cat,"):
            socket.send_json({"id": 1, "text": text, "trace": True})
            traced.append(socket.receive_json()["trace"]["word"])
    assert traced == ["the", "the", "cat", ","]


def test_several_models_suggest_in_one_list(client: TestClient) -> None:
    with client.websocket_connect(SOCKET) as socket:
        for end in range(len(TEXT)):
            keystroke = {"text": TEXT[:end], "also": ["other"]}
            socket.send_json({"id": end, **keystroke})
            by_http = client.post("/v1/predict", json=keystroke).json()["suggestions"]
            assert socket.receive_json() == {"id": end, "suggestions": by_http}
        socket.send_json({"id": 1, **keystroke, "trace": True})
        assert "leave out `also`" in socket.receive_json()["error"]["message"]


def test_models_can_change_between_keystrokes(client: TestClient) -> None:
    with client.websocket_connect(SOCKET) as socket:
        actual = []
        for model in ("small", "other", None, "small"):
            socket.send_json({"id": 1, "text": "the ", "model": model})
            actual.append(socket.receive_json()["suggestions"])
    assert actual[0] == actual[2] == actual[3] != actual[1]


@pytest.mark.parametrize(("path", "answered"), [("type", "suggestions"), ("letters", "letters")])
@pytest.mark.parametrize(
    ("frame", "code", "identity"),
    [
        ("{", "bad_json", None),
        ("", "bad_json", None),
        ("[]", "invalid", None),
        ('{"id": 4}', "invalid", 4),
        ('{"text": ""}', "invalid", None),
        ('{"id": 4, "text": ["a"]}', "invalid", 4),
        ('{"id": 4, "text": "", "kk": 1}', "invalid", 4),
        ('{"id": 4, "text": "", "k": 0}', "invalid", 4),
        ('{"id": 4, "text": "", "model": "none"}', "model_not_found", 4),
        (json.dumps({"id": 4, "text": "a" * 101}), "too_large", 4),
    ],
)
def test_a_bad_frame_is_told_and_the_next_is_answered(
    serve: MakeService, path: str, answered: str, frame: str, code: str, identity: int | None
) -> None:
    with (
        client_of(serve(longest_text=100)) as client,
        client.websocket_connect(f"ws://127.0.0.1:8765/v1/{path}") as socket,
    ):
        socket.send_text(frame)
        answer = socket.receive_json()
        assert (answer["id"], answer["error"]["code"]) == (identity, code)
        socket.send_json({"id": 5, "text": "the ", "k": 2})
        assert len(socket.receive_json()[answered]) == 2


def test_frames_that_are_no_text_close_the_connection(client: TestClient) -> None:
    with client.websocket_connect(SOCKET) as socket:
        socket.send_bytes(b"{}")
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.code == 1003


def test_a_rate_holds_for_keystrokes(serve: MakeService) -> None:
    with (
        client_of(serve(rate=3.0)) as client,
        client.websocket_connect(SOCKET) as socket,
    ):
        answers = []
        for keystroke in range(5):
            socket.send_json({"id": keystroke, "text": "the "})
            answers.append(socket.receive_json())
    assert [answer.get("error", {}).get("code") for answer in answers] == [
        *[None] * 3,
        *["rate_limited"] * 2,
    ]


class Line:
    """ASGI's two directions of one connection."""

    def __init__(self) -> None:
        self.coming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.sent: list[dict[str, Any]] = []
        self.may_send = asyncio.Event()
        self.may_send.set()
        self.coming.put_nowait({"type": "websocket.connect"})

    def type(self, identity: int, text: str = "the ") -> None:
        frame = json.dumps({"id": identity, "text": text})
        self.coming.put_nowait({"type": "websocket.receive", "text": frame})

    async def send(self, message: dict[str, Any]) -> None:
        await self.may_send.wait()
        self.sent.append(message)

    def answered(self) -> list[int]:
        return [json.loads(m["text"])["id"] for m in self.sent if m["type"] == "websocket.send"]


def serving(
    service: Service, line: Line, extensions: dict[str, Any] | None = None
) -> "asyncio.Task[None]":
    scope = {
        "type": "websocket",
        "client": ("127.0.0.1", 1),
        "subprotocols": [],
        "extensions": extensions or {},
    }
    return asyncio.ensure_future(
        TypingSocket(service, WordTyping)(scope, line.coming.get, line.send)
    )


async def settled() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


def test_stale_keystrokes_are_never_answered(serve: MakeService) -> None:
    async def typed() -> list[int]:
        line = Line()
        for identity in range(10):
            line.type(identity)
        connection = serving(serve(), line)
        await settled()
        line.coming.put_nowait({"type": "websocket.disconnect"})
        await connection
        return line.answered()

    answered = run(typed())
    assert answered[-1] == 9
    assert len(answered) < 10
    assert answered == sorted(answered)


def test_a_client_that_reads_nothing_is_owed_one_answer_and_then_let_go(
    serve: MakeService,
) -> None:
    async def typed() -> list[dict[str, Any]]:
        line = Line()
        connection = serving(serve(send_seconds=0.05), line)
        await settled()
        line.may_send.clear()
        for identity in range(100):
            line.type(identity)
            await settled()
        await asyncio.sleep(0.1)
        line.may_send.set()
        await settled()
        line.type(100)
        await asyncio.wait_for(connection, 5)
        return line.sent

    sent = run(typed())
    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.close"]


def test_a_client_that_vanishes_leaves_nothing(serve: MakeService) -> None:
    service = serve()

    async def typed() -> None:
        line = Line()
        connection = serving(service, line)
        line.type(1)
        line.coming.put_nowait({"type": "websocket.disconnect"})
        await connection
        assert len(asyncio.all_tasks()) == 1  # this one

    run(typed())
    assert service.batcher.waiting == 0
    assert service.metrics.connections._value.get() == 0


class Direct:
    """A server that hands over texts directly, and sends them at once as long as it may."""

    def __init__(self) -> None:
        self.take: Callable[[str], None]
        self.sent: list[int] = []
        self.may_send = True

    def deliver(self, take: Callable[[str], None]) -> Callable[[bytes], bool]:
        self.take = take
        return self._send

    def _send(self, text: bytes) -> bool:
        if self.may_send:
            self.sent.append(json.loads(text)["id"])
        return self.may_send


def test_texts_that_are_handed_over_directly_are_answered_at_once_if_possible(
    serve: MakeService,
) -> None:
    direct, line = Direct(), Line()

    async def typed() -> None:
        connection = serving(serve(), line, {DIRECT: direct.deliver})
        await settled()
        for identity in range(3):
            direct.take(json.dumps({"id": identity, "text": "the "}))
            await settled()
        direct.may_send = False
        for identity in range(3, 6):
            direct.take(json.dumps({"id": identity, "text": "the "}))
            await settled()
        line.coming.put_nowait({"type": "websocket.disconnect"})
        await connection
        direct.take(json.dumps({"id": 6, "text": "the "}))
        await settled()

    run(typed())
    assert direct.sent == [0, 1, 2]
    assert line.answered() == [3, 4, 5]


def test_of_texts_handed_over_together_the_newest_is_answered(serve: MakeService) -> None:
    direct, line = Direct(), Line()

    async def typed() -> None:
        connection = serving(serve(), line, {DIRECT: direct.deliver})
        await settled()
        for identity in range(10):
            direct.take(json.dumps({"id": identity, "text": "the "}))
        await settled()
        line.coming.put_nowait({"type": "websocket.disconnect"})
        await connection

    run(typed())
    assert direct.sent == [0, 9]


def test_a_keystroke_that_waited_too_long_is_told(serve: MakeService) -> None:
    line = Line()
    service = serve(deadline=0.0)

    async def typed() -> None:
        connection = serving(service, line)
        line.type(7)
        await settled()
        line.coming.put_nowait({"type": "websocket.disconnect"})
        await connection

    run(typed())
    (answer,) = [json.loads(m["text"]) for m in line.sent if m["type"] == "websocket.send"]
    assert (answer["id"], answer["error"]["code"]) == (7, "deadline")


def test_a_fault_of_the_server_closes_the_connection(
    serve: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise LookupError("a fault")

    monkeypatch.setattr(WordTyping, "typist_of", fail)
    line = Line()

    async def typed() -> None:
        connection = serving(serve(), line)
        line.type(1)
        await settled()
        line.coming.put_nowait({"type": "websocket.disconnect"})
        with pytest.raises(LookupError, match="a fault"):
            await connection

    run(typed())
    assert line.sent[-1]["type"] == "websocket.close"
    assert line.sent[-1]["code"] == 1011
