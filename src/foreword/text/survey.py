"""Look for faults of a text before anything is learned from it. Changes nothing in it."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from foreword.text.encodings import mojibakes
from foreword.text.lines import LineCount, LineSplitter

SURVEYED = 1 << 20
"""The number of characters in which lines are compared."""
FEWEST_LINES = 100
SHAPE = 16
"""The number of characters at the beginning of a line that are compared, all digits being equal."""
ALIKE = 0.9
MOST_SHAPES = 5
"""Lines look alike if this many beginnings make up that share of them."""

_DIGITS = re.compile(r"\d+")


@dataclass
class TextSurvey:
    """The faults of a text.

    Attributes:
        mojibake: the number of wrongly decoded letters.
        example: the first of them, in its context.
        line: the line of the example.
    """

    mojibake: int = 0
    example: str = ""
    line: int = 0
    shapes: Counter[str] = field(default_factory=Counter)
    first_of_shape: dict[str, str] = field(default_factory=dict)

    def warnings(self, name: str) -> list[str]:
        """Return sentences for the owner of the text."""
        sentences = []
        if self.mojibake:
            places = "1 place has" if self.mojibake == 1 else f"{self.mojibake:,} places have"
            sentences.append(
                f"{name}: {places} letters that were decoded wrongly before the text was "
                f"saved, the first in line {self.line}: “{self.example}”. To have them decoded "
                "again by ftfy, add --mend"
            )
        lines = self.shapes.total()
        common = self.shapes.most_common(MOST_SHAPES)
        alike = sum(count for _, count in common)
        if lines >= FEWEST_LINES and alike >= ALIKE * lines:
            shown = self.first_of_shape[common[0][0]][:60]
            sentences.append(
                f"{name}: almost all lines look alike ({alike / lines:.0%} of {lines:,}), as in "
                f"“{shown}”. A model learns this form by heart, and a perplexity near 1 then "
                "tells nothing of how well it predicts writing"
            )
        return sentences


def survey(blocks: Iterable[str]) -> TextSurvey:
    """Examine a text."""
    findings = TextSurvey()
    splitter, count = LineSplitter(), LineCount()
    seen = 0
    for block in blocks:
        if "Ã" in block or "â" in block or "Â" in block or "ð" in block or "Ð" in block:
            for match in mojibakes(block):
                findings.mojibake += 1
                if not findings.example:
                    findings.line = count.ended + count.ending_in(block[: match.start()]) + 1
                    findings.example = _around(block, match)
        count.add(block)
        if seen < SURVEYED:
            for line in splitter.lines(block[: SURVEYED - seen]):
                _add_shape(findings, line)
        seen += len(block)
    return findings


def _add_shape(findings: TextSurvey, line: str) -> None:
    bare = line.strip()
    if not bare:
        return
    shape = _DIGITS.sub("0", bare[: 2 * SHAPE])[:SHAPE]
    findings.shapes[shape] += 1
    findings.first_of_shape.setdefault(shape, bare)


def _around(text: str, match: re.Match[str]) -> str:
    begin = text.rfind("\n", 0, match.start()) + 1
    begin = max(begin, match.start() - 20)
    return " ".join(text[begin : match.end() + 20].split("\n", 1)[0].split())
