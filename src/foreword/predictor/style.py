"""Which typographic marks a user writes, and words written with them. Knows no models."""

from dataclasses import dataclass, replace

from foreword.text.characters import MARKS

_QUOTES = {"“": "”", "„": "“", "”": "”", "‟": "”", "＂": "＂", "″": "″", '"': '"'}
"""Opening quotation marks, and what closes after each unless the user shows otherwise."""
_TELLING = frozenset(MARKS) | frozenset("'\"-.")


@dataclass(frozen=True, slots=True)
class Style:
    """The last mark of each kind that was seen; before any is seen, the plain one.

    Attributes:
        apostrophe: within words, and as a closing mark.
        opens: before a quotation.
        closes: after one.
        dash: written as -- where there is no other.
        short_dash: written as - with a space before it, where there is no other.
        hyphen: between letters.
        ellipsis: three points or one character.
    """

    apostrophe: str = "'"
    opens: str = '"'
    closes: str = '"'
    dash: str = "--"
    short_dash: str = "-"
    hyphen: str = "-"
    ellipsis: str = "..."

    def after(self, raw: str, word: str, *, quoting: bool, spaced: bool) -> "Style":
        """The style after a word was seen.

        Args:
            raw: the word as the user wrote it.
            word: as the model reads it.
            quoting: whether a quotation was open before it.
            spaced: whether a space stands before it.
        """
        if _TELLING.isdisjoint(raw):
            return self
        if word == '"':
            if quoting:
                return replace(self, closes=raw)
            return replace(self, opens=raw, closes=_QUOTES.get(raw, self.closes))
        if word in ("--", "...", "-"):
            if word == "-":
                return replace(self, short_dash=raw) if spaced else replace(self, hyphen=raw)
            return replace(self, dash=raw) if word == "--" else replace(self, ellipsis=raw)
        seen = [character for character in raw if MARKS.get(character, character) == "'"]
        return replace(self, apostrophe=seen[-1]) if seen and seen[-1] != "‘" else self

    def written(self, word: str, *, quoting: bool, spaced: bool) -> str:
        """A word with the marks of this style.

        >>> Style(apostrophe="’", ellipsis="…").written("don't", quoting=False, spaced=True)
        'don’t'
        >>> Style(opens="„", closes="“").written('"', quoting=True, spaced=False)
        '“'

        Args:
            word: as the model has it.
            quoting: whether a quotation is open.
            spaced: whether a space stands before it.
        """
        if word[:1].isalpha():
            return word if self.apostrophe == "'" else word.replace("'", self.apostrophe)
        if word == '"':
            return self.closes if quoting else self.opens
        if word == "-":
            return self.short_dash if spaced else self.hyphen
        if set(word) == {"-"} and len(word) % 2 == 0:
            return word.replace("--", self.dash)
        if set(word) == {"."} and len(word) % 3 == 0:
            return word.replace("...", self.ellipsis)
        if word == "'" and self.apostrophe == "’":
            return "‘" if spaced else "’"
        return word


PLAIN_STYLE = Style()
