import json
from collections.abc import Callable
from pathlib import Path

import pytest

from foreword.errors import TextError

Write = Callable[..., Path]
Lines = Callable[..., list[str]]

# As signal-export writes them (its README, and `Message.to_md` and `dict_str` in its models.py).
MARKDOWN = """\
[2023-12-31 21:14:05] Me: Are you coming tonight?  

[2023-12-31 21:15:10] Anna Meier: 

> Are you coming tonight?

Yes, at ten:
I bring the cake  
(- Me: 👍, Tom: ❤️ -)

[2023-12-31 21:15:40] Tom:   ![IMG_1.jpg](./media/2023-12-31_IMG_1.jpg)  

[2023-12-31 21:16:00] Tom: look at this  [cat.mp4](./media/cat.mp4)  

[2023-12-31 21:17:00] Anna Meier: (This message was deleted)

[2023-12-31 21:18:00] Anna Meier: Incoming voice call (accepted, 3m 5s)  

[2023-12-31 21:19:00] Tom:   
(( 😀 ))

[2023-12-31 21:20:00] Me: [tonight] is fine  

"""  # noqa: W291 (two spaces end each message)
OLD = "[2019-05-29, 15:04] Me: How is everyone?  \n[2019-05-29, 15:10] Aya: We're great!  \n"
SAID = [
    "Are you coming tonight?",
    "Yes, at ten: I bring the cake",
    "look at this",
    "[tonight] is fine",
]


def data(**changes: object) -> str:
    message = {
        "date": "2023-12-31T21:14:05",
        "sender": "Me",
        "body": "Are you coming tonight?  ",
        "quote": "",
        "sticker": "",
        "reactions": [],
        "attachments": [],
    }
    return json.dumps(message | changes, ensure_ascii=False) + "\n"


DATA = (
    data()
    + data(
        sender="Anna", body="Yes, at ten:\nI bring the cake  ", quote="\n\n> Are you coming?\n\n"
    )
    + data(sender="Tom", body="  ", attachments=[{"name": "a.jpg", "path": "media/a.jpg"}])
    + data(sender="Tom", body="Missed video call  ")
    + data(sender="Anna", body="", deleted=True)
)
# As Signal itself writes a chat's history: Backup.proto as JSON.
EXPORT = "\n".join(
    json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    for record in (
        {"version": "1", "backupTimeMs": "1735682400000"},
        {"account": {"givenName": "Ben"}},
        {"recipient": {"id": "1", "self": {}}},
        {"recipient": {"id": "2", "contact": {"e164": "15550001111", "profileGivenName": "Anna",
                                              "profileFamilyName": "Meier"}}},
        {"chat": {"id": "10", "recipientId": "2"}},
        {"chatItem": {"chatId": "10", "authorId": "1", "dateSent": "1700000000000",
                      "outgoing": {}, "standardMessage": {"text": {"body": "Coming?"}}}},
        {"chatItem": {"chatId": "10", "authorId": "2", "dateSent": "1700000000001",
                      "incoming": {"read": True},
                      "standardMessage": {"text": {"body": "Yes,\nat ten"},
                                          "quote": {"text": {"body": "Coming?"}}}}},
        {"chatItem": {"chatId": "10", "authorId": "2", "dateSent": "1700000000002",
                      "directionless": {}, "updateMessage": {"simpleUpdate": {"type": "X"}}}},
        {"chatItem": {"chatId": "10", "authorId": "2", "dateSent": "1700000000003",
                      "incoming": {}, "remoteDeletedMessage": {}}},
    )
)  # fmt: skip


def test_the_markdown_of_signal_export_gives_what_was_said(write: Write, lines: Lines) -> None:
    assert lines(write(MARKDOWN, "Anna/chat.md")) == SAID


def test_its_older_time_stamps_are_known(write: Write, lines: Lines, notes: Lines) -> None:
    path = write(OLD)
    assert lines(path) == ["How is everyone?", "We're great!"]
    assert notes(path)[0].startswith(
        "text.txt: Signal export: 2 messages of 2 people; names, times"
    )


def test_its_json_gives_the_same(write: Write, lines: Lines) -> None:
    path = write(DATA, "data.json")
    assert lines(path) == ["Are you coming tonight?", "Yes, at ten: I bring the cake"]
    assert lines(path, speaker="Anna") == ["Yes, at ten: I bring the cake"]


def test_signals_own_export_gives_what_was_said_by_whom(write: Write, lines: Lines) -> None:
    path = write(EXPORT, "main.jsonl")
    assert lines(path) == ["Coming?", "Yes, at ten"]
    assert lines(path, speaker="anna meier") == ["Yes, at ten"]
    assert lines(path, speaker="me") == ["Coming?"]


def test_a_whatsapp_export_with_such_dates_stays_one(write: Write, notes: Lines) -> None:
    chat = "[2023-12-31, 21:14:00] Anna: Hej du!\n[2023-12-31, 21:15:00] Tom: Hej hej\n"
    assert "WhatsApp export: 2 messages" in notes(write(chat, "_chat.txt"))[0]


def test_an_export_that_is_cut_off_is_refused_with_its_line(write: Write, lines: Lines) -> None:
    with pytest.raises(TextError, match=r"Signal export: line 5"):
        lines(write(DATA[:-20], "data.json"))
