"""What the page on looking inside says of the unit in its picture, held against its numbers."""

import csv
import math
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = list(
    csv.DictReader((ROOT / "benchmarks/results/capacitor.csv").read_text("utf-8").splitlines())
)
PAGE = " ".join((ROOT / "docs/how-to/inspect.md").read_text("utf-8").split())


def kept_for(t: int) -> int:
    """Words after word t until less than 1/e of what the unit held then is left."""
    left, words = 1.0, 0
    for row in ROWS[t + 1 :]:
        left *= float(row["f"])
        if left < math.exp(-1):
            break
        words += 1
    return words


def test_the_unit_in_the_picture_keeps_a_charge_for_as_many_words_as_the_caption_says() -> None:
    largest = max(abs(float(row["c"])) for row in ROWS)
    charged = [t for t, row in enumerate(ROWS) if abs(float(row["c"])) >= largest / 4]
    message = re.search(r"keeps 37 % or more of a charge for (\d+) words", PAGE)
    assert message is not None
    assert int(message[1]) == max(map(kept_for, charged)) >= 20


def test_brackets_charge_and_empty_the_unit_in_the_picture() -> None:
    words = [row["word"] for row in ROWS]
    opened, closed = words.index("("), words.index(")")
    memory = [float(row["c"]) for row in ROWS]
    assert f"{closed - opened} words later" in PAGE
    inside = memory[opened:closed]
    assert min(inside) > 0 > max(memory[:opened] + memory[closed:])
    assert float(ROWS[opened]["i"]) > 0.9  # charges
    assert float(ROWS[closed]["f"]) < 0.1  # empties
