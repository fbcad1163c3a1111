"""The errors that a person gets to read: what was wrong, where, and what to do about it."""

from collections.abc import Iterable

from foreword.visible import shown_lines


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """A question to append to a message, where a name is nearly one that is known; else nothing.

    >>> did_you_mean("lsmt", ["lstm", "gru"])
    ' Did you mean lstm?'
    """
    from difflib import get_close_matches  # only for a message

    by_folded = {name.casefold(): name for name in known}
    near = get_close_matches(given.casefold(), by_folded, n=2, cutoff=0.7)
    return f" Did you mean {' or '.join(by_folded[name] for name in near)}?" if near else ""


class ForewordError(Exception):
    """Base of every error that Foreword raises on purpose. Its message is meant to be shown.

    What it quotes (a file's name, a word, a record) may be a stranger's: as text it holds no
    character that a terminal would obey.
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
    """Training cannot start or go on: it diverged for good, or has nothing to resume from."""


class ConversionError(ForewordError, ValueError):
    """A layer of torch's carries something that Foreword's would not treat alike. Names both."""


class MissingExtraError(ForewordError):
    """An optional library is missing. The message holds the `pip install` line for it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs a library that is not installed. Install it with: "
            f'pip install "foreword[{extra}]"'
        )
