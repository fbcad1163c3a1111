import io
import json
import re
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import libretranslatepy.api
import pytest
from starlette.testclient import TestClient
from tests.server.conftest import HOME, TOKEN, MakeService
from tests.translator.models import write_random

from foreword.errors import SettingsError
from foreword.server import libretranslate
from foreword.server.app import make_app, make_service
from foreword.server.settings import ServerSettings
from foreword.server.translators import Answer, FolderTranslator, Translators
from foreword.translator.translator import Translator
from foreword.translator.typist import TranslationTypist


class Words:
    """Translates word by word."""

    def __init__(self, source: str, target: str, **words: str) -> None:
        self.source, self.target, self.words = source, target, words
        self.name, self.created = f"{source}-{target}", 0

    def translate(self, texts: list[str], alternatives: int) -> list[Answer]:
        best = [" ".join(self.words.get(word, word) for word in text.split(" ")) for text in texts]
        return [
            Answer([text, *(f"{text} {n}" for n in range(1, alternatives + 1))]) for text in best
        ]

    def typist(self, source: str) -> TranslationTypist:
        raise NotImplementedError(source)

    def reload(self) -> str:
        return "unchanged"


TRANSLATORS = [
    Words("de", "en", Hallo="Hello", Welt="world", Tom="Tom&Co"),
    Words("en", "fr", Hello="Bonjour"),
]


def client_with(serve: MakeService, **settings: Any) -> TestClient:
    service = replace(serve(**settings), translators=Translators(TRANSLATORS))
    return TestClient(make_app(service), base_url=HOME)


@pytest.fixture
def client(serve: MakeService) -> Iterator[TestClient]:
    with client_with(serve) as client:
        yield client


def ask(client: TestClient, **fields: object) -> Any:
    answer = client.post("/translate", json={"source": "de", "target": "en", **fields})
    return answer.json() if answer.status_code == 200 else (answer.status_code, answer.json())


def test_a_text_and_a_list_of_texts_are_translated(client: TestClient) -> None:
    assert ask(client, q="Hallo Welt") == {"translatedText": "Hello world"}
    assert ask(client, q=["Hallo", ""], format="text") == {"translatedText": ["Hello", ""]}


def test_alternatives_come_on_request(client: TestClient) -> None:
    assert ask(client, q="Welt", alternatives=2) == {
        "translatedText": "world",
        "alternatives": ["world 1", "world 2"],
    }


def test_tags_of_html_stay_and_its_text_is_escaped(client: TestClient) -> None:
    page = '<p class="Welt">Hallo <b>Welt</b><!-- Hallo --> &amp; Tom</p>'

    assert ask(client, q=page, format="html") == {
        "translatedText": '<p class="Welt">Hello <b>world</b><!-- Hallo --> &amp; Tom&amp;Co</p>'
    }


def test_comments_that_never_end_cost_no_more_than_other_html() -> None:
    text = "<!--" * 4096  # searched to the end from each beginning, 8 million characters
    pieces = libretranslate._TAG.split(text)

    assert pieces == ["", text, ""]
    assert libretranslate.translate_html(TRANSLATORS[0], text).texts == [text]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("&#65;&#x42;&#0000067;", "ABC"),
        ("&#" + "0" * 5000 + "68;", "D"),
        ("&#" + "1" * 5000 + ";", "\ufffd"),
        ("&#99999999;&#;&#x" + "f" * 5000 + ";", "\ufffd&amp;#;\ufffd"),
    ],
)
def test_numbered_characters_of_any_length_are_read(
    client: TestClient, html: str, text: str
) -> None:
    assert ask(client, q=html, format="html") == {"translatedText": text}


def test_languages_are_detected_in_the_queue_of_translations(serve: MakeService) -> None:
    with client_with(serve, waiting=0) as client:
        for path in ("/detect", "/translate"):
            fields = {"q": "Hallo", "source": "auto", "target": "en"}
            assert client.post(path, json=fields).status_code == 503


def test_the_language_of_a_text_is_detected(client: TestClient) -> None:
    german = "Der Hund rennt heute schnell durch den Wald und bellt."

    (actual,) = client.post("/detect", json={"q": german}).json()
    assert actual["language"] == "de"
    assert 50 < actual["confidence"] <= 100
    assert ask(client, q=german, source="auto")["detectedLanguage"] == actual


