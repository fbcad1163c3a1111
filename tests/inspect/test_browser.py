"""The page in a real browser, as a reader meets it."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from tests.browser import NEEDED
from tests.inspect.conftest import TEXT

from foreword.inspect.page import html, notebook

pytestmark = NEEDED


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Opens a page and, when the test is over, checks that it was quiet and asked for nothing."""
    opened, complaints, requests = [], [], []

    def opener(text: str, **look: Any) -> Page:
        path = tmp_path / f"{len(opened)}.html"
        path.write_text(text, encoding="utf-8")
        page = browser.new_page(**{"viewport": {"width": 1280, "height": 900}} | look)
        page.set_default_timeout(60_000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        opened.append(page)
        return page

    yield opener
    assert complaints == []
    assert [url for url in requests if not url.startswith(("file:", "about:", "blob:"))] == []
    assert len([url for url in requests if url.startswith("file:")]) == len(opened)
    for page in opened:
        page.close()


@pytest.fixture
def ready(
    show: Callable[..., Page], document: Callable[..., dict[str, Any]]
) -> Callable[..., tuple[Page, dict[str, Any]]]:
    def opener(
        *what: Any, made: Any = None, look: dict[str, Any] | None = None, **how: Any
    ) -> tuple[Page, dict[str, Any]]:
        made = made or document(*what, **how)
        page = show(html(made), **look or {})
        page.wait_for_selector("html[data-ready]")
        return page, made

    return opener


def pixels_of(page: Page, selector: str) -> np.ndarray:
    """RGBA bytes of a canvas, by way of a copy that is made to be read."""
    return np.array(
        page.evaluate(
            """(selector) => {
                const source = document.querySelector(selector);
                const copy = document.createElement("canvas");
                [copy.width, copy.height] = [source.width, source.height];
                const context = copy.getContext("2d", { willReadFrequently: true });
                context.drawImage(source, 0, 0);
                return [...context.getImageData(0, 0, copy.width, copy.height).data];
            }""",
            selector,
        )
    )


def shown(value: float) -> str:
    """As the page writes a number."""
    text = f"{value:.2f}"
    return text.replace("-", "" if float(text) == 0 else "−")


def test_pointing_at_a_word_shows_its_gates_as_the_document_has_them(
    ready: Callable[..., Any], values_of: Callable[..., np.ndarray]
) -> None:
    page, made = ready()
    page.hover("#word-7")
    expect(page.locator(".lens-title")).to_have_text(f"word 7 {made['words'][7]}")
    layer = made["layers"][0]
    for part in [*layer["gates"], *layer["states"]]:
        mean = values_of(part, len(made["words"]))[7].mean()
        row = page.locator(f".lens-gate[data-gate={part['name']}] .gate-mean")
        assert row.inner_text() == shown(mean), part["name"]
    guesses = page.locator(".lens .top li .word").all_inner_texts()
    assert guesses == [word for word, _ in made["top"][7]]


def test_a_chosen_word_stays_and_is_marked_everywhere(ready: Callable[..., Any]) -> None:
    page, made = ready()
    page.click("#word-9")
    page.mouse.move(5, 400)
    for selector in (".walker-word", ".lens-title", ".circuit-word"):
        expect(page.locator(selector)).to_contain_text(made["words"][9])
    assert page.get_attribute("#word-9", "aria-selected") == "true"
    assert page.locator("[aria-selected=true]").count() == 1
    across = page.locator(".cross-word").first.evaluate("node => node.style.left")
    assert float(across.rstrip("%")) == pytest.approx(100 * 9 / len(made["words"]), abs=0.01)


def test_arrow_keys_walk_through_the_words(ready: Callable[..., Any]) -> None:
    page, made = ready()
    page.click("#word-3")
    page.focus(".strip")
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
    expect(page.locator(".walker-word .count")).to_have_text("4")
    page.keyboard.press("End")
    expect(page.locator(".walker-word .count")).to_have_text(str(len(made["words"]) - 1))
    page.keyboard.press("ArrowRight")
    expect(page.locator(".walker-word .count")).to_have_text(str(len(made["words"]) - 1))


def test_choosing_a_unit_draws_its_memory(
    ready: Callable[..., Any], values_of: Callable[..., np.ndarray]
) -> None:
    page, made = ready()
    layer = made["layers"][0]
    unit = layer["ranking"][4]["unit"]
    page.click(f"tr[data-unit='{unit}']")
    expect(page.locator(".plot svg[data-unit]")).to_have_attribute("data-unit", str(unit))
    path = page.get_attribute("[data-curve=memory]", "d")
    heights = np.array([float(point.split()[1]) for point in path[1:].split("L")])[::2]
    memory = values_of(layer["states"][0], len(made["words"]))[:, unit]
    # The picture's y is a straight line of the value, downwards; it is written to 0.1 pixels.
    slope, offset = np.polyfit(memory, heights, 1)
    assert slope < -10
    np.testing.assert_allclose(slope * memory + offset, heights, atol=0.15)


def test_the_circuit_shows_the_gates_of_the_chosen_unit_and_word(
    ready: Callable[..., Any], values_of: Callable[..., np.ndarray]
) -> None:
    page, made = ready("lstm-coupled")
    layer = made["layers"][0]
    unit = layer["ranking"][2]["unit"]
    page.click(f"tr[data-unit='{unit}']")
    page.click("#word-6")
    forget, candidate, output = (
        values_of(gate, len(made["words"]))[6, unit] for gate in layer["gates"]
    )
    charge = values_of(layer["states"][0], len(made["words"]))[6, unit]
    texts = page.locator(".circuit svg text").all_text_contents()
    assert texts == [
        "g",
        shown(candidate),
        f"1−f{shown(1 - forget)}",
        f"c{shown(charge)}",
        f"f{shown(forget)}",
        "keeps",
        f"o{shown(output)}",
        "h",
    ]


def test_switches_close_as_their_gates_open_and_plates_fill_with_the_charge(
    ready: Callable[..., Any], values_of: Callable[..., np.ndarray]
) -> None:
    page, made = ready()
    layer, T = made["layers"][0], len(made["words"])
    unit = layer["ranking"][0]["unit"]
    i, f, _, o = (values_of(gate, T)[:, unit] for gate in layer["gates"])
    memory = values_of(layer["states"][0], T)[:, unit]
    fullest = int(np.abs(memory).argmax())
    for t in (2, fullest):
        page.click(f"#word-{t}")
        arms = page.locator(".circuit .lever-arm").evaluate_all(
            "arms => arms.map((arm) => Number(arm.getAttribute('transform').match(/[-.0-9]+/)[0]))"
        )
        # Flat, or for the leak upright, is closed; 48 degrees away from it is wide open.
        expected = [-48 * (1 - i[t]), 90 - 48 * f[t], -48 * (1 - o[t])]
        np.testing.assert_allclose(arms, expected, atol=1e-3)
        field = page.locator(".circuit .field")
        opacity = 0.15 + 0.85 * abs(memory[t]) / abs(memory[fullest])
        assert float(field.get_attribute("opacity")) == pytest.approx(opacity, abs=1e-3)
        assert (
            field.get_attribute("class") == f"field charge-{'minus' if memory[t] < 0 else 'plus'}"
        )


def test_a_map_s_rows_follow_the_chosen_order(
    ready: Callable[..., Any], values_of: Callable[..., np.ndarray]
) -> None:
    page, made = ready()
    layer = made["layers"][0]
    # An LSTM's forget gate is the second; 24 units have a row each.
    values = values_of(layer["gates"][1], len(made["words"]))
    for order in ("index", "holding time", "similarity"):
        page.click(f".choice button[data-value='{order}']")
        pixels = pixels_of(page, "canvas[data-part=f]").reshape(24, len(made["words"]), 4)
        brightness = pixels[:, 4, :3].sum(axis=1).astype(int)
        expected = values[4, layer["orders"][order]]
        # On the light map the larger of two values is never the brighter.
        assert (np.diff(brightness[np.argsort(expected, kind="stable")]) <= 0).all(), order
        assert np.ptp(brightness) > 200


def test_pointing_at_a_map_reads_unit_word_and_value(
    ready: Callable[..., Any], values_of: Callable[..., np.ndarray]
) -> None:
    page, made = ready()
    layer = made["layers"][0]
    T, units = len(made["words"]), len(layer["units"])
    canvas = page.locator("canvas[data-part=c]")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    x, y = box["width"] * 10.5 / T, box["height"] * 2.5 / units
    page.mouse.move(box["x"] + x, box["y"] + y)
    unit = layer["orders"]["holding time"][2]
    value = values_of(layer["states"][0], T)[10, unit]
    text = f"c · unit {unit} · word 10, “{made['words'][10]}” · {shown(value)}"
    expect(page.locator("#reading")).to_have_text(text)


def test_another_state_draws_its_gradients(ready: Callable[..., Any]) -> None:
    page, made = ready()
    curve = made["gradients"]["curves"][0]
    own = "[data-curve='this model']"
    for state in ("h", "c"):
        page.click(f"#gradients-figure button[data-value='{state}']")
        heights = np.array(
            [float(p.split()[1]) for p in page.get_attribute(own, "d")[1:].split("L")]
        )
        # On a logarithmic scale a norm's height is a straight line of its logarithm.
        logs = np.log10(curve["norms"][state])
        slope, offset = np.polyfit(logs, heights, 1)
        np.testing.assert_allclose(slope * logs + offset, heights, atol=0.15)
    page.click("#gradients-figure button[data-value='false']")
    expect(page.locator("#gradients-figure .axis-title").first).to_have_text("mean norm")


def test_each_curve_s_label_says_where_it_falls_under_one_percent(
    ready: Callable[..., Any],
) -> None:
    page, made = ready()
    texts = page.locator("#gradients-figure .label").all_text_contents()
    for curve in made["gradients"]["curves"]:
        norms = np.array(curve["norms"].get("c", curve["norms"]["h"]))
        (label,) = [text for text in texts if text.split(" (")[0].split(":")[0] == curve["label"]]
        under = np.flatnonzero(norms < 0.01 * norms[0])
        assert ("1 %" in label) == bool(len(under))
        assert not len(under) or label.endswith(f"1 % at {under[0]}")


def test_it_is_said_where_the_gradient_vanishes(
    show: Callable[..., Page], document: Callable[..., Any]
) -> None:
    made = document()
    made["gradients"]["curves"][0]["vanishes"] = 17
    page = show(html(made))
    expect(page.locator("#gradients-figure .finding").first).to_contain_text("17 words back")


def test_choosing_a_prediction_colours_the_words_before_it(ready: Callable[..., Any]) -> None:
    page, made = ready()
    one = made["attributions"][2]
    page.click("#attributions-figure .chips button:nth-child(3)")
    tokens = page.locator(".token")
    assert tokens.locator(".word").all_inner_texts() == made["words"][: one["at"] + 1]
    assert tokens.locator(".earned").all_inner_texts() == [shown(x) for x in one["integrated"]]
    assert shown(one["sum"]) in page.inner_text("#attributions-figure .finding")
    colours = page.locator(".token .word").evaluate_all(
        "nodes => nodes.map((node) => getComputedStyle(node).backgroundColor)"
    )
    red_minus_blue = [int(c[4:-1].split(", ")[0]) - int(c[4:-1].split(", ")[2]) for c in colours]
    for earned, warm in zip(one["integrated"], red_minus_blue, strict=True):
        assert abs(earned) < 0.05 or (warm > 0) == (earned > 0)


def test_a_word_with_a_prediction_picks_it_below(ready: Callable[..., Any]) -> None:
    page, made = ready()
    page.click("#word-11")
    expect(page.locator(".chips [aria-pressed=true]")).to_contain_text(made["words"][12])


def test_a_contrast_shows_both_runs_and_where_they_part(ready: Callable[..., Any]) -> None:
    page, made = ready()
    for k, one in enumerate(made["contrasts"]):
        page.click(f"#contrasts-figure .choice button[data-value='{k}']")
        expect(page.locator(".runs")).to_contain_text("second run")
        expect(page.locator(".divergence")).to_have_count(len(one["pairs"]))
        heights = page.locator(".divergence").evaluate_all(
            "nodes => nodes.map((node) => Number(node.getAttribute('height')))"
        )
        assert np.argmax(heights) == np.argmax(one["divergence"])
        assert page.locator(".small-curve").count() == 4
    assert page.locator(".runs .changed").count() == 2


def test_figures_are_there_as_tables(ready: Callable[..., Any]) -> None:
    page, made = ready()
    page.click("#gradients-figure .numbers >> nth=0 >> summary")
    rows = page.locator("#gradients-figure .numbers >> nth=0 >> tbody tr")
    states = sum(len(curve["norms"]) for curve in made["gradients"]["curves"])
    expect(rows).to_have_count(states)
    page.click("#unrolled-figure .numbers summary")
    expect(page.locator("#unrolled-figure tbody tr")).to_have_count(len(made["words"]))


def test_units_are_sorted_by_the_column_that_is_clicked(ready: Callable[..., Any]) -> None:
    page, made = ready()
    page.click(".units th button:has-text('range')")
    ranges = sorted((row["range"] for row in made["layers"][0]["ranking"]), reverse=True)
    cells = page.locator(".units tbody td:nth-child(5)").all_inner_texts()
    assert cells == [shown(value) for value in ranges[:10]]


def test_the_theme_follows_the_system_and_the_button(ready: Callable[..., Any]) -> None:
    page, _ = ready(look={"color_scheme": "dark"})

    def brightness() -> int:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(int(part) for part in colour[4:-1].split(", "))

    dark = brightness()
    assert dark < 120
    assert pixels_of(page, ".legend canvas")[0] < 60
    page.click("#theme")
    assert brightness() > 700
    assert pixels_of(page, ".legend canvas")[0] > 200
    page.click("#theme")
    assert brightness() == dark


def test_nothing_is_wider_than_a_telephone(ready: Callable[..., Any]) -> None:
    page, _ = ready(look={"viewport": {"width": 380, "height": 800}})
    assert page.evaluate("document.documentElement.scrollWidth") == 380


@pytest.mark.parametrize("look", ["light", "dark"])
def test_axe_finds_nothing(ready: Callable[..., Any], look: str) -> None:
    width = 1280 if look == "light" else 380
    size = {"width": width, "height": 900}
    page, _ = ready(words=TEXT[:12], look={"color_scheme": look, "viewport": size})
    page.click("#word-7")
    for summary in page.locator("summary").all():
        summary.click()
    actual = Axe().run(page)
    assert actual.violations_count == 0, actual.generate_report()


def test_on_paper_the_words_wrap_and_nothing_scrolls(ready: Callable[..., Any]) -> None:
    page, _ = ready()
    strip = page.locator(".strip")
    hidden = "strip => strip.scrollWidth - strip.clientWidth"
    assert strip.evaluate(hidden) > 1000
    page.emulate_media(media="print")
    assert strip.evaluate(hidden) <= 1
    assert page.locator(".bar").is_hidden()
    assert page.pdf().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("cell", "how", "message"),
    [
        ("gru", {}, "z keeps"),
        ("rnn", {}, "This network has no gates"),
        ("mlp-window", {}, "holds nothing from one word to the next"),
        ("lstm", {"words": ["<eos>"]}, "No prediction was taken apart"),
        ("lstm", {"words": ["<eos>", "</script><img src=x onerror=alert(1)>"]}, "onerror=alert"),
        ("lstm", {"layers": 2}, "Layer"),
    ],
    ids=["gru", "rnn", "mlp", "one word", "hostile words", "two layers"],
)
def test_whatever_a_document_lacks_the_page_says_so_and_opens(
    ready: Callable[..., Any], cell: str, how: dict[str, Any], message: str
) -> None:
    page, _ = ready(cell, **how)
    text = page.locator("main").text_content()
    assert message in text
    assert re.findall("null|undefined|NaN|object Object", text) == []
    assert "NaN" not in page.locator("main").inner_html()
    assert page.locator("img").count() == 0
    assert page.locator("#problem").is_hidden()


