"""Read mail, single messages and mbox files, without quotes and signatures."""

import email
import re
from collections.abc import Iterator
from contextlib import closing
from email.header import decode_header
from email.message import Message
from email.utils import parseaddr

from foreword.text.encodings import guess
from foreword.text.forms.form import Form, Head, Opened, Passage
from foreword.text.forms.html_page import prose

_QUOTE_MARKS = (
    *("gmail_quote", "gmail_attr", "gmail_signature", "moz-cite-prefix", "yahoo_quoted"),
    *("divrplyfwdmsg", "appendonsend", "signature"),
)
"""Classes and ids of the elements in which mail programs put quotes and signatures."""
LONGEST_MESSAGE = 64 << 20
"""The number of bytes of a message that are read; attachments follow them."""
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,60}:(?:\s|$)")
_KNOWN = re.compile(
    r"(?:from|to|subject|date|message-id|received|return-path|mime-version|content-type|"
    r"delivered-to|reply-to|x-[a-z0-9-]+|dkim-signature|cc|references|in-reply-to):",
    re.IGNORECASE,
)
_FROM_LINE = re.compile(rb"From \S+.*\d{4}|From \S+\s*$")
_ATTRIBUTION_WORDS = re.compile(
    r"\b(?:wrote|writes|schrieb|schreef|a écrit|escribi[óo]|escreveu|ha scritto|skrev|kirjoitti|"
    r"napsal[a]?|napisał[a]?|pisze|пишет|написал[а]?|írta|yazdı|menulis|έγραψε)\b|写道|寫道|のメール",
    re.IGNORECASE,
)
_ATTRIBUTION_BEGINS = re.compile(r"(?:On|Am|Le|El|Il|Op|Em|Den|Dne|W dniu|Le)\b.*\d")
_REST_IS_QUOTED = re.compile(
    r"\s*(?:-{2,}\s*(?:original message|original-nachricht|ursprüngliche nachricht|"
    r"message d'origine|message transféré|mensaje original|mensagem original|"
    r"messaggio originale|messaggio inoltrato|oorspronkelijk bericht|forwarded message|"
    r"weitergeleitete nachricht|пересылаемое сообщение|исходное сообщение)\s*-{2,}"
    r"|_{20,}|begin forwarded message:|anfang der weitergeleiteten nachricht:)\s*$",
    re.IGNORECASE,
)
_QUOTED_HEADER = re.compile(
    r"\*?(?:From|Von|De|Da|Van|От|Fra|Från|Od)\s?:\*?\s.*[@<\[]", re.IGNORECASE
)
_ADVERTISEMENT = re.compile(
    r"(?:sent from my |sent from (?:mail|outlook|yahoo)|get outlook for |gesendet mit der |"
    r"von meinem .{2,40} gesendet|envoyé de mon |enviado desde mi |enviado do meu |inviato da |"
    r"verzonden vanaf |отправлено с )",
    re.IGNORECASE,
)
_ARMOUR = re.compile(r"-----(BEGIN|END) [A-Z0-9 ]+-----\s*$")
_FROM_UNIX = re.compile(rb"^>(>*From )", re.MULTILINE)
_GREETING = re.compile(
    r"(?:(?:best|kind|warm)(?:est)? (?:regards|wishes)|regards|cheers|thanks|many thanks|sincerely|"
    r"yours (?:sincerely|faithfully|truly)|(?:viele|liebe|beste|freundliche) grüße|"
    r"mit freundlichen grüßen|cordialement|bien à vous|(?:un )?saludos?(?: cordiales)?|atentamente|"
    r"cordiali saluti|distinti saluti|atenciosamente|cumprimentos|met vriendelijke groeten?|"
    r"med vänliga hälsningar|с уважением|pozdrawiam)[,.!]?",
    re.IGNORECASE,
)
_CONTACT = re.compile(r"\S@\S|www\.|https?://|\+?\d[\d ()/.-]{6,}\d")
MOST_OF_CARD = 10
"""The most lines of a signature without a separator."""
WRAPPED_AT = 60
"""A paragraph may continue after a line of at least this many characters."""


def _recognises_message(head: Head) -> bool:
    lines = head.text[:16384].splitlines()
    if head.named(".emlx") and lines and lines[0].strip().isdigit():
        lines = lines[1:]
    known = 0
    for line in lines[:80]:
        if line[:1] in (" ", "\t"):
            continue
        if not _HEADER.match(line):
            break
        known += _KNOWN.match(line) is not None
    return known >= (1 if head.named(".eml", ".emlx") else 3)


