import mailbox
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from foreword.text.forms import mail

Write = Callable[..., Path]
Lines = Callable[..., list[str]]

HEADERS = """\
Return-Path: <anna@example.org>
Received: from mail.example.org by mx.example.org; Mon, 1 Jan 2024 10:00:00 +0100
From: =?utf-8?q?J=C3=B6rg_M=C3=BCller?= <joerg@example.org>
To: Tom <tom@example.org>
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
Date: Mon, 1 Jan 2024 10:00:00 +0100
Message-ID: <1@example.org>
"""
PLAIN = (
    HEADERS
    + """\
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Hi Tom,

thank you for the long letter that you have sent to me on Sunday,
which I have read with pleasure. Shall we meet?

- bring cake
- and tea

On Sun, 31 Dec 2023 at 21:15, Tom Smith <tom@example.org>
wrote:

> Dear Jörg,
>> older still
> see you

Yes, gladly.

--\x20
Jörg Müller
Example Street 1
"""
)
SAID = [
    "Hi Tom,",
    "thank you for the long letter that you have sent to me on Sunday, which I have read with "
    "pleasure. Shall we meet?",
    "- bring cake",
    "- and tea",
    "Yes, gladly.",
]


def test_a_message_gives_what_its_sender_wrote(write: Write, lines: Lines, notes: Lines) -> None:
    path = write(PLAIN, "letter.eml")
    assert lines(path) == SAID
    assert notes(path) == [
        "letter.eml: mail: 5 paragraphs of 1 person; headers, quotes, signatures and attachments "
        "left out"
    ]
    assert lines(path, speaker="Jörg Müller") == SAID


def test_a_message_is_known_by_its_headers_whatever_its_name(write: Write, lines: Lines) -> None:
    assert lines(write(PLAIN.replace("\n", "\r\n"), "1704099600.M1P2.host:2,S")) == SAID


@pytest.mark.parametrize(
    "attribution",
    [
        "On Mon, Jan 1, 2024 at 10:00 AM Anna <a@b.org> wrote:",
        "Am 01.01.24 um 10:00 schrieb Anna Meier:",
        "Le lun. 1 janv. 2024 à 10:00, Anna <a@b.org> a écrit :",
        "El lun, 1 ene 2024 a las 10:00, Anna (<a@b.org>) escribió:",
        "Il giorno lun 1 gen 2024 alle ore 10:00 Anna <a@b.org> ha scritto:",
        "Op ma 1 jan 2024 om 10:00 schreef Anna <a@b.org>:",
        "Em seg., 1 de jan. de 2024 às 10:00, Anna <a@b.org> escreveu:",
        "пн, 1 янв. 2024 г. в 10:00, Anna <a@b.org> написала:",
    ],
)
def test_what_introduces_a_quote_is_left_out_in_many_languages(
    attribution: str, write: Write, lines: Lines
) -> None:
    path = write(f"{HEADERS}\nOk.\n\n{attribution}\n\n> quoted\n", "a.eml")
    assert lines(path) == ["Ok."]


def test_a_line_that_ends_in_a_colon_is_no_attribution(write: Write, lines: Lines) -> None:
    path = write(f"{HEADERS}\nI agree with this:\n\n> quoted\n\nand more.\n", "a.eml")
    assert lines(path) == ["I agree with this:", "and more."]


@pytest.mark.parametrize(
    "rest",
    [
        "-----Original Message-----\nFrom: Anna\nSent: Monday\n\nold text",
        "________________________________\nVon: Anna\n\nold text",
        "From: Anna Meier <a@b.org>\nSent: Monday, January 1, 2024\nTo: Tom\nSubject: x\n\nold",
        "---------- Forwarded message ---------\nFrom: Anna\n\nold text",
    ],
)
def test_what_is_quoted_beneath_a_reply_is_left_out(rest: str, write: Write, lines: Lines) -> None:
    path = write(f"{HEADERS}\nSure.\n\nSent from my iPhone\n\n{rest}\n", "a.eml")
    assert lines(path) == ["Sure."]


def test_lines_that_flow_are_one_paragraph(write: Write, lines: Lines) -> None:
    body = "This is one \nparagraph of \nthree lines.\nThis is another.\n"
    path = write(f"{HEADERS}Content-Type: text/plain; format=flowed\n\n{body}", "a.eml")
    assert lines(path) == ["This is one paragraph of three lines.", "This is another."]


