"""The folder of a prepared text: its ids, its words, and the settings with which it was read.

`foreword.training.prepare` writes it, and `foreword.training.corpus` reads it in place of the text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import ValidationError

from foreword.errors import FolderError, SettingsError
from foreword.folder.adopting import current, is_hidden
from foreword.folder.claim import Refusal
from foreword.folder.config import Data
from foreword.folder.files import atomic_write, read_bytes
from foreword.folder.store import (
    LARGEST_SPACING,
    LARGEST_TOKENIZER,
    SPACING,
    TOKENIZER,
    faults,
    sha256,
)
from foreword.text.corpus import PREPARED, is_prepared
from foreword.text.model_files import versioned
from foreword.text.spacing import Spacing
from foreword.text.tokenizer import Tokenizer, TokenizerConfig
from foreword.text.tokens import Tokens, read_ids
from foreword.training.settings import TextSettings, TrainingSettings

VERSION: Final = 1
TRAIN, VALID = "train.npy", "valid.npy"
"""The ids of the training text and of the held-out one, as numpy stores an array."""
ANEW = "Prepare the text anew"
LARGEST_DOCUMENT = 1 << 20


class Part(Data):
    """The ids of one text."""

    words: int
    """Their number, `<eos>` included."""
    lines: int
    unknown: int
    """How many of them are `<unk>`."""
    sha256: str
    """The digest of the ids as little-endian uint32."""

    @classmethod
    def of(cls, tokens: Tokens) -> "Part":
        """Return the record of a text's ids."""
        return cls(
            words=len(tokens), lines=tokens.lines, unknown=tokens.unknown, sha256=tokens.sha256
        )


class Prepared(Data):
    """The content of `prepared.json`."""

    version: Literal[1] = VERSION
    foreword: str
    """The version of Foreword that wrote it."""
    name: str
    """The names of the texts, without their folders."""
    valid_name: str
    text: TextSettings
    """The settings of the text that the user chose."""
    tokenizer: TokenizerConfig
    """How text becomes words, including what was detected in the text."""
    checksums: Mapping[str, str]
    """SHA-256 of the files with the words, by their names."""
    train: Part
    valid: Part | None


@dataclass(frozen=True)
class PreparedText:
    """A prepared text that has been read.

    Attributes:
        about: what `prepared.json` says.
        tokenizer: the words.
        train: the ids of the training text, mapped into memory.
        valid: those of the held-out text.
    """

    about: Prepared
    tokenizer: Tokenizer
    train: Tokens
    valid: Tokens | None


def prepared_in(texts: Sequence[str | PathLike[str]]) -> Path | None:
    """Return the folder of a prepared text, if that is the only text that is named."""
    if len(texts) != 1:
        return None
    folder = Path(texts[0]).expanduser()
    return folder if is_prepared(folder) else None


def refusal_for(*, overwrite: bool) -> Refusal:
    """Refuse folders with other content, and a prepared text unless it is to be replaced."""

    def refusal(folder: Path) -> str | None:
        if is_prepared(folder):
            if overwrite:
                return None
            return (
                "holds a prepared text already. Use --overwrite to replace it, or another folder."
            )
        if any(not is_hidden(entry.name) for entry in folder.iterdir()):
            return (
                "exists and holds no prepared text. Choose another, so that nothing in it is lost"
            )
        return None

    return refusal


def with_settings_of(
    texts: Sequence[str | PathLike[str]], settings: TrainingSettings, given: Mapping[str, Any]
) -> TrainingSettings:
    """Return the settings, with those of the text taken from a prepared text.

    Args:
        texts: the texts; unless they are a prepared one, the settings stay as they are.
        settings: the settings.
        given: the settings that the user chose, by name.

    Raises:
        SettingsError: a chosen setting differs from the one with which the text was read.
        FolderError: the folder is damaged.
    """
    folder = prepared_in(texts)
    if folder is None:
        return settings
    usual = TextSettings()
    chosen = {
        name: value
        for name, value in settings.text.model_dump().items()
        if given.get(name) is not None or value != getattr(usual, name)
    }
    text = _about(folder).text
    _refuse_others(folder, text, chosen)
    return settings.model_copy(update={"text": text})


def write_prepared(folder: Path, about: Prepared, tokenizer: Tokenizer) -> None:
    """Write everything except the ids, which are in the folder already.

    Raises:
        FolderError: the disk is full, or the folder cannot be written to.
    """
    files = _word_files(tokenizer)
    for name, data in files.items():
        atomic_write(folder / name, data)
    atomic_write(folder / PREPARED, about.model_dump_json(indent=2).encode() + b"\n")


def checksums_of(tokenizer: Tokenizer) -> dict[str, str]:
    """Return the checksums of the files with the words, by name."""
    return {name: sha256(data) for name, data in _word_files(tokenizer).items()}


def _word_files(tokenizer: Tokenizer) -> dict[str, bytes]:
    return {
        TOKENIZER: tokenizer.to_json().encode(),
        SPACING: tokenizer.spacing.to_json().encode(),
    }


def read_prepared(folder: Path, settings: TextSettings) -> PreparedText:
    """Read the folder of a prepared text; every part of it is checked, and none of it is copied.

    Raises:
        FolderError: a file is missing, damaged, changed or made by a newer Foreword.
        SettingsError: the text was read with other settings.
    """
    about = _about(folder)
    _refuse_others(folder, about.text, settings.model_dump())
    spacing = Spacing.from_json(
        _checked(folder, SPACING, about, LARGEST_SPACING), path=str(current(folder, SPACING))
    )
    tokenizer = Tokenizer.from_json(
        _checked(folder, TOKENIZER, about, LARGEST_TOKENIZER),
        about.tokenizer,
        path=str(current(folder, TOKENIZER)),
        spacing=spacing,
    )
    return PreparedText(
        about,
        tokenizer,
        _tokens(current(folder, TRAIN), about.train, tokenizer),
        None if about.valid is None else _tokens(current(folder, VALID), about.valid, tokenizer),
    )


def _about(folder: Path) -> Prepared:
    file = current(folder, PREPARED)
    try:
        text = read_bytes(file, LARGEST_DOCUMENT).decode()
        return Prepared.model_validate(versioned(text, str(file), VERSION))
    except ValidationError as error:
        raise FolderError(f"{file} cannot be used: {faults(error)}. {ANEW}") from error
    except UnicodeDecodeError as error:
        raise FolderError(f"{file} is damaged: {error}. {ANEW}") from error


def _refuse_others(folder: Path, text: TextSettings, chosen: Mapping[str, Any]) -> None:
    for name, value in chosen.items():
        if value != (was := getattr(text, name)):
            raise SettingsError(
                f"{folder} was prepared with {name} {_shown(was)}, and {name} cannot become "
                f"{_shown(value)} now. Leave it out, or prepare the text anew"
            )


def _shown(value: object) -> str:
    return "left open" if value is None else repr(value)


def _checked(folder: Path, name: str, about: Prepared, largest: int) -> str:
    file = current(folder, name)
    data = read_bytes(file, largest)
    if sha256(data) != about.checksums.get(name):
        raise FolderError(f"{file} has been changed since it was written. {ANEW}")
    return data.decode()


def _tokens(file: Path, part: Part, tokenizer: Tokenizer) -> Tokens:
    try:
        tokens = Tokens(read_ids(file), part.lines, part.unknown, part.sha256)
        tokens.check(tokenizer.vocab_size)
    except (OSError, ValueError) as error:
        raise FolderError(f"{file} is damaged, or was changed: {error}. {ANEW}") from error
    return tokens
