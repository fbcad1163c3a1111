"""Read subtitles: SubRip, WebVTT and SubStation Alpha. Cues of one sentence become one line."""

import html
import re
from collections.abc import Iterable, Iterator

from foreword.text.forms.form import Form, Head, Opened, Passage

_TIME = r"(?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{1,3}"
_TIMES = re.compile(rf"\s*{_TIME}\s*(?:-->|,)\s*{_TIME}")
_FRAMES = re.compile(r"(?:\{\d+\}\{\d*\}|\[\d+\]\[\d*\])(.*)")
"""MicroDVD and MPL2: frames or tenths of a second, and lines between bars."""
_LYRICS = re.compile(r"(?:\[\d{1,3}:\d{2}[.:]\d{1,3}\])+(.*)")
_LYRICS_HEAD = re.compile(r"\[(?:ti|ar|al|au|by|offset|re|ve|length|la):.*\]$")
_ON_ONE_LINE = (_FRAMES, _LYRICS, _LYRICS_HEAD)
"""Formats with time and text on one line."""
_DRAWING = re.compile(r"\{[^{}]*\\p[1-9][^{}]*\}.*?(?:\{[^{}]*\\p0[^{}]*\}|$)")
_CREDITS = re.compile(
    r"opensubtitles|addic7ed|"
    r"^(?:subtitles?|captions?|sync(?:ed)?(?: (?:and|&) correct(?:ed|ions?))?) by\b",
    re.IGNORECASE,
)
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]{0,200}>|<\d[\d:.]{0,20}>|\{\\[^{}\n]{0,200}\}")
_SOUND = re.compile(r"\[[^\[\]\n]{1,80}\]|\([^a-z()\n]{2,80}\)|[♪♫][^♪♫\n]{0,200}[♪♫]?")
"""Sounds that are not speech: [door opens], (LAUGHTER), songs."""
_SPEAKER = re.compile(r"^(?:>>\s*)?(?:[A-Z][A-Z0-9 .'-]{1,30}:\s+|-\s*(?=\S))")
_VOICE = re.compile(r"<v(?:\.[\w.]+)?\s+([^<>\n]{1,80})>")
_ENDS = re.compile(r"[.!?…。！？؟।][\"'”’»)\]]*$")
MOST_LINES = 12
"""The number of cues after which a sentence ends, as some subtitles have no punctuation."""


def _recognises(head: Head) -> bool:
    lines = head.lines[:60]
    if not lines:
        return False
    first = lines[0].lstrip("\ufeff").strip()
    if first == "WEBVTT" or first.startswith(("WEBVTT ", "WEBVTT\t", "[Script Info]")):
        return True
    if any(pattern.match(first) for pattern in _ON_ONE_LINE):
        matching = sum(any(pattern.match(line) for pattern in _ON_ONE_LINE) for line in lines)
        return matching >= 0.9 * len(lines) and len(lines) > 1
    return (first.isdigit() and len(lines) > 1 and _TIMES.match(lines[1]) is not None) or (
        _TIMES.match(first) is not None
    )


def _read(text: Opened) -> Iterator[Passage]:
    sentence: list[str] = []
    speaker = last = ""

    def ended() -> Iterator[Passage]:
        if sentence:
            yield Passage(" ".join(sentence), speaker or None)
        sentence.clear()

    for voice, cue in _cues(text.lines()):
        if voice != speaker:
            yield from ended()
            speaker = voice
        for number, (begins, spoken) in enumerate(_spoken(cue, text)):
            if number == 0 and spoken == last:
                continue  # rolling captions show each line twice
            if begins:
                yield from ended()
            sentence.append(spoken)
            last = spoken
            if _ENDS.search(spoken) or len(sentence) >= MOST_LINES:
                yield from ended()
    yield from ended()


def _spoken(cue: Iterable[str], text: Opened) -> Iterator[tuple[bool, str]]:
    """Yield the text of each line of a cue, and whether another speaker begins with it."""
    for line in cue:
        if _CREDITS.search(line):
            text.account.left_out["credits"] += 1
            continue
        heard = _TAG.sub("", html.unescape(_DRAWING.sub("", line)))
        spoken = _SOUND.sub(" ", heard)
        if spoken != heard:
            text.account.left_out["sounds and songs"] += 1
        spoken = spoken.strip()
        begins = _SPEAKER.match(spoken)
        spoken = spoken if begins is None else spoken[begins.end() :].strip()
        if any(map(str.isalnum, spoken)):
            yield begins is not None, spoken


def _cues(lines: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each cue's speaker, if named, and lines."""
    cue: list[str] | None = None  # None outside of cues: numbers, notes, styles
    before = ""
    for line in lines:
        if line.startswith("Dialogue:"):
            fields = line.split(",", 9)
            if len(fields) == 10:
                yield fields[4].strip(), re.split(r"\\[Nn]", fields[9])
        elif match := _FRAMES.match(line):
            yield "", re.sub(r"\{[a-zA-Z]:[^{}]*\}|(?:^|(?<=\|))/", "", match[1]).split("|")
        elif match := _LYRICS.match(line):
            yield "", [f"- {match[1]}"]  # each line is a new one, like another speaker's
        elif _TIMES.match(line):
            if cue is not None:
                # No blank line precedes this cue, whose number was taken for a line of speech.
                yield _voiced(cue[:-1] if before.strip().isdigit() else cue)
            cue = []
        elif not line.strip():
            if cue:
                yield _voiced(cue)
                cue = None
        elif cue is not None:
            cue.append(line)
        before = line
    if cue:
        yield _voiced(cue)


def _voiced(cue: list[str]) -> tuple[str, list[str]]:
    voice = _VOICE.search(cue[0]) if cue else None
    return ("" if voice is None else voice[1].strip()), cue


SUBTITLES = Form(
    "subtitles",
    "subtitles",
    "sentences",
    "numbers, times and tags",
    _recognises,
    _read,
    (".srt", ".vtt", ".ass", ".ssa", ".sbv", ".sub", ".lrc"),
)