def multipart(plain: str | None, html: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Ann <ann@b.org>", "Ben <b@b.org>", "Hi"
    message["Date"] = "Mon, 1 Jan 2024 10:00:00 +0100"
    if plain is not None:
        message.set_content(plain, charset="iso-8859-1", cte="quoted-printable")
        message.add_alternative(html, subtype="html")
    else:
        message.set_content(html, subtype="html")
    message.add_attachment(b"\x89PNG\0", maintype="image", subtype="png", filename="a.png")
    message.add_attachment("secret notes", filename="notes.txt")
    return bytes(message)


HTML = (
    "<html><head><style>p {}</style></head><body><p>Schöne <b>Grüße</b> &amp; Küsse</p>"
    "<div class='gmail_quote'>On Monday Ann wrote:<blockquote>old</blockquote></div></body></html>"
)


def test_plain_text_is_preferred_and_html_read_where_there_is_none(
    write: Write, lines: Lines
) -> None:
    assert lines(write(multipart("Schöne Grüße\n", HTML), "a.eml")) == ["Schöne Grüße"]
    assert lines(write(multipart(None, HTML), "b.eml")) == ["Schöne Grüße & Küsse"]


def test_a_mailbox_gives_all_its_messages(tmp_path: Path, lines: Lines, notes: Lines) -> None:
    path = tmp_path / "Inbox"
    box = mailbox.mbox(path)
    for text in (PLAIN.encode(), multipart("From here on it goes.\n", HTML), HEADERS.encode()):
        box.add(text)
    box.close()
    assert lines(path) == [*SAID, "From here on it goes."]
    assert lines(path, speaker="Ann") == ["From here on it goes."]
    assert "Inbox: mailbox: 6 paragraphs of 2 people" in notes(path)[0]


def test_an_apple_mail_message_is_read_without_its_property_list(
    write: Write, lines: Lines
) -> None:
    data = PLAIN.encode()
    plist = b'<?xml version="1.0"?><plist><dict><key>flags</key></dict></plist>'
    assert lines(write(f"{len(data)}\n".encode() + data + plist, "1.emlx")) == SAID


def test_a_mailbox_of_damaged_messages_gives_the_others(write: Write, lines: Lines) -> None:
    broken = (
        "Content-Type: text/plain; charset=klingon\nContent-Transfer-Encoding: base64\n\n!!%%\n"
    )
    box = (
        f"From a@b Mon Jan  1 10:00:00 2024\n{HEADERS}{broken}\n"
        f"From a@b Mon Jan  1 10:00:00 2024\n{HEADERS}\nStill here.\n\n"
        "From a@b Mon Jan  1 10:00:00 2024\nSubj"
    )
    assert "Still here." in lines(write(box, "box"))


def test_a_message_too_long_for_memory_is_read_up_to_a_bound(
    write: Write, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "LONGEST_MESSAGE", 2_000)
    start = "From a@b Mon Jan  1 10:00:00 2024\n"
    box = (
        start
        + HEADERS
        + "\nFirst.\n\n"
        + "A" * 76 * 1000
        + "\n\n"
        + start
        + HEADERS
        + "\nSecond.\n"
    )
    actual = lines(write(box, "box"))
    assert actual[0] == "First."
    assert actual[-1] == "Second."


@pytest.mark.parametrize(
    "text",
    [
        "From: here to there\nwas a long way.\n",
        "To: do\nDate: never\n\nBuy milk\n",
        "Note: this is\nno mail at all.\n",
        "From the beginning it rained.\n\nAnd rained.\n",
    ],
)
def test_notes_that_begin_like_headers_are_plain_text(
    text: str, write: Write, lines: Lines
) -> None:
    assert [line for line in lines(write(text)) if line] == [x for x in text.splitlines() if x]


HEADERS = "From: A <a@x.de>\nTo: b@x.de\nSubject: x\nDate: Mon, 4 Mar 2024 10:12:00 +0100\n"


def test_mail_in_seven_bits_of_japanese_is_decoded(write: Write, lines: Lines) -> None:
    head = f"{HEADERS}Content-Type: text/plain; charset=iso-2022-jp\n\n"
    body = "明日の会議は十時からです。\n\n> 何時からですか\n"
    path = write(head.encode() + body.encode("iso-2022-jp"), "a.eml")
    assert lines(path) == ["明日の会議は十時からです。"]


def test_a_card_after_a_greeting_and_a_name_is_left_out(write: Write, lines: Lines) -> None:
    body = "Thanks, that works.\n\nBest regards,\nAnna Meier\nHead of Sales\n+49 30 1234567\n"
    path = write(f"{HEADERS}\n{body}", "a.eml")
    assert lines(path) == ["Thanks, that works.", "Best regards,", "Anna Meier"]
    more = write(f"{HEADERS}\nThanks,\nAnna\nPS: I bring the cake.\n", "b.eml")
    assert lines(more)[-1] == "PS: I bring the cake."
