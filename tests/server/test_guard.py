import base64
import logging

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse

from foreword.errors import SettingsError
from foreword.server.limits import Rates
from foreword.server.settings import ServerSettings

from .conftest import HOME, SOCKET, TOKEN, MakeService, client_of

BODY = {"text": "the "}
ALL = [
    ("GET", "/health"),
    ("GET", "/"),
    ("GET", "/metrics"),
    ("GET", "/v1/models"),
    ("POST", "/v1/predict"),
]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:1", "[::1]:8765"])
def test_the_machines_own_names_are_served(client: TestClient, host: str) -> None:
    assert client.post("/v1/predict", json=BODY, headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.:80"])
@pytest.mark.parametrize(("method", "path"), ALL)
def test_other_names_are_refused(client: TestClient, host: str, method: str, path: str) -> None:
    answer = client.request(method, path, headers={"host": host})
    assert (answer.status_code, answer.json()["error"]["code"]) == (421, "forbidden_host")


def test_a_name_that_was_allowed_is_served(serve: MakeService) -> None:
    with client_of(serve(hosts=("words.example",)), host="words.example:443") as client:
        assert client.get("/health").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "http://127.0.0.1:8765.evil.example"},
        {"sec-fetch-site": "cross-site"},
    ],
)
@pytest.mark.parametrize(("method", "path"), ALL)
def test_pages_of_other_sites_are_refused(
    client: TestClient, headers: dict[str, str], method: str, path: str
) -> None:
    answer = client.request(method, path, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden_origin")
    assert "access-control-allow-origin" not in answer.headers


def test_the_servers_own_page_may_ask(client: TestClient) -> None:
    headers = {"origin": HOME, "sec-fetch-site": "same-origin"}
    assert client.post("/v1/predict", json=BODY, headers=headers).status_code == 200


def test_a_page_of_an_origin_that_was_allowed_may_ask_and_read(serve: MakeService) -> None:
    origin = "https://app.example"
    with client_of(serve(origins=(origin,), token=TOKEN), origin=origin) as client:
        before = client.options("/v1/predict", headers={"access-control-request-method": "POST"})
        bearer = {"authorization": f"Bearer {TOKEN}"}
        answer = client.post("/v1/predict", json=BODY, headers=bearer)
        other = client.options("/v1/predict", headers={"origin": "https://app.example.evil"})
    assert before.status_code == 204
    assert before.headers["access-control-allow-headers"] == "authorization, content-type"
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["vary"] == "origin"
    assert other.status_code == 403


@pytest.mark.parametrize(
    "header", [None, "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x"]
)
@pytest.mark.parametrize("path", ["/v1/predict", "/v1/models", "/metrics", "/openapi.json"])
def test_without_the_token_nothing_is_answered(
    serve: MakeService, header: str | None, path: str
) -> None:
    headers = {} if header is None else {"authorization": header}
    with client_of(serve(token=TOKEN), **headers) as client:
        answer = client.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_with_the_token_all_is_answered(serve: MakeService) -> None:
    with client_of(serve(token=TOKEN), authorization=f"bearer {TOKEN}") as client:
        assert client.post("/v1/predict", json=BODY).status_code == 200
        assert client.get("/metrics").status_code == 200


def test_health_needs_no_token(serve: MakeService) -> None:
    with client_of(serve(token=TOKEN)) as client:
        assert client.get("/health").json() == {"status": "ok", "models": ["small", "other"]}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://evil.example"}, 403),
        ({"host": "evil.example"}, 421),
        ({"authorization": "Bearer wrong"}, 401),
        ({"sec-websocket-protocol": "foreword, bearer.d3Jvbmc"}, 401),
        ({}, 401),
    ],
)
def test_websockets_are_guarded_as_requests_are(
    serve: MakeService, headers: dict[str, str], status: int
) -> None:
    service = serve(token=TOKEN)
    with client_of(service) as client, pytest.raises(WebSocketDenialResponse) as caught:  # noqa: SIM117
        with client.websocket_connect(SOCKET, headers=headers):
            pass
    assert caught.value.status_code == status


