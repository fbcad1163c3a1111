"""Fills the tables of the reference while the documentation is built, from Foreword itself.

A page says where: a line `<!-- table: NAME -->` becomes the table of that name. So whatever is
added to the project stands in its documentation without being written there.
"""

import re
from collections.abc import Callable
from typing import Any

from foreword.cells.registry import CELLS
from foreword.conformance.capabilities import markdown as kernels
from foreword.folder.architecture import DESCRIPTIONS
from foreword.training.catalogue import described

MARKER = re.compile(r"^<!-- table: ([a-z]+) -->$", re.MULTILINE)


def settings() -> str:
    """Every setting of training, its values and what it does."""
    lines = ["| name | values | what it does |", "|---|---|---|"]
    for name, setting in described().items():
        about = setting.about.replace("|", "\\|")
        lines.append(f"| `{name}` | {setting.values} | {about} |")
    return "\n".join(lines)


def architectures() -> str:
    """Every network, what it is, and what it carries from word to word."""
    lines = ["| `--model` | what | state |", "|---|---|---|"]
    for name, told in DESCRIPTIONS.items():
        cell = CELLS.get(name)
        state = ", ".join(cell().states) if cell is not None else "the words that it sees"
        lines.append(f"| `{name}` | {told.about} | {state} |")
    lines.append(
        "| `ngram` | no network: n-grams of `ngram_order` words, interpolated modified Kneser-Ney "
        "(Chen & Goodman 1998) | the last n - 1 words |"
    )
    return "\n".join(lines)


TABLES: dict[str, Callable[[], str]] = {
    "architectures": architectures,
    "kernels": kernels,
    "settings": settings,
}


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Puts the tables where a page asks for them."""
    return MARKER.sub(lambda marker: TABLES[marker.group(1)](), markdown)
