"""Where the command line writes: results on standard output, everything else on standard error."""

import json
import sys
from collections.abc import Iterator
from typing import Any

from rich.console import Console

errors = Console(stderr=True, highlight=False)
"""For progress, notes and errors. Rich honours NO_COLOR and plain pipes."""


def results() -> Console:
    """Standard output, never wrapped or cut where it is not a terminal."""
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def print_json(document: Any) -> None:
    """One line of JSON on standard output."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def input_lines() -> Iterator[str]:
    """Lines of standard input without their ends; bytes that are not UTF-8 become U+FFFD."""
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", errors="replace").rstrip("\r\n")
