"""Guess the encoding of bytes from byte order marks, zero bytes and plausible letters."""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

MARKS = (  # UTF-32's little-endian mark begins with UTF-16's
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SAMPLE_BYTES = 1 << 16
"""The number of bytes that are examined to recognise an encoding."""

LATIN, CYRILLIC, GREEK, HEBREW, ARABIC, THAI, CJK, HANGUL = range(8)
_SCRIPTS = (
    (0x00C0, 0x024F, LATIN),
    (0x0370, 0x03FF, GREEK),
    (0x0400, 0x052F, CYRILLIC),
    (0x0590, 0x05FF, HEBREW),
    (0x0600, 0x06FF, ARABIC),
    (0x0E00, 0x0E7F, THAI),
    (0x3040, 0x30FF, CJK),
    (0x4E00, 0x9FFF, CJK),
    (0xAC00, 0xD7A3, HANGUL),
)


@dataclass(frozen=True)
class _Candidate:
    """An encoding other than Unicode that a text may be in.

    Attributes:
        name: Python's name for it.
        called: its usual name.
        usual: for each language that uses it, the letters outside ASCII, the most frequent first.
        wide: whether it uses two bytes a letter.
    """

    name: str
    called: str
    usual: tuple[str, ...]
    wide: bool = False


_WEST = (
    *("éèàêçâôîùûëïœæÉÀÈ", "äüößÄÜÖéà", "áéíóñú¿¡üÁÉÍ", "ãáçéêóíàúâõôÁÉ", "àèéìòùÀÈ"),
    *("åäöéÅÄÖ", "åøæéÅØÆ", "éëïóèüöáê"),
)
_CENTRAL = (
    "łąęóżćśńźŁŚŻ",
    "íáěéřžýčšůúťňóďČŠŽŘ",
    "éáőíóöüűúÉÁÖ",
    "čšžćđČŠŽ",
    "ăşîâţŞÎ",
    "áíčžýéšúľôťňäď",
)
_CYRILLIC = (
    "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъёПНВСОИКЯДАМТ",
    "оаинвітерсклудмпяізьбгчйхжїюєцшщґфПНВ",
    "аиотенрсвлпкдмзягбуъчщцжфхюйьшПНВ",
)
_JAPANESE = ("のはにをたがでとしれ、。てさいるなすもこかっあーンスルトイラリ日人大年一本中",)
_CANDIDATES = (
    _Candidate("cp1252", "Windows-1252", _WEST),
    _Candidate("cp1250", "Windows-1250", _CENTRAL),
    _Candidate("cp1251", "Windows-1251", _CYRILLIC),
    _Candidate("koi8_r", "KOI8-R", _CYRILLIC),
    _Candidate("cp1253", "Windows-1253", ("αοιετσνηυρπκμλςίάόδέήύγώχθφβξζψωΑΕΤΟ",)),
    _Candidate("cp1254", "Windows-1254", ("ıüşğöçİÖŞÜÇâ",)),
    _Candidate("cp1255", "Windows-1255", ("יהולאמרשבתנםדכחעקפצגטןסזךףץ",)),
    _Candidate(
        "cp1256",
        "Windows-1256",
        ("اليمنرتوبةعدسفهكقحجأشصطخذزضىثئغإظء،؟ؤآ", "اینردهمتبوسلشکخزقفگعحجپآچ،؟"),
    ),
    _Candidate("cp1257", "Windows-1257", ("ėšįųžčąęūŠ", "āīšēņļūžģčķĀ", "äõüöÄÕÜ")),
    _Candidate("cp874", "Windows-874", ("านรอกเง่มยลวดทสตะปบคหแจพช้ใขโไผถ์ิีัุูื็",)),
    _Candidate("mac_roman", "Mac Roman", _WEST),
    _Candidate("cp850", "DOS code page 850", _WEST),
    _Candidate("cp866", "DOS code page 866", _CYRILLIC),
    _Candidate("iso8859_2", "ISO 8859-2", _CENTRAL),
    _Candidate("shift_jis", "Shift JIS", _JAPANESE, wide=True),
    _Candidate("euc_jp", "EUC-JP", _JAPANESE, wide=True),
    _Candidate(
        "gb18030", "GB 18030", ("，。的一是不了在人有我他这个们中来上大为和国地到说",), wide=True
    ),
    _Candidate("big5", "Big5", ("，。的一是不了在人有我他這個們中來上大為和國地到說",), wide=True),
    _Candidate("euc_kr", "EUC-KR", ("이다는에의을가고한를하지은로도서기사어나요",), wide=True),
)
_MARKS_OF_WRITING = frozenset("’‘“”„‚–—…«»‹›€£°·•§®©™ №、。，！？「」")
_PRINTABLE = bytes([*b"\t\n\r", *range(32, 127)])
_TEXT_CONTROLS = frozenset("\t\n\r\f\x0b\x1a\x1b\x85")


def marked(data: bytes) -> str | None:
    """Return the encoding whose byte order mark the data begin with, or None."""
    return next((name for mark, name in MARKS if data.startswith(mark)), None)


def wide(data: bytes) -> str | None:
    r"""Recognise UTF-16 or UTF-32 without a mark by the zero bytes of spaces and line ends.

    >>> wide("hello there\n".encode("utf-16-le"))
    'utf-16-le'
    """
    data = data[:SAMPLE_BYTES]
    zeros = data.count(0)
    if zeros == 0:
        return None
    ascii_bytes = len(data) - len(data.translate(None, _PRINTABLE))
    if zeros < 0.4 * len(data) and ascii_bytes > 0.95 * (len(data) - zeros):
        return None  # an encoding of one byte a letter, with a few zero bytes
    zeros_at = [data[offset::4].count(0) for offset in range(4)]
    quarter = max(1, len(data) // 4)
    shapes = (
        ("utf-32-le", zeros_at[2] + zeros_at[3] >= 1.9 * quarter and zeros_at[3] >= quarter),
        ("utf-32-be", zeros_at[0] + zeros_at[1] >= 1.9 * quarter and zeros_at[0] >= quarter),
        ("utf-16-le", zeros_at[1] + zeros_at[3] >= 0.95 * zeros),
        ("utf-16-be", zeros_at[0] + zeros_at[2] >= 0.95 * zeros),
    )
    for name, fits in shapes:
        if fits and _is_text(data, name):
            return name
    return None


def _is_text(data: bytes, encoding: str) -> bool:
    text = codecs.getincrementaldecoder(encoding)("replace").decode(data)
    if not text or "\ufffd" in text:
        return False
    if len(text) > 200 and not any(c in " \n\u3000" for c in text):
        return False
    letters = [c for c in text if unicodedata.category(c)[0] == "L"]
    strange = sum(
        unicodedata.category(c) in ("Cc", "Cn", "Co") for c in text if c not in "\t\n\r\f"
    )
    blocks = {ord(c) >> 7 for c in letters if not "\u3400" <= c <= "\ud7a3"}
    return strange == 0 and len(letters) > 0.4 * len(text) and len(blocks) <= 6


@dataclass(frozen=True)
class Guess:
    """An encoding in which bytes are plausible text.

    Attributes:
        name: the name for `--encoding`.
        called: its usual name.
        sample: some words around the first letter outside ASCII.
    """

    name: str
    called: str
    sample: str


def guess(data: bytes) -> Guess | None:
    """Return the most plausible encoding of bytes that are not Unicode; None if none fits.

    >>> guess("I don’t know, it’s a café".encode("cp1252")).name
    'cp1252'
    """
    if b"\0" in data:
        name = wide(data)
        return None if name is None else Guess(name, name.upper(), _sample(data, name))
    data = data[:SAMPLE_BYTES]
    ranked = [(score, c) for c in _CANDIDATES if (score := _plausibility(data, c)) is not None]
    best = max(ranked, key=lambda item: item[0], default=None)  # of equals, the first
    if best is None or best[0] < 0.3:
        return None
    return Guess(best[1].name, best[1].called, _sample(data, best[1].name))


def _decoded(data: bytes, encoding: str) -> str | None:
    """Decode data that may end within a letter; None if they are not in this encoding."""
    try:
        return codecs.getincrementaldecoder(encoding)("strict").decode(data)
    except UnicodeDecodeError:
        return None


def _plausibility(data: bytes, candidate: _Candidate) -> float | None:
    """Score the letters outside ASCII, from about -2 to 1; None if the encoding is impossible."""
    text = _decoded(data, candidate.name)
    if not text:
        return None
    total, fit = 0, 0.0
    by_language = [0.0] * len(candidate.usual)
    weights = [_weights(letters) for letters in candidate.usual]
    for before, c, after in zip(" " + text[:-1], text, text[1:] + " ", strict=True):
        if c < "\x80":
            if c < " " and c not in _TEXT_CONTROLS:
                return None
            continue
        total += 1
        fit += _fit(before, c, after)
        for language, weight in enumerate(weights):
            by_language[language] += weight.get(c, 0.0)
    if not total:
        return None
    return (fit + max(by_language)) / total - (_strays(text) if candidate.wide else 0.0)


def _weights(letters: str) -> dict[str, float]:
    """Weight a language's letters from 1 for the most frequent to a half for the rarest."""
    return {c: 1.0 - 0.5 * rank / len(letters) for rank, c in enumerate(letters)}


def _strays(text: str) -> float:
    """Penalty for a two-byte encoding: isolated East Asian letters within Latin words."""
    far = [i for i, c in enumerate(text) if c >= "\u3000"]
    alone = sum(
        text[i - 1 : i].isascii() and text[i - 1 : i].isalpha() and text[i + 1 : i + 2].isascii()
        for i in far
    )
    return 2.0 * alone / max(1, len(far))


def _fit(before: str, c: str, after: str) -> float:
    """Score a character by its neighbours, whatever the language; 0 is neutral."""
    script = _script(c)
    if script is None:
        if c in _MARKS_OF_WRITING:
            if c == "’":
                return 1.0 if before.isalpha() or before in ".,!?" else 0.2
            return 0.0 if before.isalpha() and after.isalpha() and c not in "·、。，" else 0.8
        if c == "\xa0":
            return 0.3
        return -1.0 if unicodedata.category(c) != "Cc" else -4.0
    fit = 0.4 if script == HANGUL else 0.3 if script == CJK else -0.3
    if script in (LATIN, CYRILLIC, GREEK) and c.isupper():
        fit -= 2.0 * before.islower() + 0.5 * (after.islower() and before.isupper())
    for neighbour in (before, after):
        if neighbour.isdigit() and script not in (CJK, HANGUL):
            fit -= 1.0
        if neighbour.isalpha() and _script_of_any(neighbour) != script:
            fit -= 0.2 if script in (CJK, HANGUL) else 1.0
    return fit


def _script(c: str) -> int | None:
    if c in "×÷":
        return None
    if not (c.isalpha() or unicodedata.category(c)[0] == "M"):
        return None
    return next((script for low, high, script in _SCRIPTS if low <= ord(c) <= high), None)


def _script_of_any(c: str) -> int | None:
    return LATIN if c < "\x80" else _script(c)


def _sample(data: bytes, encoding: str) -> str:
    text = codecs.getincrementaldecoder(encoding)("replace").decode(data)
    offset = next((i for i, c in enumerate(text) if c >= "\x80"), 0)
    line = text[text.rfind("\n", 0, offset) + 1 :].split("\n", 1)[0].strip()
    offset = line.find(text[offset]) if text else 0
    begin = max(0, line.rfind(" ", 0, max(0, offset - 20)) + 1)
    return line[begin : begin + 48].strip()


_CYRILLIC_TAIL = "[\x80-\xbf°±²³´µ¶·¸¹º»¼½¾¿€-™][ÐÑ]"
# Each alternative begins with a literal letter, which makes the search fast.
_MOJIBAKE = re.compile(
    "â€[™œ\x9d\x9c˜¦“”\x98\x99]|â\x80[\x90-\xa6]|Ã[\x80-\xbf©¨¼¶¤ŸŒ±³¡ª«®´»º§]|Â[£©°«»¿¡]"
    f"|ðŸ[\x80-\xff’‘˜€-™]|ï»¿|Ð{_CYRILLIC_TAIL}|Ñ{_CYRILLIC_TAIL}"
)


def mojibake(text: str) -> re.Match[str] | None:
    """Return the first match of wrongly decoded letters in a text, such as `donâ€™t`.

    >>> mojibake("I donâ€™t know").group()
    'â€™'
    >>> mojibake("Âge d’or, SÃO PAULO, naïve")
    """
    return next(mojibakes(text), None)


def mojibakes(text: str) -> Iterator[re.Match[str]]:
    """Yield all such matches."""
    return _MOJIBAKE.finditer(text)
