import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.errors import TextError
from foreword.text.forms import json_stream
from foreword.text.forms.json_stream import NotJsonError, items

Write = Callable[..., Path]
Lines = Callable[..., list[str]]


def message(number: int, name: str | None, text: object, **other: object) -> dict[str, object]:
    return {
        "id": number,
        "type": "message",
        "date": "2023-12-31T21:15:33",
        "date_unixtime": "1704053733",
        "from": name,
        "from_id": f"user{number}",
        "text": text,
        "text_entities": [],
        **other,
    }


CHAT = {
    "name": "Anna",
    "type": "personal_chat",
    "id": 1,
    "messages": [
        {"id": 0, "type": "service", "action": "create_group", "actor": "Anna", "text": ""},
        message(1, "Anna", "Kommst du heute?"),
        message(2, "Tom", ["Ja, siehe ", {"type": "link", "text": "example.org"}, " um zehn 🎂"]),
        message(3, "Anna", "", photo="(File not included.)"),
        message(4, "Tom", ["Code: ", {"type": "pre", "text": "x = 1"}]),
        message(5, "Anna", "Weitergeleitetes", forwarded_from="Zeitung"),
        message(6, None, "von niemand\nin zwei Zeilen"),
    ],
}
SAID = [
    "Kommst du heute?",
    "Ja, siehe example.org um zehn 🎂",
    "Code:",
    "von niemand in zwei Zeilen",
]


@pytest.mark.parametrize("indent", [None, 1])
def test_a_chat_of_telegram_gives_what_was_said(
    indent: int | None, write: Write, lines: Lines, notes: Lines
) -> None:
    path = write(json.dumps(CHAT, ensure_ascii=False, indent=indent), "result.json")
    assert lines(path) == SAID
    assert "result.json: Telegram export: 4 messages of 3 people" in notes(path)[0]
    assert lines(path, speaker="Tom") == [SAID[1], SAID[2]]


def test_a_whole_account_of_telegram_gives_all_its_chats(write: Write, lines: Lines) -> None:
    account = {
        "about": "Here is the data you requested. Telegram stores only this.",
        "personal_information": {"user_id": 1, "first_name": "Tom", "bio": "I like text"},
        "contacts": {"about": "x", "list": [{"first_name": f"c{n}"} for n in range(4000)]},
        "chats": {"about": "All chats", "list": [CHAT, {**CHAT, "name": "Ben"}]},
        "left_chats": {"about": "Left", "list": [CHAT]},
    }
    assert lines(write(json.dumps(account), "export.txt")) == SAID * 3


PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"/><title>Data</title></head>
<body>
<div class="page_wrap"><div class="page_header"><div class="text bold">Anna</div></div>
<div class="page_body chat_page"><div class="history">
<div class="message service" id="message-1"><div class="body details">31 December 2023</div></div>
<div class="message default clearfix" id="message1"><div class="pull_left userpic_wrap">
<div class="userpic"><div class="initials">A</div></div></div><div class="body">
<div class="pull_right date details" title="31.12.2023 21:15:33">21:15</div>
<div class="from_name">Anna Meier </div>
<div class="text">Kommst du<br>heute? <a href="x">ja</a></div>
</div></div>
<div class="message default clearfix joined" id="message2"><div class="body">
<div class="text">Ich &amp; Tom</div></div></div>
<div class="message default clearfix" id="message3"><div class="body">
<div class="from_name">Tom</div>
<div class="forwarded body"><div class="from_name">Zeitung <span class="date">31</span></div>
<div class="text">Weitergeleitetes</div></div></div></div>
<div class="message default clearfix joined" id="message4"><div class="body">
<div class="text">Gut</div></div></div>
</div></div></div></body></html>"""


def test_telegrams_page_gives_what_was_said(write: Write, lines: Lines, notes: Lines) -> None:
    path = write(PAGE, "messages.html")
    assert lines(path) == ["Kommst du heute? ja", "Ich & Tom", "Gut"]
    assert lines(path, speaker="Tom") == ["Gut"]
    assert "messages.html: Telegram export: 3 messages of 2 people" in notes(path)[0]


def test_messenger_and_instagram_give_letters_instead_of_bytes(write: Write, lines: Lines) -> None:
    def meta(text: str) -> str:
        return text.encode().decode("latin-1")

    thread = {
        "participants": [{"name": meta("Jörg")}, {"name": "Ann"}],
        "messages": [
            {"sender_name": meta("Jörg"), "timestamp_ms": 2, "content": meta("Schöne Grüße 🎉")},
            {"sender_name": "Ann", "timestamp_ms": 1, "content": "Ann sent an attachment."},
            {"sender_name": "Ann", "timestamp_ms": 1, "photos": [{"uri": "x.jpg"}]},
            {
                "sender_name": "Ann",
                "timestamp_ms": 0,
                "content": meta("Reacted ❤ to your message "),
            },
        ],
        "title": "Ann",
    }
    path = write(json.dumps(thread), "message_1.json")
    assert lines(path) == ["Schöne Grüße 🎉"]
    assert lines(path, speaker="Jörg") == ["Schöne Grüße 🎉"]


def test_discord_and_slack_give_messages_without_mentions(write: Write, lines: Lines) -> None:
    discord = {
        "guild": {"id": "1", "name": "Cooks"},
        "channel": {"id": "2", "name": "cake"},
        "messages": [
            {"type": "Default", "content": "hi <@123> all <:wave:45>", "author": {"name": "ann"}},
            {"type": "GuildMemberJoin", "content": "Joined the server.", "author": {"name": "b"}},
            {"type": "Reply", "content": "hello", "author": {"name": "b", "nickname": "Ben"}},
        ],
    }
    message = {"type": "message", "ts": "1.0"}
    slack = [
        {**message, "user": "U1", "text": "see <https://a.b|the page> &amp; go"},
        {**message, "subtype": "channel_join", "user": "U2", "text": "<@U2> in"},
        {**message, "user": "U2", "text": "ok <@U1>", "user_profile": {"real_name": "Ben B"}},
    ]
    assert lines(write(json.dumps(discord))) == ["hi all", "hello"]
    assert lines(write(json.dumps(discord)), speaker="ben") == ["hello"]
    assert lines(write(json.dumps(slack))) == ["see the page & go", "ok"]
    assert lines(write(json.dumps(slack)), speaker="Ben B") == ["ok"]


def test_google_chat_gives_what_was_said(write: Write, lines: Lines) -> None:
    takeout = {
        "messages": [
            {"creator": {"name": "Ann", "email": "a@b.c"}, "text": "lunch?", "topic_id": "1"},
            {"creator": {"name": "Ben"}, "attached_files": [{"export_name": "x"}]},
        ]
    }
    assert lines(write(json.dumps(takeout))) == ["lunch?"]


def test_an_export_that_is_cut_short_is_refused_with_how_far_it_goes(
    write: Write, lines: Lines
) -> None:
    whole = json.dumps(CHAT)
    path = write(whole[: whole.index("Weitergeleitetes")])
    with pytest.raises(
        TextError, match=r"text.txt: .*Telegram export: after 3 messages, .*--as text"
    ):
        lines(path)


def test_nesting_without_end_is_refused(write: Write, lines: Lines) -> None:
    start = json.dumps(CHAT)[:-2]
    with pytest.raises(TextError, match="Telegram"):
        lines(write(start + ', {"text": ' + "[" * 200_000))


def test_halves_of_letters_and_control_characters_do_no_harm(write: Write, lines: Lines) -> None:
    chat = {**CHAT, "messages": [message(1, "A", "a\ud83d b\u0000c\u2028d")]}
    assert lines(write(json.dumps(chat))) == ["a� bc d"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=5), st.integers(1, 7), st.booleans())
def test_items_that_come_in_blocks_are_those_of_the_whole_document(
    values: list[object], size: int, is_inside: bool
) -> None:
    document = json.dumps({"a": 1.5, "list of": values, "z": {}} if is_inside else values)
    blocks = [document[start : start + size] for start in range(0, len(document), size)]
    actual = [item.value for item in items(blocks)]
    assert actual == values


@given(st.text(max_size=60))
def test_what_is_no_json_is_refused_and_nothing_worse(text: str) -> None:
    try:
        list(items([text]))
    except NotJsonError:
        return
    json.loads(text, strict=False)


def test_an_item_without_an_end_is_not_held_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "LONGEST_ITEM", 1000)
    asked = 0

    def endless() -> object:
        nonlocal asked
        yield '["'
        while True:
            asked += 1
            yield "x" * 100

    with pytest.raises(NotJsonError, match="not ended"):
        list(items(endless()))  # type: ignore[arg-type]
    assert asked < 100


def test_conversations_with_chatgpt_give_what_both_have_said(write: Write, lines: Lines) -> None:
    def node(time: float, role: str, text: str, kind: str = "text") -> dict[str, Any]:
        content = {"content_type": kind, "parts": [text]}
        return {"message": {"author": {"role": role}, "create_time": time, "content": content}}

    mapping = {
        "a": {"message": None},
        "c": node(2.0, "assistant", "I am fine"),
        "b": node(1.0, "user", "How are you"),
        "d": node(3.0, "tool", "{}"),
        "e": node(4.0, "assistant", "x = 1", "code"),
    }
    path = write(json.dumps([{"title": "x", "mapping": mapping}]), "conversations.json")
    assert lines(path) == ["How are you", "I am fine"]
    assert lines(path, speaker="me") == ["How are you"]
