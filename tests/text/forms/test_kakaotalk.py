from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., Path]
Lines = Callable[..., list[str]]

WINDOWS = """\
개발팀 님과 카카오톡 대화
저장한 날짜 : 2024-03-11 22:14:03

--------------- 2024년 3월 11일 월요일 ---------------
박세진님이 김민준님을 초대했습니다.
[박세진] [오전 9:12] 오늘까지 되나요?
[김민준] [오전 9:15] 네, 지금
돌리는 중입니다
[김민준] [오전 9:16] 사진
[박세진] [오전 9:17] 이모티콘
[박세진] [오전 9:18] 파일: 계획.pdf
[김민준] [오후 2:03] 삭제된 메시지입니다.
--------------- 2024년 3월 12일 화요일 ---------------
[김민준] [오후 2:05] 배포 완료했습니다!
"""
ANDROID = """\
개발팀 3 님과 카카오톡 대화
저장한 날짜 : 2024년 3월 11일 오후 10:14


2024년 3월 11일 오전 9:12
2024년 3월 11일 오전 9:12, 박세진 : 오늘까지 되나요?
2024년 3월 11일 오전 9:15, 회원님 : 네, 지금
돌리는 중입니다
2024년 3월 11일 오전 9:16, 회원님 : 사진 3장
2024년 3월 12일 오후 2:05, 회원님 : 배포 완료했습니다!
"""
IPHONE = """\
Talk_2024.3.11 22:14-1.txt
저장한 날짜 : 2024. 3. 11. 오후 10:14


2024년 3월 11일 월요일
2024. 3. 11. 오전 9:12: 김민준님이 들어왔습니다.
2024. 3. 11. 오전 9:12, 박세진 : 오늘까지 되나요?
2024. 3. 11. 09:15, 김민준 : 네, 지금
돌리는 중입니다
2024. 3. 12. 오후 2:05, 김민준 : 배포 완료했습니다!
"""
MAC = """\
Date,User,Message
2024-03-11 09:12:01,"박세진","오늘까지 되나요?"
2024-03-11 09:15:22,"김민준","네, 지금
돌리는 중입니다"
2024-03-11 09:16:00,"김민준","사진"
2024-03-12 14:05:00,"김민준","배포 완료했습니다!"
"""
SAID = ["오늘까지 되나요?", "네, 지금 돌리는 중입니다", "배포 완료했습니다!"]
ENGLISH = """\
Chat with John Doe
Date Saved : 2020-12-31 23:59:59

--------------- Thursday, December 31, 2020 ---------------
[John Doe] [11:59 PM] Happy new year!
[Jane] [11:59 PM] Same to you [x]
--------------- Friday, January 1, 2021 ---------------
[John Doe] [12:05 AM] File: report.pdf
[Jane] [12:06 AM] Photo
"""
ENGLISH_ANDROID = """\
KakaoTalk Chats with John Doe
Date Saved : May 10, 2018, 4:30 PM

May 10, 2018, 4:23 PM
May 10, 2018, 4:23 PM, John Doe : Happy new year!
May 10, 2023 at 4:24 PM, Jane : Same to you [x]
"""


@pytest.mark.parametrize("export", [WINDOWS, ANDROID, IPHONE], ids=["windows", "android", "iphone"])
def test_an_export_gives_what_was_said(export: str, write: Write, lines: Lines) -> None:
    assert lines(write(export)) == SAID


def test_the_table_of_a_mac_gives_the_same(write: Write, lines: Lines) -> None:
    path = write(MAC, "KakaoTalk_Chat.csv")
    assert lines(path) == SAID
    assert lines(path, speaker="박세진") == SAID[:1]


@pytest.mark.parametrize("export", [ENGLISH, ENGLISH_ANDROID])
def test_an_english_export_gives_what_was_said(export: str, write: Write, lines: Lines) -> None:
    path = write(export)
    assert lines(path) == ["Happy new year!", "Same to you [x]"]
    assert lines(path, speaker="Jane") == ["Same to you [x]"]


def test_it_is_said_what_was_read(write: Write, notes: Lines) -> None:
    assert notes(write(WINDOWS)) == [
        "text.txt: KakaoTalk export: 3 messages of 2 people; time stamps, names and media notes "
        "left out"
    ]


def test_a_log_with_brackets_is_none(write: Write, lines: Lines) -> None:
    log = "[main] [10:30] started\n[main] [10:31] stopped\n"
    assert lines(write(log)) == log.splitlines()
