"""The ceiling: the same server, framework and JSON, with an endpoint that computes nothing.

    python benchmarks/echo.py

Prints its port, and answers `POST /v1/predict` and `/v1/type` with three suggestions that it always
gives.
"""

import asyncio

import msgspec
from starlette.routing import Route, Router, WebSocketRoute
from starlette.types import Receive, Scope, Send

from foreword.server.endpoint import answer_with
from foreword.server.messages import Keystroke, KeystrokeAnswer, PredictRequest, SuggestedWord
from foreword.server.running import bound, run
from foreword.server.settings import ServerSettings

ALWAYS = [SuggestedWord("like", "I would like", 0.5)] * 3
_predict = msgspec.json.Decoder(PredictRequest)
_type = msgspec.json.Decoder(Keystroke)


class Echo:
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        message = await receive()
        _predict.decode(message["body"])
        await answer_with(send, 200, msgspec.json.encode({"model": "", "suggestions": ALWAYS}))


class EchoSocket:
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            answer = KeystrokeAnswer(_type.decode(message["text"]).id, ALWAYS)
            await send({"type": "websocket.send", "text": msgspec.json.encode(answer).decode()})


async def nothing() -> None:
    await asyncio.sleep(0)


if __name__ == "__main__":
    settings = ServerSettings(port=0)
    listening = bound(settings)
    where = f"serving at http://127.0.0.1:{listening.getsockname()[1]}/ "
    routes = [
        Route("/v1/predict", Echo(), methods=["POST"]),
        WebSocketRoute("/v1/type", EchoSocket()),
    ]
    run(Router(routes), settings, listening, nothing, ready=lambda: print(where, flush=True))