def test_choosing_a_layer_shows_its_units(
    ready: Callable[..., Any], values_of: Callable[..., np.ndarray]
) -> None:
    page, made = ready(layers=2)
    page.click("#gates-figure .choice[aria-label=Layer] button[data-value='1']")
    page.click("#word-4")
    layer = made["layers"][1]
    mean = values_of(layer["gates"][0], len(made["words"]))[4].mean()
    assert page.inner_text(".lens-gate[data-gate=i] .gate-mean") == shown(mean)
    unit = layer["ranking"][0]["unit"]
    assert page.inner_text("#unit-title").startswith(f"Unit {unit} of layer 2")


def test_an_elman_network_s_units_have_no_words_that_open_them(ready: Callable[..., Any]) -> None:
    network = "Units by how long they hold, told by how alike each is to itself one word later"
    page, made = ready("rnn")
    assert made["layers"][0]["ranking"] == []
    assert page.locator(".units").count() == 0
    held = [
        {"unit": u, "position": u, "time_constant": None if u else 2.5, "keep": 0.6, "range": 1.0}
        | {"longest_hold": None, "opens": [], "closes": []}
        for u in range(3)
    ]
    made["layers"][0]["ranking"] = held
    page, _ = ready(made=made)
    assert page.locator(".units caption").inner_text() == network
    assert page.locator(".units thead th").count() == 4
    assert page.locator(".units tbody td:nth-child(2)").all_inner_texts() == ["2.5", "–", "–"]