def _recognises_mbox(head: Head) -> bool:
    start = head.data.lstrip(b"\r\n")
    if not start.startswith(b"From "):
        return False
    first, _, rest = start.partition(b"\n")
    return (
        _FROM_LINE.match(first.rstrip(b"\r")) is not None
        and _HEADER.match(rest[:200].decode("ascii", "replace").lstrip(">")) is not None
    )


def _read_mbox(text: Opened) -> Iterator[Passage]:
    with closing(text.open()) as stream:
        message, size, before = bytearray(), 0, b"\n"
        begun = False
        for line in iter(lambda: stream.readline(1 << 20), b""):
            is_break = before.strip() == b"" and _FROM_LINE.match(line.rstrip()) is not None
            before = line
            if is_break:
                if begun and message:
                    yield from _message(bytes(message), text, from_mbox=True)
                message, size, begun = bytearray(), 0, True
                continue
            size += len(line)
            if size <= LONGEST_MESSAGE:
                message += line
        if message:
            yield from _message(bytes(message), text, from_mbox=True)


def _read_message(text: Opened) -> Iterator[Passage]:
    with closing(text.open()) as stream:
        data = stream.read(LONGEST_MESSAGE)
    first, _, rest = data.partition(b"\n")
    if first.strip().isdigit():  # Apple Mail: the length, the message, a property list
        data = rest[: int(first)]
    yield from _message(data, text)


def _message(data: bytes, text: Opened, *, from_mbox: bool = False) -> Iterator[Passage]:
    if from_mbox:
        data = _FROM_UNIX.sub(rb"\1", data)
    left_out = text.account.left_out
    try:
        message = email.message_from_bytes(data)
        body, is_html, flowed = _body(message, text)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        # The library raises unforeseen errors; one bad message must not lose the others.
        left_out["messages that are damaged"] += 1
        return
    if not body.strip():
        left_out["messages without text"] += 1
        return
    speaker = _sender(message)
    texts = prose(body, _quotes) if is_html else paragraphs(body, flowed=flowed)
    for paragraph in texts:
        if _ADVERTISEMENT.match(paragraph):
            continue
        if is_html and (_REST_IS_QUOTED.match(paragraph) or _QUOTED_HEADER.match(paragraph)):
            break
        yield Passage(paragraph, speaker)


def _sender(message: Message) -> str:
    name, address = parseaddr(_decoded_header(str(message.get("From", ""))))
    return name.strip() or address.strip() or "unknown"


def _decoded_header(value: str) -> str:
    try:
        parts = decode_header(value)
        return "".join(
            part if isinstance(part, str) else part.decode(charset or "latin-1", "replace")
            for part, charset in parts
        )
    except (ValueError, LookupError):
        return value


def _body(message: Message, text: Opened) -> tuple[str, bool, bool]:
    """Return a message's text, whether it is HTML, and whether its lines flow (RFC 3676)."""
    plain: Message | None = None
    rich: Message | None = None
    for part in message.walk():
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        if part.get_content_disposition() == "attachment" or part.get_filename():
            text.account.left_out["attachments"] += 1
        elif kind == "text/plain" and plain is None:
            plain = part
        elif kind == "text/html" and rich is None:
            rich = part
    if plain is not None:
        body = _payload(plain)
        if body.strip():
            return body, False, str(plain.get_param("format", "")).lower() == "flowed"
    return ("", False, False) if rich is None else (_payload(rich), True, False)


def _payload(part: Message) -> str:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    charset = part.get_content_charset() or "utf-8"
    charset = {"iso-8859-1": "cp1252", "us-ascii": "utf-8", "latin-1": "cp1252"}.get(
        charset, charset
    )
    # Encodings of seven bits look like ASCII.
    is_escaped = charset.replace("_", "-").startswith(("iso-2022", "hz", "utf-7"))
    for encoding in (charset, "utf-8") if is_escaped else ("utf-8", charset):
        try:
            return data.decode(encoding)
        except (UnicodeDecodeError, LookupError, ValueError):
            continue
    guessed = guess(data)
    return data.decode("cp1252" if guessed is None else guessed.name, "replace")


def _quotes(tag: str, has: dict[str, str | None]) -> bool:
    """Whether an element of an HTML message holds a quote or a signature."""
    marks = f"{has.get('class') or ''} {has.get('id') or ''}".lower()
    return tag == "blockquote" or any(mark in marks for mark in _QUOTE_MARKS)


