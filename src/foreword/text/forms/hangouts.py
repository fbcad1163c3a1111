"""Read Google Hangouts' JSON, as Google Takeout gave it until 2022, in its two layouts."""

from collections.abc import Iterator, Mapping
from typing import Any

from foreword.text.forms.form import Form, Head, Opened, Passage
from foreword.text.forms.json_stream import NotJsonError, items


def _recognises(head: Head) -> bool:
    return head.text.lstrip("\ufeff \t\r\n").startswith("{") and all(
        f'"{key}"' in head.text for key in ("conversation_id", "participant_data", "gaia_id")
    )


def _read(text: Opened) -> Iterator[Passage]:
    names: dict[str, str] = {}
    try:
        for item in items(text.characters()):
            key = item.path[-1] if item.path else ""
            if not isinstance(item.value, dict):
                continue
            if key == "participant_data":  # the people of a conversation stand before its events
                names[_number(item.value.get("id"))] = str(item.value.get("fallback_name") or "")
            elif key in ("events", "event"):
                content = _said(item.value)
                number = _number(item.value.get("sender_id"))
                if content.strip():
                    yield Passage(content, names.get(number) or number or "someone without a name")
                else:
                    text.account.left_out["calls, pictures and service messages"] += 1
    except NotJsonError as error:
        raise text.damaged(
            f"after {text.account.kept:,} messages, {error}", HANGOUTS.label
        ) from error


def _number(person: Any) -> str:
    return str(person.get("gaia_id") or "") if isinstance(person, dict) else ""


def _said(event: Mapping[str, Any]) -> str:
    """Return the words of an event; empty if it has none."""
    content: Any = event
    for key in ("chat_message", "message_content", "segment"):
        content = content.get(key) if isinstance(content, dict) else None
    segments = [s for s in content if isinstance(s, dict)] if isinstance(content, list) else []
    return "".join(
        "\n" if segment.get("type") == "LINE_BREAK" else str(segment.get("text") or "")
        for segment in segments
        if segment.get("type") in ("TEXT", "LINE_BREAK")
    )


HANGOUTS = Form(
    "hangouts", "Hangouts export", "messages", "names, times, links and calls", _recognises, _read
)
