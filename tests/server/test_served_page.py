"""The page as `foreword serve` gives it: its files, its policy, its protocol."""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect
from tests.browser import NEEDED

import foreword

pytestmark = NEEDED


@pytest.fixture
def address(small_model: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "foreword", "serve", str(small_model), "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    output = ""
    while not (actual := re.search(r"http://\S+", output)):
        output = process.stdout.readline()
        assert output, "it ended"
    yield actual[0]
    process.terminate()
    process.communicate(timeout=120)


def test_one_types_and_the_server_answers(
    address: str, small_model: Path, browser: Browser
) -> None:
    predictor = foreword.load(small_model)
    complaints: list[str] = []
    requests: list[str] = []
    page = browser.new_page()
    page.set_default_timeout(60_000)
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(address)
    expect(page.locator("#link")).to_have_text("connected")
    expect(page.locator("#model-name")).to_have_text(small_model.name)
    page.keyboard.type("I would li")
    expected = predictor.suggest("I would li", 3)
    expect(page.locator("html")).to_have_attribute("data-shown", "I would li")
    expect(page.locator(".suggestion-word")).to_have_text([one.word for one in expected])
    layer = predictor.trace("I would li", complete=True).layers[0]
    for name, values in {**layer.gates, **layer.states}.items():
        mean = page.locator(f".part[data-part={name}] .part-mean").inner_text()
        assert float(mean.replace("−", "-")) == pytest.approx(values.mean(), abs=0.006)
    page.keyboard.press("Alt+1")
    assert page.input_value("#field") == expected[0].accepted("I would li") + " "
    actual = Axe().run(page)
    assert actual.violations_count == 0, actual.generate_report()
    page.close()
    assert complaints == []
    assert [url for url in requests if not url.startswith(address)] == []
