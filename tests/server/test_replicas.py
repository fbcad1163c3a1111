"""Two replicas behind nginx, as deploy/nginx.conf has it, and one of them killed under load."""

import asyncio
import os
import socket
import subprocess
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import websockets
from tests.needs import NGINX, needs
from websockets.asyncio.client import connect

from foreword.predictor.predictor import Predictor

from .test_process import KEY, serving, until

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "nginx.conf"
SENTENCES = ["the cat sat on a mat", "I would like to", "Paris, I don't like", "a mat likely sat"]

pytestmark = needs("nginx")


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


@contextmanager
def balanced(folder: Path, *replicas: str, rate: str = "100000r/s") -> Iterator[str]:
    """nginx before replicas; of its configuration ports and rate alone are others."""
    text, port = CONFIGURATION.read_text(), free_port()
    changes = {"127.0.0.1:8080": f"127.0.0.1:{port}", "rate=100r/s": f"rate={rate}"}
    for example, url in zip(("127.0.0.1:8765", "127.0.0.1:8766"), replicas, strict=True):
        changes[f"server {example}"] = "server " + url.removeprefix("http://")
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    (folder / "foreword.conf").write_text(text)
    rooms = "".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"daemon off; {user} pid {folder}/pid; error_log {folder}/errors;"
        f"events {{}} http {{ access_log off; {rooms} include {folder}/foreword.conf; }}"
    )
    assert NGINX is not None
    command = [NGINX, "-e", str(folder / "errors"), "-c", str(folder / "nginx.conf")]
    process = subprocess.Popen(command)
    try:
        url = f"http://127.0.0.1:{port}"
        until(lambda: httpx2.get(url + "/health").status_code == 200)
        yield url
    finally:
        process.terminate()
        process.wait()


def answered(url: str) -> float:
    """Requests that a replica has answered for clients, and keystrokes."""
    return sum(
        float(line.rsplit(" ", 1)[1])
        for line in httpx2.get(url + "/metrics").text.splitlines()
        if line.startswith(('foreword_requests_total{path="/v1/', "foreword_keystrokes_total{"))
    )


class Load:
    """Clients that hold states and texts, ask again where an answer fails, and check each."""

    def __init__(self, url: str, predictor: Predictor) -> None:
        self.url = url
        self.predictor = predictor
        self.right: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.wrong: list[Any] = []
        self.is_over = False

    async def until_answered(self, kind: str, ask: Callable[[], Awaitable[Any]]) -> Any:
        while True:
            try:
                return await ask()
            except (httpx2.HTTPError, websockets.WebSocketException, OSError):
                self.failed[kind] += 1
                await asyncio.sleep(0.01)

    async def post(self, client: httpx2.AsyncClient, path: str, body: dict[str, Any]) -> Any:
        answer = await client.post(self.url + path, json=body)
        return answer.raise_for_status().json()

    def check(self, kind: str, text: str, actual: list[dict[str, Any]], expected: Any) -> None:
        for one, (word, probability) in zip(actual, expected, strict=True):
            if one["word"] != word or one["probability"] != pytest.approx(probability):
                self.wrong.append((kind, text, actual))
        self.right[kind] += 1

    def suggested(self, text: str) -> list[tuple[str, float]]:
        return [(one.word, one.probability) for one in self.predictor.suggest(text)]

    async def advances(self, client: httpx2.AsyncClient, sentence: str) -> None:
        """A client that holds its state: what is read is with it and nowhere else."""
        words = sentence.split(" ")
        while not self.is_over:
            state = None
            for index, word in enumerate(words):
                body = {"text": word} | ({} if state is None else {"state": state})
                answer = await self.until_answered(
                    "advance", lambda body=body: self.post(client, "/v1/advance", body)
                )
                state = answer["state"]
                read = self.predictor.predict(" ".join(words[: index + 1]), 3, complete=False)
                expected = [(one.word, one.probability) for one in read]
                self.check("advance", word, answer["predictions"], expected)

    async def asks(self, client: httpx2.AsyncClient, sentence: str) -> None:
        while not self.is_over:
            for end in range(1, len(sentence) + 1):
                text = sentence[:end]
                answer = await self.until_answered(
                    "predict", lambda text=text: self.post(client, "/v1/predict", {"text": text})
                )
                self.check("predict", text, answer["suggestions"], self.suggested(text))

    async def types(self, sentence: str) -> None:
        """A typist, who connects again where the connection ends and goes on where they were."""
        address = self.url.replace("http", "ws", 1) + "/v1/type"
        end = 1
        while not self.is_over:
            try:
                async with connect(address) as connection:
                    while not self.is_over:
                        text = sentence[:end]
                        await connection.send(f'{{"id": {end}, "text": "{text}"}}')
                        answer = httpx2.Response(200, content=await connection.recv()).json()
                        self.check("type", text, answer["suggestions"], self.suggested(text))
                        end = end % len(sentence) + 1
            except (websockets.WebSocketException, OSError):
                self.failed["type"] += 1
                await asyncio.sleep(0.01)


