from collections.abc import Callable
from pathlib import Path

import pytest

from foreword.errors import TextError

Write = Callable[..., Path]
Lines = Callable[..., list[str]]

SRT = """\
1
00:00:01,000 --> 00:00:03,500
<i>I think that we</i>

2
00:00:03,600 --> 00:00:05,000 X1:100 X2:200
should go {\\an8}home
now.

3
00:00:06,000 --> 00:00:07,000
[door opens]

4
00:00:07,000 --> 00:00:08,000
- Who is there?
- It's me.

5
00:00:08,500 --> 00:00:09,000
ANNA: Come &amp; sit. (LAUGHTER)

6
00:00:09,500 --> 00:00:10,000
♪ la la ♪
"""
SAID = ["I think that we should go home now.", "Who is there?", "It's me.", "Come & sit."]
VTT = """\
WEBVTT - A talk

STYLE
::cue { color: white }

NOTE
this is a note
about nothing

intro
00:01.000 --> 00:03.000 align:start position:0%
<v Anna>Hello <c.loud>to</c> <00:02.000>you
all.

00:04.000 --> 00:05.000
<v Tom Smith>Thank you, Anna</v>

00:05.000 --> 00:06.000
<v Tom Smith>very much</v>
"""


@pytest.mark.parametrize("name", ["film.srt", "film.txt"])
def test_a_film_gives_sentences(name: str, write: Write, lines: Lines, notes: Lines) -> None:
    for text in (SRT, SRT.replace("\n", "\r\n"), "\ufeff" + SRT):
        assert lines(write(text, name)) == SAID
    assert "subtitles: 4 sentences; numbers, times and tags left out" in notes(write(SRT, name))[0]


def test_cues_of_the_web_give_sentences_by_voice(write: Write, lines: Lines) -> None:
    path = write(VTT, "talk.vtt")
    assert lines(path) == ["Hello to you all.", "Thank you, Anna very much"]
    assert lines(path, speaker="Anna") == ["Hello to you all."]


def test_captions_that_roll_give_each_line_once(write: Write, lines: Lines) -> None:
    rolling = (
        "WEBVTT\nKind: captions\nLanguage: en\n\n"
        "00:00:00.000 --> 00:00:02.000 align:start\n \nso<00:00:01.000><c> today</c> we\n\n"
        "00:00:02.000 --> 00:00:02.010\nso today we\n \n\n"
        "00:00:02.010 --> 00:00:04.000\nso today we\ntalk<00:00:03.000><c> of</c> cats\n\n"
    )
    assert lines(write(rolling)) == ["so today we talk of cats"]


def test_dialogue_of_substation_alpha_is_read(write: Write, lines: Lines) -> None:
    script = (
        "[Script Info]\nTitle: x\n\n[Events]\n"
        "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
        "Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\i1}Well, hello\\Nthere.{\\i0}\n"
        "Comment: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,not this\n"
    )
    assert lines(write(script, "a.ass")) == ["Well, hello there."]


def test_cues_without_blank_lines_between_them_keep_their_numbers_out(
    write: Write, lines: Lines
) -> None:
    tight = "1\n00:00:01,000 --> 00:00:02,000\nOne.\n2\n00:00:02,000 --> 00:00:03,000\nTwo.\n"
    assert lines(write(tight)) == ["One.", "Two."]


def test_a_number_that_is_said_stays(write: Write, lines: Lines) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nHow many?\n\n2\n00:00:02,000 --> 00:00:03,000\n12\n"
    assert lines(write(text)) == ["How many?", "12"]


def test_a_file_that_is_cut_short_gives_what_is_there(write: Write, lines: Lines) -> None:
    assert lines(write(SRT[: SRT.index("now.")])) == ["I think that we should go home"]


def test_subtitles_in_an_old_encoding_are_refused_with_its_name(write: Write, lines: Lines) -> None:
    path = write(SRT.replace("me.", "mé, très…").replace("♪", "*").encode("cp1252"), "a.srt")
    with pytest.raises(TextError, match=r"a.srt, line \d+, .*--encoding cp1252"):
        lines(path)
    assert "It's mé, très…" in lines(path, encoding="cp1252")


def test_a_list_of_times_is_plain_text(write: Write, lines: Lines) -> None:
    assert lines(write("1\n10:15 breakfast\n2\n11:00 walk\n")) == [
        "1", "10:15 breakfast", "2", "11:00 walk",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "cues",
    [
        "0:00:01.000,0:00:03.000\nHello there,\nmy friend.\n\n0:00:04.000,0:00:05.000\nFine.\n",
        "{0}{25}Hello there,|my friend.\n{30}{60}{y:i}Fine.\n",
        "[10][25]Hello there,|/my friend.\n[30][60]Fine.\n",
        "[ti:A song]\n[00:12.00]Hello there, my friend.\n[00:17.20]Fine.\n",
    ],
    ids=["sbv", "microdvd", "mpl2", "lrc"],
)
def test_other_forms_of_subtitles_and_lyrics_are_read(
    cues: str, write: Write, lines: Lines
) -> None:
    assert lines(write(cues)) == ["Hello there, my friend.", "Fine."]


def test_drawings_and_credits_are_not_said(write: Write, lines: Lines) -> None:
    srt = "1\n00:00:01,000 --> 00:00:02,000\n{\\p1}m 0 0 l 1 0{\\p0}\n\n2\n00:00:03,000 --> "
    srt += "00:00:04,000\nSubtitles by www.OpenSubtitles.org\n\n"
    srt += "3\n00:00:05,000 --> 00:00:06,000\nYes.\n"
    assert lines(write(srt, "a.srt")) == ["Yes."]
