"""Sentences that had to be read twice, and were rewritten, do not come back."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
TWISTED = (
    "what is given beside it goes before it",
    "of what modulates",
    "a few steps tell before training",
    "offered twice what it can",
    "seeing by a checksum",
    "a text of twice so many",
    "taken on in this turn of the loop",
    "else cudnn's door warns",
    "was not owed",
)
"""Parts of those sentences."""
SUFFIXES = frozenset((".py", ".cpp", ".hpp", ".ts", ".js", ".md"))
PROSE = [
    path
    for room in ("src", "native", "page", "docs")
    for path in sorted((ROOT / room).rglob("*"))
    if path.suffix in SUFFIXES and "node_modules" not in path.parts
]


def test_no_sentence_is_twisted_as_it_once_was() -> None:
    twisted = [
        (str(path.relative_to(ROOT)), part)
        for path in [*PROSE, ROOT / "README.md"]
        for text in [" ".join(path.read_text("utf-8").lower().split())]
        for part in TWISTED
        if part in text
    ]

    assert twisted == []
