from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., Path]
Lines = Callable[..., list[str]]

JAPANESE = """\
[LINE] 森川 陽介とのトーク履歴
保存日時：2026/09/26 11:00

2026/09/25(金)
21:03\t佐藤 花子\t明日は何時からにしますか？
21:05\t森川 陽介\t"場所は駅前です。
地図はあとで送ります。"
21:06\t森川 陽介\t[スタンプ]
21:07\t☎ 通話時間 0:35

2026/09/26(土)
午前8:15\t森川 陽介\t[写真]
午前8:16\t森川 陽介\tおはよう
午前8:17\t佐藤 花子が写真を変更しました。
"""
ENGLISH = """\
[LINE] Chat history in Team
Saved on: 9/26/2026, 11:00

Fri, 9/25/2026
09:03PM\tJordan Lee\tWhat time works tomorrow?
09:05PM\tAlex\tHow about two?
09:06PM\tAlex\t[File] plan.pdf
09:06PM\tAlex unsent a message.
09:07PM\tAlex\tShe said "no"
"""
CHINESE = """\
2022/03/31（四）
上午09:46\t小明\t今天天氣很好
上午09:47\t小華\t[貼圖]
下午03:10\t小華\t對啊
"""
COMPUTER = """\
2017.09.03 Sunday
16:23 Bob Smith Today I found something:
Apparently there is a way to read chats now!
16:25 Alice Whaaat
16:25 Bob Smith Yes
16:26 Bob Smith I mean it
16:27 Alice Show me
16:28 Alice [Photo]
"""


def test_a_japanese_export_gives_what_was_said(write: Write, lines: Lines) -> None:
    path = write(JAPANESE, "[LINE] 森川 陽介とのトーク.txt")
    assert lines(path) == [
        "明日は何時からにしますか？",
        "場所は駅前です。 地図はあとで送ります。",
        "おはよう",
    ]
    assert lines(path, speaker="佐藤 花子") == ["明日は何時からにしますか？"]


def test_an_english_export_gives_what_was_said(write: Write, lines: Lines, notes: Lines) -> None:
    path = write(ENGLISH)
    assert lines(path) == ["What time works tomorrow?", "How about two?", 'She said "no"']
    assert "LINE export: 3 messages of 2 people" in notes(path)[0]


def test_an_export_without_a_title_is_known_by_its_days(write: Write, lines: Lines) -> None:
    assert lines(write(CHINESE)) == ["今天天氣很好", "對啊"]


@pytest.mark.parametrize(("speaker", "count"), [("Bob Smith", 3), ("Alice", 2)])
def test_names_before_a_space_are_what_all_their_messages_begin_with(
    speaker: str, count: int, write: Write, lines: Lines
) -> None:
    path = write(COMPUTER)
    assert len(lines(path, speaker=speaker)) == count
    assert lines(path)[0] == (
        "Today I found something: Apparently there is a way to read chats now!"
    )


def test_a_diary_with_times_is_none(write: Write, lines: Lines) -> None:
    diary = "2017.09.03 Sunday\nWe went out.\nIt rained all day.\nThen we came home.\n"
    assert lines(write(diary)) == diary.splitlines()