def test_a_notebook_s_frame_shows_the_page(
    show: Callable[..., Page], document: Callable[..., Any]
) -> None:
    page = show(f"<!doctype html><title>notebook</title>{notebook(document())}")
    frame = page.frame_locator("iframe")
    expect(frame.locator("html[data-ready]")).to_have_count(1)
    frame.locator("nav a[href='#gates']").click()
    expect(frame.locator("#gates-title")).to_be_in_viewport()


@pytest.fixture(scope="module")
def long_page(document: Callable[..., Any]) -> str:
    """Of 500 words and 512 units."""
    return html(document(words=[f"word{k % 180}" for k in range(500)], hidden_size=512))


@pytest.fixture
def long(show: Callable[..., Page], long_page: str) -> Page:
    page = show(long_page)
    page.wait_for_selector("html[data-ready]")
    return page


def test_a_long_text_and_a_large_network_do_not_make_an_element_of_each_value(long: Page) -> None:
    # An element of each of the 500 x 512 values of a gate would take the browser many seconds.
    assert long.locator(".column").count() == 500
    assert long.locator("*").count() < 60 * 500


def test_words_of_a_long_text_can_be_made_readable_and_scroll_together(long: Page) -> None:
    curve = long.locator("[data-plot=unit] svg")
    assert curve.bounding_box()["width"] < 1000
    long.click("#gates-figure button:has-text('readable')")
    assert curve.bounding_box()["width"] > 30 * 500
    scrollers = long.locator(".map-scroll")
    scrollers.first.evaluate("node => { node.scrollLeft = 3000; }")
    long.wait_for_function(
        "() => [...document.querySelectorAll('.map-scroll')].every((n) => n.scrollLeft === 3000)"
    )
    assert scrollers.count() == 7


def test_a_contrast_of_a_long_text_shows_the_words_around_the_change(long: Page) -> None:
    expect(long.locator(".divergence")).to_have_count(60)
    assert long.locator(".runs .changed").all_inner_texts() == ["word12"]
    words = long.locator("#contrasts-figure svg .axis-word").all_text_contents()
    assert words[0] == "word4"
    long.click("#contrasts-figure button:has-text('all')")
    expect(long.locator(".divergence")).to_have_count(499)
