"""Read KakaoTalk's exports of chats from all its programs, in Korean and English."""

import csv
import re
from collections.abc import Iterable, Iterator

from foreword.text.forms.form import Form, Head, Opened, Passage

_TITLE = re.compile(
    r".{1,120}(?:님과(?:의)?|과|와) 카카오톡 대화$|.{0,120}카카오톡 대화$|"
    r"(?:KakaoTalk )?Chats? with .{1,120}$|.{1,120} (?:Kakao)?Talk Chats(?: with .*)?$|"
    r"Talk_[\d.]+.*"
)
_SAVED = re.compile(r"(?:저장한 날짜|Date Saved|Saved Date|保存日)\s?[:：]")
_RULE = re.compile(r"-{10,} .{6,40} -{10,}$")
_CLOCK = r"(?:(?:오전|오후|午前|午後|[AP]M)\s)?\d{1,2}:\d{2}(?:\s?(?:[AaPp]\.?[Mm]\.?))?"
_BRACKETS = re.compile(rf"\[(?P<name>[^\[\]]{{1,80}})\] \[{_CLOCK}\] (?P<text>.*)", re.DOTALL)
_DATE = (
    r"(?:\d{4}년 \d{1,2}월 \d{1,2}일|\d{4}\. ?\d{1,2}\. ?\d{1,2}\.?|"
    r"[A-Z][a-z]{2,8} \d{1,2}, \d{4}(?:,| at)?)"
)
_STAMP = re.compile(rf"{_DATE}\s{_CLOCK}(?P<rest>.*)", re.DOTALL)
_MESSAGE = re.compile(r", (?P<name>.{1,80}?) : (?P<text>.*)", re.DOTALL)
_DAY = re.compile(
    rf"{_DATE}(?:\s\S{{1,10}})?$|[A-Z][a-z]{{5,8}}, [A-Z][a-z]{{2,8}} \d{{1,2}}, \d{{4}}$"
)
_NOTE = re.compile(
    r"<?(?:사진|동영상|이모티콘|\(?이모티콘\)?|음성메시지|음성 메시지|스티커|지도|연락처|"
    r"Photos?|Videos?|Emoticons?|Stickers?|Voice (?:Note|Message)|Map|Contact)"
    r"(?: \d{1,3}(?:장|개)?| 읽지 않음)?>?\s*$"
    r"|(?:파일|File|샵검색|지도|연락처|Contact|Map)\s?: .*"
    r"|(?:보이스톡|페이스톡|라이브톡|그룹콜|Voice Call|Video Call|Live Talk).{0,30}$"
    r"|(?:삭제된 메시지입니다|메시지가 삭제되었습니다|This message was deleted|Deleted message"
    r"|메시지를 가렸습니다|This message has been hidden)\.?\s*$"
)
_CSV_HEADER = "Date,User,Message"


def _recognises(head: Head) -> bool:
    lines = [line.strip() for line in head.lines[:200]]
    if not lines:
        return False
    if lines[0].replace('"', "") == _CSV_HEADER:
        return True
    messages = sum(_message(line) is not None for line in lines)
    has_title = any(_TITLE.match(line) or _SAVED.match(line) for line in lines[:4])
    has_rule = any(_RULE.match(line) for line in lines)
    begins = has_title or _message(lines[0]) is not None or _DAY.match(lines[0]) is not None
    # Other logs use brackets in the same way.
    bracketed = any(_BRACKETS.match(line) for line in lines)
    return begins and messages >= 1 and (has_title or (has_rule if bracketed else messages >= 2))


def _message(line: str) -> tuple[str, str] | None:
    """Return the name and text of a line that begins a message; None for the program's notes."""
    if match := _BRACKETS.match(line):
        return match["name"], match["text"]
    if match := _STAMP.match(line):
        message = _MESSAGE.match(match["rest"])
        if message is not None:
            return message["name"], message["text"]
    return None


def _is_note(line: str) -> bool:
    """Whether a line is part of no message: a date, a rule, someone joining."""
    bare = line.strip()
    if _RULE.match(bare) or _DAY.match(bare):
        return True
    if match := _STAMP.match(bare):
        return not match["rest"] or match["rest"].startswith((":", ","))
    return re.search(r"님이 .{0,60}(?:들어왔|나갔|초대했|내보냈)습니다\.", bare) is not None


def _read(text: Opened) -> Iterator[Passage]:
    lines = text.lines()
    first = next((line for line in lines if line.strip()), "")
    if first.replace('"', "").strip() == _CSV_HEADER:
        yield from _of_table(lines, text)
        return
    name: str | None = None
    parts: list[str] = []
    for line in (first, *lines) if _message(first.strip()) else lines:
        begun = _message(line.strip())
        if begun is None and not _is_note(line):
            parts.append(line)
            continue
        if name is not None:
            yield from _passage(name, "\n".join(parts), text)
        if begun is None:
            text.account.left_out["service messages"] += 1
            name, parts = None, []
        else:
            name, parts = begun[0], [begun[1]]
    if name is not None:
        yield from _passage(name, "\n".join(parts), text)


def _of_table(lines: Iterable[str], text: Opened) -> Iterator[Passage]:
    try:
        for row in csv.reader(line + "\n" for line in lines):
            if len(row) >= 3:
                yield from _passage(row[1], row[2], text)
    except csv.Error as error:
        raise text.damaged(error, KAKAOTALK.label) from error


def _passage(name: str, content: str, text: Opened) -> Iterator[Passage]:
    if not content.strip() or _NOTE.match(content.strip()):
        text.account.left_out["notes"] += 1
    else:
        yield Passage(content, name.strip())


KAKAOTALK = Form(
    "kakaotalk",
    "KakaoTalk export",
    "messages",
    "time stamps, names and media notes",
    _recognises,
    _read,
)
