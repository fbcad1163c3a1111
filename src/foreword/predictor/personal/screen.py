"""What looks like a secret in a line of text, and is not learned. Knows no files and no model.

A line is looked at chunk by chunk, as white space separates it. What is refused is refused whole:
of an address or a key no part is learned. The rules are meant to refuse too much rather than too
little; their errors on labelled examples are counted in the tests.
"""

import itertools
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Literal, get_args

Kind = Literal["card", "iban", "phone", "number", "email", "url", "token", "keyword", "long"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""Card number; bank account; telephone number; other long number; mail address; web address; key,
token or password by its looks; what follows a word such as "password"; too long for a word."""

LONGEST_CHUNK = 256
"""Characters. Longer ones are no words."""
DIGITS_IN_A_ROW = 6
"""So many without a gap are refused: one-time codes, customer and account numbers."""
DIGITS = 7
"""So many with gaps are refused."""

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@.]{2,}")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://|^\W*www\.|\.[a-z]{2,}(?::\d+)?/\S*[?=&#]", re.IGNORECASE)
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_HARMLESS_NUMBER = re.compile(
    r"\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./](?:\d{4}|\d{2})"  # dates
    r"|\d{1,2}[:.h]\d{2}(?:[:.]\d{2})?(?:[ap]m)?"  # times
    r"|(?:1\d|20)\d{2}-(?:\d{2}|(?:1\d|20)\d{2})"  # from year to year
    r"|\d{1,3}(?:[,.']\d{3})+(?:[.,]\d{1,2})?|\d{1,3}[.,]\d{1,5}|\d{1,5}[.,]\d{1,2}",
    # 1,000,000  3.14159  1234.50
    re.IGNORECASE,
)
_DATE_AND_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?"
)
_EDGES = "\"'“”‘’«»()[]{}<>,;:!?.…*_#"
_JOINTS = frozenset("-'’_/.,;:!?…&+")
_KNOWN_KEYS = re.compile(
    r"(?:gh[pousr]|github_pat|glpat|sk|pk|rk|xox[abeoprs]|npm|pypi|hf|shpat|dop_v1|SG|ya29|AIza"
    r"|AKIA|ASIA|EAAC)[-_.]?[A-Za-z0-9_.-]{12,}|eyJ[A-Za-z0-9_-]{8,}\.|-----BEGIN"
)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_HEX = re.compile(
    r"(?:0x)?(?=\S*\d)(?=\S*[a-f])[0-9a-f]{12,}|(?:[0-9a-f]{2}[:-]){5,}[0-9a-f]{2}", re.IGNORECASE
)
_KEYWORD = re.compile(
    r"\W*(?:\w*(?:password|passwort|passwd|passcode|passphrase|kennwort|contraseña|senha)\w*"
    r"|mot-de-passe|pwd?|pin|tan|cvv|cvc|otp|ssn|api[-_]?key|secret[-_]key|access[-_]?token|token)"
    r"(?P<joined>[:=]\S+)?(?P<separated>[:=])?\W*",
    re.IGNORECASE,
)
_LINKS = frozenset({"is", "was", "ist", "lautet", "est", "es", "é", "=", ":", "->"})
_RUN_OF_CLASS = re.compile(r"[A-Z]?[a-zß-öø-ÿ]+|[A-Z]+|\d+|[^A-Za-z0-9ß-öø-ÿ]+")


def screened(line: Sequence[str]) -> Iterator[tuple[int, Kind]]:
    """Which chunks of a line are not learned, and why: their places, ascending.

    >>> list(screened("write to me@example.org or call +44 20 7946 0958".split()))
    [(2, 'email'), (5, 'phone'), (6, 'phone'), (7, 'phone'), (8, 'phone')]
    """
    found: dict[int, Kind] = {}
    run: list[int] = []
    for place, chunk in enumerate(line):
        kind, is_number = looks_like(chunk)
        if kind is not None:
            found[place] = kind
        if is_number:
            run.append(place)
        if run and (not is_number or chunk[-1] in ",;"):
            found.update(_numbers(line, run))
            run = []
        if kind is None and not is_number and (match := _keyword(chunk)):
            found.update(_after_keyword(line, place, match))
    if run:
        found.update(_numbers(line, run))
    yield from sorted(found.items())


def is_harmless(chunk: str) -> bool:
    """Whether a chunk is no part of a secret and announces none, whatever stands beside it."""
    return looks_like(chunk) == (None, False) and not _keyword(chunk)


@lru_cache(maxsize=1 << 16)
def looks_like(chunk: str) -> tuple[Kind | None, bool]:
    """What a chunk looks like by itself; and whether it may be part of a number with spaces."""
    if len(chunk) > LONGEST_CHUNK:
        return "long", False
    if chunk.isalpha() and (chunk.islower() or chunk.istitle() or chunk.isupper()):
        return None, False
    if "@" in chunk and _EMAIL.search(chunk):
        return "email", False
    if ("/" in chunk or "." in chunk) and _URL.search(chunk):
        return "url", False
    core = chunk.strip(_EDGES)
    digits = sum(c.isdigit() for c in core)
    if digits == 0:
        return ("token" if _is_token(core) else None), False
    if _HARMLESS_NUMBER.fullmatch(core) or _DATE_AND_TIME.fullmatch(core):
        return None, False
    if _is_iban(core):
        return "iban", False
    letters = sum(c.isalpha() for c in core)
    if letters == 0 or (letters <= 2 and digits >= 2 and core[:2].isupper()):
        return (_number_kind(core) if _is_long_number(core) else None), True
    if _is_token(core):
        return "token", False
    return ("number" if re.search(rf"\d{{{DIGITS_IN_A_ROW},}}", core) else None), False


def _numbers(line: Sequence[str], run: list[int]) -> dict[int, Kind]:
    """A number that is written with spaces: its chunks, if it is a long one."""
    core = " ".join(line[place] for place in run).strip(_EDGES)
    together = re.sub(r"[\W_]", "", core)
    if len(run) > 1 and _is_iban(together):
        return dict.fromkeys(run, "iban")
    if sum(c.isdigit() for c in core) < DIGITS:
        return {}
    return dict.fromkeys(run, _number_kind(core))


def _is_long_number(core: str) -> bool:
    digits = sum(c.isdigit() for c in core)
    return digits >= DIGITS or bool(re.search(rf"\d{{{DIGITS_IN_A_ROW},}}", core))


def _number_kind(core: str) -> Kind:
    digits = [unicodedata.digit(c) for c in core if c.isdigit()]  # superscript ones too
    if 13 <= len(digits) <= 19 and _passes_luhn(digits):
        return "card"
    # ITU-T E.164: at most 15 digits.
    if len(digits) <= 15 and (core[0] in "+0" or re.search(r"\d[)\s./-]+\d", core)):
        return "phone"
    return "number"


def _passes_luhn(digits: Sequence[int]) -> bool:
    """Whether the check digit of a card number is right (ISO/IEC 7812-1, annex B)."""
    doubled = (d if i % 2 == 0 else sum(divmod(2 * d, 10)) for i, d in enumerate(reversed(digits)))
    return sum(doubled) % 10 == 0


def _is_iban(core: str) -> bool:
    """Whether it is an account number with the right check digits (ISO 13616)."""
    if not _IBAN.fullmatch(core):
        return False
    return int("".join(str(int(c, 36)) for c in core[4:] + core[:4])) % 97 == 1


def _is_token(core: str) -> bool:
    """A key, token or password: a known form, or letters, digits and marks mixed as in no word.

    Words change from letters to digits or marks a few times at most (COVID-19, iPhone14,
    state-of-the-art); what a machine draws does so every other character.
    """
    if _KNOWN_KEYS.search(core) or _UUID.fullmatch(core) or _HEX.fullmatch(core):
        return True
    if len(core) < 8 or not core.isascii():
        return False
    kinds = {_class_of(c) for c in core}
    changes = _changes(_RUN_OF_CLASS.findall(core))
    if ("digit" in kinds or "mark" in kinds) and (
        changes >= 4 or (changes >= 3 and {"lower", "upper", "digit", "mark"} <= kinds)
    ):
        return True
    capitals_inside = sum(a.islower() and b.isupper() for a, b in itertools.pairwise(core))
    return len(core) >= 16 and capitals_inside >= 4 and _entropy(core) > 3.5


def _changes(parts: Sequence[str]) -> int:
    """How often letters, digits and marks take turns, other than at the joints of words."""
    joints = sum(1 for part in parts if set(part) <= _JOINTS)
    words = sum(
        a.isalpha() and b.isalpha() and len(a) > 1 and len(b) > 1
        for a, b in itertools.pairwise(parts)
    )
    return len(parts) - 1 - 2 * joints - words


def _class_of(character: str) -> str:
    if character.isdigit():
        return "digit"
    if character.isalpha():
        return "upper" if character.isupper() else "lower"
    return "joint" if character in _JOINTS else "mark"


def _entropy(text: str) -> float:
    """Of the characters' frequencies, bits a character (Shannon 1948)."""
    shares = [count / len(text) for count in Counter(text).values()]
    return -sum(share * math.log2(share) for share in shares)


@lru_cache(maxsize=1 << 16)
def _keyword(chunk: str) -> re.Match[str] | None:
    return _KEYWORD.fullmatch(chunk) if len(chunk) <= LONGEST_CHUNK else None


def _after_keyword(line: Sequence[str], place: int, match: re.Match[str]) -> dict[int, Kind]:
    """The secret that a keyword announces: joined to it, after a link, or if it has a digit."""
    if match["joined"]:
        return {place: "keyword"}
    at, is_linked = place + 1, match["separated"] is not None
    while at < len(line) and at <= place + 3 and line[at].lower().rstrip(":") in _LINKS:
        is_linked = True
        at += 1
    if at >= len(line):
        return {}
    return {at: "keyword"} if is_linked or any(c.isdigit() for c in line[at]) else {}
