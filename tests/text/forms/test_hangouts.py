import json
from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., Path]
Lines = Callable[..., list[str]]

PEOPLE = {
    "conversation_id": {"id": "U"},
    "participant_data": [
        {"id": {"gaia_id": "1", "chat_id": "1"}, "fallback_name": "Anna"},
        {"id": {"gaia_id": "2", "chat_id": "2"}},
    ],
}


def event(number: str, *segments: tuple[str, str]) -> dict[str, object]:
    message = {"segment": [{"type": kind, "text": text} for kind, text in segments]}
    return {
        "conversation_id": {"id": "U"},
        "sender_id": {"gaia_id": number, "chat_id": number},
        "timestamp": "1400000000000000",
        "chat_message": {"message_content": message},
    }


EVENTS = [
    event("1", ("TEXT", "Are you in"), ("LINE_BREAK", "\n"), ("TEXT", "today? "), ("LINK", "a.b")),
    event("2", ("TEXT", "Yes")),
    {"sender_id": {"gaia_id": "1"}, "hangout_event": {"event_type": "END_HANGOUT"}},
]
LAYOUTS = {
    "from 2018 on": {
        "conversations": [{"conversation": {"conversation": PEOPLE}, "events": EVENTS}]
    },
    "before": {
        "conversation_state": [
            {
                "conversation_id": {"id": "U"},
                "conversation_state": {"conversation": PEOPLE, "event": EVENTS},
            }
        ]
    },
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_chat_of_hangouts_gives_what_each_person_said(
    layout: str, write: Write, lines: Lines, notes: Lines
) -> None:
    path = write(json.dumps(LAYOUTS[layout], indent=2), "Hangouts.json")

    assert lines(path) == ["Are you in today?", "Yes"]
    assert lines(path, speaker="Anna") == ["Are you in today?"]
    assert "Hangouts export: 2 messages of 2 people" in notes(path)[0]
