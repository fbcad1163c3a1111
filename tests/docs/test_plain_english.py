"""Names say what they hold, and sentences that were once rewritten do not come back."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/foreword"
VAGUE = frozenset(("found", "there", "here", "place", "said", "so_many"))
"""Names that say nothing about a value: call it candidates, offset, row, position or limit."""
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
"""Parts of sentences that had to be read twice."""
SUFFIXES = frozenset((".py", ".cpp", ".hpp", ".ts", ".js", ".md"))
PROSE = [
    path
    for room in ("src", "native", "page", "docs")
    for path in sorted((ROOT / room).rglob("*"))
    if path.suffix in SUFFIXES and "node_modules" not in path.parts
]


def assigned_names(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield f"{name} in line {node.lineno}"
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield f"{name} in line {node.lineno}"


@pytest.mark.parametrize(
    "room",
    [
        *("benchmarks", "fuzz", "native", "packages", "tests"),
        *sorted(f"src/foreword/{path.parent.name}" for path in SOURCE.glob("*/__init__.py")),
    ],
)
def test_names_say_what_they_hold(room: str) -> None:
    vague = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted((ROOT / room).rglob("*.py"))
        for name in assigned_names(path)
        if name.split(" ")[0] in VAGUE
    ]

    assert vague == []


def test_no_sentence_is_twisted_as_it_once_was() -> None:
    twisted = [
        (str(path.relative_to(ROOT)), part)
        for path in [*PROSE, ROOT / "README.md"]
        for text in [" ".join(path.read_text("utf-8").lower().split())]
        for part in TWISTED
        if part in text
    ]

    assert twisted == []
