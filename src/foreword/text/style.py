"""Learn the typographic marks that a user or a text writes, and apply them. Knows no models."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from foreword.text.characters import MARKS

_QUOTES = {"“": "”", "„": "“", "”": "”", "‟": "”", "＂": "＂", "″": "″", '"': '"'}
"""Opening quotation marks, each with its closing mark unless the user shows another."""
_COUNTED = ("'", "’", '"', "“", "”", "„", "--", "—", " - ", " – ", "...", "…")
_TYPED = "gershayim typed as a quotation mark"
_TYPED_GERSHAYIM = re.compile('[\u05d0-\u05ea]"[\u05d0-\u05ea](?![\u05d0-\u05ea])')
_TELLING = frozenset(MARKS) | frozenset("'\"-.״")


@dataclass(frozen=True, slots=True)
class Style:
    """The typographic mark of each kind: a text's most frequent one, or a user's last one.

    Attributes:
        apostrophe: within words, and as a closing mark.
        opens: before a quotation.
        closes: after a quotation.
        dash: the dash that is otherwise written --.
        short_dash: the dash between spaces that is otherwise written -.
        hyphen: between letters.
        ellipsis: three full stops or one character.
        gershayim: within Hebrew abbreviations; keyboards lack them.
    """

    apostrophe: str = "'"
    opens: str = '"'
    closes: str = '"'
    dash: str = "--"
    short_dash: str = "-"
    hyphen: str = "-"
    ellipsis: str = "..."
    gershayim: str = "״"

    def after(self, raw: str, word: str, *, quoting: bool, spaced: bool) -> "Style":
        """Return the style after a word was written.

        Args:
            raw: the word as the user wrote it.
            word: the word as the model reads it.
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
        if "״" in word:
            return replace(self, gershayim='"' if '"' in raw else "״")
        seen = [character for character in raw if MARKS.get(character, character) == "'"]
        return replace(self, apostrophe=seen[-1]) if seen and seen[-1] != "‘" else self

    def written(self, word: str, *, quoting: bool, spaced: bool) -> str:
        """Return a word with the marks of this style.

        >>> Style(apostrophe="’", ellipsis="…").written("don't", quoting=False, spaced=True)
        'don’t'
        >>> Style(opens="„", closes="“").written('"', quoting=True, spaced=False)
        '“'

        Args:
            word: the word as the model has it.
            quoting: whether a quotation is open.
            spaced: whether a space stands before the word.
        """
        if word[:1].isalpha() and "״" in word:
            word = word.replace("״", self.gershayim)
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

    def options(self) -> dict[str, str]:
        """Return the marks that are not plain, by kind."""
        plain = asdict(PLAIN_STYLE)
        return {name: mark for name, mark in asdict(self).items() if mark != plain[name]}


PLAIN_STYLE = Style()


def style_of(options: Mapping[str, Any]) -> Style:
    """Return the style with these options.

    Raises:
        ValueError, TypeError: an option is unknown, or its mark is of another kind.
    """
    plain = asdict(PLAIN_STYLE)
    for name, mark in options.items():
        reads_as = "״" if name == "gershayim" and mark == '"' else MARKS.get(mark, mark)
        if name not in plain or reads_as != plain[name]:
            raise ValueError(f"style: {str(mark)[:8]!r} is no {str(name)[:16]}")
    return Style(**options)


class StyleCounter:
    """Counts the marks of a text, line by line."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, line: str) -> None:
        """Count a line."""
        for mark in _COUNTED:
            self._counts[mark] += line.count(mark)
        if not line.isascii():
            self._counts["״"] += line.count("״")
            self._counts[_TYPED] += len(_TYPED_GERSHAYIM.findall(line))

    def merge(self, other: "StyleCounter") -> None:
        """Add the counts of another counter."""
        self._counts.update(other._counts)

    def style(self) -> Style:
        """Return the most frequent mark of each kind."""
        counts = self._counts

        def commoner(mark: str, plain: str) -> str:
            return (mark if counts[mark] > counts[plain] else plain).strip()

        opens, closes = '"', '"'
        if max(counts["“"], counts["„"], counts["”"]) > counts['"'] // 2:
            if counts["„"] > counts["”"] // 2:  # „so“, „so”
                opens, closes = "„", "“" if counts["“"] >= counts["”"] else "”"
            else:  # “so”, ”so”
                opens, closes = "“" if counts["“"] > counts["”"] // 4 else "”", "”"
        return Style(
            apostrophe=commoner("’", "'"),
            opens=opens,
            closes=closes,
            dash=commoner("—", "--"),
            short_dash=commoner(" – ", " - "),
            ellipsis=commoner("…", "..."),
            gershayim='"' if counts[_TYPED] > counts["״"] else "״",
        )
