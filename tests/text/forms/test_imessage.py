from collections.abc import Callable
from pathlib import Path

Write = Callable[..., Path]
Lines = Callable[..., list[str]]

# As imessage-exporter writes it (`format_message` and what it calls, and its tests, in txt.rs).
EXPORT = """\
May 17, 2022  5:29:42 PM (Read by them after 1 hour, 49 seconds)
Me
Are you coming tonight?
Tapbacks:
Loved by Anna Meier

    May 17, 2022  5:31:02 PM
    Anna Meier
    Yes, at ten

May 17, 2022  5:31:02 PM
Anna Meier
Yes, at ten

I bring the cake
This message responded to an earlier message.

May 17, 2022 10:31:40 PM (Read by you after 5 seconds)
Anna Meier
/Users/me/Library/Messages/Attachments/0a/10/IMG_1.HEIC

May 17, 2022 10:32:00 PM You renamed the conversation to Party

May 17, 2022 10:33:00 PM
Anna Meier
May 17, 2022 10:33:00 PM Grate
Edited 5 seconds later: Great!

May 17, 2022 10:34:00 PM
+15551234567
Happy birthday
Sent with Confetti

May 17, 2022 10:35:00 PM
Me
You unsent a message.

"""


def test_an_export_gives_what_was_said_once(write: Write, lines: Lines) -> None:
    path = write(EXPORT, "Anna Meier.txt")
    assert lines(path) == [
        "Are you coming tonight?",
        "Yes, at ten I bring the cake",
        "Great!",
        "Happy birthday",
    ]
    assert lines(path, speaker="Anna Meier") == ["Yes, at ten I bring the cake", "Great!"]
    assert lines(path, speaker="me") == ["Are you coming tonight?"]


def test_it_is_said_what_was_read(write: Write, notes: Lines) -> None:
    assert notes(write(EXPORT)) == [
        "text.txt: iMessage export: 4 messages of 3 people; times, names, reactions and files left "
        "out"
    ]


def test_a_letter_with_a_date_is_none(write: Write, lines: Lines) -> None:
    letter = "May 17, 2022\nDear Anna,\nI hope that you are well.\n"
    assert lines(write(letter)) == letter.splitlines()
