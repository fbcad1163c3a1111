"""Find words that announce a secret ("password", "Passwort", "пароль"), and what they cover.

Knows the chunks of a line, separated by white space, and which words are common; no files. After a
cue and a link (is, ist, est, ":", "="), everything up to the end of the sentence is covered. Around
a word for password, all uncommon words of the sentence are covered. A link at the end of a line
covers the next line.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from foreword.text.case import bare

LONGEST_CHUNK = 256
"""The number of characters above which a chunk is not examined."""
FARTHEST_LINK = 10
"""The number of chunks that may stand before the link of a cue: "for the wifi at home is"."""
FARTHEST_WEAK_LINK = 4
NEAR = 5
"""The number of chunks on each side that count as near a cue."""
ANSWER = 4
"""The most chunks of a sentence that may answer "and the password?"."""
WORDS_OF_PHRASE = 24
"""The most words of a wallet's recovery phrase (BIP 39)."""

# Word stems without accents; each may be followed by letters.
_STRONG = r"""
passw passcode passphrase passwd passkey kennwort senha losungswort geheimzahl zugangscode
zugangsdaten contrasen contrasinal palavra-passe palavra-chave wachtwoord toegangscode losenord
adgangskode adgangsord kodeord passord salasana tunnussan haslo haslem hasla heslo hesla heslem
jelszo jelszav lozink zaporka sifre sifra geslo gesla salason parool slaptazod lykilord pasfhocal
cyfrinair pasahitz fjalekalim nenosiri wagwoord pasvort credentials mdp wlan-schlussel
wifi-schlussel wpa-schlussel netzwerk-schlussel netzwerk-sleutel wifi-sleutel парол лозинк
шифр κωδικ
συνθηματικ პაროლ գաղտնաբառ құпиясоз
"""
_STRONG_WHOLE = r"""
mots?[ -]de[ -]passe | code[ -]secret | palavra[ -](?:passe|chave) | parola[ -]d'ordine
| pwd | psw | p/?w | kata[ -](?:sandi|laluan) | mat[ -]khau | maiden[ -]name
| parola(?:si|m|niz) | нууц[ -]уг | құпия[ -]соз | (?:wi-?fi|wlan|wpa2?|network)[ -](?:key|code)
| (?:clef?|code|llave|codigo)[ -](?:(?:du|del?|la)[ -])*(?:wi-?fi|wlan|wpa2?)
| (?:clef?|clave|llave|chave|chiave)[ -](?:(?:du|de|della?|do|da|di|la)[ -])+(?:reseau|rede?|rete)
"""
# These also match inside text without spaces.
_STRONG_INSIDE = r"""
密码 密碼 口令 暗码 暗碼 パスワード パスコード 暗証番号 合言葉 비밀번호
비번 암호 패스워드 รหัสผ่าน รหัส पासवर्ड कूटशब्द
পাসওয়ার্ড கடவுச்சொல் كلمة-السر كلمة-المرور الرقم-السري رمز-عبور
گذرواژه پسورد پاس-ورڈ סיסמה סיסמא סיסמת קוד-סודי
"""
_PHRASE = r"""
(?:seed|recovery|backup|mnemonic|secret|wallet)[ -](?:phrase|words?|seed)\w* | mnemonic\w*
| phrase[ -](?:de[ -]recuperation|secrete|mnemonique) | wiederherstellungs(?:phrase|worter)\w*
| frase[ -](?:semilla|seed|de[ -]recuperacion|di[ -]recupero|de[ -]recuperacao) | herstelzin
| мнемонич\w* | (?:сид|seed)-?фраз\w* | 助记词 | シードフレーズ | 복구[ -]?문구
"""
_WEAK = r"""
pass combination pin pins pincode pinkode pinkod code codes codice codigo kod kode kodu kody codi
tan otp totp 2fa cvv cvc cvv2 ssn secret token tokens parola parole parol passe clave chave
iban blz steuer-id steuernummer код коды токен пин пинкод пин-код 验证码 認証コード 인증번호
"""
_WEAK_WHOLE = r"""
(?:security|verification|access|door|alarm|gate|confirmation|one[ -]time|backup|sms|bank)[ -]codes?
| (?:api|secret|private|access|wifi|wi-fi|wlan|recovery|encryption|product|license|licence|ssh)
[ -_]?keys? | social[ -]security[ -]number | (?:security|secret)[ -](?:question|answer)
"""
_LABEL = """
pass pw pwd psw key keys id pk hint answer schlussel cle chiave nip kw secrets login logins username
user benutzername nutzername utilisateur usuario utente gebruikersnaam benutzerkonto kontonummer
account logowanie login-name
"""
"""Words that are cues only before a colon or an equals sign."""
_LINK_WORDS = """
is are was were be ist sind war lautet lauten heisst est c'est etait c'etait sera sont son era zijn
luidt jest
es este e byl bylo это есть е є является είναι hai है ہے است هي هو היא הוא 是 为 為 は คือ = : := ->
=> →
"""
_LINKS = frozenset(_LINK_WORDS.split())
"""Links between a cue and its secret: "is" in many languages, and marks."""
_MORE_LINK_WORDS = """
will es esta e foi sono ar var er on oli to je su bio eh adalah ialah la ni este eto use uses used
using utilise uso uzywam benutze nutze verwende gebruik anvander - -- – — ~ becomes reads set
changed reset called
"""
_LINKS_OF_STRONG = _LINKS | frozenset(_MORE_LINK_WORDS.split())
"""Further links that count after a word for password, as they can mean little else there."""
_WORDS_BEFORE_CUE = """
is ist est es e ar er on jest to je as als comme como come jako som soy this eto это ni 是 = - -- –
—
"""
_BEFORE_CUE = frozenset(_WORDS_BEFORE_CUE.split())
"""Links before a cue, as in "sunflower is my password"."""
_BIRTH = re.compile(
    r"\b(?:born|dob|birth\w*|geboren|geburts\w*|geb|nee?|naissance|nacid[oa]|nacimiento|nat[oa]|"
    r"nascita|nascid[oa]|nascimento|geboortedatum|fodd|fodt|fodelse\w*|urodz\w*|narozen\w*|"
    r"szulet\w*|dogum\w*|syntyn\w*|nascut\w*|рожд\w*|родил\w*|народ[иж]\w*)\b|生まれ|出生|생일|생년"
)
_DROPPED_EDGES = "\"'“”‘’«»()[]{}<>,;.!?…*_`"
_QUOTES = frozenset("\"'“”‘«„`<[(")
_ENDS = re.compile(r"[.!?…。！？][\"'”’»)\]]*$")


