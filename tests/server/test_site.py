"""The page of `foreword page`: the model in a browser, behind a web server that knows nothing."""

import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.browser import NEEDED
from tests.conftest import MakeFolder
from tests.core.library import CError, CModel, Library, built
from tests.core.test_library import made
from tests.needs import needs
from tests.predictor.test_compiled_network import random_model
from typer.testing import CliRunner

import foreword
from foreword.cli.app import app
from foreword.errors import SettingsError
from foreword.folder.saving import write_folder
from foreword.folder.store import Folder
from foreword.server.site import write_site

ACTIVATED = """() => new Promise((resolve) => {
    const look = () => { if (self.serviceWorker.state === "activated") resolve(); };
    self.serviceWorker.addEventListener("statechange", look);
    look();
})"""
"""Waits until a service worker answers requests."""


class Quiet(SimpleHTTPRequestHandler):
    """Python's web server, without its log.

    It sends each file anew: by its times, which are in seconds, a file that was written again in
    the same second would be unchanged.
    """

    def send_head(self) -> Any:
        del self.headers["If-Modified-Since"]
        return super().send_head()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class Web:
    """A web server for a folder, and what was requested by a browser's window."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        handler = partial(Quiet, directory=str(folder))
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, args=[0.01], daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def web(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    folder = tmp_path_factory.mktemp("web") / "site"
    write_site(small_model, folder)
    web = Web(folder)
    yield web
    web.stop()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A window without caches, which is quiet."""
    complaints: list[str] = []
    context = browser.new_context()
    context.set_default_timeout(10_000)
    context.on("console", lambda message: complaints.append(message.text))
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    yield context
    context.close()
    assert complaints == []


def opened(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    expect(page.locator("#link")).to_have_text("on this device, also offline", timeout=30_000)
    return page


def check_words(page: Page, model: Path, text: str, *, phrases: bool = False) -> None:
    page.fill("#field", text)
    expect(page.locator("html")).to_have_attribute("data-shown", text)
    expected = foreword.load(model).suggest(text, 3, phrases=phrases)
    expect(page.locator(".suggestion-word")).to_have_text([one.word for one in expected])


@NEEDED
def test_one_types_without_a_server_and_even_without_a_network(
    small_model: Path, tmp_path: Path, context: BrowserContext
) -> None:
    write_site(small_model, tmp_path / "a site")
    web = Web(tmp_path)
    requests: list[str] = []
    context.on("request", lambda request: requests.append(request.url))
    address = f"{web.address}a%20site/"
    page = opened(context, address)
    expect(page.locator("#model-name")).to_have_text(small_model.name)
    check_words(page, small_model, "I would li")
    page.keyboard.press("Alt+1")
    first = foreword.load(small_model).suggest("I would li", 1)[0]
    assert page.input_value("#field") == first.accepted("I would li") + " "
    page.check("#phrases")
    check_words(page, small_model, "I would li", phrases=True)
    page.uncheck("#phrases")
    expect(page.locator("footer")).to_contain_text("stays on this device")
    for hidden in ("#inside", "#other-page"):
        expect(page.locator(hidden)).to_be_hidden()
    web.stop()
    page.goto(f"{address}index.html?from=elsewhere")
    expect(page.locator("#link")).to_have_text("on this device, also offline")
    check_words(page, small_model, "the cat ")
    assert [url for url in requests if not url.startswith(address)] == []


@NEEDED
def test_a_new_model_takes_the_place_of_the_old_one(
    web: Web, small_model: Path, make_folder: MakeFolder, tmp_path: Path, context: BrowserContext
) -> None:
    other = written(make_folder("gru"), tmp_path / "other")
    page = opened(context, web.address)
    before = list(context.service_workers) or [context.wait_for_event("serviceworker")]
    try:
        write_site(other, web.folder)
        page.reload()
        expect(page.locator("#model-name")).to_have_text(small_model.name)  # whole, not mixed
        page.evaluate("navigator.serviceWorker.ready.then((own) => own.update())")
        # After a reload, the browser may have looked for a new one by itself.
        new = [worker for worker in context.service_workers if worker not in before]
        replacing = new[0] if new else context.wait_for_event("serviceworker")
        page.goto("about:blank")
        replacing.evaluate(ACTIVATED)
        page.goto(web.address)
        expect(page.locator("#model-name")).to_have_text("other")
        check_words(page, other, "the cat ")
        assert page.evaluate("caches.keys().then((names) => names.length)") == 1
    finally:
        write_site(small_model, web.folder)


IN_PAGE = """async (texts) => {
    const { load } = await import("./foreword.js");
    const typist = (await load("model/")).typist();
    return texts.map((text) => typist.suggest(text, 4).map((one) =>
        ({ ...one, text: text.slice(0, text.length - one.replaces) + one.text })));
}"""
IN_WORKER = """async (texts) => {
    const worker = new Worker("worker.js", { type: "module" });
    const told = () => new Promise((resolve) =>
        worker.addEventListener("message", ({ data }) => resolve(data), { once: true }));
    if ((await told()).kind !== "ready") throw new Error("the worker is not ready");
    const all = [];
    for (const text of texts) {
        worker.postMessage({ text, k: 4 });
        all.push((await told()).suggestions);
    }
    worker.terminate();
    return all;
}"""


@NEEDED
def test_a_page_and_a_worker_suggest_the_same_as_python(
    web: Web, small_model: Path, context: BrowserContext
) -> None:
    sentence = "How are you? i woud lik to , dont sit on 😀 the ca\u0301t\nPari"
    texts = [sentence[:end] for end in range(len(sentence) + 1)]
    typist = foreword.load(small_model).typist()
    expected = [typist.suggest(text, 4) for text in texts]
    page = context.new_page()
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    page.goto(f"{web.address}model/config.json")  # a page without a policy and without scripts
    page.evaluate("history.replaceState(null, '', '/')")
    for program in (IN_PAGE, IN_WORKER):
        for text, ours, theirs in zip(texts, expected, page.evaluate(program, texts), strict=True):
            words = [(one["word"], one["text"]) for one in theirs]
            assert words == [(one.word, one.accepted(text)) for one in ours], text
            shares = [one["probability"] for one in theirs]
            assert shares == pytest.approx([one.probability for one in ours], rel=1e-3)


@NEEDED
def test_a_model_that_does_not_come_is_told(web: Web, browser: Browser) -> None:
    context = browser.new_context(service_workers="block")
    context.route("**/tokenizer.json", lambda route: route.fulfill(status=404))
    page = context.new_page()
    page.goto(web.address)
    expect(page.locator("#link")).to_have_text("The model cannot be loaded")
    expect(page.locator("#problem")).to_contain_text("tokenizer.json cannot be read")
    context.close()


def written(folder: Folder, path: Path) -> Path:
    write_folder(path, folder.config, folder.weights, folder.tokenizer, "")
    return path


@needs("c_library")
@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("mlp-window", {"context_words": 2}, "the kind mlp-window"),
        ("slstm", {}, "the kind slstm"),
        ("lstm", {"softmaxes": 2}, "a mixture of softmaxes"),
        ("lstm", {"mogrifier_rounds": 2}, "a Mogrifier LSTM"),
        ("lstm", {"tied": False, "adaptive_clusters": 2, "adaptive_head": 4}, "adaptive softmax"),
    ],
)
def test_a_model_that_the_module_does_not_run_is_refused(
    make_folder: MakeFolder, tmp_path: Path, name: str, options: dict[str, object], told: str
) -> None:
    model = written(make_folder(name, **options), tmp_path / "model")
    with pytest.raises(SettingsError, match=rf"{told}.* cannot run in a browser.*foreword serve"):
        write_site(model, tmp_path / "site")
    assert not (tmp_path / "site").exists()
    with pytest.raises(CError, match=told):
        CModel(Library(built()), model)


