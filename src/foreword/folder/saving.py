"""Write model folders: config.json, model.safetensors, tokenizer.json and README.md.

A model is written completely or not at all; see `foreword.folder.adopting`.
"""

import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from foreword.errors import FolderError, SettingsError
from foreword.folder.adopting import RUN, current, is_hidden, settle, whole
from foreword.folder.architecture import OPTIONS
from foreword.folder.files import atomic_write, checksum, holds, read_header, tensor_bytes
from foreword.folder.store import (
    CARD,
    CHECKSUMS,
    CONFIG,
    MISSPELLINGS,
    NGRAMS,
    OURS,
    RARE,
    SPACING,
    TOKENIZER,
    WEIGHTS,
    alphabetical,
    config_checksum,
    holds_model,
    ngrams_metadata,
    read_json,
    sha256,
    weights_metadata,
)
from foreword.text import misspellings as spelling
from foreword.text.spacing import USUAL
from foreword.text.tokenizer import NEWER, Tokenizer
from foreword.visible import UNSAFE, first_unsafe, is_plain, plain, shown

if TYPE_CHECKING:
    from foreword.folder.config import FolderConfig

CARD_BEGINS = b"---\nlibrary_name: foreword\n"
NOT_OURS = "exists and is not a model folder. Choose another, so that nothing in it is lost"


def write_folder(
    path: Path,
    config: "FolderConfig",
    weights: Mapping[str, np.ndarray],
    tokenizer: Tokenizer,
    card: str,
    rare: Collection[str] = (),
    misspellings: Mapping[str, str] | None = None,
    ngrams: Mapping[str, np.ndarray] | None = None,
    *,
    replaces: bool = False,
) -> None:
    """Write a model folder, or replace the model in an existing one: all of it, or nothing.

    Files that do not belong to the model stay as they are, and so does a `README.md` that the user
    has written or changed.

    Args:
        path: the folder.
        config: its `config.json`.
        weights: by name.
        tokenizer: its vocabulary and marks.
        card: its `README.md`.
        rare: words outside the vocabulary.
        misspellings: words of the vocabulary, and the words that are meant.
        ngrams: the arrays of n-grams that are mixed with the network.
        replaces: whether the folder's training run belongs to another model; its checkpoint is
            then removed.

    Raises:
        SettingsError: the folder holds something else, and is left as it is.
        FolderError: the disk is full, or the folder cannot be written to.
    """
    _refuse_unsafe([*tokenizer.words, *rare])
    files = _files(config, weights, tokenizer, card, rare, misspellings or {}, ngrams)
    write_files(path, files, replaces=replaces)


Parts = tuple[bytes | memoryview, ...]
"""The content of a file, in consecutive parts."""


def write_files(path: Path, files: dict[str, Parts], *, replaces: bool = False) -> None:
    """Write the files of a model, or replace those of an existing one: all, or nothing.

    Args:
        path: the folder.
        files: the content of each file, by name.
        replaces: as for `write_folder`.

    Raises:
        SettingsError: the folder holds something else, and is left as it is.
        FolderError: the disk is full, or the folder cannot be written to.
    """
    try:
        path = Path(os.path.realpath(path))
        if path.exists():
            settle(path)
            if not _is_ours(path):
                raise SettingsError(f"{path} {NOT_OURS}")
        if _has_own_card(path):
            files = {name: parts for name, parts in files.items() if name != CARD}
        changed = {n: parts for n, parts in files.items() if not holds(path / n, *parts)}
        if len(changed) == 1 and (path / CONFIG).exists() and not replaces:
            for name, parts in changed.items():
                atomic_write(path / name, *parts)
        elif changed or replaces:
            with whole(path) as draft:
                for name, parts in changed.items():
                    atomic_write(draft / name, *parts)
                if replaces and (path / RUN).exists():
                    (draft / RUN).mkdir()
        for name in OURS:
            if name not in files:
                (path / name).unlink(missing_ok=True)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise FolderError(f"{path}: cannot be written: {error}") from error


