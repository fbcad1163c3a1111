from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., Path]
Lines = Callable[..., list[str]]

IRSSI = """\
--- Log opened Sun Dec 31 21:14:00 2023
21:14 -!- anna [~a@host] has joined #chat
21:14 < anna> Hello there
21:15 <@tom> How are you?
21:15  * tom waves
21:16 -!- tom has quit [Quit: bye]
"""
HEXCHAT = """\
**** BEGIN LOGGING AT Sun Dec 31 21:14:00 2023
Dec 31 21:14:00 <anna>\tHello there
Dec 31 21:15:00 <tom>\tHow are you?
Dec 31 21:16:00 *\ttom waves
"""
MIRC = (
    "[21:14] <anna> \x02Hello\x02 there\n[21:15] <tom> \x0304,01How are you?\x03\n"
    "[21:16] * tom waves\n"
)
WEECHAT = """\
2023-12-31 21:14:00\t-->\tanna (~a@host) has joined #chat
2023-12-31 21:14:00\tanna\tHello there
2023-12-31 21:15:00\t@tom\tHow are you?
2023-12-31 21:16:00\t *\ttom waves
"""


@pytest.mark.parametrize(
    "log", [IRSSI, HEXCHAT, MIRC, WEECHAT], ids=["irssi", "hexchat", "mirc", "weechat"]
)
def test_a_log_gives_what_was_said(log: str, write: Write, lines: Lines, notes: Lines) -> None:
    path = write(log, "chat.log")
    assert lines(path) == ["Hello there", "How are you?"]
    assert lines(path, speaker="tom") == ["How are you?"]
    assert "IRC log: 2 messages of 2 people" in notes(path)[0]


def test_a_log_of_a_program_is_none(write: Write, lines: Lines) -> None:
    log = "10:30 started <b> now\n10:31 stopped\n10:32 [main] <ok> so\n"
    assert lines(write(log)) == log.splitlines()
