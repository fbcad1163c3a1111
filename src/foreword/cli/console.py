"""Where the command line writes: results on standard output, everything else on standard error."""

import codecs
import io
import json
import sys
from collections.abc import Iterator
from typing import Any, cast

from rich.console import Console

from foreword.text.lines import LineSplitter

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
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    splitter = LineSplitter()
    stream = cast(io.BufferedReader, sys.stdin.buffer)
    while block := stream.read1():
        yield from splitter.lines(decoder.decode(block))
    yield from splitter.lines(decoder.decode(b"", final=True))
    if splitter.rest:
        yield splitter.rest


def json_lines() -> Iterator[str]:
    """Lines of JSON on standard input: only a newline ends one, as U+2028 may be in a string."""
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", errors="replace").rstrip("\r\n")
