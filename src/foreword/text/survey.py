"""What is to be said of a text before anything is learned from it. Changes nothing in it."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from foreword.text.encodings import mojibakes
from foreword.text.lines import LineCount, LineSplitter

SURVEYED = 1 << 20
"""Characters in which lines are compared."""
FEWEST_LINES = 100
SHAPE = 16
"""Characters of a line by which it is like another, its digits all being one."""
ALIKE = 0.9
MOST_SHAPES = 5
"""Lines look alike where so few beginnings make up that share of them."""

_DIGITS = re.compile(r"\d+")


@dataclass
class Survey:
    """What was seen in a text.

    Attributes:
        mojibake: places that were decoded wrongly before the text was saved.
        example: the first of them, with what stands around it.
        line: of the example.
    """

    mojibake: int = 0
    example: str = ""
    line: int = 0
    shapes: Counter[str] = field(default_factory=Counter)
    first_of_shape: dict[str, str] = field(default_factory=dict)

    def warnings(self, name: str) -> list[str]:
        """Sentences for the person whose text it is."""
        found = []
        if self.mojibake:
            places = "1 place has" if self.mojibake == 1 else f"{self.mojibake:,} places have"
            found.append(
                f"{name}: {places} letters that were decoded wrongly before the text was "
                f"saved, the first in line {self.line}: “{self.example}”. To have them decoded "
                "anew by ftfy, add --mend"
            )
        lines = self.shapes.total()
        common = self.shapes.most_common(MOST_SHAPES)
        alike = sum(count for _, count in common)
        if lines >= FEWEST_LINES and alike >= ALIKE * lines:
            shown = self.first_of_shape[common[0][0]][:60]
            found.append(
                f"{name}: almost all lines look alike ({alike / lines:.0%} of {lines:,}), as in "
                f"“{shown}”. A model learns this form by heart, and a perplexity near 1 then "
                "tells nothing of how well it predicts writing"
            )
        return found


def survey(blocks: Iterable[str]) -> Survey:
    """Looks through a text."""
    found = Survey()
    splitter, count = LineSplitter(), LineCount()
    seen = 0
    for block in blocks:
        if "Ã" in block or "â" in block or "Â" in block or "ð" in block or "Ð" in block:
            for match in mojibakes(block):
                found.mojibake += 1
                if not found.example:
                    found.line = count.ended + count.ending_in(block[: match.start()]) + 1
                    found.example = _around(block, match)
        count.add(block)
        if seen < SURVEYED:
            for line in splitter.lines(block[: SURVEYED - seen]):
                _add_shape(found, line)
        seen += len(block)
    return found


def _add_shape(found: Survey, line: str) -> None:
    bare = line.strip()
    if not bare:
        return
    shape = _DIGITS.sub("0", bare[: 2 * SHAPE])[:SHAPE]
    found.shapes[shape] += 1
    found.first_of_shape.setdefault(shape, bare)


def _around(text: str, match: re.Match[str]) -> str:
    begin = text.rfind("\n", 0, match.start()) + 1
    begin = max(begin, match.start() - 20)
    return " ".join(text[begin : match.end() + 20].split("\n", 1)[0].split())