def paragraphs(body: str, *, flowed: bool = False) -> Iterator[str]:
    """Yield the paragraphs that the sender of a plain message wrote, each on one line.

    Args:
        body: the text of the message.
        flowed: whether a line that ends in a space continues in the next one.
    """
    paragraph: list[str] = []
    for line in _own_lines(body.replace("\r\n", "\n").split("\n"), flowed=flowed):
        if not line.strip():
            if paragraph:
                yield " ".join(part.strip() for part in paragraph)
            paragraph = []
            continue
        if paragraph and not _goes_on(paragraph[-1], line, flowed=flowed):
            yield " ".join(part.strip() for part in paragraph)
            paragraph = []
        paragraph.append(line if flowed else line.strip())
    if paragraph:
        yield " ".join(part.strip() for part in paragraph)


def _goes_on(before: str, line: str, *, flowed: bool) -> bool:
    """Whether a line continues a paragraph: its first word had no room on the line before."""
    if flowed and before.endswith(" "):
        return True
    first = line.split(maxsplit=1)[0]
    is_item = re.match(r"\s*(?:[-*•·]|\d{1,2}[.)])\s", line) is not None
    return not is_item and len(before) <= 1000 and len(before) + 1 + len(first) > WRAPPED_AT


def _own_lines(lines: list[str], *, flowed: bool) -> Iterator[str]:
    """Return the lines without quotes, their introductions, signatures and armour."""
    kept: list[str] = []
    for number, line in enumerate(lines):
        if line.lstrip().startswith((">", "|>")):
            _drop_attribution(kept)
            if kept and kept[-1].strip():
                kept.append("")
            continue
        bare = line.rstrip()
        if bare == "--" or line == "-- ":
            break  # a signature
        if _REST_IS_QUOTED.match(line) or _starts_quoted_header(lines, number):
            break
        if _ARMOUR.match(line):
            if "SIGNATURE" in line or "BEGIN PGP MESSAGE" in line:
                break
            continue
        if line.startswith("Hash: ") and number < 4:
            continue
        kept.append(line if flowed else bare)
    return iter(_without_card(kept))


def _without_card(lines: list[str]) -> list[str]:
    """Return the lines without the contact details after a greeting and a name."""
    last = [number for number, line in enumerate(lines) if line.strip()]
    for index, number in enumerate(last):
        after = last[index + 2 :]
        if _GREETING.fullmatch(lines[number].strip()) and 0 < len(after) <= MOST_OF_CARD:
            card = [lines[n].strip() for n in after]
            is_card = any(map(_CONTACT.search, card)) and all(len(row) <= 70 for row in card)
            return lines[: after[0]] if is_card else lines
    return lines


def _starts_quoted_header(lines: list[str], number: int) -> bool:
    """Whether Outlook's header of the quoted message begins in this line."""
    if not _QUOTED_HEADER.match(lines[number]):
        return False
    below = [line.lstrip("*") for line in lines[number + 1 : number + 6]]
    return sum(re.match(r"[^\W\d_][\w -]{0,20}\s?:\*?\s", line) is not None for line in below) >= 2


def _drop_attribution(kept: list[str]) -> None:
    """Remove the introduction of a quote, such as `On Monday, Anna wrote:`, from the end."""
    end = len(kept)
    while end and not kept[end - 1].strip():
        end -= 1
    if not end or not kept[end - 1].rstrip().endswith((":", "：")):
        return
    for begin in range(end - 1, max(-1, end - 4), -1):
        introduction = " ".join(kept[begin:end])
        if not kept[begin].strip() or not _ATTRIBUTION_WORDS.search(introduction):
            break
        is_alone = begin == 0 or not kept[begin - 1].strip()
        if re.search(r"[\d@]", introduction) or (is_alone and len(introduction) < 60):
            if not is_alone and _ATTRIBUTION_BEGINS.match(kept[begin - 1]):
                begin -= 1
            del kept[begin:]
            return


_LEFT_OUT = "headers, quotes, signatures and attachments"
MBOX = Form(
    "mbox", "mailbox", "paragraphs", _LEFT_OUT, _recognises_mbox, _read_mbox, (".mbox",),
    is_text=False,
)  # fmt: skip
MAIL = Form(
    "mail", "mail", "paragraphs", _LEFT_OUT, _recognises_message, _read_message, (".eml", ".emlx"),
    is_text=False,
)  # fmt: skip
