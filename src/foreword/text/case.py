"""Upper and lower case by the rules of a language. Knows nothing of vocabularies' use.

Most languages need no rules of their own. Turkish and Azeri pair i with İ and ı with I; Dutch
capitalises IJ as one letter; Irish leaves a prefix in lower case (tAthair); Greek capitals have no
accents; Lithuanian keeps the dot of i under an accent.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

DOTLESS = 0.02
"""The share of words with ı or İ from which a text counts as Turkish or Azeri."""
PREFIXED = 0.003
"""The share of words like tAthair and nGaeilge from which a text counts as Irish."""
MOST_CHARACTERS = 1_000_000
"""The number of characters of a text that are examined."""
ENOUGH = 2
"""The number of words that must show a rule."""

_MARKS = ".,;:!?()[]\"'«»“”„…-–"
_CODE = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_WITH_DOTLESS_I = frozenset(("tr", "az", "crh", "gag", "tt"))
_OTHER_SCRIPT = re.compile(r"[-_](?:cyrl|arab)\b", re.IGNORECASE)
_IRISH = re.compile("(?:[htn](?=[AEIOUÁÉÍÓÚ])|m(?=B)|g(?=C)|n(?=[DG])|b(?=P)|bh(?=F)|[dt](?=[TS]))")

# Greek capitals have no accents, except the diaeresis (ΆΛΦΑ is written ΑΛΦΑ).
_GREEK = re.compile("[\u0370-\u03ff\u1f00-\u1fff]")
_TONOS = re.compile("[\u0300\u0301\u0313\u0314\u0342]")
# Where an accent separated two vowels, a diaeresis replaces it: ΜΑΪΟΣ of Μάιος.
_APART = re.compile("([ΑΕΗΟΥΩ]\u0301)([ΙΥ])(?![\u0301\u0308])")
_DOTTED = re.compile("(?<=[iIjJĮį])\u0307|(?<=[iIjJ]\u0328)\u0307")
_UNDER_ACCENT = re.compile("([ij]\u0328?)(?=[\u0300\u0301\u0303])")


@dataclass(frozen=True)
class Case:
    """The rules of a language for upper and lower case.

    Attributes:
        language: the code of the language, such as tr; empty if it needs no rules of its own.
    """

    language: str = ""

    @classmethod
    def of(cls, words: Iterable[str]) -> "Case":
        """Return the case rules that the words of a vocabulary or text show; each word counts once.

        >>> Case.of(["ışık", "için", "İzmir"]).language, Case.of(["IJsland", "IJs"]).language
        ('tr', 'nl')
        """
        total = dotless = digraphs = halves = prefixed = 0
        for word in set(words):
            total += 1
            if "ı" in word or "İ" in word:
                dotless += 1
            elif word[:1] == "I":
                digraphs += word[1:2] == "J" and word[2:].islower()
                halves += word[1:2] == "j"
            elif word[1:] != word[1:].lower() and (prefix := _IRISH.match(word)) is not None:
                prefixed += word[prefix.end() + 1 :].islower()
        if dotless >= max(ENOUGH, total * DOTLESS):
            return cls("tr")
        if prefixed >= max(ENOUGH, total * PREFIXED):
            return cls("ga")
        if digraphs >= ENOUGH and digraphs > halves:
            return cls("nl")
        return cls()

    @property
    def dotless(self) -> bool:
        """Whether i is the lower case of İ, and ı that of I."""
        code = self.language.lower()
        return primary(code) in _WITH_DOTLESS_I and _OTHER_SCRIPT.search(code) is None

    def fold(self, word: str) -> str:
        """Return a form that is the same for all cases of a word. German ß stays distinct from ss.

        >>> Case().fold("STRAẞE"), Case().fold("ΦΩΣ") == Case().fold("φως")
        ('straße', True)
        >>> Case("tr").fold("IŞIK"), Case("tr").fold("İyi")
        ('ışık', 'iyi')
        """
        if self.language and self.dotless:
            word = word.replace("I", "ı").replace("İ", "i")
        if word.isascii():
            return word.casefold()
        return "ß".join(part.casefold() for part in word.replace("ẞ", "ß").split("ß"))

    def lower(self, word: str) -> str:
        """Return the word in lower case."""
        if not self.language:
            return word.lower()
        if self.dotless:
            word = word.replace("I", "ı").replace("İ", "i")
        word = word.lower()
        if primary(self.language) == "lt" and not word.isascii():
            parts = unicodedata.normalize("NFD", word)
            word = unicodedata.normalize("NFC", _UNDER_ACCENT.sub("\\1\u0307", parts))
        return word

    def upper(self, word: str) -> str:
        """Return the word in upper case.

        >>> Case().upper("άλφα"), Case().upper("école"), Case("tr").upper("iyi")
        ('ΑΛΦΑ', 'ÉCOLE', 'İYİ')
        >>> Case("ga").upper("tAthair"), Case().upper("Μάιος")
        ('tATHAIR', 'ΜΑΪΟΣ')
        """
        language = primary(self.language)
        if self.language and self.dotless:
            word = word.replace("i", "İ")
        if language == "lt":
            capitals = _DOTTED.sub("", unicodedata.normalize("NFD", word)).upper()
            return unicodedata.normalize("NFC", capitals)
        if language == "ga" and (prefix := _IRISH.match(word)) is not None:
            return prefix[0] + word[prefix.end() :].upper()
        capitals = word.upper()
        if not capitals.isascii() and _GREEK.search(capitals):
            if word == "ή":  # the word for or
                return "Ή"
            parts = _APART.sub("\\1\\2\u0308", unicodedata.normalize("NFD", capitals))
            capitals = unicodedata.normalize("NFC", _TONOS.sub("", parts))
        return capitals

    def capitalised(self, word: str) -> str:
        """Return the word with a capital first letter, if it is all lower case.

        >>> Case().capitalised("would"), Case().capitalised("iPhone"), Case("nl").capitalised("ijs")
        ('Would', 'iPhone', 'IJs')
        """
        if word != self.lower(word):
            return word
        if self.language:
            if word[:1] == "i" and self.dotless:
                return "İ" + word[1:]
            if word[:2] == "ij" and primary(self.language) == "nl":
                return "IJ" + word[2:]
            if primary(self.language) == "lt":
                capital = _DOTTED.sub("", word[:1].upper() + word[1:], count=1)
                return unicodedata.normalize("NFC", capital)
        return word[:1].title() + word[1:]


USUAL_CASE = Case()

LATIN = {"æ": "ae", "œ": "oe", "ø": "o", "ı": "i", "đ": "d", "ð": "d", "ł": "l", "ħ": "h"}
LATIN |= {"ß": "ss", "þ": "th", "ŋ": "n", "ə": "e", "ŧ": "t", "ĸ": "k"}
"""Small letters of Latin script that no decomposition takes apart, with the plain ones typed for
them."""
_PLAIN = str.maketrans(LATIN)


def bare(text: str) -> str:
    """Return a text in lower case without accents, whatever its language.

    >>> bare("Zoë Straße"), bare("HASŁO"), bare("ŞİFRE") == bare("şifre") == "sifre"
    ('zoe strasse', 'haslo', True)
    """
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.lower().translate(_PLAIN))
    return unicodedata.normalize("NFC", "".join(c for c in parts if not "\u0300" <= c <= "\u036f"))


def fold_in_any_language(word: str) -> str:
    """Return a form that is the same for all cases and compositions of a word.

    i and its forms with and without a dot are equal, as the word's language is unknown.

    >>> fold_in_any_language("ANNEGRET"), fold_in_any_language("Işık")
    ('annegret', 'işik')
    >>> fold_in_any_language("IŞIK"), fold_in_any_language("Zoe\u0308")
    ('işik', 'zoë')
    """
    if word.isascii():
        return word.lower()
    plain = unicodedata.normalize("NFKC", word).casefold().replace("\u0307", "").replace("ı", "i")
    return unicodedata.normalize("NFC", plain)


RULES = {
    "tr": "Turkish (ı and I, i and İ)",
    "nl": "Dutch (IJ)",
    "ga": "Irish (a small prefix, as in tAthair)",
}
"""The languages whose rules a text can show, with a description of each rule."""


def case_of(lines: Iterable[str]) -> Case:
    """Return the case rules that the beginning of a text shows."""
    words: set[str] = set()
    left = MOST_CHARACTERS
    for line in lines:
        words.update(word.strip(_MARKS) for word in line.split())
        left -= len(line)
        if left < 0:
            break
    return Case.of(words)


def primary(language: str) -> str:
    """Return the first part of a language code: pt for pt-BR."""
    return language.replace("_", "-").partition("-")[0].lower()


def checked_language(language: str) -> str:
    """Return the language code unchanged if it has the form of BCP 47 or is empty.

    Raises:
        ValueError: it has another form.
    """
    if language and not _CODE.fullmatch(language):
        raise ValueError(
            f"language must be a code such as tr, de or pt-BR (BCP 47), not {language[:40]!r}"
        )
    return language