@needs("c_library")
@pytest.mark.parametrize(
    ("option", "told"),
    [({"segmenter": "icu"}, "by ICU"), ({"lines": "wrapped"}, "lines are wrapped")],
)
def test_a_text_that_the_module_cannot_cut_is_refused(
    tmp_path: Path, option: dict[str, str], told: str
) -> None:
    _, files = made(*random_model("gru", (5, 2, 3, 1)), **option)
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    with pytest.raises(SettingsError, match=told):
        write_site(tmp_path, tmp_path / "site")
    with pytest.raises(CError, match=told):
        CModel(Library(built()), tmp_path).typist()


def test_the_command_says_what_it_wrote_and_replaces_only_what_it_wrote(
    small_model: Path, tmp_path: Path
) -> None:
    def run(out: Path, expect: int = 0) -> str:
        done = CliRunner().invoke(app, ["page", str(small_model), "--out", str(out)])
        assert done.exit_code == expect
        return " ".join(done.output.split()) if done.exception is None else str(done.exception)

    site, mine = tmp_path / "site", tmp_path / "mine"
    for _ in range(2):
        assert f"python -m http.server --bind 127.0.0.1 --directory {site}" in run(site)
    assert {path.name for path in (site / "model").iterdir()} == {
        path.name for path in small_model.iterdir()
    }
    mine.mkdir()
    (mine / "index.html").write_text("mine")
    assert "holds index.html, which no foreword page has written" in run(mine, expect=1)
    assert [path.name for path in mine.iterdir()] == ["index.html"]
    assert "is a model folder" in run(small_model, expect=1)


def test_the_name_of_a_model_is_no_markup(small_model: Path, tmp_path: Path) -> None:
    name = 'a"><script>'
    shutil.copytree(small_model, tmp_path / name)
    write_site(tmp_path / name, tmp_path / "site")
    page = (tmp_path / "site/index.html").read_text("utf-8")
    assert '<html lang="en" data-model="a&quot;&gt;&lt;script&gt;">' in page
