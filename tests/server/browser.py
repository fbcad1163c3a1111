"""The page in a browser, with a real predictor behind it and no server between.

The browser's requests are answered here, as docs/reference/server.md says.
"""

import json
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route, WebSocketRoute

import foreword.server
from foreword.predictor.mixed_typist import typist_of
from foreword.predictor.predictor import Predictor

ADDRESS = "http://foreword.test/"
FILES = Path(foreword.server.__file__).parent / "page"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)
TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


class Stub:
    """Speaks the server's protocol to one page."""

    def __init__(self, models: dict[str, Predictor]) -> None:
        self.models = models
        self.translators: list[str] = []
        self.asked: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.sockets: list[WebSocketRoute] = []
        self.is_away = False
        self.has_sockets = True
        self.refusal: dict[str, Any] | None = None
        self.is_silent = False

    def serve(self, page: Page) -> None:
        page.route(re.compile(".*"), self.answer)
        page.route_web_socket(re.compile(".*/v1/type"), self.connect)

    def answer(self, route: Route) -> None:
        path = route.request.url.removeprefix(ADDRESS)
        self.paths.append(path)
        if self.is_away:
            route.abort("connectionrefused")
        elif path == "v1/models":
            names = {"data": self.models, "translators": self.translators}
            route.fulfill(json={key: [{"id": n} for n in ids] for key, ids in names.items()})
        elif path == "v1/predict":
            question = route.request.post_data_json
            assert set(question) <= {"text", "k", "model", "also", "phrases"}
            self.asked.append(question)
            route.fulfill(json=self.suggested(question))
        else:
            file = FILES / (path or "index.html")
            kind = TYPES[file.suffix[1:]]
            headers = {"content-type": kind, "content-security-policy": POLICY}
            route.fulfill(body=file.read_bytes(), headers=headers)

    def connect(self, socket: WebSocketRoute) -> None:
        if self.is_away or not self.has_sockets:
            socket.close(code=1011)
            return
        self.sockets.append(socket)
        socket.on_message(lambda text: self.typed(socket, str(text)))

    def typed(self, socket: WebSocketRoute, text: str) -> None:
        question = json.loads(text)
        assert set(question) <= {"id", "text", "k", "model", "also", "phrases", "trace"}
        assert not (question["trace"] and "also" in question)
        self.asked.append(question)
        if self.is_silent:
            return
        answer: dict[str, Any] = {"error": self.refusal} if self.refusal else {}
        if not self.refusal:
            answer = self.suggested(question)
            if question["trace"]:
                traced = self.model(question).trace(question["text"], complete=True)
                answer["trace"] = traced.as_json()
        socket.send(json.dumps({"id": question["id"]} | answer))

    def model(self, question: dict[str, Any]) -> Predictor:
        return self.models[question.get("model", next(iter(self.models)))]

    def suggested(self, question: dict[str, Any]) -> dict[str, Any]:
        text = question["text"]
        models = [self.model(question), *(self.models[name] for name in question.get("also", []))]
        actual = typist_of(models).suggest(text, question["k"], phrases=question["phrases"])
        return {
            "suggestions": [
                {"word": one.word, "text": one.accepted(text), "probability": one.probability}
                for one in actual
            ]
        }
