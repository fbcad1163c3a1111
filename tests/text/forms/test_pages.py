from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.errors import TextError
from foreword.text.forms.html_page import prose

Write = Callable[..., Path]
Lines = Callable[..., list[str]]

PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Site</title>
<script>if (a < b) { document.write("<p>no</p>"); }</script><style>p { color: red }</style></head>
<body>
<nav><ul><li><a href="/">Home</a></li><li>Menu</li></ul></nav>
<main><h1>On  cats</h1>
<p>Cats are <em>nice</em>,<br>mostly &amp; caf&eacute;s.
<p>They sl<b>eep</b> a
lot. <!-- no --> See <a href="x">the book</a>.</p>
<pre><code>x = 1</code></pre>
<table><tr><td>One cell</td><td>Another</td></tr></table>
<ul><li><a href="#">Read more</a></li><li>An item of a list</li></ul>
<div hidden>hidden text</div><p aria-hidden="true">decoration</p>
<form action="."><p>Inside a form.</p><button>Send</button></form>
</main><footer>© 2024</footer></body></html>
"""
SAID = [
    "On cats",
    "Cats are nice,",
    "mostly & cafés.",
    "They sleep a lot. See the book.",
    "One cell",
    "Another",
    "An item of a list",
    "Inside a form.",
]


@pytest.mark.parametrize("name", ["page.html", "page.txt"])
def test_a_page_gives_its_prose(name: str, write: Write, lines: Lines, notes: Lines) -> None:
    path = write(PAGE, name)
    assert lines(path) == SAID
    assert f"{name}: HTML page: 8 paragraphs; scripts, styles" in notes(path)[0]


def test_a_page_says_itself_in_which_encoding_it_is(write: Write, lines: Lines) -> None:
    page = '<html><head><meta charset="{}"></head><body><p>Größe “x”</p></body></html>'
    for named, real in (("iso-8859-1", "cp1252"), ("windows-1252", "cp1252"), ("utf-8", "utf-8")):
        assert lines(write(page.format(named).encode(real), "a.html")) == ["Größe “x”"]


def test_pages_with_tags_that_nobody_closed_lose_nothing(write: Write, lines: Lines) -> None:
    page = "<html><head><title>x</title><p>One<div>Two<li>Three <b>four<p>Five &lt;3 & six"
    assert lines(write(page)) == ["One", "Two", "Three four", "Five <3 & six"]


def test_a_page_that_is_cut_short_gives_what_is_there(write: Write, lines: Lines) -> None:
    assert lines(write(PAGE[: PAGE.index("<pre>") + 12])) == SAID[:4]


@given(st.text("<>/!-pab'\"= &;#x[]?", max_size=80))
def test_any_page_is_read(page: str) -> None:
    assert all(line.strip() for line in prose(page))


def test_a_tag_without_end_is_soon_over(write: Write, lines: Lines) -> None:
    for part in ("<a ", "<!-- >", "<![CDATA[", "<![x", "<div", "</a", "<!x", "<?x", "<a href='"):
        assert lines(write("<html><body><p>Start</p>" + part * 100_000))[0] == "Start"


MARKDOWN = """\
---
title: "My note"
tags: [a, b]
date: 2024-01-01
---

# A *heading*

A paragraph that is
wrapped, with **bold**, `code`, a [link](https://example.org/x "t") and ![a cat](cat.png).
Next\\
line.

<!-- a comment -->
%%another%%

```python
x = 1
```

    indented code

| Name | What |
|------|:----:|
| One  | First thing |

- [ ] a task
- [x] done, see [[Other note|the note]] and [[Plain]] ^block-1
  - deeper

> [!note] Careful
> A quote of
> two lines.

![[picture.png]]

***

Text[^1] with $a^2$ maths and <https://example.org> at $5 or $6.

[^1]: A footnote.

[ref]: https://example.org
"""
PROSE = [
    "A heading",
    "A paragraph that is wrapped, with bold, code, a link and . Next",
    "line.",
    "Name",
    "What",
    "One",
    "First thing",
    "a task",
    "done, see the note and Plain",
    "deeper",
    "Careful A quote of two lines.",
    "Text with maths and  at $5 or $6.",
    "A footnote.",
]


def test_markdown_gives_its_prose(write: Write, lines: Lines, notes: Lines) -> None:
    path = write(MARKDOWN, "note.md")
    assert [" ".join(line.split()) for line in lines(path)] == [
        " ".join(line.split()) for line in PROSE
    ]
    assert "note.md: Markdown: 13 paragraphs; front matter, code" in notes(path)[0]


def test_a_text_with_front_matter_is_markdown_whatever_its_name(write: Write, lines: Lines) -> None:
    assert lines(write("---\nlayout: post\n---\nHello\nthere.\n")) == ["Hello there."]
    assert lines(write("+++\ntitle = 'x'\n[extra]\na = 1\n+++\nHello.\n")) == ["Hello."]


def test_a_rule_at_the_start_is_no_front_matter(write: Write, lines: Lines) -> None:
    text = "---\nIt was a dark night.\n---\nAnd so on.\n"
    assert lines(write(text)) == text.splitlines()
    assert "It was a dark night." in " ".join(lines(write(text, "a.md")))


def test_long_markdown_is_read_in_parts_that_lose_nothing(
    write: Write, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "".join(f"Paragraph {n}\nhere.\n\n```\ncode\n\nmore\n```\n\n" for n in range(300))
    monkeypatch.setattr("foreword.text.forms.markdown.CHUNK", 100)
    assert lines(write(text, "a.md")) == [f"Paragraph {n} here." for n in range(300)]


def test_markdown_of_brackets_alone_is_soon_over(write: Write, lines: Lines) -> None:
    assert isinstance(lines(write("[" * 5_000 + "\n\n" + "*a " * 5_000, "a.md")), list)


def test_markdown_that_is_no_text_is_refused(write: Write, lines: Lines) -> None:
    with pytest.raises(TextError, match="NUL"):
        lines(write(b"# x\n\0\0", "a.md"))


def test_what_a_style_hides_is_not_read(write: Write, lines: Lines) -> None:
    page = "<html><body><p>Yes.</p><div style='color: red; display:none'>No.</div></body></html>"
    assert lines(write(page, "a.html")) == ["Yes."]
