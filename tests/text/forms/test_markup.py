"""Markup of documents and wikis, calendars, address books and Viber's chats, as prose."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from foreword.errors import MissingExtraError, TextError

Write = Callable[..., Path]
Lines = Callable[..., list[str]]

ORG = """\
#+TITLE: My notes
#+OPTIONS: toc:nil
* TODO [#A] Call the plumber :home:urgent:
SCHEDULED: <2024-05-01 Wed 10:00>
:PROPERTIES:
:ID: 123-abc
:END:
The kitchen tap *drips* again, see [[https://x.org/a][the manual]] and
~code~ of [[file:x.png]] it[fn:1]. Meet at <2024-05-02 Thu>.
- [ ] buy a washer
- [X] call =Bob= back
  about it
- term :: what it means

#+BEGIN_SRC python
print("code")
#+END_SRC
#+begin_quote
A quoted thought.
#+end_quote
# a comment
| a | table |
** Another heading
With $x^2$ a formula and 2 * 3 * 4 kept.
\\begin{equation}
x=y
\\end{equation}
: literal
[fn:1] The footnote text.
"""
ASCIIDOC = """\
= The Manual
Jane Doe <jane@x.org>
v1.0, 2024-01-01
:toc: left
:icons: font

This is *bold* and _italic_ with `code` and https://x.org[the site]
over two lines, see <<install,installing it>>.footnote:[A note.]

[source,ruby]
----
puts "code"
----

== Install
// comment
NOTE: Read the readme first.

.Steps to take
* Download it
* Run it +
  twice
. First step
+
More on it.

term:: what it is
image::pic.png[A picture]
include::other.adoc[]

[quote,Someone]
____
A quote of words.
____

|===
|a |b
|===

 literal line
"""
RST = """\
=====
Title
=====

:Author: Jane
.. contents::

This is *emphasis*, **strong**, ``code`` and a `link <https://x.org>`_ to
:ref:`another page <target>`, see [1]_ and :class:`~a.b.Foo`.

.. note:: Mind the gap.

.. code-block:: python

   print("code")

.. toctree::
   :maxdepth: 2

   intro

- one item
- two items

Literal block::

    not prose

.. [1] The footnote text.

.. image:: x.png
   :alt: picture

.. include:: /etc/passwd

term
    A definition of it.

===  ===
a    b
===  ===
1    2
===  ===
"""
WIKI = """\
{{Infobox|name=x}}
'''Foo''' is a [[town|small town]] in [[France]]<ref>cite</ref>.
It has [https://x.org many people]&nbsp;and <b>cats</b>.
[[File:x.jpg|thumb|a picture]]
== History ==
* one item
* two ''items''
{| class="wikitable"
| cell
|}
<syntaxhighlight lang="c">int x;</syntaxhighlight>
[[Category:Towns]] [[fr:Foo]]
"""

EXPECTED = {
    "notes.org": (
        ORG,
        *(
            "Call the plumber",
            "The kitchen tap drips again, see the manual and code of it. Meet at.",
        ),
        *("buy a washer", "call Bob back about it", "term: what it means", "A quoted thought."),
        *("Another heading", "With a formula and 2 * 3 * 4 kept.", "The footnote text."),
    ),
    "manual.adoc": (
        ASCIIDOC,
        "The Manual",
        "This is bold and italic with code and the site over two lines, see installing it.",
        *("Install", "Read the readme first.", "Steps to take", "Download it", "Run it twice"),
        *("First step", "More on it.", "term: what it is", "A quote of words."),
    ),
    "page.rst": (
        RST,
        *("Title", "This is emphasis, strong, code and a link to another page, see and a.b.Foo."),
        *("Mind the gap.", "one item", "two items", "Literal block:", "The footnote text."),
        *("term", "A definition of it."),
    ),
    "town.wiki": (
        WIKI,
        "Foo is a small town in France. It has many people and cats.",
        *("History", "one item", "two items"),
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("ending", [True, False])
def test_markup_is_read_as_prose_by_its_name_and_by_its_content(
    write: Write, lines: Lines, name: str, ending: bool
) -> None:
    content, *expected = EXPECTED[name]
    assert lines(write(content, name if ending else "text")) == expected


@pytest.mark.parametrize("name", EXPECTED)
def test_a_markup_of_a_file_in_a_folder_is_known_by_its_name_alone(
    write: Write, lines: Lines, name: str
) -> None:
    content, *expected = EXPECTED[name]
    folder = write(content, f"folder/{name}").parent
    assert lines(folder) == expected
    (folder / name).rename(folder / "text.txt")
    assert lines(folder) != expected
    assert lines(folder)[0] == content.splitlines()[0]


def test_as_text_reads_markup_as_it_stands(write: Write, lines: Lines) -> None:
    assert lines(write(ORG, "notes.org"), read_as="text")[0] == "#+TITLE: My notes"


def test_what_was_read_is_said(write: Write, notes: Lines) -> None:
    (message,) = notes(write(ORG, "notes.org"))
    assert message.startswith("notes.org: Org mode: 9 paragraphs; keywords, drawers, times, code")


def test_nothing_outside_of_a_document_is_included(write: Write, lines: Lines) -> None:
    secret = write("a secret", "secret.txt")
    page = f"Title\n=====\n\n.. include:: {secret}\n\n.. raw:: html\n   :file: {secret}\n\nwords\n"
    assert lines(write(page, "page.rst")) == ["Title", "words"]


@pytest.mark.parametrize(
    ("name", "library"), [("page.rst", "docutils"), ("town.wiki", "mwparserfromhell")]
)
def test_without_its_library_the_extra_is_named(
    write: Write, lines: Lines, monkeypatch: pytest.MonkeyPatch, name: str, library: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match=r"foreword\[texts\]"):
        lines(write(EXPECTED[name][0], name))


DUMP = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.10/" version="0.10">
<siteinfo><sitename>Wiki</sitename></siteinfo>
<page><title>A</title><ns>0</ns><revision><text>the old text</text></revision>
<revision><text>The '''new''' [[text|words]] &amp;mdash; here.</text></revision></page>
<page><title>T</title><ns>10</ns><revision><text>a template</text></revision></page>
<page><title>R</title><ns>0</ns><redirect title="A"/><revision><text>to A</text></revision></page>
</mediawiki>"""


def test_of_a_dump_the_newest_articles_are_read(write: Write, lines: Lines) -> None:
    assert lines(write(DUMP, "dump.xml")) == ["The new words — here."]
    with pytest.raises(TextError, match="MediaWiki dump"):
        lines(write(DUMP[:-20], "dump.xml"))


CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
DTSTART;TZID="Europe/Berlin":20240101T100000
SUMMARY;LANGUAGE=en:Dinner with Anna\\, Bob
DESCRIPTION:Bring the wi
 ne.\\nAnd: the cake\\; thanks
LOCATION:Main street 1
END:VEVENT
END:VCALENDAR
"""
CARD = """BEGIN:VCARD
VERSION:2.1
N:Meier;Anna
FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Anna M=C3=BC=
ller
item1.NOTE:Met at the fair\\, likes tea
TEL:+491234
PHOTO;ENCODING=BASE64:AAAA
 BBBB
END:VCARD
"""


def test_of_a_calendar_and_of_cards_what_people_wrote_is_read(write: Write, lines: Lines) -> None:
    entries = ["Dinner with Anna, Bob", "Bring the wine.", "And: the cake; thanks"]
    assert lines(write(CALENDAR.replace("\n", "\r\n"))) == entries
    assert lines(write(CARD)) == ["Anna Müller", "Met at the fair, likes tea"]


VIBER_ROWS = """12/05/2020,14:03:22,Anna Meier,+38161234567,"Hello, how are you"
12/05/2020,14:04:02,Me,,fine thanks
12/05/2020,14:05:02,Anna Meier,+38161234567,"two
lines"
12/05/2020,14:06:02,Me,,Photo message
"""
VIBER_LINES = """[ 12/05/2020 14:03:22 ] Anna Meier: Hello, how are you
two lines
[ 12/05/2020 14:04:02 ] Me: fine thanks
"""


def test_vibers_chats_are_read_by_who_speaks(write: Write, lines: Lines, notes: Lines) -> None:
    rows, by_line = write(VIBER_ROWS, "rows.csv"), write(VIBER_LINES, "lines.txt")
    assert lines(rows) == ["Hello, how are you", "fine thanks", "two lines"]
    assert lines(rows, speaker="Me") == ["fine thanks"]
    assert lines(by_line, speaker="anna meier") == ["Hello, how are you two lines"]
    assert "Viber export: 3 messages of 2 people" in notes(rows)[0]


@pytest.mark.parametrize("mark", ["*a", "[[a", "\\\\(a", "$$a", "<<a", "((a", "footnote:[a", "`a"])
@pytest.mark.parametrize("name", ["a.org", "a.adoc"])
def test_marks_that_never_end_take_no_longer_than_their_length(
    write: Write, lines: Lines, name: str, mark: str
) -> None:
    assert len(lines(write(f"words {mark * 20_000}", name))) == 1
