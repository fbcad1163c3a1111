import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from foreword.errors import TextError

Write = Callable[..., Path]
Lines = Callable[..., list[str]]

ANDROID = """\
12/31/23, 9:14 PM - Messages and calls are end-to-end encrypted. No one outside of this chat, \
not even WhatsApp, can read or listen to them. Tap to learn more.
12/31/23, 9:15 PM - Anna Meier: Are you coming tonight?
12/31/23, 9:15 PM - Tom: <Media omitted>
12/31/23, 9:16 PM - Tom: Yes, at ten:
I bring the cake

and 2 bottles
12/31/23, 9:17 PM - Anna Meier: This message was deleted
12/31/23, 9:17 PM - Tom: You deleted this message
12/31/23, 9:18 PM - Anna Meier: Great! <This message was edited>
12/31/23, 9:19 PM - Tom added Ben
12/31/23, 9:19 PM - Anna Meier changed the group name from "A: b" to "New: year"
12/31/23, 9:20 PM - Ben: IMG-20231231-WA0001.jpg (file attached)
look at this
12/31/23, 9:21 PM - Ben: null
1/1/24, 12:01 AM - +49 151 1234567: Happy new year <3
"""
SAID = [
    "Are you coming tonight?",
    "Yes, at ten: I bring the cake and 2 bottles",
    "Great!",
    "look at this",
    "Happy new year <3",
]
APPLE = (
    "\ufeff[31/12/2023, 21:14:00] Party: \u200eMessages and calls are end-to-end encrypted.\n"
    "[31/12/2023, 21:15:33] Anna Meier: Kommst du heute?\r\n"
    "\u200e[31/12/2023, 21:15:40] ~\u202fTom: \u200eBild weggelassen\r\n"
    "[31/12/2023, 21:16:01] ~\u202fTom: Ja, um zehn\r\nich bringe Kuchen mit\r\n"
    "\u200e[31/12/2023, 21:17:00] Anna Meier: \u200eDu hast diese Nachricht gelöscht.\r\n"
    "[31/12/2023, 21:18:00] Anna Meier: Super! \u200e<Diese Nachricht wurde bearbeitet.>\r\n"
    "\u200e[31/12/2023, 21:19:00] Anna Meier: \u200e<Anhang: 00000012-PHOTO-2023.jpg>\r\n"
    "[31/12/2023, 21:20:00] ~\u202fTom: @\u2068Anna Meier\u2069 bis gleich\r\n"
)


def test_an_export_from_android_gives_what_was_said(write: Write, lines: Lines) -> None:
    assert lines(write(ANDROID)) == SAID


def test_an_export_from_an_iphone_gives_what_was_said(write: Write, lines: Lines) -> None:
    assert lines(write(APPLE, "_chat.txt")) == [
        "Kommst du heute?",
        "Ja, um zehn ich bringe Kuchen mit",
        "Super!",
        "bis gleich",
    ]


def test_the_zip_that_whatsapp_gives_is_read_without_its_pictures(
    tmp_path: Path, lines: Lines, notes: Lines
) -> None:
    path = tmp_path / "WhatsApp Chat - Anna.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("_chat.txt", APPLE)
        archive.writestr("00000012-PHOTO-2023.jpg", b"\xff\xd8\xff\0\0\x10JFIF")
    assert lines(path)[0] == "Kommst du heute?"
    assert "1 .jpg" in notes(path)[-1]


@pytest.mark.parametrize(
    "stamp",
    [
        "12/31/23, 9:15 PM - ",
        "12/31/23, 9:15\u202fPM - ",
        "31/12/23, 9:15 p. m. - ",
        "31/12/23 21:15 - ",
        "31.12.23, 21:15 - ",
        "31. 12. 2023 21:15 - ",
        "31-12-2023 21:15 - ",
        "2023-12-31 21:15 - ",
        "2023/12/31 21:15 - ",
        "31/12/2023 à 21:15 - ",
        "31/12/23 às 21:15 - ",
        "31.12.2023 klo 21.15 - ",
        "2023. 12. 31. 오후 9:15 - ",
        "\u200f٣١\u200f/١٢\u200f/٢٠٢٣، ٩:١٥ م - ",
        "[31/12/2023, 21:15:33] ",
        "\u200e[31.12.23, 21:15:33] ",
        "[12/31/23, 9:15:33\u202fPM] ",
        "[2023/12/31 下午9:15:33] ",
        "[31-12-2023 21:15:33] ",
        "[31.12.2023 klo 21.15.33] ",
    ],
)
def test_dates_and_times_are_known_in_the_forms_of_many_countries(
    stamp: str, write: Write, lines: Lines
) -> None:
    export = "".join(f"{stamp}{who}: hello {who}\n" for who in ("Anna", "Tom", "Anna"))
    assert lines(write(export)) == ["hello Anna", "hello Tom", "hello Anna"]


