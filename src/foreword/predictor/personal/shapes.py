"""Judge a chunk of text by itself: a number, an address, a key. Knows no words.

A refused chunk is refused as a whole: no part of an address or a key is learned.
"""

import itertools
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, get_args

Kind = Literal[
    "card",
    "iban",
    "phone",
    "number",
    "email",
    "url",
    "handle",
    "path",
    "plate",
    "token",
    "keyword",
    "unlikely",
    "long",
    "digits",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""Card number; bank account; telephone number; other long number; mail address; web address;
account name (@anna); file path; licence plate; key, token or password by its form; what a word such
as "password" announces; letters unlike any word; too long for a word; any other number, which is
not learned either, though it is no secret by itself."""

LONGEST_CHUNK = 256
"""The number of characters above which a chunk is no word."""
DIGITS_IN_A_ROW = 6
"""The number of consecutive digits that are a secret: one-time codes, customer and account
numbers."""
DIGITS = 7
"""The number of digits with gaps that are a secret."""

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@.]{2,}")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://|^\W*www\.|\.[a-z]{2,}(?::\d+)?/\S*[?=&#]", re.IGNORECASE)
_DOMAIN = re.compile(
    r"(?:[A-Za-z0-9-]{2,}\.)+(?:com|org|net|edu|gov|mil|int|info|biz|name|pro|app|dev|ai|io|xyz|shop|"
    r"online|site|blog|cloud|tech|example|test|local|eu|de|at|ch|fr|uk|us|ca|au|nz|nl|be|se|no|fi|dk|"
    r"pl|cz|sk|hu|ro|bg|gr|it|es|pt|br|mx|ar|cl|ru|ua|tr|il|in|cn|jp|kr|tw|hk|sg|za|ng|ke|ie|is|lu|"
    r"li|me|tv|cc|co|ly|gg|ph|id|vn|th|my|ir|pk)(?:[/:?#]\S*)?"
)
_PATH = re.compile(
    r"(?:~|\.{1,2})?/\w\S*/?\S*|[A-Za-z]:[\\/]\S+|\S*\w\\\w\S*|\\\\\S+|\S+/\S+\.\w{1,5}"
)
_COLONS = re.compile(
    r"(?=\S*[0-9a-f])[0-9a-f]{0,4}(?::{1,2}[0-9a-f]{1,4}){2,7}(?:%\w+)?", re.IGNORECASE
)
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
EDGES = "\"'“”‘’«»()[]{}<>,;:!?.…*_#"
_EDGES_OF_PATH = "\"'“”‘’«»()[]{}<>,;:!?"
LONGEST_GROUP = 6
"""The most characters of a group in a number written with spaces."""
_JOINTS = frozenset("-'’_/.,;:!?…&+")
_KNOWN_KEYS = re.compile(
    r"(?:gh[pousr]|github_pat|glpat|sk|pk|rk|xox[abeoprs]|npm|pypi|hf|shpat|dop_v1|SG|ya29|AIza"
    r"|AKIA|ASIA|EAAC)[-_.]?[A-Za-z0-9_.-]{12,}|eyJ[A-Za-z0-9_-]{8,}\.|-----BEGIN"
)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_HEX = re.compile(
    r"(?:0x)?(?=\S*\d)(?=\S*[a-f])[0-9a-f]{12,}|(?:[0-9a-f]{2}[:-]){5,}[0-9a-f]{2}", re.IGNORECASE
)
_RUN_OF_CLASS = re.compile(r"[A-Z]?[a-zß-öø-ÿ]+|[A-Z]+|\d+|[^A-Za-z0-9ß-öø-ÿ]+")


@lru_cache(maxsize=1 << 16)
def looks_like(chunk: str) -> tuple[Kind | None, bool]:
    """Return what a chunk looks like by itself, and whether it may be part of a spaced number.

    >>> looks_like("4111-1111-1111-1111"), looks_like("AB12"), looks_like("word,")
    (('card', True), ('digits', True), (None, False))
    """
    if len(chunk) > LONGEST_CHUNK:
        return "long", False
    if chunk.isalpha() and (chunk.islower() or chunk.istitle() or chunk.isupper()):
        return ("token" if _is_token(chunk) else None), False
    core = chunk.strip(EDGES)
    if address := _address(chunk, core):
        return address, False
    digits = sum(c.isdigit() for c in core)
    if digits == 0:
        return ("token" if _is_token(core) else None), False
    if _HARMLESS_NUMBER.fullmatch(core) or _DATE_AND_TIME.fullmatch(core):
        return "digits", False
    if is_iban(core):
        return "iban", False
    letters = sum(c.isalpha() for c in core)
    if letters == 0 or (letters <= 2 and digits >= 2 and core[:2].isupper()):
        return (number_kind(core) if _is_long_number(core) else "digits"), True
    if _is_token(core):
        return "token", len(core) <= LONGEST_GROUP
    if re.search(rf"\d{{{DIGITS_IN_A_ROW},}}", core):
        return "number", False
    return "digits", len(core) <= LONGEST_GROUP


def _address(chunk: str, core: str) -> Kind | None:
    if "@" in chunk:
        if _EMAIL.search(chunk):
            return "email"
        if any(c.isalnum() for c in core):
            return "handle" if core.startswith("@") else "token"
    if ("/" in chunk or "." in chunk or "://" in chunk) and (
        _URL.search(chunk) or _DOMAIN.fullmatch(core)
    ):
        return "url"
    if ("/" in chunk or "\\" in chunk) and _PATH.fullmatch(chunk.strip(_EDGES_OF_PATH)):
        return "path"
    return None


def _is_long_number(core: str) -> bool:
    digits = sum(c.isdigit() for c in core)
    return digits >= DIGITS or bool(re.search(rf"\d{{{DIGITS_IN_A_ROW},}}", core))


def number_kind(core: str) -> Kind:
    """Return the kind of a long number."""
    digits = [unicodedata.digit(c) for c in core if c.isdigit()]  # includes superscript digits
    if 13 <= len(digits) <= 19 and _passes_luhn(digits):
        return "card"
    # ITU-T E.164: at most 15 digits.
    if len(digits) <= 15 and (core[0] in "+0" or re.search(r"\d[)\s./-]+\d", core)):
        return "phone"
    return "number"


def _passes_luhn(digits: Sequence[int]) -> bool:
    """Whether the check digit of a card number is correct (ISO/IEC 7812-1, annex B)."""
    doubled = (d if i % 2 == 0 else sum(divmod(2 * d, 10)) for i, d in enumerate(reversed(digits)))
    return sum(doubled) % 10 == 0


def is_iban(core: str) -> bool:
    """Whether a text is an account number with correct check digits (ISO 13616)."""
    core = core.upper()
    if not core.isascii() or not _IBAN.fullmatch(core):
        return False
    return int("".join(str(int(c, 36)) for c in core[4:] + core[:4])) % 97 == 1


def _is_token(core: str) -> bool:
    """Whether a text is a key, token or password: by a known form, or by mixed characters.

    Words change between letters, digits and marks a few times at most (COVID-19, iPhone14,
    state-of-the-art); a random string does so at every other character.
    """
    if any(known.fullmatch(core) for known in (_UUID, _HEX, _COLONS)) or _KNOWN_KEYS.search(core):
        return True
    if len(core) < 8 or not core.isascii():
        return False
    kinds = {_class_of(c) for c in core}
    is_of_words = "digit" not in kinds and core.replace("-", "").isalpha()
    if is_of_words and core.lower() == core:
        return False
    changes = _changes(_RUN_OF_CLASS.findall(core))
    if ("digit" in kinds or "mark" in kinds) and (
        changes >= 4 or (changes >= 3 and {"lower", "upper", "digit", "mark"} <= kinds)
    ):
        return True
    capitals_inside = sum(a.islower() and b.isupper() for a, b in itertools.pairwise(core))
    return len(core) >= 16 and capitals_inside >= 4 and _entropy(core) > 3.5


def _changes(parts: Sequence[str]) -> int:
    """Count the changes between letters, digits and marks, except at the joints of words."""
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
    """Return the entropy of the characters' frequencies, in bits a character (Shannon 1948)."""
    shares = [count / len(text) for count in Counter(text).values()]
    return -sum(share * math.log2(share) for share in shares)
