"""The page to type a translation in, in a real browser with a real translator behind it."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, WebSocketRoute, expect
from starlette.testclient import TestClient
from tests.browser import NEEDED
from tests.server.browser import ADDRESS, FILES, POLICY, TYPES
from tests.translator.models import write_random

from foreword.server.app import make_service
from foreword.server.settings import ServerSettings

from .conftest import client_of

pytestmark = NEEDED

SOURCE = "die Katze saß"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = write_random(tmp_path_factory.mktemp("models") / "de-en")
    with client_of(make_service([str(folder)], ServerSettings())) as client:
        yield client


@pytest.fixture
def show(browser: Browser, client: TestClient) -> Iterator[Callable[..., Page]]:
    """Opens the page of a server that has a translator alone."""
    opened: list[Page] = []
    complaints: list[str] = []

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(ADDRESS)
        if path.startswith("v1/"):
            route.fulfill(body=client.get(f"/{path}").content, content_type="application/json")
            return
        file = FILES / (path or "index.html")
        headers = {"content-type": TYPES[file.suffix[1:]], "content-security-policy": POLICY}
        route.fulfill(body=file.read_bytes(), headers=headers)

    def typed(socket: WebSocketRoute, text: str) -> None:
        fields = json.loads(text)
        number = fields.pop("id")
        socket.send(
            json.dumps({"id": number, **client.post("/v1/translation", json=fields).json()})
        )

    def connect(socket: WebSocketRoute) -> None:
        if socket.url.endswith("/v1/translation"):
            socket.on_message(lambda text: typed(socket, str(text)))

    def opener(**look: Any) -> Page:
        page = browser.new_page(**{"viewport": {"width": 1280, "height": 900}} | look)
        page.set_default_timeout(60_000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.route(re.compile(".*"), answer)
        page.route_web_socket(re.compile(".*"), connect)
        opened.append(page)
        page.goto(ADDRESS)
        page.wait_for_url("**/translate.html")
        page.fill("#source", SOURCE)
        page.click("#field")
        return page

    yield opener
    for page in opened:
        page.close()
    assert complaints == []


def ask(client: TestClient, text: str, **more: object) -> Any:
    fields = {"source": SOURCE, "text": text, **more}
    return client.post("/v1/translation", json=fields).json()


def test_a_translation_is_typed_with_words_ghost_text_lines_and_alternatives(
    show: Callable[..., Page], client: TestClient
) -> None:
    page = show()
    page.keyboard.type("the c")
    answer = ask(client, "the c", rest=True, attention=True)
    expect(page.locator(".suggestion-word")).to_have_text(
        [one["word"] for one in answer["suggestions"]]
    )
    expect(page.locator(".ghost")).to_have_text(answer["rest"])
    rows = page.locator("#alignment-figure .row")
    expect(rows.nth(0).locator(".word")).to_have_text(SOURCE.split())
    expect(rows.nth(1).locator(".word")).to_have_text(["the", "c", "next word"])
    weights = [weight for one in answer["attention"]["words"] for weight in one["weights"]]
    assert page.locator(".look").count() == sum(weight >= 0.06 for weight in weights)

    rows.nth(1).locator("button").first.click()
    other = ask(client, "the c", k=5, word=0)["alternatives"][0]["word"]
    page.locator(".other").first.click()
    expect(page.locator("#field")).to_have_value(f"{other} c")
    expect(page.locator("#pressed")).to_have_text("6")

    rest = ask(client, f"{other} c", rest=True)["rest"]
    expect(page.locator(".ghost")).to_have_text(rest)
    page.keyboard.press("Tab")
    expect(page.locator("#field")).to_have_value(f"{other} c{rest} ")
    expect(page.locator("#pressed")).to_have_text("7")
    page.click("#again")
    expect(page.locator("#field")).to_have_value("")
    expect(page.locator("#pressed")).to_have_text("0")


def test_what_takes_long_is_asked_for_after_a_pause_alone_and_kept_while_the_text_agrees(
    show: Callable[..., Page], client: TestClient
) -> None:
    page = show()
    page.keyboard.type("t")
    rest = ask(client, "t", rest=True)["rest"]
    expect(page.locator(".ghost")).to_have_text(rest)
    page.evaluate(
        """() => {
            const send = WebSocket.prototype.send;
            window.asked = [];
            WebSocket.prototype.send = function (text) {
                window.asked.push(JSON.parse(text));
                send.call(this, text);
            };
        }"""
    )
    page.keyboard.type(rest[:3])
    expect(page.locator(".ghost")).to_have_text(rest[3:])
    rows = page.locator("#alignment-figure .row")
    expect(rows.nth(1).locator(".word")).to_have_text([*f"t{rest[:3]}".split(), "next word"])
    asked = page.evaluate("window.asked")

    assert [one["text"] for one in asked if one["rest"]][-1] == f"t{rest[:3]}"
    assert {one["text"] for one in asked if not one["rest"]} == {
        f"t{rest[:n]}" for n in range(1, 4)
    }
    assert all(one["attention"] == one["rest"] for one in asked)


@pytest.mark.parametrize(
    "look",
    [
        {"color_scheme": "light"},
        {"color_scheme": "dark", "viewport": {"width": 380, "height": 900}},
    ],
)
def test_the_page_is_accessible_and_nothing_is_cut_off(
    show: Callable[..., Page], look: dict[str, Any]
) -> None:
    page = show(**look)
    page.keyboard.type("the c")
    page.locator("#alignment-figure button").first.click()
    expect(page.locator(".other").first).to_be_visible()
    actual = Axe().run(page)
    assert actual.violations_count == 0, actual.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
