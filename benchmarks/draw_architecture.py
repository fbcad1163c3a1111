"""Draws which package of Foreword imports which, read from the code: docs/images/architecture.svg.

python benchmarks/draw_architecture.py [FILE]

The layers are those of the contract in pyproject.toml. Needs grimp, which import-linter brings.
"""

import sys
import tomllib
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
WIDTH, ROW, BOX = 1120, 78, (128, 34)
EVERYWHERE = ("errors", "visible")
"""Imported by nearly all: lines to them would hide the others."""


def layers() -> list[list[str]]:
    """The layers of the import contract, from the top, each the names of its packages."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    listed = contracts["tool"]["importlinter"]["contracts"]
    contract = next(one for one in listed if one["type"] == "layers")
    return [
        [name.strip().removeprefix("foreword.") for name in layer.split("|")]
        for layer in contract["layers"]
    ]


def imports(names: list[str]) -> list[tuple[str, str]]:
    """Pairs of packages of which the first imports the second."""
    graph = grimp.build_graph("foreword")
    for name in names:
        if graph.find_descendants(f"foreword.{name}"):
            graph.squash_module(f"foreword.{name}")
    return [
        (name, other)
        for name in names
        for other in names
        if name != other
        and other not in EVERYWHERE
        and graph.direct_import_exists(importer=f"foreword.{name}", imported=f"foreword.{other}")
    ]


def drawing(rows: list[list[str]], pairs: list[tuple[str, str]]) -> str:
    """An SVG of the packages in their layers, and a line for each import."""
    width, height = BOX
    at = {
        name: ((column + 0.5) * WIDTH / len(row), (depth + 0.5) * ROW)
        for depth, row in enumerate(rows)
        for column, name in enumerate(row)
    }
    lines = []
    for importer, imported in pairs:
        (x0, y0), (x1, y1) = at[importer], at[imported]
        top, bottom = y0 + height / 2, y1 - height / 2
        middle = (top + bottom) / 2
        lines.append(
            f'<path d="M{x0:.0f} {top:.0f}C{x0:.0f} {middle:.0f} {x1:.0f} {middle:.0f} '
            f'{x1:.0f} {bottom:.0f}"><title>{importer} imports {imported}</title></path>'
        )
    boxes = [
        f'<rect x="{x - width / 2:.0f}" y="{y - height / 2:.0f}" width="{width}" height="{height}" '
        f'rx="6"/><text x="{x:.0f}" y="{y + 5:.0f}">{name}</text>'
        for name, (x, y) in at.items()
    ]
    style = (
        "path{fill:none;stroke:#7986cb;stroke-width:1;opacity:.5}"
        "rect{fill:#e8eaf6;stroke:#3949ab}"
        "text{font:15px sans-serif;text-anchor:middle;fill:#1a237e}"
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {len(rows) * ROW}">',
            "<title>Packages of Foreword; each line is an import, downwards</title>",
            f"<style>{style}</style>",
            *lines,
            *boxes,
            "</svg>\n",
        ]
    )


if __name__ == "__main__":
    rows = layers()
    pairs = imports([name for row in rows for name in row])
    to = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs/images/architecture.svg"
    to.write_text(drawing(rows, pairs), "utf-8")