def _files(
    config: "FolderConfig",
    weights: Mapping[str, np.ndarray],
    tokenizer: Tokenizer,
    card: str,
    rare: Collection[str],
    misspellings: Mapping[str, str],
    ngrams: Mapping[str, np.ndarray] | None = None,
) -> dict[str, Parts]:
    """The content of each file of a model folder."""
    others = {TOKENIZER: tokenizer.to_json().encode()}
    if rare:
        others[RARE] = "".join(f"{word}\n" for word in sorted(rare, key=alphabetical)).encode()
    if tokenizer.spacing != USUAL:
        others[SPACING] = tokenizer.spacing.to_json().encode()
    if misspellings:
        others[MISSPELLINGS] = spelling.to_json(misspellings).encode()
    written = {**others, CARD: card.encode()}
    files: dict[str, Parts] = {
        WEIGHTS: tensor_bytes(weights, weights_metadata(config.model, others[TOKENIZER])),
        **{name: (data,) for name, data in written.items()},
    }
    known: dict[str, str] = {}
    if ngrams:
        metadata = ngrams_metadata(others[TOKENIZER])
        files[NGRAMS] = tensor_bytes(ngrams, metadata)
        known[NGRAMS] = checksum(ngrams, metadata)
    files[CONFIG] = (_config_bytes(config, written, known),)
    return files


def _refuse_unsafe(words: Collection[str]) -> None:
    unsafe = None if is_plain(" ".join(words)) else first_unsafe(words)
    if unsafe is not None:
        raise SettingsError(
            f"a model's words must be text, but {shown(unsafe)!r:.200} holds {UNSAFE}"
        )


def _config_bytes(
    config: "FolderConfig", files: Mapping[str, bytes], known: Mapping[str, str]
) -> bytes:
    document = plain(config.model_dump(mode="json"))  # names of texts are anyone's
    for key in ("weights", "compression"):  # unknown to versions that read only format 1
        if config.format_version == 1:
            del document[key]
    if config.format_version in (1, 2):
        for key in OPTIONS:
            del document["model"][key]
    if not document["model"].get("cell_options"):  # unknown to earlier versions
        document["model"].pop("cell_options", None)
    if config.format_version < 5:
        for key in NEWER:
            del document["tokenizer"][key]
    return with_checksums(document, files, known)


def with_checksums(
    document: dict[str, Any], files: Mapping[str, bytes], known: Mapping[str, str] | None = None
) -> bytes:
    """The content of `config.json`: a document, and the checksums of it and of the other files.

    Args:
        document: the rest of its content.
        files: the content of the files that were written with it.
        known: the checksums of other files: those that were written before, and of tensors.
    """
    others = {**(known or {}), **{name: sha256(data) for name, data in files.items()}}
    document[CHECKSUMS] = {CONFIG: config_checksum(document, others), **others}
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def _has_own_card(path: Path) -> bool:
    """Whether a folder's README.md differs from the one that Foreword wrote.

    `config.json` has the checksum of what Foreword wrote, except in folders of earlier versions.
    """
    try:
        card = (path / CARD).read_bytes()
        document = read_json(path / CONFIG)
    except (OSError, FolderError):
        return False
    checksums = document.get(CHECKSUMS) if isinstance(document, dict) else None
    known = checksums.get(CARD) if isinstance(checksums, dict) else None
    if known is None:
        return bool(card) and not card.startswith(CARD_BEGINS)
    return bool(known != sha256(card))


def refusal_of(path: Path) -> str | None:
    """Why a model may not be written to an existing folder, as the end of a sentence; or None."""
    return None if _is_ours(path) else NOT_OURS


def _is_ours(path: Path) -> bool:
    """Whether a folder is empty, a model folder, or one whose first writing was interrupted.

    A `config.json` alone does not make a model folder: many programs write one.
    """
    if not path.is_dir():
        return False
    try:
        if holds_model(path):
            document = read_json(current(path, CONFIG))
            return isinstance(document, dict) and document.get("format") == "foreword"
        names = {entry.name for entry in path.iterdir() if not is_hidden(entry.name)}
        if WEIGHTS in names and read_header(path / WEIGHTS)[1].get("format") != "foreword":
            return False
    except FolderError:
        return False
    return names <= (set(OURS) if WEIGHTS in names else set())