def test_a_browser_sends_the_token_as_a_subprotocol(serve: MakeService) -> None:
    token = base64.urlsafe_b64encode(TOKEN.encode()).decode().rstrip("=")
    protocols = ["foreword", f"bearer.{token}"]
    with (
        client_of(serve(token=TOKEN)) as client,
        client.websocket_connect(SOCKET, protocols) as socket,
    ):
        assert socket.accepted_subprotocol == "foreword"


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": ""},
        {"content-type": "application/json; charset=latin-1"},
        {"content-type": "application/json;", "content-encoding": "gzip"},
    ],
)
def test_only_json_is_taken(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post("/v1/predict", content=b'{"text": ""}', headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "not_json")


def test_large_bodies_and_texts_are_refused(serve: MakeService) -> None:
    with client_of(serve(largest_body=1000, longest_text=100, most_texts=3)) as client:
        small = client.post("/v1/predict", json={"text": "a" * 100})
        text = client.post("/v1/predict", json={"text": "a" * 101})
        many = client.post("/v1/predict", json={"text": ["a"] * 4})
        body = client.post("/v1/predict", json={"text": "a" * 1001})
        json_type = {"content-type": "application/json"}
        stream = client.post("/v1/predict", content=iter([b"x" * 600] * 3), headers=json_type)
    assert small.status_code == 200
    for answer in (text, many, body, stream):
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize("path", ["/nothing", "/v1/", "/v1/predict/", "/..%2f..%2fetc/passwd"])
def test_unknown_paths_are_said_to_be(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_a_wrong_method_is_said_to_be(client: TestClient) -> None:
    answer = client.get("/v1/predict")
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


def test_whoever_asks_too_often_is_told_when_to_come_back(serve: MakeService) -> None:
    with client_of(serve(rate=2.0)) as client:
        answers = [client.get("/health") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["retry-after"] == "1"


def test_only_others_than_this_machine_are_held_to_a_rate_that_nobody_has_set() -> None:
    token = "x" * 16
    assert ServerSettings().allowed_rate == 0
    assert ServerSettings(host="0.0.0.0", token=token).allowed_rate == 100
    assert ServerSettings(host="0.0.0.0", token=token, rate=0.0).allowed_rate == 0
    assert ServerSettings(rate=3.0).allowed_rate == 3


def test_a_rate_allows_as_many_as_it_says() -> None:
    now = 0.0
    rates = Rates(5.0, clock=lambda: now)
    assert [rates.wait("a") > 0 for _ in range(7)] == [False] * 5 + [True] * 2
    assert rates.wait("b") == 0
    now = 0.2
    assert rates.wait("a") == 0
    assert rates.wait("a") == pytest.approx(0.2)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "words.example", ""])
def test_others_are_served_with_a_token_alone(host: str) -> None:
    with pytest.raises(SettingsError, match="token is needed"):
        ServerSettings(host=host)
    assert not ServerSettings(host=host, token=TOKEN).is_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_this_machine_is_served_without(host: str) -> None:
    assert ServerSettings(host=host).is_loopback


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": "short"},
        {"state_keys": (b"short",)},
        {"origins": ("*",)},
        {"origins": ("https://app.example/path",)},
        {"log": "everything"},
        {"waiting": -1},
    ],
)
def test_unsafe_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        ServerSettings(**wrong)


@pytest.mark.parametrize(
    ("log", "shows"), [("errors", False), ("requests", False), ("texts", True)]
)
def test_texts_are_logged_only_where_that_was_asked_for(
    serve: MakeService, caplog: pytest.LogCaptureFixture, log: str, shows: bool
) -> None:
    caplog.set_level(logging.DEBUG)
    with client_of(serve(log=log)) as client:
        client.post("/v1/predict", json={"text": "my secret"})
        client.post("/v1/predict", json={"text": "my secret", "kk": 1})
        client.post("/v1/completions", json={"prompt": "my secret"})
        client.get("/my secret?my secret")
        with client.websocket_connect(SOCKET) as socket:
            socket.send_text('{"id": 1, "text": "my secret"}')
            socket.receive_text()
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("foreword")]
    assert any("my secret" in line for line in ours) is shows
