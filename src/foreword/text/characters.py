"""Normalise characters: typographic marks to plain ones, special letter forms to plain letters.

All reading of text shares this table. It knows nothing of words and models. Characters with a
meaning of their own stay: « and » beside quotation marks, ½ and ², emoji, and joiners in the
scripts that use them.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator
from functools import lru_cache, partial

_APOSTROPHES = "’‘‚‛ʼ＇′"
MARKS = {
    **dict.fromkeys(_APOSTROPHES, "'"),
    **dict.fromkeys("“”„‟＂″", '"'),
    **dict.fromkeys("—―", "--"),
    **dict.fromkeys("–‐‑−﹣", "-"),
    "…": "...",
    "‥": "..",
}
"""Typographic marks, and the plain ones that replace them."""

OWN = frozenset("–")
"""The typographic marks that become words of a vocabulary if its training text has them often
enough: the dash of ranges (3–5), which many languages also set between spaces."""

LONGEST_RUN = 16
"""The longest run of one mark that a longer run may be replaced by."""

# A model that lacks these reads them as the mark given, although they have their own meaning.
_STAND_INS = {"«": '"', "»": '"', "‹": "'", "›": "'", "׳": "'", "״": '"', "。": ".", "、": ","}

# Invisible characters that change nothing: soft hyphens, grapheme joiners, direction marks, word
# joiners, byte order marks, variation selectors. A zero-width space separates words, and stays.
_UNSEEN = "\xad\u061c\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
_UNSEEN_MARKS = "\u034f\ufe00-\ufe0d\U000e0100-\U000e01ef"
# Blocks of letters, digits and marks in special forms. They are listed one by one, since Unicode's
# NFKC also changes characters that differ in meaning: single Hangul letters, Thai's am, ½ and ².
_FORMS = (
    "\u0132\u0133\u017f\u01c4-\u01cc\u01f1-\u01f3"  # digraphs and the long s
    "\u2100-\u2138\u213a-\u214f\u2160-\u217f"  # ℋ, Ⅷ; without the emoji ℹ
    "\u2e80-\u2fd5"  # radicals of Chinese characters
    "\ufb00-\ufdef\ufe50-\ufe6b\ufe70-\ufefc"  # ligatures; letters as they join; small marks
    "\uff10-\uff19\uff21-\uff3a\uff3f\uff41-\uff5a\uff61-\uffdc"  # of full and half width
    "\U0001d400-\U0001d7ff\U0001ee00-\U0001eeff"  # 𝐡𝐞𝐥𝐥𝐨
)
_KINDS = ("font", "initial", "medial", "final", "isolated", "wide", "narrow", "small", "compat")
# Full-width marks belong to Chinese and Japanese; between digits they are part of a number.
_OF_NUMBERS = {"．": ".", "，": ",", "：": ":"}
_JOINERS, _SELECTORS, _CATALAN, _ACCENTS = "\u200c\u200d", "\ufe0e\ufe0f", "ŀĿ", "´`"

_DROPPED = re.compile(f"[{_UNSEEN}{_UNSEEN_MARKS}]")
_INVISIBLE = f"[{_UNSEEN}{_UNSEEN_MARKS}{_JOINERS}{_SELECTORS}]++"
_INVISIBLE_RUN = re.compile(_INVISIBLE)
_ODD = re.compile(
    f"(?P<invisible>{_INVISIBLE})"
    f"|[{_FORMS}{''.join(MARKS)}{_CATALAN}{_ACCENTS}{''.join(_OF_NUMBERS)}]"
    # Gershayim in a Hebrew abbreviation, typed as a quotation mark since keyboards lack them.
    '|(?<=[\u05d0-\u05ea])"(?=[\u05d0-\u05ea](?![\u05d0-\u05ea]))'
)

_GERSHAYIM_AT_END = re.compile('(?<=[\u05d0-\u05ea])"\\Z')
_APOSTROPHE_AT_END = re.compile(f"(?<=[^\\W\\d_])[{_ACCENTS}{_APOSTROPHES}]\\Z")
_FULL_WIDTH = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_TO_PLAIN = str.maketrans({**_FULL_WIDTH, **_STAND_INS, **MARKS})
_VARIANTS: dict[str, list[str]] = {"--": ["-"]}
for _mark, _plain in (*MARKS.items(), *_STAND_INS.items()):
    _VARIANTS.setdefault(_plain, []).append(_mark)


def is_folded(text: str) -> bool:
    """Whether `folded` surely leaves a text as it is."""
    return text.isascii() and "`" not in text


def folded(text: str, kept: Collection[str] = ()) -> str:
    r"""Return a text with plain marks and letters, and without invisible characters.

    >>> folded("“ﬁnd the com\xadmit\xadtee…” — ｈｅｌｌｏ")
    '"find the committee..." -- hello'

    Args:
        text: any text.
        kept: typographic marks that stay, since they are words of the model's vocabulary.
    """
    return text if is_folded(text) else _ODD.sub(partial(_read_as, kept), text)


def folded_with_offsets(text: str, kept: Collection[str] = ()) -> tuple[str, list[int]]:
    """Return the folded text, and the offset in `text` of each of its characters and of its end.

    >>> folded_with_offsets("ﬁx…")
    ('fix...', [0, 0, 1, 2, 2, 2, 3])
    """
    parts: list[str] = []
    starts: list[int] = []
    done = 0
    for match in _ODD.finditer(text):
        start = match.start()
        parts.append(text[done:start])
        starts += range(done, start)
        if match["invisible"]:
            seen = [index for index, _ in _meaningful(match)]
            parts += (text[index] for index in seen)
            starts += seen
        else:
            parts.append(_read_as(kept, match))
            starts += [start] * len(parts[-1])
        done = match.end()
    parts.append(text[done:])
    starts += range(done, len(text))
    starts.append(len(text))
    return "".join(parts), starts


def as_if_continued(letters: str) -> str:
    """Replace a mark at the end of letters by the one that it is if a letter follows.

    This is gershayim for the quotation mark after Hebrew letters, and an apostrophe for marks that
    are typed in its place.

    >>> as_if_continued('צה"'), as_if_continued("don´")
    ('צה״', "don'")
    """
    last = letters[-1:]
    if last == '"':
        return _GERSHAYIM_AT_END.sub("״", letters)
    if last == "`" or not last.isascii():
        return _APOSTROPHE_AT_END.sub("'", letters)
    return letters


def stand_ins(word: str) -> Iterator[str]:
    """Yield other spellings of a mark for a model that lacks this one, the likeliest first.

    A run of one mark may be replaced by a shorter run.

    >>> list(stand_ins("...")), list(stand_ins("!!!")), list(stand_ins("it"))
    (['…', '..', '.'], ['!!', '!'], [])
    """
    if word[:1].isalnum() or word[:1].isspace():
        return
    plain = word.translate(_TO_PLAIN)
    if plain != word:
        yield plain
    yield from (mark for mark in _VARIANTS.get(plain, ()) if mark != word)
    if len(plain) > 1 and plain == plain[0] * len(plain):
        shorter = min(len(plain) - 1, LONGEST_RUN)
        yield from (plain[:length] for length in range(shorter, 0, -1))


def _read_as(kept: Collection[str], match: re.Match[str]) -> str:
    """Return what a match of the table is replaced by in its context."""
    if match["invisible"]:
        return "".join(character for _, character in _meaningful(match))
    character = match[0]
    if character in MARKS:
        return character if character in kept else MARKS[character]
    if character == '"':
        return "״"
    text, start, end = match.string, match.start(), match.end()
    if character in _CATALAN:
        run = _INVISIBLE_RUN.match(text, end)
        end = run.end() if run is not None else end
        return f"{'lL'[character == 'Ŀ']}·" if text[end : end + 1].isalpha() else character
    before, after = text[max(0, start - 1) : start], text[end : end + 1]
    if character in _ACCENTS:  # typed as an apostrophe
        return "'" if before.isalpha() and after.isalpha() else character
    if character in _OF_NUMBERS:
        is_of_one = before.isdecimal() and after.isdecimal()
        return _OF_NUMBERS[character] if is_of_one else character
    return _form(character)


def _meaningful(match: re.Match[str]) -> Iterator[tuple[int, str]]:
    """Yield the invisible characters of a run that have a meaning there, with their indices."""
    text, start = match.string, match.start()
    before = text[max(0, start - 1) : start]
    for index in range(start, match.end()):
        character = text[index]
        if character in _JOINERS:
            counts = _has_joiners(_form(before)[-1:])
        elif character in _SELECTORS:  # of emoji and keycaps
            is_of_word = before.isalnum() or unicodedata.category(before or " ")[0] == "M"
            is_emoji = before == "ℹ" or text[index + 1 : index + 2] == "\u20e3"
            counts = is_emoji or not is_of_word
        else:  # a combining mark without a letter before it stays, like every mark
            is_mark = unicodedata.category(character) == "Mn"
            counts = is_mark and (not before or unicodedata.category(before)[0] in "CZ")
        if counts:
            before = character
            yield index, character


def _has_joiners(before: str) -> bool:
    """Whether joiners have a meaning after a character: in Asian scripts, and in emoji."""
    return "\u0590" <= before < "\u1e00" or "\u2000" <= before < "\u3000" or before > "\ud7ff"


@lru_cache(maxsize=1 << 12)
def _form(character: str) -> str:
    """Return the plain letters of a special form; other characters stay unchanged."""
    if not character:
        return ""
    kind = unicodedata.decomposition(character).partition(">")[0].removeprefix("<")
    is_sign = "\u2100" <= character <= "\u214f" and kind == "compat"  # №, ℃
    plain = unicodedata.normalize("NFKC", character)
    return plain if kind in _KINDS and not is_sign and " " not in plain else character
