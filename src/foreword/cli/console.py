"""Where the command line writes: results on standard output, everything else on standard error."""

import codecs
import io
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, cast

from rich.console import Console
from rich.table import Table
from rich.text import Text

from foreword.cli.quitting import quitting_at_once
from foreword.text.lines import LineSplitter
from foreword.visible import as_json, shown_lines


class PlainConsole(Console):
    """A console on which strings are text: no markup, and no characters that control a terminal.

    Strings come from model folders, personal files, texts and names of files, which others may have
    made. Colour is set by `style=`, or by a `rich.text.Text` whose parts went through `as_text`.
    """

    def render_str(self, text: str, **options: Any) -> Text:
        """Called by Rich for every string that it prints, also in tables."""
        return super().render_str(
            shown_lines(text), **{**options, "markup": False, "emoji": False, "highlight": False}
        )


errors = PlainConsole(stderr=True)
"""For progress, notes and errors. Rich respects NO_COLOR and pipes."""


def results() -> Console:
    """Standard output, never wrapped or truncated unless it is a terminal."""
    return PlainConsole(soft_wrap=not sys.stdout.isatty())


def as_text(*parts: str | tuple[str, str]) -> Text:
    """A text made of parts; a part with a style is (text, style)."""
    return Text.assemble(
        *(
            shown_lines(part) if isinstance(part, str) else (shown_lines(part[0]), part[1])
            for part in parts
        )
    )


def print_json(document: Any) -> None:
    """One line of JSON on standard output, with escapes for characters that control a terminal."""
    sys.stdout.write(as_json(document) + "\n")
    sys.stdout.flush()


def print_note(text: str) -> None:
    """A sentence on standard error."""
    errors.print(text, soft_wrap=True)


def print_error(text: str) -> None:
    """Print why a command fails."""
    errors.print(as_text(("error:", "bold red"), f" {text}"), soft_wrap=not errors.is_terminal)


def input_lines() -> Iterator[str]:
    """Lines of standard input without their ends; bytes that are not UTF-8 become U+FFFD."""
    for lines in input_blocks():
        yield from lines


def input_blocks() -> Iterator[list[str]]:
    """The same lines in blocks, each of the lines that arrived together; a block may be empty."""
    if sys.stdin.isatty():
        errors.print("reading lines from the keyboard; Ctrl-D ends", style="dim")
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    splitter = LineSplitter()
    stream = cast(io.BufferedReader, sys.stdin.buffer)
    while block := stream.read1():
        yield list(splitter.lines(decoder.decode(block)))
    yield list(splitter.lines(decoder.decode(b"", final=True)))
    if splitter.rest:
        yield [splitter.rest]


def json_lines() -> Iterator[str]:
    """Lines of JSON on standard input: only a newline ends one, as U+2028 may be in a string."""
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", errors="replace").rstrip("\r\n")


@contextmanager
def loading_torch() -> Iterator[None]:
    """For importing modules that need PyTorch, which takes seconds: says so, and can be stopped."""
    if "torch" not in sys.modules:
        errors.print("loading PyTorch")
    with quitting_at_once():
        yield


@contextmanager
def interruptible(left: Callable[[], str] | None = None) -> Iterator[None]:
    """Ctrl-C within it ends the command with one sentence.

    Args:
        left: the end of that sentence, which says what is left. With it, SIGTERM does the same, so
            that incomplete files are removed.
    """
    stopped_by = signal.SIGINT

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopped_by
        del frame
        stopped_by = signal.Signals(number)
        raise KeyboardInterrupt

    before = None
    try:
        if left is not None and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not in the main thread
        pass
    try:
        yield
    except KeyboardInterrupt:
        told = "stopped" if left is None else f"stopped: {left()}"
        print_note(told)
        sys.exit(128 + stopped_by)
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def table_of(rows: dict[str, str]) -> Table:
    """Two columns without borders."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column()
    for name, value in rows.items():
        table.add_row(name, value)
    return table
