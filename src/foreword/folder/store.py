"""Reads and writes model folders: config.json, model.safetensors, tokenizer.json, README.md.

A folder that is written for the first time appears whole or not at all. One that is there already
is updated file by file, each atomically; since neither the architecture nor the vocabulary change
while a model is trained, a folder is loadable between any two of these steps.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from foreword.errors import FolderError, SettingsError
from foreword.folder.config import FORMAT_VERSION, FolderConfig
from foreword.folder.files import (
    RESTORE,
    atomic_write,
    read_bytes,
    read_tensors,
    sync_folder,
    write_tensors,
)
from foreword.folder.weights import expected_shapes
from foreword.text.tokenizer import Tokenizer

CONFIG, WEIGHTS, TOKENIZER, CARD = "config.json", "model.safetensors", "tokenizer.json", "README.md"
CHECKSUMS = "checksums"


@dataclass(frozen=True)
class Folder:
    """A model as data: configuration, weights by name (float32), tokeniser."""

    config: FolderConfig
    weights: dict[str, np.ndarray]
    tokenizer: Tokenizer


def write_folder(
    path: Path,
    config: FolderConfig,
    weights: Mapping[str, np.ndarray],
    tokenizer: Tokenizer,
    card: str,
) -> None:
    """Writes a model folder, or updates the one that is there.

    Raises:
        SettingsError: the folder holds something else; nothing in it is touched.
        FolderError: the disk is full, or the folder cannot be written to.
    """
    if path.exists() and not _is_ours(path):
        raise SettingsError(
            f"{path} exists and is not a model folder. Choose another, so that nothing in it is "
            "lost"
        )
    vocabulary = tokenizer.to_json().encode()
    files = {TOKENIZER: vocabulary, CONFIG: _config_bytes(config, vocabulary), CARD: card.encode()}
    metadata = {"format": "foreword", "model": config.model.name, TOKENIZER: _sha256(vocabulary)}
    if (path / CONFIG).exists():
        _write_files(path, files, weights, metadata)
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise FolderError(f"{path}: cannot be written: {error}") from error
    try:
        _write_files(new, files, weights, metadata)
        new.chmod(0o755)
        if path.exists():
            path.rmdir()  # empty: see _is_ours
        new.rename(path)
        sync_folder(path.parent)
    except OSError as error:
        raise FolderError(f"{path}: cannot be written: {error}") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _write_files(
    path: Path, files: Mapping[str, bytes], weights: Mapping[str, np.ndarray], meta: dict[str, str]
) -> None:
    write_tensors(path / WEIGHTS, weights, meta)
    for name, data in files.items():
        if not (path / name).exists() or (path / name).read_bytes() != data:
            atomic_write(path / name, data)


def _is_ours(path: Path) -> bool:
    return path.is_dir() and ((path / CONFIG).exists() or not any(path.iterdir()))


def read_folder(path: Path) -> Folder:
    """A model folder, every part of it checked.

    Raises:
        FolderError: something is missing, damaged, changed or made by a newer Foreword; says
            which file, what is wrong with it, and what to do.
    """
    config, checksums = _read_config(path)
    vocabulary = read_bytes(path / TOKENIZER)
    text = _utf8(vocabulary, path / TOKENIZER)
    tokenizer = Tokenizer.from_json(text, config.tokenizer, path=str(path / TOKENIZER))
    if checksums.get(TOKENIZER) != _sha256(vocabulary):
        raise FolderError(f"{path / TOKENIZER} has been changed since it was written. {RESTORE}")
    if tokenizer.vocab_size != config.model.vocab_size:
        raise FolderError(
            f"{path / TOKENIZER} has {tokenizer.vocab_size:,} words, but {CONFIG} says "
            f"{config.model.vocab_size:,}. {RESTORE}"
        )
    weights, metadata = read_tensors(path / WEIGHTS)
    _check_weights(path / WEIGHTS, config, weights)
    if metadata.get(TOKENIZER) != checksums[TOKENIZER]:
        raise FolderError(
            f"{path / WEIGHTS} was trained with another vocabulary than {TOKENIZER} holds. "
            f"{RESTORE}"
        )
    return Folder(config, weights, tokenizer)


def read_config(path: Path) -> FolderConfig:
    """What `config.json` says, without reading the weights.

    Raises:
        FolderError: see `read_folder`.
    """
    return _read_config(path)[0]


def _read_config(path: Path) -> tuple[FolderConfig, dict[str, str]]:
    if not path.exists():
        raise FolderError(f"{path}: there is no such folder. Train a model with: foreword train")
    if not path.is_dir():
        raise FolderError(f"{path} is a file, not a model folder")
    if not (path / CONFIG).exists():
        raise FolderError(f"{path} is not a model folder: it has no {CONFIG}")
    file = path / CONFIG
    try:
        document = json.loads(_utf8(read_bytes(file), file))
    except (ValueError, RecursionError) as error:
        raise FolderError(f"{file} is not JSON ({error}). {RESTORE}") from error
    if not isinstance(document, dict):
        raise FolderError(f"{file} is not a model's configuration. {RESTORE}")
    version = document.get("format_version")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise FolderError(
            f"{file} has format version {version}; this Foreword reads up to {FORMAT_VERSION}. "
            "It was made by a newer Foreword: pip install --upgrade foreword"
        )
    checksums = document.pop(CHECKSUMS, None)
    try:
        config = FolderConfig.model_validate(document)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()
        )
        raise FolderError(f"{file} is not a configuration that can be used: {faults}") from error
    known = checksums if isinstance(checksums, dict) else {}
    if known.pop(CONFIG, None) != _canonical_sha256(document, known):
        raise FolderError(f"{file} has been changed since it was written. {RESTORE}")
    return config, known


def _config_bytes(config: FolderConfig, vocabulary: bytes) -> bytes:
    document = config.model_dump(mode="json")
    others = {TOKENIZER: _sha256(vocabulary)}
    document[CHECKSUMS] = {CONFIG: _canonical_sha256(document, others), **others}
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def _canonical_sha256(document: Any, other_checksums: dict[str, str]) -> str:
    return _sha256(json.dumps([document, other_checksums], sort_keys=True).encode())


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _utf8(data: bytes, path: Path) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FolderError(f"{path} is damaged: it is not UTF-8 ({error}). {RESTORE}") from error


def _check_weights(path: Path, config: FolderConfig, weights: Mapping[str, np.ndarray]) -> None:
    expected = expected_shapes(config.model)
    if missing := sorted(expected.keys() - weights.keys()):
        raise FolderError(f"{path} lacks {', '.join(missing)}. {RESTORE}")
    if extra := sorted(weights.keys() - expected.keys()):
        raise FolderError(f"{path} has unknown tensors: {', '.join(extra)}. {RESTORE}")
    for name, array in weights.items():
        if array.shape != expected[name]:
            raise FolderError(
                f"{path}: {name} has the shape {array.shape}, but {CONFIG} makes it "
                f"{expected[name]}. {RESTORE}"
            )
        if array.dtype != np.float32:
            raise FolderError(f"{path}: {name} is {array.dtype}, not float32. {RESTORE}")
        if not np.isfinite(array).all():
            raise FolderError(f"{path}: {name} holds NaN or infinity. {RESTORE}")
