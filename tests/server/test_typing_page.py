"""The page to type in, in a real browser with a real predictor behind it."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from tests.browser import NEEDED
from tests.conftest import MakeFolder
from tests.server.browser import ADDRESS, FILES, Stub

import foreword
from foreword.inspect.colours import DIVERGING, SEQUENTIAL
from foreword.predictor.mixed_typist import MixedTypist
from foreword.predictor.predictor import Predictor

pytestmark = NEEDED


@pytest.fixture(scope="module")
def predictor(small_model: Path) -> Predictor:
    return foreword.load(small_model)


@pytest.fixture
def stub(predictor: Predictor) -> Stub:
    return Stub({"my-model": predictor})


@pytest.fixture
def show(browser: Browser, stub: Stub) -> Iterator[Callable[..., Page]]:
    """Opens the page; after the test, checks that it was quiet and spoke to its server alone."""
    opened: list[Page] = []
    complaints: list[str] = []
    requests: list[str] = []

    def opener(**look: Any) -> Page:
        page = browser.new_page(**{"viewport": {"width": 1280, "height": 900}} | look)
        page.set_default_timeout(60_000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        stub.serve(page)
        opened.append(page)
        page.goto(ADDRESS)
        return page

    yield opener
    for page in opened:
        page.close()
    # What a browser says of a server that is away is not the page's.
    assert [part for part in complaints if "ERR_CONNECTION_REFUSED" not in part] == []
    assert [url for url in requests if not url.startswith(ADDRESS)] == []


def type_text(page: Page, text: str) -> None:
    """Types, and waits for the suggestions for it."""
    page.keyboard.type(text)
    settled(page)


def settled(page: Page) -> None:
    """Waits until what is shown belongs to what stands before the cursor."""
    before = page.eval_on_selector("#field", "field => field.value.slice(0, field.selectionStart)")
    expect(page.locator("html")).to_have_attribute("data-shown", before)


def text_of(page: Page) -> str:
    return page.input_value("#field")


def ghost_of(page: Page) -> str:
    return "".join(page.locator(".ghost").all_text_contents())


def percent(share: float) -> str:
    whole = 100 * share
    if whole < 0.1:
        return "<\u00a00.1\u00a0%"
    return f"{whole:.{1 if whole < 9.95 else 0}f}\u00a0%"


def number(value: float) -> str:
    text = f"{value:.2f}"
    return text.replace("-", "" if float(text) == 0 else "−")


def greedy(predictor: Predictor, text: str) -> list[str]:
    """The words that grey text should have."""
    (first, *_) = predictor.suggest(text, 3)
    pieces, whole = [first.accepted(text)[len(text) :]], first.accepted(text)
    while len(pieces) < 3:
        (following,) = predictor.suggest(whole + " ", 1)
        longer = following.accepted(whole + " ")
        if following.probability < 0.3 or not longer.startswith(whole):
            break
        pieces.append(longer[len(whole) :])
        whole = longer
    return pieces


@pytest.mark.parametrize("text", ["", "I would li", "the cat ", "Paris, "])
def test_suggestions_and_their_probabilities_are_the_predictors(
    show: Callable[..., Page], predictor: Predictor, text: str
) -> None:
    page = show()
    type_text(page, text)
    expected = predictor.suggest(text, 3)
    expect(page.locator(".suggestion-word")).to_have_text([one.word for one in expected])
    chances = page.locator(".suggestion-chance").all_inner_texts()
    assert chances == [percent(one.probability) for one in expected]
    widths = page.locator(".suggestion-bar").evaluate_all(
        "bars => bars.map((bar) => bar.offsetWidth / bar.parentElement.clientWidth)"
    )
    np.testing.assert_allclose(widths, [one.probability for one in expected], atol=0.01)


def test_tab_takes_the_grey_text_and_keys_are_counted(
    show: Callable[..., Page], predictor: Predictor
) -> None:
    page = show()
    type_text(page, "I would li")
    pieces = greedy(predictor, "I would li")
    expect(page.locator(".ghost")).to_have_text("".join(pieces))
    page.keyboard.press("Tab")
    whole = "I would li" + "".join(pieces)
    assert text_of(page) == whole + " "
    settled(page)
    assert page.evaluate("document.activeElement.id") == "field"
    # Eleven keys; the space that has come along is not counted until it is used.
    assert page.inner_text("#pressed") == "11"
    assert page.inner_text("#without") == str(len(whole))
    assert page.inner_text("#saved") == percent(1 - 11 / len(whole))
    page.keyboard.press("Control+z")
    assert text_of(page) == "I would li"


def test_alt_and_right_take_one_word_of_the_grey_text(
    show: Callable[..., Page], predictor: Predictor
) -> None:
    texts = ["I would li", "the c", "I ", "how a", "the ", "a m", "to "]
    text = next(one for one in texts if len(greedy(predictor, one)) > 1)
    pieces = greedy(predictor, text)
    page = show()
    type_text(page, text)
    expect(page.locator(".ghost")).to_have_text("".join(pieces))
    page.keyboard.press("Alt+ArrowRight")
    assert text_of(page) == text + pieces[0] + " "


def test_escape_puts_the_grey_text_away_and_tab_then_leaves(show: Callable[..., Page]) -> None:
    page = show()
    type_text(page, "I would li")
    page.wait_for_selector(".ghost")
    page.keyboard.press("Escape")
    assert ghost_of(page) == ""
    assert page.locator(".suggestion").count() > 0
    page.keyboard.press("Tab")
    assert text_of(page) == "I would li"
    assert page.evaluate("document.activeElement.id") == "digits"
    page.keyboard.press("Shift+Tab")
    type_text(page, "k")
    page.wait_for_selector(".ghost")


def test_suggestions_are_taken_by_alt_and_a_digit_and_digits_can_be_typed(
    show: Callable[..., Page], predictor: Predictor
) -> None:
    page = show()
    type_text(page, "I would li")
    expected = predictor.suggest("I would li", 3)
    page.keyboard.press("Alt+2")
    assert text_of(page) == expected[1].accepted("I would li") + " "
    type_text(page, "12 cats")
    assert text_of(page).endswith(" 12 cats")


def test_with_the_switch_digits_alone_take_and_alt_types_them(
    show: Callable[..., Page], predictor: Predictor
) -> None:
    page = show()
    type_text(page, "I would li")
    page.check("#digits")
    assert page.evaluate("document.activeElement.id") == "field"
    page.keyboard.press("1")
    assert text_of(page) == predictor.suggest("I would li", 3)[0].accepted("I would li") + " "
    before = text_of(page)
    page.keyboard.press("Alt+1")
    assert text_of(page) == before + "1"
    page.reload()
    expect(page.locator("#digits")).to_be_checked()


def test_with_the_switch_phrases_are_suggested_and_the_grey_text_is_the_first_of_them(
    show: Callable[..., Page], predictor: Predictor
) -> None:
    page = show()
    text = "the cat "
    type_text(page, text)
    expected = predictor.suggest(text, 3, phrases=True)
    words = [one.word for one in expected]
    assert any(" " in word for word in words)
    expect(page.locator(".suggestion-word")).not_to_have_text(words)
    page.check("#phrases")
    assert page.evaluate("document.activeElement.id") == "field"
    expect(page.locator(".suggestion-word")).to_have_text(words)
    expect(page.locator(".ghost")).to_have_text(re.compile(re.escape(words[0])))
    page.keyboard.press("Alt+ArrowRight")
    assert text_of(page) == f"{text}{words[0].split()[0]} "
    page.reload()
    expect(page.locator("#phrases")).to_be_checked()


def test_the_arrow_keys_walk_through_the_list_as_a_screen_reader_hears(
    show: Callable[..., Page], predictor: Predictor
) -> None:
    page = show()
    type_text(page, "I would li")
    expected = predictor.suggest("I would li", 3)
    field = page.locator("#field")
    for rank in (0, 1):
        page.keyboard.press("ArrowDown")
        expect(field).to_have_attribute("aria-activedescendant", f"suggestion-{rank}")
        assert page.locator("[aria-selected=true]").get_attribute("id") == f"suggestion-{rank}"
    page.keyboard.press("Escape")
    assert field.get_attribute("aria-activedescendant") is None
    page.keyboard.press("ArrowDown")
    page.keyboard.press("3")
    assert text_of(page) == expected[2].accepted("I would li") + " "
    settled(page)
    following = predictor.suggest(text_of(page), 3)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    before = text_of(page)
    page.keyboard.press("Enter")
    assert text_of(page).rstrip() == following[1].accepted(before)


def test_what_is_suggested_is_read_out_after_a_pause(
    show: Callable[..., Page], predictor: Predictor
) -> None:
    page = show()
    type_text(page, "I would li")
    summary = "; ".join(
        f"{rank}: {one.word}, {percent(one.probability)}"
        for rank, one in enumerate(predictor.suggest("I would li", 3), start=1)
    )
    expect(page.locator("#said[aria-live=polite]")).to_have_text(summary)


def test_a_click_takes_a_suggestion_and_the_field_keeps_the_focus(
    show: Callable[..., Page], predictor: Predictor
) -> None:
    page = show()
    type_text(page, "I would li")
    page.click("#suggestion-1")
    assert text_of(page) == predictor.suggest("I would li", 3)[1].accepted("I would li") + " "
    assert page.evaluate("document.activeElement.id") == "field"


def test_a_mark_takes_the_space_away_that_came_with_a_word(show: Callable[..., Page]) -> None:
    page = show()
    for typed, end in ((".", "."), (" ", " "), ("x", " x")):
        page.fill("#field", "")
        type_text(page, "I would li")
        page.keyboard.press("Alt+1")
        before = text_of(page).rstrip()
        type_text(page, typed)
        assert text_of(page) == before + end


def test_in_the_middle_of_a_text_what_stands_before_the_cursor_is_gone_on_with(
    show: Callable[..., Page], predictor: Predictor
) -> None:
    page = show()
    type_text(page, "I would . the")
    for _ in " . the":
        page.keyboard.press("ArrowLeft")
    type_text(page, " li")
    expected = predictor.suggest("I would li", 3)
    expect(page.locator(".suggestion-word")).to_have_text([one.word for one in expected])
    assert ghost_of(page) == "", "grey text would stand in the way"
    page.keyboard.press("Alt+1")
    assert text_of(page) == expected[0].accepted("I would li") + " . the"


@pytest.mark.parametrize("name", ["lstm", "gru", "lstm-coupled", "rnn", "mlp-window"])
def test_gates_and_memory_of_the_last_word_are_the_predictors(
    show: Callable[..., Page], stub: Stub, make_folder: MakeFolder, name: str
) -> None:
    predictor = Predictor(make_folder(name))
    stub.models = {"other": predictor}
    page = show()
    type_text(page, "I would li")
    expect(page.locator("#inside-title")).to_have_text("Inside, after would")
    for index, layer in enumerate(predictor.trace("I would li", complete=True).layers):
        if len(predictor.trace("").layers) > 1:
            page.click(f".choice button >> nth={index}")
        for part, values in {**layer.gates, **layer.states}.items():
            row = page.locator(f".part[data-part={part}]")
            assert row.locator(".part-mean").inner_text() == number(float(values.mean()))
        assert page.locator(".part").count() == len(layer.gates) + len(layer.states)
        unit = 3
        page.fill("#unit", str(unit))
        page.keyboard.press("Enter")
        texts = page.locator(".unit svg >> nth=0 >> text").all_text_contents()
        held = "c" if "c" in layer.states else "h"
        assert f"{held}{number(float(layer.states[held][unit]))}" in texts
        for gate in set(layer.gates) & set("ifo"):
            assert f"{gate}{number(float(layer.gates[gate][unit]))}" in texts
    assert "NaN" not in page.inner_html("main")
    assert page.locator(".memory text").last.text_content() == "would"


def test_every_word_is_in_the_memory_or_a_gap_is_shown(show: Callable[..., Page]) -> None:
    page = show()
    settled(page)
    words = page.locator(".memory text[transform]")
    type_text(page, "the cat, ")
    expect(words).to_have_text(["<eos>", "the", "cat", ","])
    for _ in " ,tac":
        page.keyboard.press("Backspace")
    type_text(page, "mat ")
    expect(words).to_have_text(["<eos>", "the", "mat"])
    many = "like to sat " * 4
    page.evaluate("text => document.execCommand('insertText', false, text)", many)
    settled(page)
    type_text(page, "on ")
    expect(words).to_have_text(["<eos>", "the", "mat", "…", "sat", "on"])


def test_only_the_newest_answer_is_shown(
    show: Callable[..., Page], stub: Stub, predictor: Predictor
) -> None:
    page = show()
    settled(page)
    stub.is_silent = True
    page.keyboard.type("I would")
    while stub.asked[-1]["text"] != "I would":
        page.wait_for_timeout(20)
    old, new = stub.asked[-2], stub.asked[-1]
    assert (old["text"], new["text"]) == ("I woul", "I would")
    (socket,) = stub.sockets
    for question in (new, old):
        socket.send(json.dumps({"id": question["id"]} | stub.suggested(question)))
    expect(page.locator(".suggestion-word")).to_have_text(
        [one.word for one in predictor.suggest("I would", 3)]
    )
    assert page.evaluate("document.documentElement.dataset.shown") == "I would"


def test_it_says_when_the_server_is_away_and_goes_on_when_it_is_back(
    show: Callable[..., Page], stub: Stub, predictor: Predictor
) -> None:
    page = show()
    settled(page)
    stub.is_away = True
    stub.sockets[0].close(code=1012)
    expect(page.locator("#link")).to_have_text("The server is away; trying again")
    page.keyboard.type("I would li")
    stub.is_away = False
    expect(page.locator("#link")).to_have_text("connected")
    settled(page)
    expect(page.locator(".suggestion-word")).to_have_text(
        [one.word for one in predictor.suggest("I would li", 3)]
    )


def test_where_websockets_are_blocked_it_asks_by_http(
    show: Callable[..., Page], stub: Stub, predictor: Predictor
) -> None:
    stub.has_sockets = False
    page = show()
    expect(page.locator("#link")).to_have_text("connected, by HTTP")
    type_text(page, "I would li")
    expect(page.locator(".suggestion-word")).to_have_text(
        [one.word for one in predictor.suggest("I would li", 3)]
    )
    expect(page.locator("#inside-says")).to_contain_text("WebSocket")


def test_what_the_server_refuses_is_said(show: Callable[..., Page], stub: Stub) -> None:
    page = show()
    settled(page)
    stub.refusal = {"code": "too_large", "message": "`text` has 9 characters; 8 are the most"}
    page.keyboard.type("I")
    expect(page.locator("#problem")).to_have_text("`text` has 9 characters; 8 are the most")
    stub.refusal = None
    type_text(page, " ")
    expect(page.locator("#problem")).to_be_hidden()


def test_another_model_is_chosen_by_its_name(
    show: Callable[..., Page], stub: Stub, make_folder: MakeFolder
) -> None:
    stub.models["other"] = Predictor(make_folder("gru"))
    page = show()
    type_text(page, "I would li")
    page.select_option("#model", "other")
    expect(page.locator(".part[data-part=z]")).to_be_visible()
    assert stub.asked[-1].get("model") == "other"


def test_with_the_switch_all_models_suggest_in_one_list(
    show: Callable[..., Page], stub: Stub, make_folder: MakeFolder, predictor: Predictor
) -> None:
    other = Predictor(make_folder("gru"))
    stub.models["other"] = other
    page = show()
    type_text(page, "I would li")
    page.check("#all-models")
    assert page.evaluate("document.activeElement.id") == "field"
    expected = MixedTypist([predictor, other]).suggest("I would li", 3)
    expect(page.locator(".suggestion-word")).to_have_text([one.word for one in expected])
    expect(page.locator("#inside-says")).to_have_text(re.compile("several networks"))
    assert stub.asked[-1]["also"] == ["other"]
    page.reload()
    expect(page.locator("#all-models")).to_be_checked()
    page.uncheck("#all-models")
    type_text(page, "the cat ")
    expect(page.locator(".part").first).to_be_visible()
    assert "also" not in stub.asked[-1]


def test_one_model_has_no_switch_for_all(show: Callable[..., Page]) -> None:
    page = show()
    type_text(page, "I would li")
    expect(page.locator("#all-models")).to_be_hidden()


def test_words_are_text_and_never_markup(show: Callable[..., Page], stub: Stub) -> None:
    word = "<img src=x onerror=alert(1)>"
    hostile = {"word": word, "text": word, "probability": 0.9}
    stub.suggested = lambda question: {"suggestions": [hostile]}  # type: ignore[method-assign]
    page = show()
    expect(page.locator(".suggestion-word")).to_have_text(word)
    assert page.locator("img").count() == 0


def test_the_theme_follows_the_system_and_the_button(show: Callable[..., Page]) -> None:
    page = show(color_scheme="dark")

    def brightness() -> int:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, re.findall(r"\d+", colour)))

    assert brightness() < 120
    page.click("#theme")
    assert brightness() > 700
    page.reload()
    assert brightness() > 700


def test_nothing_is_wider_than_a_telephone(show: Callable[..., Page]) -> None:
    page = show(viewport={"width": 320, "height": 700})
    type_text(page, "I would like the cat and " + "m" * 60)
    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_grey_text_stands_where_typed_text_would(show: Callable[..., Page]) -> None:
    page = show(viewport={"width": 380, "height": 800})
    page.fill("#field", "the cat sat on a mat . " * 20)
    type_text(page, "I would li")
    page.wait_for_selector(".ghost")
    places = "node => [node.clientWidth, node.scrollTop]"
    field, mirror = (page.eval_on_selector(name, places) for name in ("#field", "#mirror"))
    assert field[0] == mirror[0]
    assert abs(field[1] - mirror[1]) <= 1


def test_typed_text_wraps_as_if_there_were_no_grey_text(show: Callable[..., Page]) -> None:
    page = show()
    type_text(page, "I would like to sit on a mat li")
    page.wait_for_selector(".ghost")
    typed = """shown => {
        document.querySelector(".ghost").style.display = shown;
        const range = document.createRange();
        range.selectNode(document.querySelector("#mirror").firstChild);
        return range.getBoundingClientRect().height;
    }"""
    heights = set()
    for width in range(320, 420, 12):
        page.set_viewport_size({"width": width, "height": 800})
        heights.add(page.evaluate(typed, ""))
        assert page.evaluate(typed, "none") in heights
        assert page.evaluate(typed, "") == page.evaluate(typed, "none")
    assert len(heights) > 1  # some widths break the line where others do not


@pytest.mark.parametrize("look", ["light", "dark", "phone", "away"])
def test_axe_finds_nothing(show: Callable[..., Page], stub: Stub, look: str) -> None:
    page = show(
        color_scheme="dark" if look == "dark" else "light",
        viewport={"width": 380 if look == "phone" else 1280, "height": 900},
        reduced_motion="reduce",
    )
    type_text(page, "I would li")
    page.keyboard.press("ArrowDown")
    if look == "away":
        stub.is_away = True
        stub.sockets[0].close(code=1012)
        expect(page.locator("#link")).to_contain_text("away")
    actual = Axe().run(page)
    assert actual.violations_count == 0, actual.generate_report()


def test_the_page_for_translations_is_linked_where_the_server_translates(
    show: Callable[..., Page], stub: Stub
) -> None:
    stub.translators = ["de-en"]
    expect(show().locator("#other-page")).to_be_visible()
    stub.translators = []
    page = show()
    expect(page.locator("#model-name")).to_have_text("my-model")
    expect(page.locator("#other-page")).to_be_hidden()


def test_its_colours_are_those_of_the_inspection() -> None:
    script = "".join((FILES / name).read_text("utf-8") for name in ("page.js", "shared.js"))
    for colours in (SEQUENTIAL, DIVERGING):
        for stops in colours.values():
            assert f'"{" ".join(stops)}"' in script
