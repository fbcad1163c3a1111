from collections.abc import Callable
from pathlib import Path

import pytest

from foreword.errors import TextError

Write = Callable[..., Path]
Lines = Callable[..., list[str]]

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
TEXTS = {
    "evernote": HEAD
    + '<!DOCTYPE en-export SYSTEM "http://xml.evernote.com/pub/evernote-export4.dtd">\n'
    "<en-export><note><title>Trip</title><content><![CDATA[<?xml version='1.0'?>"
    '<!DOCTYPE en-note SYSTEM "http://xml.evernote.com/pub/enml2.dtd"><en-note>'
    "<div>We&nbsp;left at ten.</div><div><en-crypt>cXVpdGUgc2VjcmV0</en-crypt></div>"
    "<div>It rained.</div></en-note>]]></content><resource><data>QUJD</data></resource></note>"
    "</en-export>",
    "opml": HEAD + '<opml version="2.0"><head><title>Plans</title></head><body>'
    '<outline text="Paint &lt;b&gt;the&lt;/b&gt; door"><outline text="Buy paint" _note="Blue."/>'
    "</outline></body></opml>",
    "ttml": HEAD + '<tt xmlns="http://www.w3.org/ns/ttml"><body><div>'
    '<p begin="1s" end="2s">Are you<br/>in <span>today</span>?</p><p begin="3s">Yes.</p>'
    "</div></body></tt>",
    "feed": HEAD + '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
    "<channel><title>A blog</title><description>What I think</description><item><title>One</title>"
    "<description>We left...</description><content:encoded><![CDATA[<p>We left at ten.</p>"
    "<p>It rained.</p>]]></content:encoded></item><item><description>So be it.</description></item>"
    "</channel></rss>",
}
READ = {
    "evernote": ["We left at ten.", "It rained."],
    "opml": ["Paint the door", "Buy paint", "Blue."],
    "ttml": ["Are you in today?", "Yes."],
    "feed": ["We left at ten.", "It rained.", "So be it."],
}


@pytest.mark.parametrize("form", TEXTS)
def test_a_text_in_xml_is_known_by_its_content_and_gives_its_prose(
    form: str, write: Write, lines: Lines
) -> None:
    assert [line.replace("\xa0", " ") for line in lines(write(TEXTS[form], "text.xml"))] == READ[
        form
    ]


@pytest.mark.parametrize("form", TEXTS)
def test_a_text_in_xml_that_is_cut_off_is_refused(form: str, write: Write, lines: Lines) -> None:
    with pytest.raises(TextError, match="--as text"):
        lines(write(TEXTS[form][:-12], "text.xml"))
