import base64
import hashlib
import html as markup
import json
import math
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.inspect.page import html, notebook

SECTIONS = (
    "unrolled",
    "gates",
    "capacitor",
    "gradients",
    "jacobians",
    "attributions",
    "contrasts",
    "numbers",
)
HOSTILE = "</script><img src=x onerror=alert(1)>"


class Page(HTMLParser):
    """Elements with their attributes, and the text inside, by the element's id or name."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, str] = {}
        self._key = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._key = dict(attrs).get("id") or tag

    def handle_endtag(self, tag: str) -> None:
        self._key = ""

    def handle_data(self, data: str) -> None:
        self.inside[self._key] = self.inside.get(self._key, "") + data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_every_section_has_a_heading_that_names_it(document: Callable[..., Any]) -> None:
    page = Page(html(document()))
    sections = [(s["id"], s["aria-labelledby"]) for s in page.named("section")]
    assert sections == [(name, f"{name}-title") for name in SECTIONS]
    assert {h["id"] for h in page.named("h2")} == {f"{name}-title" for name in SECTIONS}


def test_without_scripts_the_page_says_what_to_do(document: Callable[..., Any]) -> None:
    page = html(document())
    (advice,) = re.findall(r"<noscript>(.*?)</noscript>", page, re.DOTALL)
    assert "Allow scripts" in advice


def test_the_page_carries_the_document_whole(document: Callable[..., Any]) -> None:
    made = document(words=["<eos>", "&lt;", HOSTILE, "{{script}}", "\u2028", "日本", "שלום", "a"])
    page = Page(html(made))
    assert json.loads(page.inside["document"]) == made


def test_no_word_becomes_markup(document: Callable[..., Any]) -> None:
    made = document(words=["<eos>", HOSTILE])
    made["title"] = made["notes"] = HOSTILE
    page = Page(html(made))
    assert page.named("img") == []
    assert len(page.named("script")) == 2
    assert page.inside["title"] == f"{HOSTILE} · foreword inspect"


@given(st.lists(st.text(), max_size=5))
def test_any_text_comes_through(words: list[str]) -> None:
    made = {"title": "a text", "words": words}
    page = Page(html(made))
    assert json.loads(page.inside["document"]) == made
    assert len(page.named("script")) == 2


def test_numbers_that_json_lacks_become_null() -> None:
    made = {"title": "", "norms": [1.0, math.inf, math.nan, (-math.inf,)]}
    page = Page(html(made))
    assert json.loads(page.inside["document"])["norms"] == [1.0, None, None, [None]]


def test_the_policy_allows_the_page_s_own_script_and_style_alone(
    document: Callable[..., Any],
) -> None:
    text = html(document())
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    policies = [m["content"] for m in Page(text).named("meta") if m.get("http-equiv") is not None]
    allowed = dict(part.split(" ", 1) for part in str(policies[0]).split("; "))
    assert allowed == {
        "default-src": "'none'",
        "img-src": "data:",
        "script-src": f"'{sha256(script)}'",
        "style-src": f"'{sha256(style)}'",
    }


def sha256(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_the_page_refers_to_nothing_outside_itself(document: Callable[..., Any]) -> None:
    page = Page(html(document()))
    links = [e[k] for _, e in page.elements for k in ("href", "src") if k in e]
    ids = {e["id"] for _, e in page.elements if "id" in e}
    assert len(links) > 8
    assert {str(link)[0] for link in links} == {"#"}
    assert {str(link)[1:] for link in links} <= ids


@pytest.mark.parametrize("way", ["innerHTML", "outerHTML", "insertAdjacentHTML", "write(", "eval("])
def test_scripts_never_make_markup_of_text(way: str) -> None:
    scripts = list((Path(__file__).parents[2] / "page").glob("*/*.ts"))
    assert len(scripts) > 20
    assert [p.name for p in scripts if way in p.read_text("utf-8")] == []


def test_a_long_text_and_a_large_network_stay_below_five_megabytes(
    document: Callable[..., Any],
) -> None:
    words = [f"word{k % 180}" for k in range(500)]
    page = html(document(words=words, hidden_size=512))
    assert len(page.encode()) <= 5_000_000


def test_a_notebook_shows_the_page_in_a_frame(document: Callable[..., Any]) -> None:
    made = document(words=["<eos>", HOSTILE, '"'])
    (frame,) = Page(notebook(made, height=300)).named("iframe")
    assert frame["srcdoc"] == html(made)
    assert frame["height"] == "300"
    assert "allow-same-origin" not in str(frame["sandbox"])
    assert markup.unescape(str(frame["title"])) == made["title"]