def test_clients_go_on_at_the_other_replica_when_one_is_killed(
    model_path: Path, predictor: Predictor, tmp_path: Path
) -> None:
    async def run(load: Load, kill: Callable[[], None]) -> list[Counter[str]]:
        """Answers by kind until one is killed, and after that."""
        async with httpx2.AsyncClient(timeout=120) as client:
            tasks = [
                asyncio.create_task(work)
                for sentence in SENTENCES
                for work in (
                    load.advances(client, sentence),
                    load.asks(client, sentence),
                    load.types(sentence),
                )
            ]
            await asyncio.sleep(1.5)
            kill()
            before = load.right.copy()
            await asyncio.sleep(2)
            load.is_over = True
            await asyncio.gather(*tasks)
        return [before, load.right - before]

    with (
        serving(model_path, FOREWORD_STATE_KEY=KEY) as (first, one),
        serving(model_path, FOREWORD_STATE_KEY=KEY) as (_, two),
        balanced(tmp_path, one, two) as url,
    ):
        load = Load(url, predictor)
        asked: list[float] = []

        def kill() -> None:
            asked.extend([answered(one), answered(two)])
            first.kill()
            first.wait()

        before, after = asyncio.run(run(load, kill))
    assert load.wrong == []
    assert min(asked) > 20, "both replicas had work"
    for kind in ("advance", "predict", "type"):
        assert min(before[kind], after[kind]) > 20, kind
    # What nginx had sent to the killed one it asks of the other; a WebSocket ends.
    assert load.failed["advance"] + load.failed["predict"] <= 1, load.failed
    assert load.failed["type"] <= 2 * len(SENTENCES), load.failed


def test_one_address_has_its_rate_and_the_replicas_errors_come_through(
    model_path: Path, tmp_path: Path
) -> None:
    with serving(model_path) as (_, url), balanced(tmp_path, url, url, rate="1r/m") as balancer:
        with httpx2.Client() as client:
            answers = [
                client.post(balancer + "/v1/predict", json={"text": "a", "k": 0})
                for _ in range(130)
            ]
        # The burst is 100; a machine that takes minutes for this is let through one more in each.
        statuses = Counter(answer.status_code for answer in answers)
        assert statuses[422] >= 98
        assert statuses[429] >= 8
        assert httpx2.post(url + "/v1/predict", json={"text": "a"}).status_code == 200


@pytest.mark.parametrize("path", ["/metrics", "/v1/reload"])
def test_what_is_a_replicas_own_is_not_passed_on(
    model_path: Path, tmp_path: Path, path: str
) -> None:
    with serving(model_path) as (_, url), balanced(tmp_path, url, url) as balancer:
        assert httpx2.get(balancer + path).status_code == 404