def plain(text: str) -> str:
    """Return a text in lower case without accents, as cues are looked up.

    >>> plain("Contraseña"), plain("mật khẩu"), plain("L’ID")
    ('contrasena', 'mat khau', "l'id")
    """
    return bare(text).replace("’", "'")


def _any_of(words: str) -> str:
    return "|".join(re.escape(plain(word)).replace("\\-", "[ -]?") for word in words.split())


def _spaced(pattern: str) -> str:
    return re.sub(r"\s*\|\s*", "|", plain(pattern).replace("\n", " ")).strip()


_CUE = re.compile(
    rf"(?P<phrase>(?<!\w)(?:{_spaced(_PHRASE)}))"
    rf"|(?P<strong>\w*(?:{_any_of(_STRONG)})\w*"
    rf"|(?<!\w)(?:{_spaced(_STRONG_WHOLE)})(?!\w)|(?:{_any_of(_STRONG_INSIDE)}))"
    rf"|(?P<weak>(?<!\w)(?:{_any_of(_WEAK)}|{_spaced(_WEAK_WHOLE)})(?!\w))"
    rf"|(?P<label>(?<!\w)(?:{_any_of(_LABEL)})(?=[\"']?\s?[:=]))"
    r"|(?P<bearer>(?<!\w)(?:bearer|authorization)(?!\w))"
)
_QUICK = re.compile(
    rf"\w*(?:{_any_of(_STRONG)})\w*|.*(?:{_any_of(_STRONG_INSIDE.replace('-', ' '))}).*|"
    + "|".join(re.escape(plain(word)) for word in (_WEAK + _LABEL).split())
    + "|bearer|authorization|pwd|psw|p/?w|seed|recovery|backup|wallet|phrase|frase|mnemonic\\w*"
    "|мнемонич\\w*"
    "|clef|llave|parola\\w+"
    "|wiederherstellung\\w*|herstelzin|sandi|laluan|khau|maiden|security|нууц|құпия|сид.*|كلمة|الرقم"
    "|رمز|پاس|קוד|助记词|シードフレーズ|복구.*"
)
"""Matches at least one word of every cue, fast."""


