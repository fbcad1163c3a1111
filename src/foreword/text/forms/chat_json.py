"""Read chats in JSON: Telegram, Messenger and Instagram, Discord, Slack, Google Chat, ChatGPT.

All are a document with a list of messages; they differ in their keys.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from foreword.text.forms.form import ME, Form, Head, Opened, Passage
from foreword.text.forms.json_stream import NotJsonError, items

Message = Mapping[str, Any]
_REACTED = re.compile(r"^Reacted \S+ to your message\s*$|^\S+ reacted \S+ to \w+ message\s*$")
_CALLED = re.compile(
    r"^(?:You missed|.{1,60} missed) an? (?:audio |video )?(?:call|chat)\b.{0,60}$|"
    r"^.{1,60} called you\.$|^The (?:audio|video) (?:call|chat) (?:has )?ended\.$|^Liked a message$"
)
_SENT = re.compile(r" (?:sent an attachment|sent a photo|sent a video|sent a voice message)\.$")
_SLACK_MARKUP = re.compile(r"<(?:[@#!][^<>|]*|https?:[^<>|]*|mailto:[^<>|]*)(?:\|([^<>]*))?>")
_DISCORD_MARKUP = re.compile(r"<a?:\w+:\d+>|<[@#][!&]?\d+>")


def _telegram(message: Message) -> Passage | str:
    if message.get("type") != "message":
        return "service messages"
    if message.get("forwarded_from"):
        return "forwarded messages"
    text = message.get("text")
    parts = text if isinstance(text, list) else [text]
    content = "".join(
        part if isinstance(part, str) else str(part.get("text", ""))
        for part in parts
        if isinstance(part, str) or (isinstance(part, dict) and part.get("type") != "pre")
    )
    return _passage(content, message.get("from"))


def _messenger(message: Message) -> Passage | str:
    if message.get("is_unsent"):
        return "unsent messages"
    content = _mended(str(message.get("content") or ""))
    if not content.strip():
        return "media without words"
    if (
        _REACTED.search(content)
        or _CALLED.search(content)
        or _SENT.search(content)
        or "call_duration" in message
    ):
        return "notes"
    return Passage(content, _name(_mended(str(message.get("sender_name") or ""))))


def _mended(text: str) -> str:
    """Undo Meta's encoding, which writes each byte of UTF-8 as a letter."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _discord(message: Message) -> Passage | str:
    if message.get("type") not in (None, "Default", "Reply", 0, 19):
        return "service messages"
    content = _DISCORD_MARKUP.sub("", str(message.get("content") or ""))
    author = message.get("author")
    name = author.get("nickname") or author.get("name") if isinstance(author, dict) else author
    return _passage(content, name)


def _slack(message: Message) -> Passage | str:
    if message.get("type") != "message" or message.get("subtype") not in (None, "thread_broadcast"):
        return "service messages"
    content = _SLACK_MARKUP.sub(lambda match: match[1] or "", str(message.get("text") or ""))
    content = content.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    profile = message.get("user_profile")
    name = profile.get("real_name") if isinstance(profile, dict) else None
    name = name or message.get("username") or message.get("user")
    return _passage(content, name)


def _google(message: Message) -> Passage | str:
    creator = message.get("creator")
    name = creator.get("name") if isinstance(creator, dict) else None
    content = str(message.get("text") or "")
    return _passage(content, name)


def _chatgpt(message: Message) -> Passage | str:
    author, content = message.get("author"), message.get("content")
    role = author.get("role") if isinstance(author, dict) else None
    if role not in ("user", "assistant") or not isinstance(content, dict):
        return "service messages"
    parts = content.get("parts")
    if content.get("content_type") not in ("text", "multimodal_text") or not parts:
        return "media without words"
    spoken = "\n".join(part for part in parts if isinstance(part, str))
    return _passage(spoken, ME if role == "user" else role)


def _of_mapping(conversation: Message) -> Iterator[Any]:
    """Yield the messages of a conversation with ChatGPT, in the order of writing."""
    nodes = conversation.get("mapping")
    written = [node.get("message") for node in nodes.values()] if isinstance(nodes, dict) else []
    messages = [message for message in written if isinstance(message, dict)]
    yield from sorted(messages, key=lambda message: message.get("create_time") or 0.0)


def _passage(content: str, speaker: Any) -> Passage | str:
    return Passage(content, _name(speaker)) if content.strip() else "media without words"


def _name(name: Any) -> str:
    return str(name).strip() if name else "someone without a name"


def _form(
    name: str,
    label: str,
    message: Callable[[Message], Passage | str],
    shows: str,
    *,
    in_list: str | None = "messages",
    within: Callable[[Message], Iterator[Any]] | None = None,
    left_out: str = "names, times and service messages",
) -> Form:
    """A form whose messages are the items of lists of one key, or of the document itself.

    Args:
        name: for `--as`.
        label: for people.
        message: returns the passage of an item, or, in the plural, the kind of item that has none.
        shows: patterns, separated by spaces, all of which match the document's beginning.
        in_list: the list's key; None: the document is a list.
        within: returns the messages of an item that is a conversation.
        left_out: content that never becomes text.
    """
    patterns = [re.compile(pattern) for pattern in shows.split()]

    def recognises(head: Head) -> bool:
        first = head.text.lstrip("\ufeff \t\r\n")[:1]
        opens = "[" if in_list is None else "{"
        return first == opens and all(pattern.search(head.text) for pattern in patterns)

    def read(text: Opened) -> Iterator[Passage]:
        try:
            for item in items(text.characters()):
                if in_list is not None and (not item.path or item.path[-1] != in_list):
                    continue
                if not isinstance(item.value, dict):
                    continue
                for record in within(item.value) if within is not None else (item.value,):
                    passage = message(record)
                    if isinstance(passage, str):
                        text.account.left_out[passage] += 1
                    else:
                        yield passage
        except NotJsonError as error:
            raise text.damaged(f"after {text.account.kept:,} messages, {error}", label) from error

    return Form(name, label, "messages", left_out, recognises, read)


TELEGRAM = _form(
    "telegram",
    "Telegram export",
    _telegram,
    r'"(?:messages|personal_information)"\s*: (?:"from_id"\s*:|"text_entities"\s*:|\bTelegram\b)',
)
MESSENGER = _form(
    "messenger",
    "Messenger or Instagram export",
    _messenger,
    r'"sender_name"\s*: "timestamp_ms"\s*:',
)
DISCORD = _form("discord", "Discord export", _discord, r'"guild"\s*: "channel"\s*: "messages"\s*:')
SLACK = _form(
    "slack",
    "Slack export",
    _slack,
    r'"type"\s*:\s*"message" "ts"\s*: "text"\s*:',
    in_list=None,
)
GOOGLE_CHAT = _form("google-chat", "Google Chat export", _google, r'"messages"\s*: "creator"\s*:')
CHATGPT = _form(
    "chatgpt",
    "ChatGPT export",
    _chatgpt,
    r'"mapping"\s*: "content_type"\s*:',
    in_list=None,
    within=_of_mapping,
    left_out="titles, times and what tools say",
)
CHAT_FORMS = (TELEGRAM, MESSENGER, DISCORD, SLACK, GOOGLE_CHAT, CHATGPT)
