"""The real command in processes of its own: signals, replicas, OpenAI's client library."""

import concurrent.futures
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest

from foreword.cli.serve import serve
from foreword.errors import SettingsError
from foreword.predictor.predictor import load

from .conftest import TOKEN, made, write

FOREWORD = [sys.executable, "-c", "from foreword.cli.main import main; main()"]
KEY = "a key of thirty-two bytes or so."


@contextmanager
def serving(*arguments: object, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        [*FOREWORD, "serve", *map(str, arguments), "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "NO_COLOR": "1", **environment},
    )
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        actual = re.search(r"http://\S+?(?=/ )", line)
        assert actual, line + process.stderr.read()
        url = actual[0]
        until(lambda: httpx2.get(url + "/health").status_code == 200)
        yield process, url
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            if condition():
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.02)
    pytest.fail("it did not come about within 120 s")


def predict(url: str) -> httpx2.Response:
    return httpx2.post(url + "/v1/predict", json={"text": "the "}, timeout=120)


def test_openais_client_completes_streams_and_lists(model_path: Path) -> None:
    import openai  # here, because it is slow and no other test needs it

    with serving(model_path, FOREWORD_TOKEN=TOKEN) as (_, url):
        client = openai.OpenAI(base_url=url + "/v1", api_key=TOKEN, max_retries=0)
        assert [model.id for model in client.models.list()] == ["small"]
        whole = client.completions.create(
            model="small", prompt="I would", max_tokens=8, seed=3, logprobs=2, echo=True
        )
        assert whole.choices[0].text.startswith("I would")
        assert whole.choices[0].logprobs is not None
        events = client.completions.create(
            model="small",
            prompt="I would",
            max_tokens=8,
            seed=3,
            echo=True,
            stream=True,
            stream_options={"include_usage": True},
        )
        parts = list(events)
        assert "".join(p.choices[0].text for p in parts if p.choices) == whole.choices[0].text
        assert parts[-1].usage == whole.usage
        with pytest.raises(openai.NotFoundError):
            client.completions.create(model="none", prompt="a")
        with pytest.raises(openai.UnprocessableEntityError, match="suffix"):
            client.completions.create(model="small", prompt="a", suffix="b")
        client.close()
        stranger = openai.OpenAI(base_url=url + "/v1", api_key="wrong", max_retries=0)
        with stranger, pytest.raises(openai.AuthenticationError):
            stranger.models.list()


def test_a_terminated_server_finishes_what_it_began(model_path: Path) -> None:
    with serving(model_path) as (process, url):
        with httpx2.Client(base_url=url, timeout=120) as client:
            body = {"prompt": "the", "max_tokens": 1000, "stream": True, "seed": 1, "n": 3}
            with client.stream("POST", "/v1/completions", json=body) as answer:
                lines = answer.iter_lines()
                next(lines)
                process.send_signal(signal.SIGTERM)
                rest = [line for line in lines if line]
        assert rest[-1] == "data: [DONE]"
        assert process.wait(20) == -signal.SIGTERM


def test_a_reload_drops_no_request(tmp_path: Path) -> None:
    path = write(made("lstm"), tmp_path / "small")
    before = load(path).suggest("the ")[0].probability
    with serving(path) as (process, url), concurrent.futures.ThreadPoolExecutor(4) as pool:
        stop = threading.Event()

        def ask() -> list[tuple[int, float]]:
            actual = []
            with httpx2.Client(timeout=120) as client:
                while not stop.is_set():
                    answer = client.post(url + "/v1/predict", json={"text": "the "})
                    probability = answer.json()["suggestions"][0]["probability"]
                    actual.append((answer.status_code, probability))
            return actual

        asking = [pool.submit(ask) for _ in range(4)]
        try:
            other = made("lstm")
            other.weights["decoder.bias"] = np.arange(20, dtype=np.float32)
            write(other, path)
            after = load(path).suggest("the ")[0].probability
            process.send_signal(signal.SIGHUP)
            until(lambda: predict(url).json()["suggestions"][0]["probability"] == after)
        finally:
            stop.set()
        answers = [answer for one in asking for answer in one.result()]
    assert {status for status, _ in answers} == {200}
    assert after != before
    assert {probability for _, probability in answers} <= {before, after}


def test_a_damaged_model_leaves_the_one_that_is_served(tmp_path: Path) -> None:
    path = write(made("lstm"), tmp_path / "small")
    with serving(path, FOREWORD_TOKEN=TOKEN) as (_, url):
        headers = {"authorization": f"Bearer {TOKEN}"}
        body = {"text": "the "}
        before = httpx2.post(url + "/v1/predict", json=body, headers=headers).json()
        (path / "model.safetensors").write_bytes(b"broken")
        answer = httpx2.post(url + "/v1/reload", json={}, headers=headers).json()
        assert "model.safetensors" in answer["models"]["small"]
        assert httpx2.post(url + "/v1/predict", json=body, headers=headers).json() == before


def test_another_replica_goes_on_with_the_states_of_one_that_was_killed(model_path: Path) -> None:
    predictor = load(model_path)
    words = ["the", "cat", "sat", "on", "a", "mat", "I", "would", "like", "to"]
    with (
        serving(model_path, FOREWORD_STATE_KEY=KEY) as (first, one),
        serving(model_path, FOREWORD_STATE_KEY=KEY) as (_, two),
    ):
        state, url = None, one
        for position, word in enumerate(words):
            if position == 5:
                first.kill()
                first.wait()
            body = {"text": word, "state": state} if state else {"text": word}
            try:
                answer = httpx2.post(url + "/v1/advance", json=body)
            except httpx2.TransportError:
                url = two
                answer = httpx2.post(url + "/v1/advance", json=body)
            actual = answer.json()
            state = actual["state"]
            shares = predictor.probabilities(predictor.read(" ".join(words[: position + 1])))
            for prediction in actual["predictions"]:
                index = predictor.tokenizer.id_of(prediction["word"])
                assert prediction["probability"] == pytest.approx(float(shares[index]))
        assert url == two


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"host": "0.0.0.0"}, "token is needed"),
        ({"token_file": Path("missing")}, "cannot be read"),
        ({"log": "all"}, "log must be"),
        ({"host": "192.0.2.1", "token_file": Path("token")}, "cannot be served"),
    ],
)
def test_what_cannot_be_served_is_said(
    model_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
    message: str,
) -> None:
    (tmp_path / "token").write_text(TOKEN)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=message):
        serve([str(model_path)], port=0, **options)


def test_serving_imports_no_torch(model_path: Path) -> None:
    code = (
        "import sys, json\n"
        "from foreword.server.app import make_app, make_service\n"
        "from foreword.server.settings import ServerSettings\n"
        f"make_app(make_service([{str(model_path)!r}], ServerSettings()))\n"
        "print(json.dumps('torch' in sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) is False