@dataclass(frozen=True)
class Open:
    """What a line leaves open for the next line.

    Attributes:
        covers: whether the first sentence of the next line may be the secret.
        is_answer: whether that holds only for a short sentence.
        phrase: the number of words of a recovery phrase that may still follow.
    """

    covers: bool = False
    is_answer: bool = False
    phrase: int = 0

    def __bool__(self) -> bool:
        return self.covers or self.phrase > 0


@dataclass
class Covered:
    """The chunks of a line that cues cover, by index.

    Attributes:
        indices: the chunks that are not learned.
        near: the chunks near a cue, among which a number is not a year.
        born: whether the line tells of a birth, so that its numbers are not years.
        after: what the line leaves open.
    """

    indices: set[int] = field(default_factory=set)
    near: set[int] = field(default_factory=set)
    born: bool = False
    after: Open = field(default_factory=Open)


@lru_cache(maxsize=1 << 16)
def may_announce(chunk: str) -> bool:
    """Whether a chunk may be part of a cue; fast, with some false positives."""
    if len(chunk) > LONGEST_CHUNK:
        return False
    core = plain(chunk.strip(_DROPPED_EDGES))
    if core.isalpha():
        return bool(_QUICK.fullmatch(core) or _BIRTH.fullmatch(core))
    return bool(
        "=" in core
        or _QUICK.fullmatch(core.rstrip(":="))
        or _CUE.search(f"{core} :")
        or _BIRTH.search(core)
    )


def covered(chunks: Sequence[str], is_common: Callable[[str], bool], before: Open) -> Covered:
    """Return what the cues of a line cover.

    Args:
        chunks: the chunks of the line.
        is_common: whether a word is among the most frequent, and no secret by itself.
        before: what the line before left open.
    """
    result = Covered()
    sentences = _sentences(chunks)
    cores = [plain(chunk.strip(_DROPPED_EDGES)) for chunk in chunks]
    _carried(result, chunks, sentences, before)
    text = " ".join(plain(chunk) for chunk in chunks)
    result.born = bool(_BIRTH.search(text))
    starts = [0]
    for chunk in chunks:
        starts.append(starts[-1] + len(plain(chunk)) + 1)
    for match in _CUE.finditer(text):
        first = bisect_right(starts, match.start()) - 1
        last = bisect_right(starts, match.end() - 1) - 1
        begin, end = next((a, b) for a, b in sentences if a <= last < b)
        kind = match.lastgroup or ""
        rest = text[match.end() : starts[last + 1] - 1]
        result.near |= set(range(first - NEAR, last + NEAR + 1))
        zone = _zone(kind, rest, cores, last, end, is_common)
        if (
            zone is None
            and kind in ("phrase", "strong")
            and chunks[min(last + 1, end - 1)][0] in _QUOTES
        ):
            zone = last + 1
        if kind in ("phrase", "strong"):
            result.indices |= _uncommon(cores, begin, end, first, last, is_common)
            zone_before = _link_before(cores, begin, first)
            result.indices |= set(range(begin, zone_before))
        if kind in ("phrase", "strong") and len(rest) > 2 and not match[0].isascii():
            result.indices.add(last)  # the secret follows the cue without a space
        if zone is None:
            _ask(result, kind, chunks, last, end)
            continue
        result.indices |= set(range(zone, len(chunks) if kind == "phrase" else end))
        if zone >= end:
            if end == len(chunks):
                result.after = Open(covers=True)
            else:
                result.indices |= set(range(end, next(b for a, b in sentences if a == end)))
        if kind == "phrase":
            left = WORDS_OF_PHRASE - (len(chunks) - min(zone, len(chunks)))
            result.after = Open(covers=zone >= end, phrase=max(0, left))
    return result


