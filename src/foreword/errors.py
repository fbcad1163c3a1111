"""The errors shown to people: what was wrong, where, and what to do about it."""

from collections.abc import Iterable
from typing import Self

from foreword.visible import shown_lines


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Return a question to append to a message if a name is close to a known one; else nothing.

    >>> did_you_mean("lsmt", ["lstm", "gru"])
    ' Did you mean lstm?'
    """
    from difflib import get_close_matches  # only for a message

    by_folded = {name.casefold(): name for name in known}
    near = get_close_matches(given.casefold(), by_folded, n=2, cutoff=0.7)
    return f" Did you mean {' or '.join(by_folded[name] for name in near)}?" if near else ""


class ForewordError(Exception):
    """The base of every error that Foreword raises on purpose. Its message is meant to be shown.

    Quoted text (a file name, a word, a record) may come from strangers: the message is shown
    without characters that control a terminal.
    """

    def __str__(self) -> str:
        return shown_lines(super().__str__())


class TextError(ForewordError):
    """A text cannot be read or used. Names the file and, where known, the line and the byte."""


class FolderError(ForewordError):
    """A folder is missing, damaged, of a newer format, no model folder, or being written to."""


class PersonalError(ForewordError):
    """A personal file is locked, damaged, read-only, of a newer format, or its disk is full."""


class SettingsError(ForewordError):
    """A setting or an argument is out of range, or two of them contradict each other."""


class TrainingError(ForewordError):
    """Training cannot start or continue: it diverged, cannot be resumed, or a process ended."""


class ConversionError(ForewordError, ValueError):
    """A layer of torch's has something that Foreword's treats differently. Names both."""


class DesktopError(ForewordError):
    """A service of the desktop, such as IBus, is missing, does not run, or refuses."""


class MissingExtraError(ForewordError):
    """An optional library is missing. The message holds the `pip install` line for it."""

    def __init__(self, purpose: str, extra: str) -> None:
        super().__init__(
            f"{purpose} needs a library that is not installed. Install it with: "
            f'pip install "foreword[{extra}]"'
        )
        self._made_of = purpose, extra

    def __reduce__(self) -> tuple[type[Self], tuple[str, str]]:
        return type(self), self._made_of  # so that a worker process can raise it, too
