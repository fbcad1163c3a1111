from collections.abc import Callable
from pathlib import Path

import pytest

from foreword.errors import TextError

Write = Callable[..., Path]
Lines = Callable[..., list[str]]

BACKUP = """\
<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>
<!--File Created By SMS Backup & Restore v10.20 on 01/01/2024-->
<?xml-stylesheet type="text/xsl" href="sms.xsl"?>
<smses count="5" backup_set="x" backup_date="1704100000000">
  <sms protocol="0" address="+491511234567" date="1" type="1" subject="null" \
body="Kommst du &amp; Tom? &#55357;&#56832;" read="1" contact_name="Anna Meier" />
  <sms protocol="0" address="+491511234567" date="2" type="2" body="Ja&#10;um zehn" \
contact_name="Anna Meier" />
  <sms protocol="0" address="12345" date="3" type="1" body="Ihr Code&#11;kommt" \
contact_name="(Unknown)" />
  <sms protocol="0" address="12345" date="3" type="3" body="Entwurf" contact_name="x" />
  <mms date="4" msg_box="1" address="+491511234567" contact_name="Anna Meier">
    <parts>
      <part seq="-1" ct="application/smil" text="&lt;smil&gt;" />
      <part seq="0" ct="image/jpeg" name="a.jpg" text="null" data="/9j/4AAQSkZJRg==" />
      <part seq="0" ct="text/plain" text="Schau mal" />
    </parts>
    <addrs><addr address="+49" type="137" /></addrs>
  </mms>
</smses>
"""


def test_a_backup_gives_what_was_said(write: Write, lines: Lines, notes: Lines) -> None:
    path = write(BACKUP, "sms-20240101.xml")
    assert lines(path) == ["Kommst du & Tom? 😀", "Ja um zehn", "Ihr Code kommt", "Schau mal"]
    assert "SMS backup: 4 messages of 3 people" in notes(path)[0]


def test_ones_own_messages_are_those_of_me(write: Write, lines: Lines) -> None:
    path = write(BACKUP, "backup.txt")
    assert lines(path, speaker="me") == ["Ja um zehn"]
    assert lines(path, speaker="anna meier") == ["Kommst du & Tom? 😀", "Schau mal"]


@pytest.mark.parametrize("size", [1, 7, 64])
def test_an_emoji_across_two_blocks_is_one_letter(
    size: int, write: Write, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foreword.text.decoding.BLOCK_BYTES", size)
    monkeypatch.setattr("foreword.text.decoding._HEAD_BYTES", size)
    assert lines(write(BACKUP))[0] == "Kommst du & Tom? 😀"


def test_a_backup_that_is_cut_short_is_refused_with_its_place(write: Write, lines: Lines) -> None:
    with pytest.raises(TextError, match=r"a.xml: .*SMS backup: .*line \d+.*--as text"):
        lines(write(BACKUP[: BACKUP.index("contact_name")], "a.xml"))


def test_entities_are_not_read(write: Write, lines: Lines, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("password")
    for declared in (
        f'<!ENTITY x SYSTEM "{tmp_path}/secret">',
        '<!ENTITY a "ha"><!ENTITY x "&a;&a;&a;&a;&a;&a;&a;&a;">',
        f'<!ENTITY % p SYSTEM "{tmp_path}/secret"> %p;',
    ):
        attack = f'<!DOCTYPE smses [{declared}]>\n<smses><sms type="1" body="see &x;" /></smses>'
        with pytest.raises(TextError, match="entities"):
            lines(write(attack, "a.xml"))


def test_elements_without_end_are_refused(write: Write, lines: Lines) -> None:
    with pytest.raises(TextError, match="nested"):
        lines(write("<smses>" + "<a>" * 100_000, "a.xml"))
