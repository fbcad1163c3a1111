"""Which line ends are spaces: by the markup of a document, and by the look of its lines."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.text.lines import with_newlines
from foreword.text.markup import markup_of
from foreword.text.newlines import as_units
from foreword.text.wrapping import PLAIN

KINDS = ["markdown", "latex", "gitcommit", "restructuredtext", "mail", "plaintext", "python", "org"]


def units(text: str, language: str) -> list[str]:
    """The units of a document."""
    markup = markup_of(language)
    assert markup is not None
    actual, _ = as_units(text, markup)
    return [" ".join(unit.split()) for unit in actual.split("\n") if unit.strip()]


@pytest.mark.parametrize("kind", [*KINDS, "plain"])
@given(
    text=st.text(st.sampled_from("ab C.-#>%\\:`1) \n\r\f\u2028"), max_size=80),
    cut=st.integers(0, 80),
)
def test_what_is_known_of_a_beginning_changes_nothing_and_all_stays_at_its_place(
    kind: str, text: str, cut: int
) -> None:
    markup = PLAIN if kind == "plain" else markup_of(kind)
    assert markup is not None
    seen, _ = as_units(text, markup)
    _, known = as_units(text[:cut], markup)
    assert as_units(text, markup, known)[0] == seen
    assert len(seen) == len(text)
    for before, after in zip(with_newlines(text), seen, strict=True):
        assert after == before or after in " \n"


@pytest.mark.parametrize("language", ["markdown", "latex", "gitcommit", "restructuredtext", "org"])
def test_the_place_after_a_newline_goes_on_and_after_a_blank_line_does_not(language: str) -> None:
    before = "Subject\n\n" if language == "gitcommit" else ""
    one, two = "Please let me know if you\n", "Please let me know if you\n\n"
    assert units(f"{before}{one}x", language)[-1] == "Please let me know if you x"
    assert units(f"{before}{two}x", language)[-1] == "x"
    assert re.search(" $", as_units(before + one, markup_of(language))[0])  # type: ignore[arg-type]
    assert re.search("\n$", as_units(before + two, markup_of(language))[0])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        (
            "markdown",
            "# A title\nSome text that is\nwrapped\n\n- one\n- two that\n  goes on\n* [ ] three\n"
            "1. first\n2. second\n| a | b |\n| c | d |\n",
            "A title\nSome text that is wrapped\none\ntwo that goes on\nthree\n"
            "first\nsecond\n| a | b |\n| c | d |",
        ),
        (
            "markdown",
            "Term\n: what it is\n![a](b)\n[c](d) and\nso on",
            ("Term\n: what it is\n![a](b) [c](d) and so on"),
        ),
        ("markdown", "in the year\n12. After that", "in the year 12. After that"),
        (
            "markdown",
            "hard  \nbreaks\\\nare kept\nhere",
            "hard\nbreaks\\\nare kept here",
        ),
        (
            "markdown",
            "> quoted text\n> goes on\n>> deeper\nmine\n",
            "quoted text goes on\ndeeper\nmine",
        ),
        (
            "markdown",
            "---\ntitle: x\ndate: y\n---\nText\ngoes on\n\n```\ncode\nmore\n```\nafter\nthat\n",
            "---\ntitle: x\ndate: y\n---\nText goes on\n```\ncode\nmore\n```\nafter that",
        ),
        ("markdown", "A title\n=======\nText\ngoes on", "A title\nText goes on"),
        (
            "latex",
            "\\section{On cats}\nThe cat\nsat.\\\\\nIt slept\n\\begin{itemize}\n\\item one\n"
            "goes on\n\\item two\n\\end{itemize}\n% a comment\n% goes on\ntext",
            "The cat sat.\\\\\nIt slept\none goes on\ntwo\na comment goes on\ntext",
        ),
        (
            "gitcommit",
            "Add a thing\nThe body is\nwrapped.\n\n- one\n- two\n\nSigned-off-by: A <a@b>\n"
            "Co-authored-by: B <b@c>\n# Please enter\n# the message\n",
            "Add a thing\nThe body is wrapped.\none\ntwo\nSigned-off-by: A <a@b>\n"
            "Co-authored-by: B <b@c>\nPlease enter\nthe message",
        ),
        (
            "restructuredtext",
            "Title\n=====\nText that\ngoes on.\n\n.. note:: this\n\n:param x: what\n"
            ":param y: that\n| verse\n| verse\n#. item",
            "Title\nText that goes on.\nnote:: this\nwhat\nthat\nverse\nverse\nitem",
        ),
        (
            "mail",
            "Subject: hello\nTo: you@example.org\n\nDear Anna,\nThank you very much for the long "
            "letter that you\nwrote to me.\n> We met\n> in town\nBest wishes,\nJohn\n-- \nJ. S.\n",
            "Subject: hello\nTo: you@example.org\nDear Anna,\nThank you very much for the long "
            "letter that you wrote to me.\nWe met in town\nBest wishes,\nJohn\nJ. S.",
        ),
        (
            "plaintext",
            "I walked along the river this morning and thought of\nyou, and of what\n\n"
            "Anna: how are you?\nBob: fine\n[12:30] hello there\n12/25/20, 10:30 - Bob: hi\n",
            "I walked along the river this morning and thought of you, and of what\n"
            "Anna: how are you?\nBob: fine\n[12:30] hello there\n12/25/20, 10:30 - Bob: hi",
        ),
        (
            "python",
            "# The cat sat\n# on the mat.\nx = 1\ny = 2\n",
            "The cat sat on the mat.\nx = 1\ny = 2",
        ),
        (
            "c",
            "/* The cat sat\n * on the mat.\n *\n * It slept. */\nint x;\nint y;\n",
            "The cat sat on the mat.\nIt slept. */\nint x;\nint y;",
        ),
        (
            "html",
            "<p>The cat\nsat <b>on</b>\nthe mat</p>\n<p>It",
            "<p>The cat sat <b>on</b> the mat</p>\n<p>It",
        ),
    ],
)
def test_units_are_those_of_the_markup(language: str, text: str, expected: str) -> None:
    assert units(text, language) == expected.split("\n")


@pytest.mark.parametrize(
    ("name", "other"),
    [
        *(("gfm", "markdown"), ("markdown.pandoc", "markdown"), ("Markdown", "markdown")),
        *(("tex", "latex"), ("git-commit", "gitcommit"), ("rst", "restructuredtext")),
        *(("message", "mail"), ("text", "plaintext"), ("", "plaintext"), ("rust", "python")),
    ],
)
def test_editors_name_languages_in_their_own_ways(name: str, other: str) -> None:
    assert markup_of(name) is markup_of(other)


def test_notes_of_a_few_words_a_line_are_not_joined() -> None:
    assert units("buy milk\ncall mum\nwash the car\nsleep\n", "plaintext")[1:] == [
        *("wash the car", "sleep")
    ]


def test_a_line_that_is_told_to_be_a_sentence_ends_with_its_end_in_any_document() -> None:
    assert markup_of("markdown", "sentence") is None
    assert markup_of("markdown", "paragraph") is None
    wrapped = markup_of("gitcommit", "wrapped")
    assert wrapped is not None
    assert as_units("one\ntwo\n\nthree", wrapped)[0] == "one two\n\nthree"


def test_a_page_that_begins_within_a_paragraph_does_not_end_it() -> None:
    text = "the last line of one page, which is long enough to\n\fgo on"
    assert as_units(text, PLAIN)[0].split() == text.split()
    assert "\n" not in as_units(text, PLAIN)[0]
