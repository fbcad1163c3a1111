"""Compare letters without apostrophes, accents and syllables. Knows no words and no models.

A skeleton is what a hurried typist types of a word: "dont" for don't, "deja" for déjà. Of a Korean
word it is the keys pressed one by one, so that 학 begins 하고 as 하 does.
"""

import re
import unicodedata

from foreword.text.case import LATIN

# Apostrophes and the Catalan middle dot; combining diacritics, Hebrew points and Arabic vowel
# signs. The vowel signs of Indic scripts are letters and stay.
_LEFT_OUT = re.compile("['’·\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u064b-\u0652\u0670]")

# The keys of each Korean letter, in Unicode's order of letters in syllables.
_FIRST = "ㄱ ㄲ ㄴ ㄷ ㄸ ㄹ ㅁ ㅂ ㅃ ㅅ ㅆ ㅇ ㅈ ㅉ ㅊ ㅋ ㅌ ㅍ ㅎ"
_VOWELS = "ㅏ ㅐ ㅑ ㅒ ㅓ ㅔ ㅕ ㅖ ㅗ ㅗㅏ ㅗㅐ ㅗㅣ ㅛ ㅜ ㅜㅓ ㅜㅔ ㅜㅣ ㅠ ㅡ ㅡㅣ ㅣ"
_LAST = (
    "ㄱ ㄲ ㄱㅅ ㄴ ㄴㅈ ㄴㅎ ㄷ ㄹ ㄹㄱ ㄹㅁ ㄹㅂ ㄹㅅ ㄹㅌ ㄹㅍ ㄹㅎ "
    "ㅁ ㅂ ㅂㅅ ㅅ ㅆ ㅇ ㅈ ㅊ ㅋ ㅌ ㅍ ㅎ"
)
# Letters of two keys that stand by themselves.
_ALONE = {"ㄳ": "ㄱㅅ", "ㄵ": "ㄴㅈ", "ㄶ": "ㄴㅎ", "ㄺ": "ㄹㄱ", "ㄻ": "ㄹㅁ", "ㄼ": "ㄹㅂ"}
_ALONE |= {"ㄽ": "ㄹㅅ", "ㄾ": "ㄹㅌ", "ㄿ": "ㄹㅍ", "ㅀ": "ㄹㅎ", "ㅄ": "ㅂㅅ"}
_ALONE |= {"ㅘ": "ㅗㅏ", "ㅙ": "ㅗㅐ", "ㅚ": "ㅗㅣ", "ㅝ": "ㅜㅓ", "ㅞ": "ㅜㅔ", "ㅟ": "ㅜㅣ"}
_ALONE |= {"ㅢ": "ㅡㅣ"}
_KEYS = str.maketrans(
    LATIN
    | _ALONE
    | {
        chr(start + index): keys
        for start, letters in ((0x1100, _FIRST), (0x1161, _VOWELS), (0x11A8, _LAST))
        for index, keys in enumerate(letters.split())
    }
)


def skeleton(fold: str) -> str:
    """Return a folded word without apostrophes and accents, with Korean syllables as typed keys.

    >>> skeleton("don't"), skeleton("déjà"), skeleton("cœur"), skeleton("하고") == skeleton("학ㅗ")
    ('dont', 'deja', 'coeur', True)
    """
    if fold.isascii():
        return fold.replace("'", "")
    return _LEFT_OUT.sub("", unicodedata.normalize("NFD", fold)).translate(_KEYS)


def without_accents(fold: str) -> str:
    """Return folded letters without accents, but with apostrophes.

    >>> without_accents("naïve"), without_accents("d'été"), without_accents("don't")
    ('naive', "d'ete", "don't")
    """
    return fold if fold.isascii() else "'".join(map(skeleton, fold.split("'")))


def has_marks(fold: str) -> bool:
    """Whether letters contain apostrophes or accents."""
    return skeleton(fold) != fold and not is_korean(fold)


def begins(typed: str, fold: str) -> bool:
    """Whether a word begins as typed, except for apostrophes and accents that were not typed."""
    return fold.startswith(typed) or (
        (not fold.isascii() or "'" in fold) and leaves_out(typed, fold)
    )


def is_korean(fold: str) -> bool:
    """Whether a word is written in Korean syllables."""
    return "가" <= fold[:1] <= "힣"


def leaves_out(typed: str, fold: str) -> bool:
    """Whether typed letters begin a word, except for apostrophes and accents not typed.

    Marks that were typed must be the word's: é does not begin être. Both are folded.

    >>> leaves_out("deja", "déjà"), leaves_out("déj", "déjà"), leaves_out("dèj", "déjà")
    (True, True, False)
    """
    if not skeleton(fold).startswith(skeleton(typed)):
        return False
    typed_parts, parts = _parts(typed), _parts(fold)
    return all(mine <= theirs for mine, theirs in zip(typed_parts, parts, strict=False))


def _parts(fold: str) -> list[frozenset[str]]:
    """Return the marks of a word that each letter of its skeleton leaves out."""
    parts: list[set[str]] = []
    for character in unicodedata.normalize("NFD", fold):
        keys = character.translate(_KEYS)
        if _LEFT_OUT.match(character):
            if parts:
                parts[-1].add("'" if character == "’" else character)
            continue
        parts += [set() for _ in keys]
        if character in LATIN:
            parts[-1].add(character)
    return [frozenset(part) for part in parts]