def test_what_was_read_is_said_in_a_line(write: Write, notes: Lines) -> None:
    assert notes(write(ANDROID, "chat.txt")) == [
        "chat.txt: WhatsApp export: 5 messages of 4 people; time stamps, names and media notes "
        "left out"
    ]


def test_one_persons_part_is_taken_however_the_name_is_written(write: Write, lines: Lines) -> None:
    path = write(APPLE)
    assert lines(path, speaker="tom") == ["Ja, um zehn ich bringe Kuchen mit", "bis gleich"]


def test_a_speaker_who_is_not_there_lists_those_who_are(write: Write, lines: Lines) -> None:
    with pytest.raises(TextError, match=r"--speaker Eve: .*Anna Meier \(2\), Tom \(1\)"):
        lines(write(ANDROID), speaker="Eve")


def test_as_text_reads_it_as_it_stands_and_warns_that_all_lines_look_alike(
    write: Write, lines: Lines, notes: Lines
) -> None:
    path = write(
        "".join(
            f"12/31/23, 9:{n % 60:02} PM - Tom: {chr(97 + n % 26) * (n % 23 + 3)} word\n"
            for n in range(200)
        )
    )
    assert lines(path, read_as="text")[0] == "12/31/23, 9:00 PM - Tom: aaa word"
    assert "almost all lines look alike" in notes(path, read_as="text")[0]
    assert not any("alike" in note for note in notes(path))


@pytest.mark.parametrize(
    "text",
    [
        "Dear diary,\n12/31/23, 9:15 PM - wrote a lot today\nand slept.\n",
        "1. Mix: flour\n2. Add: eggs\n3. Bake: 20 min\n",
        "[1] Smith: A paper. 2023.\n[2] Jones: Another.\n",
        "10:15 - Breakfast\n11:00 - Talk: networks\n",
    ],
)
def test_what_only_resembles_an_export_is_plain_text(text: str, write: Write, lines: Lines) -> None:
    assert lines(write(text)) == text.splitlines()


def test_an_export_that_is_cut_short_gives_what_is_there(write: Write, lines: Lines) -> None:
    assert lines(write(ANDROID[: ANDROID.index("eat! <")])) == [*SAID[:2], "Gr"]


def test_an_export_in_another_encoding_is_refused_with_its_line(write: Write, lines: Lines) -> None:
    path = write("".join(f"31.12.23, 21:15 - Jörg: Grüße {n}\n" for n in range(9)).encode("cp1252"))
    with pytest.raises(TextError, match=r"text.txt, line 1, .*--encoding cp1252"):
        lines(path)
    assert lines(path, encoding="cp1252")[0] == "Grüße 0"


def test_a_message_of_megabytes_is_one_line(write: Write, lines: Lines) -> None:
    long = "word " * 100_000 + "<" * 50_000
    path = write(f"12/31/23, 9:15 PM - Tom: {long}\n12/31/23, 9:15 PM - Tom: next\n")
    assert lines(path) == [long, "next"]


def test_bytes_that_are_no_text_are_refused(write: Write, lines: Lines) -> None:
    path = write(ANDROID.encode() + b"\0\1\2")
    with pytest.raises(TextError, match="NUL"):
        lines(path)


def test_standard_input_is_read_by_its_content_too(
    monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(ANDROID.encode())))
    assert lines(Path("-")) == SAID


@pytest.mark.parametrize(
    ("stamp", "note"),
    [
        ("2023年12月31日 下午9:14 - ", "<省略影音內容>"),
        ("2023년 12월 31일 오후 9:14 - ", "<미디어 파일 제외됨>"),
        ("2023/12/31 21:14 - ", "<メディアは含まれていません>"),
        ("31.12.2023 г., 21:14 - ", "<Без мултимедия>"),
        ("31.12.2023, 21:14 - ", "Ви видалили це повідомлення"),
    ],
)
def test_dates_and_notes_of_other_languages_are_known(
    stamp: str, note: str, write: Write, lines: Lines
) -> None:
    chat = f"{stamp}A: one\n{stamp}B: two\n{stamp}B: {note}\n"
    assert lines(write(chat)) == ["one", "two"]