def test_languages_tell_into_which_others_they_are_translated(client: TestClient) -> None:
    assert client.get("/languages").json() == [
        {"code": "de", "name": "German", "targets": ["en"]},
        {"code": "en", "name": "English", "targets": ["fr"]},
        {"code": "fr", "name": "French", "targets": []},
    ]
    settings = client.get("/frontend/settings").json()
    assert settings["language"]["source"] == {"code": "de", "name": "German"}
    assert not settings["keyRequired"]


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({}, 400, "Invalid request: q"),
        ({"q": 3}, 400, "Invalid request: q"),
        ({"q": []}, 400, "Invalid request: q"),
        ({"q": "a", "target": "xx"}, 400, "de to xx is not supported.*de to en, en to fr"),
        ({"q": "a", "source": None}, 400, "Invalid request: source"),
        ({"q": "a", "format": "rtf"}, 400, "Invalid request: format"),
        ({"q": "a", "alternatives": 99}, 400, "Invalid request: alternatives"),
        ({"q": "a" * 120_000}, 413, "characters"),
        ({"q": ["a"] * 1000}, 413, "more than"),
    ],
)
def test_wrong_requests_are_refused_as_libretranslate_does(
    client: TestClient, fields: dict[str, Any], status: int, message: str
) -> None:
    answered, body = ask(client, **fields)

    assert answered == status
    assert re.search(message, body["error"])


def test_a_body_that_is_neither_json_nor_a_form_is_refused(client: TestClient) -> None:
    kinds = {"text/plain": 415, "application/json": 400}
    for kind, status in kinds.items():
        answer = client.post("/translate", content=b"{", headers={"content-type": kind})
        assert answer.status_code == status
        assert isinstance(answer.json()["error"], str)


def test_the_servers_token_is_the_key(serve: MakeService) -> None:
    with client_with(serve, token=TOKEN) as client:
        assert ask(client, q="Welt")[0] == 403
        assert ask(client, q="Welt", api_key="wrong")[0] == 403
        assert ask(client, q="Welt", api_key=TOKEN) == {"translatedText": "world"}
        headers = {"authorization": f"Bearer {TOKEN}"}
        answer = client.post("/detect", json={"q": "Welt"}, headers=headers)
        assert answer.status_code == 200
        # LibreTranslate's clients ask for these before they ask for a key.
        for path in ("/languages", "/frontend/settings"):
            assert client.get(path).status_code == 200


def test_a_server_without_translators_has_no_such_endpoints(serve: MakeService) -> None:
    with TestClient(make_app(serve()), base_url=HOME) as client:
        assert client.post("/translate", json={"q": "a"}).status_code in (404, 405)


def test_a_public_client_works_unchanged(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def urlopen(request: urllib.request.Request, timeout: object = None) -> io.BytesIO:
        headers = {"content-type": "application/x-www-form-urlencoded"}  # as urllib sends it
        answer = client.request(
            request.get_method(), request.full_url, content=request.data, headers=headers
        )
        assert answer.status_code == 200
        return io.BytesIO(answer.content)

    monkeypatch.setattr(libretranslatepy.api.request, "urlopen", urlopen)
    public = libretranslatepy.api.LibreTranslateAPI(HOME, api_key="any")

    assert public.translate("Hallo Welt", "de", "en") == "Hello world"
    assert public.detect("This is a sentence in English.")[0]["language"] == "en"
    assert json.dumps(public.languages()).count("code") == 3


def test_a_folder_is_served_by_its_languages(tmp_path: Path) -> None:
    served = FolderTranslator(str(write_random(tmp_path / "model")))

    assert (served.source, served.target) == ("de", "en")
    expected = Translator.load(tmp_path / "model").translate("die Katze", n=2)
    (answer,) = served.translate(["die Katze"], 1)
    assert answer == ([expected.text, expected.alternatives[0].text], ())


def test_a_memory_comes_first_and_the_answer_says_so(serve: MakeService, tmp_path: Path) -> None:
    memory = tmp_path / "memory.tsv"
    memory.write_text("Guten Tag.\tGood day.\nGute Nacht.\tGood night.\n")
    model = write_random(tmp_path / "model")
    served = FolderTranslator(str(model), memory=[str(memory)])
    app = make_app(replace(serve(), translators=Translators([served])))
    with TestClient(app, base_url=HOME) as client:
        answer = ask(client, q="Guten Tag.\nGute Nacht.")
        assert answer == {
            "translatedText": "Good day.\nGood night.",
            "fromMemory": ["Guten Tag.", "Gute Nacht."],
        }
        assert "fromMemory" not in ask(client, q="Hallo")
        html = ask(client, q=["<b>Guten Tag.</b>", "Hallo"], format="html")
        assert html["translatedText"][0] == "<b>Good day.</b>"
        assert html["fromMemory"] == [["Guten Tag."], []]
    with pytest.raises(SettingsError, match="exactly one translation model"):
        make_service([str(model), str(model)], ServerSettings(), memory=[str(memory)])