def _carried(
    result: Covered, chunks: Sequence[str], sentences: Sequence[tuple[int, int]], before: Open
) -> None:
    """Cover what the line before left open."""
    if not before or not sentences:
        return
    end = sentences[0][1]
    if before.covers and (not before.is_answer or end <= ANSWER):
        result.indices |= set(range(end))
    if before.phrase and len(chunks) <= before.phrase:
        is_of_phrase = not before.covers or end == len(chunks)
        if is_of_phrase and not any(_ENDS.search(c) and c[:1].isalpha() for c in chunks[:-1]):
            result.indices |= set(range(len(chunks)))
            result.after = Open(phrase=before.phrase - len(chunks))


def _zone(
    kind: str,
    rest: str,
    cores: Sequence[str],
    last: int,
    end: int,
    is_common: Callable[[str], bool],
) -> int | None:
    """Return where the secret begins that a cue announces; None if it announces none by itself."""
    joined = rest.lstrip("\"'”’)]*_`")
    if joined[:1] in (":", "="):
        return last if joined.strip(":=\"'") else last + 1
    if kind == "bearer":
        after = cores[last + 1] if last + 1 < end else ""
        return None if not after or is_common(after) else last + 1
    if kind == "label":
        return last + 2
    is_weak = kind == "weak"
    farthest, links = (FARTHEST_WEAK_LINK, _LINKS) if is_weak else (FARTHEST_LINK, _LINKS_OF_STRONG)
    for index in range(last + 1, min(end, last + 1 + farthest)):
        core = cores[index]
        if core in links or core.rstrip(":=") in links or core[-1:] in (":", "="):
            return index + 1
        if core[:1] in ("=", ":") and len(core) > 1:
            return index
    if is_weak or last + 1 >= end or is_common(cores[last + 1]):
        return None
    return last + 1


def _uncommon(
    cores: Sequence[str],
    begin: int,
    end: int,
    first: int,
    last: int,
    is_common: Callable[[str], bool],
) -> set[int]:
    """Return the indices of uncommon words in a sentence, except the cue's."""
    return {
        index
        for index in range(begin, end)
        if not (
            first <= index <= last or is_common(cores[index]) or cores[index] in _LINKS_OF_STRONG
        )
    }


def _link_before(cores: Sequence[str], begin: int, first: int) -> int:
    """Return the index of the link in "... is my password", or the beginning of the sentence."""
    for index in range(first - 1, max(begin, first - 5) - 1, -1):
        if cores[index] in _BEFORE_CUE and index > begin:
            return index
    return begin


def _ask(result: Covered, kind: str, chunks: Sequence[str], last: int, end: int) -> None:
    """Leave the next sentence open after a question for a password, or a cue alone in its line."""
    if kind not in ("phrase", "strong") or end < len(chunks):
        return
    if chunks[-1].rstrip("\"'”’)").endswith(("?", "？")):
        result.after = Open(covers=True, is_answer=True)
    elif last == len(chunks) - 1 and len(chunks) <= 2:
        result.after = Open(covers=True)


def _sentences(chunks: Sequence[str]) -> list[tuple[int, int]]:
    """Return the range of each sentence, which a capital or a letter without case begins."""
    sentences, start = [], 0
    for index, chunk in enumerate(chunks):
        following = chunks[index + 1].lstrip("\"'“‘«([¿¡") if index + 1 < len(chunks) else ""
        begins = following[:1].isalpha() and not following[:1].islower()
        if index + 1 == len(chunks) or (_ENDS.search(chunk) and begins):
            sentences.append((start, index + 1))
            start = index + 1
    return sentences
