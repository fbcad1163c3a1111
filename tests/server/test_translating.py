"""Typing a translation over HTTP and WebSocket, against the translator itself."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient
from tests.translator.models import write_random

from foreword.errors import SettingsError
from foreword.server.app import make_app, make_service
from foreword.server.reloading import reload_models
from foreword.server.settings import ServerSettings
from foreword.server.translators import FolderTranslator, Translators
from foreword.translator.translator import Translator

from .conftest import HOME, MakeService, client_of, run

SOCKET = "ws://127.0.0.1:8765/v1/translation"
SOURCE = "die Katze saß auf {place}"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random(tmp_path_factory.mktemp("models") / "de-en")


@pytest.fixture(scope="module")
def translator(path: Path) -> Translator:
    return Translator.load(path)


@pytest.fixture
def client(path: Path) -> Iterator[TestClient]:
    with client_of(make_service([str(path)], ServerSettings(longest_text=3000))) as client:
        yield client


def test_a_translation_is_typed_with_the_answers_of_the_translator(
    client: TestClient, translator: Translator
) -> None:
    typist = translator.typist(SOURCE)
    with client.websocket_connect(SOCKET) as socket:
        for text in ("", "the c", "the cat ", "the cat {pl"):
            asked = {"source": SOURCE, "text": text, "k": 2, "rest": True}
            wanted = {
                "model": "de-en",
                "suggestions": [
                    {"word": one.word, "text": one.accepted(text), "probability": one.probability}
                    for one in typist.suggest(text, 2)
                ],
                "rest": typist.rest(text),
            }
            assert client.post("/v1/translation", json=asked).json() == wanted
            socket.send_json({"id": 7, **asked})
            assert socket.receive_json() == {"id": 7, **wanted}


def test_attention_joins_words_by_their_offsets(client: TestClient) -> None:
    asked = {"source": SOURCE, "text": "the {place} ca", "attention": True}
    answer = client.post("/v1/translation", json=asked).json()["attention"]
    assert [SOURCE[one["start"] : one["end"]] for one in answer["source"]] == SOURCE.split()
    typed = [asked["text"][one["start"] : one["end"]] for one in answer["words"]]  # type: ignore[index]
    assert typed == ["the", "{place}", "ca", ""]
    for one in answer["words"]:
        assert len(one["weights"]) == len(SOURCE.split())
        assert 0 < sum(one["weights"]) <= 1.001


def test_a_typed_word_has_alternatives(client: TestClient, translator: Translator) -> None:
    asked = {"source": SOURCE, "text": "the cat sat", "k": 4, "word": 5}
    answer = client.post("/v1/translation", json=asked).json()["alternatives"]
    wanted = translator.typist(SOURCE).suggest("the ", 5)
    assert [one["text"] for one in answer] == [
        one.accepted("the ") for one in wanted if one.word != "cat"
    ][:4]


@pytest.mark.parametrize(
    ("fields", "status", "code", "param"),
    [
        ({}, 422, "invalid", "source"),
        ({"source": "a\nb"}, 422, "invalid", "source"),
        ({"source": "die Katze " * 250}, 422, "invalid", "source"),
        ({"source": "a" * 3001}, 413, "too_large", "source"),
        ({"source": "a", "text": "a" * 3001}, 413, "too_large", "text"),
        ({"source": "a", "k": 0}, 422, "invalid", "k"),
        ({"source": "a", "text": "the", "word": 3}, 422, "invalid", "word"),
        ({"source": "a", "model": "small"}, 404, "model_not_found", "model"),
        ({"source": "a", "tolerant": True}, 422, "invalid", "tolerant"),
    ],
)
def test_wrong_fields_are_refused_alike_over_http_and_websocket(
    client: TestClient, fields: dict[str, Any], status: int, code: str, param: str
) -> None:
    answer = client.post("/v1/translation", json=fields)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (status, code, param)
    with client.websocket_connect(SOCKET) as socket:
        socket.send_json({"id": 4, **fields})
        assert socket.receive_json() == {
            "id": 4,
            "error": {"code": code, "message": error["message"]},
        }
        socket.send_json({"id": 5, "source": "😀", "text": "the ", "rest": True})
        assert socket.receive_json()["suggestions"]


def test_nothing_is_suggested_after_more_than_can_be_read(client: TestClient) -> None:
    asked = {"source": "a", "text": "x " * 1400, "rest": True, "attention": True, "word": 2700}
    answer = client.post("/v1/translation", json=asked).json()
    assert (answer["suggestions"], answer["rest"], answer["alternatives"]) == ([], "", [])
    assert answer["attention"]["words"] == []


def test_a_server_of_a_translator_alone_says_what_it_serves(client: TestClient) -> None:
    models = client.get("/v1/models").json()
    assert models["data"] == []
    (card,) = models["translators"]
    assert (card["id"], card["source_language"], card["target_language"]) == ("de-en", "de", "en")
    assert client.get("/health").json()["models"] == ["de-en"]
    assert client.get("/languages").json()[0]["targets"] == ["en"]
    answer = client.post("/v1/predict", json={"text": "a"})
    assert answer.status_code == 404
    assert "no such next-word model" in answer.json()["error"]["message"]


def test_a_server_needs_a_model() -> None:
    with pytest.raises(SettingsError, match="no model to serve"):
        make_service([], ServerSettings())


def test_a_changed_translator_is_reloaded_and_a_damaged_one_stays(
    tmp_path: Path, path: Path
) -> None:
    folder = write_random(tmp_path / "de-en", seed=2)
    service = make_service([], ServerSettings(), [str(folder)])
    with client_of(service) as client:

        def typed() -> Any:
            return client.post("/v1/translation", json={"source": SOURCE}).json()

        first = typed()
        assert run(reload_models(service)) == {"de-en": "unchanged"}
        write_random(folder, seed=1)
        assert run(reload_models(service)) == {"de-en": "reloaded"}
        second = typed()
        assert first != second
        (folder / "config.json").write_text("{")
        assert "config.json" in run(reload_models(service))["de-en"]
        assert typed() == second


def test_requests_beyond_the_queue_and_beyond_the_deadline_are_refused(
    serve: MakeService, path: Path
) -> None:
    asked = {"/v1/translation": {"source": SOURCE}, "/translate": {"q": SOURCE, **_LANGUAGES}}

    async def refused(**settings: Any) -> list[tuple[int, str]]:
        translators = Translators([FolderTranslator(str(path))])
        service = replace(serve(**settings), translators=translators)
        async with (
            httpx2.AsyncClient(
                transport=httpx2.ASGITransport(make_app(service)), base_url=HOME
            ) as client,
            service.typing.turn(),  # is never over
            service.translating.turn(),
        ):
            answers = [await client.post(url, json=body) for url, body in asked.items()]
        return [(answer.status_code, answer.headers["retry-after"]) for answer in answers]

    assert asyncio.run(refused(waiting=1)) == [(503, "1")] * 2
    assert asyncio.run(refused(deadline=0.01)) == [(503, "1")] * 2


_LANGUAGES = {"source": "de", "target": "en"}
