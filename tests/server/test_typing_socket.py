import asyncio
import json
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from foreword.predictor.predictor import Predictor
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


def serving(service: Service, line: Line) -> "asyncio.Task[None]":
    scope = {"type": "websocket", "client": ("127.0.0.1", 1), "subprotocols": []}
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
