"""Chats and transcripts of programs without a form of their own, as messages by who speaks."""

from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., Path]
Lines = Callable[..., list[str]]

ZOOM = "{time}:05\t From  {name} : {text}\n"
ZOOM_BELOW = "{time}:05 From {name} to Everyone:\n\t{text}\n"
DISCORD = "[01/03/2024 {time}] {name}\n{text}\n\n"
QQ = "2024-03-01 {time}:00 {name}(1234567)\n{text}\n\n"
LOG = "2024-03-01 {time}:00 {name}: {text}\n"
OTTER = "{name}  {time}\n{text}\n\n"
TRANSCRIPT = "{name} ({time}): {text}\n"
YOUTUBE = "{time}\n{text}\n"

MESSAGES = [
    ("Anna Meier", "Hello, how are you: well?"),
    ("Bob", "Fine, see you at 10:30"),
    ("Anna Meier", "Good."),
] * 3


def chat(form: str) -> str:
    return "".join(
        form.format(time=f"08:{minute:02d}", name=name, text=text)
        for minute, (name, text) in enumerate(MESSAGES)
    )


@pytest.mark.parametrize(
    "form", [ZOOM, ZOOM_BELOW, DISCORD, QQ, LOG, OTTER, TRANSCRIPT], ids=lambda form: form[:14]
)
def test_messages_beside_or_below_their_time_are_read_by_who_speaks(
    write: Write, lines: Lines, notes: Lines, form: str
) -> None:
    path = write(chat(form), "chat.txt")

    assert lines(path) == [text for _, text in MESSAGES]
    assert lines(path, speaker="Bob") == [text for name, text in MESSAGES if name == "Bob"]
    assert "9 messages of 2 people" in notes(path)[0]


def test_a_transcript_with_times_alone_has_no_names(write: Write, lines: Lines) -> None:
    assert lines(write(chat(YOUTUBE), "talk.txt")) == [text for _, text in MESSAGES]


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-01\nIt rained all day, and we stayed at home.\n\n" * 9,
        "2024-03-01: It rained all day.\n" * 9,
        "The train leaves at 10:30 and arrives at 11:15.\n" * 9,
        "".join(f"{hour}:00 Talk {hour} by somebody new\n" for hour in range(8, 18)),
    ],
    ids=["diary", "journal", "prose", "programme"],
)
def test_dates_and_times_in_other_texts_are_text(write: Write, lines: Lines, text: str) -> None:
    learned = [line for line in lines(write(text, "text.txt")) if line]
    assert learned == [line for line in text.split("\n") if line]
