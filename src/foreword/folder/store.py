"""Reads and writes model folders: config.json, model.safetensors, tokenizer.json, README.md.

A folder that is written for the first time appears whole or not at all. One that is there already
is updated file by file, each atomically; since neither the architecture nor the vocabulary change
while a model is trained, a folder is loadable between any two of these steps. An empty one is
filled where it is, since it may be a mounted disk, with `config.json` after what it speaks of.
"""

import hashlib
import json
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from foreword.errors import FolderError, SettingsError
from foreword.folder import absent
from foreword.folder.architecture import (
    OPTIONS,
    AnyConfig,
    FormatVersion,
    described,
    format_version,
)
from foreword.folder.claim import INSIDE
from foreword.folder.files import (
    RESTORE,
    TensorHeader,
    atomic_write,
    checksum,
    is_temporary_of,
    read_bytes,
    read_header,
    read_tensors,
    sync_folder,
    temporary_beside,
    write_tensors,
)
from foreword.folder.weights import expected_tensors
from foreword.text.spacing import USUAL, Spacing
from foreword.text.tokenizer import NEWER, Tokenizer, TokenizerConfig
from foreword.visible import UNSAFE, first_unsafe, is_plain, plain, shown, strings

if TYPE_CHECKING:
    from pydantic import ValidationError

    from foreword.folder.config import FolderConfig

CONFIG, WEIGHTS, TOKENIZER, CARD = absent.CONFIG, "model.safetensors", "tokenizer.json", "README.md"
RARE = "rare.txt"
SPACING = "spacing.json"
CHECKSUMS = "checksums"
LARGEST_CONFIG, LARGEST_TOKENIZER, LARGEST_RARE = 16 << 20, 1 << 30, 16 << 20
LARGEST_SPACING = 1 << 20
FAULTS_SHOWN = 5
NOT_OURS = "exists and is not a model folder. Choose another, so that nothing in it is lost"
NEWEST = max(get_args(FormatVersion))


@dataclass(frozen=True)
class Described:
    """What prediction needs of an unchanged `config.json`, checked without pydantic.

    Attributes:
        model: the architecture.
        tokenizer: how text becomes words.
        weights: how they are stored.
        document: all of it.
        file: where it stood.
    """

    model: AnyConfig
    tokenizer: TokenizerConfig
    weights: Literal["float32", "int8"]
    document: dict[str, Any]
    file: Path

    @property
    def whole(self) -> "FolderConfig":
        """With its records, which are checked now.

        Raises:
            FolderError: they cannot be used.
        """
        return _validated(self.document, self.file)


@dataclass(frozen=True)
class Folder:
    """A model as data: configuration, weights by name (read-only), tokeniser.

    Weights are float32, or int8 with scales; see `foreword.folder.quantised`. Rare words, of which
    most models have none, are beyond the vocabulary, in the order of `str.casefold`.
    """

    about: "FolderConfig | Described"
    weights: dict[str, np.ndarray]
    tokenizer: Tokenizer
    rare: tuple[str, ...] = ()

    @property
    def model(self) -> AnyConfig:
        """The architecture."""
        return self.about.model

    @cached_property
    def config(self) -> "FolderConfig":
        """The whole configuration. Loads pydantic, which prediction does without.

        Raises:
            FolderError: its records cannot be used.
        """
        return self.about.whole if isinstance(self.about, Described) else self.about

    @cached_property
    def checksum(self) -> str:
        """SHA-256 of weights and vocabulary, as `model.safetensors` has it."""
        return checksum(self.weights, _metadata(self.model, self.tokenizer.to_json().encode()))


def write_folder(
    path: Path,
    config: "FolderConfig",
    weights: Mapping[str, np.ndarray],
    tokenizer: Tokenizer,
    card: str,
    rare: Collection[str] = (),
) -> None:
    """Writes a model folder, or updates the one that is there.

    Raises:
        SettingsError: the folder holds something else; nothing in it is touched.
        FolderError: the disk is full, or the folder cannot be written to.
    """
    _refuse_unsafe([*tokenizer.words, *rare])
    vocabulary = tokenizer.to_json().encode()
    others = {TOKENIZER: vocabulary}
    if rare:
        others[RARE] = "".join(f"{word}\n" for word in sorted(rare, key=_order)).encode()
    if tokenizer.spacing != USUAL:
        others[SPACING] = tokenizer.spacing.to_json().encode()
    files = {**others, CONFIG: _config_bytes(config, others), CARD: card.encode()}
    metadata = _metadata(config.model, vocabulary)
    try:
        if not path.exists():
            _write_new(path, files, weights, metadata)
        elif _is_ours(path):
            _write_files(path, files, weights, metadata)
        else:
            raise SettingsError(f"{path} {NOT_OURS}")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise FolderError(f"{path}: cannot be written: {error}") from error


def _refuse_unsafe(words: Collection[str]) -> None:
    unsafe = None if is_plain(" ".join(words)) else first_unsafe(words)
    if unsafe is not None:
        raise SettingsError(
            f"a model's words must be text, but {shown(unsafe)!r:.200} holds {UNSAFE}"
        )


def _metadata(model: AnyConfig, vocabulary: bytes) -> dict[str, str]:
    """Of `model.safetensors`: what the weights belong to."""
    return {"format": "foreword", "model": model.name, TOKENIZER: _sha256(vocabulary)}


def _write_new(
    path: Path, files: Mapping[str, bytes], weights: Mapping[str, np.ndarray], meta: dict[str, str]
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = temporary_beside(path)
    new.mkdir()
    try:
        _write_files(new, files, weights, meta)
        new.rename(path)
        sync_folder(path.parent)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _write_files(
    path: Path, files: Mapping[str, bytes], weights: Mapping[str, np.ndarray], meta: dict[str, str]
) -> None:
    write_tensors(path / WEIGHTS, weights, meta)
    for name, data in files.items():
        if not (path / name).exists() or (path / name).read_bytes() != data:
            atomic_write(path / name, data)


def refusal_of(path: Path) -> str | None:
    """Why a model may not be written to a folder that is there, as the end of a sentence."""
    return None if _is_ours(path) else NOT_OURS


def _is_ours(path: Path) -> bool:
    """Whether a folder is empty, a model folder, or one whose first writing was cut off.

    A `config.json` alone is no sign: many programs have one.
    """
    if not path.is_dir():
        return False
    try:
        if (path / CONFIG).exists():
            document = _json(path / CONFIG)
            return isinstance(document, dict) and document.get("format") == "foreword"
        names = {entry.name for entry in path.iterdir()} - {INSIDE}
        if WEIGHTS in names and read_header(path / WEIGHTS)[1].get("format") != "foreword":
            return False
    except FolderError:
        return False
    parts = {WEIGHTS, TOKENIZER, RARE, SPACING} if WEIGHTS in names else set()
    return all(
        name in parts
        or any(is_temporary_of(name, ours) for ours in (WEIGHTS, TOKENIZER, RARE, SPACING, CONFIG))
        for name in names
    )


def read_folder(path: Path) -> Folder:
    """A model folder, every part of it checked.

    Raises:
        FolderError: something is missing, damaged, changed or made by a newer Foreword; says
            which file, what is wrong with it, and what to do.
    """
    about, checksums = _read_config(path)
    model = about.model
    vocabulary = read_bytes(path / TOKENIZER, LARGEST_TOKENIZER)
    spacing = _spacing(path / SPACING, checksums.get(SPACING))
    tokenizer = _tokenizer(vocabulary, about.tokenizer, path / TOKENIZER, spacing)
    if checksums.get(TOKENIZER) != _sha256(vocabulary):
        raise FolderError(f"{path / TOKENIZER} has been changed since it was written. {RESTORE}")
    if tokenizer.vocab_size != model.vocab_size:
        raise FolderError(
            f"{path / TOKENIZER} has {tokenizer.vocab_size:,} words, but {CONFIG} says "
            f"{model.vocab_size:,}. {RESTORE}"
        )
    headers, metadata = read_header(path / WEIGHTS)
    _check_headers(path / WEIGHTS, expected_tensors(model, about.weights), headers)
    if metadata.get("model") != model.name:
        raise FolderError(
            f"{path / WEIGHTS} holds weights of the model {metadata.get('model')}, but {CONFIG} "
            f"describes {model.name}. {RESTORE}"
        )
    weights, metadata = read_tensors(path / WEIGHTS)
    if metadata.get(TOKENIZER) != checksums[TOKENIZER]:
        raise FolderError(
            f"{path / WEIGHTS} was trained with another vocabulary than {TOKENIZER} holds. "
            f"{RESTORE}"
        )
    for name, array in weights.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise FolderError(f"{path / WEIGHTS}: {name} holds NaN or infinity. {RESTORE}")
    return Folder(about, weights, tokenizer, _rare(path / RARE, checksums.get(RARE)))


def _rare(file: Path, checksum: str | None) -> tuple[str, ...]:
    """The rare words, if the configuration speaks of any."""
    if checksum is None:
        return ()
    data = read_bytes(file, LARGEST_RARE)
    if checksum != _sha256(data):
        raise FolderError(f"{file} has been changed since it was written. {RESTORE}")
    try:
        words = data.decode().split("\n")[:-1]
    except UnicodeDecodeError as error:
        raise FolderError(f"{file} is not UTF-8: {error}. {RESTORE}") from error
    for number, word in enumerate(words, start=1):
        if not is_plain(word):
            raise FolderError(
                f"{file}, line {number:,}: {shown(word)!r:.200} holds {UNSAFE}. {RESTORE}"
            )
    if words != sorted(words, key=_order):
        raise FolderError(f"{file}: its words are not in alphabetical order. {RESTORE}")
    return tuple(words)


def _spacing(file: Path, checksum: str | None) -> Spacing:
    """Where spaces stand around marks, if the configuration speaks of such a file."""
    if checksum is None:
        return USUAL
    data = read_bytes(file, LARGEST_SPACING)
    if checksum != _sha256(data):
        raise FolderError(f"{file} has been changed since it was written. {RESTORE}")
    return Spacing.from_json(_utf8(data, file), path=str(file))


def _order(word: str) -> tuple[str, str]:
    return word.casefold(), word


def folder_bytes(path: Path) -> int:
    """Size of a model's files, without those that serve to go on training."""
    files = (path / name for name in (CONFIG, WEIGHTS, TOKENIZER, RARE, SPACING, CARD))
    return sum(file.stat().st_size for file in files if file.exists())


def read_config(path: Path) -> "FolderConfig":
    """What `config.json` says, without reading the weights.

    Raises:
        FolderError: see `read_folder`.
    """
    about = _read_config(path)[0]
    return about.whole if isinstance(about, Described) else about


def _read_config(path: Path) -> tuple["FolderConfig | Described", dict[str, str]]:
    try:
        if not path.exists():
            raise FolderError(absent.missing(path))
        if not path.is_dir():
            raise FolderError(absent.is_file(path))
        if not (path / CONFIG).exists():
            raise FolderError(absent.no_model_in(path))
    except OSError as error:
        raise FolderError(f"{path}: cannot be read: {error}") from error
    file = path / CONFIG
    document = _json(file)
    if not isinstance(document, dict):
        raise FolderError(f"{file} is not a model's configuration. {RESTORE}")
    version = document.get("format_version")
    if isinstance(version, int) and version > NEWEST:
        raise FolderError(
            f"{file} has format version {version}; this Foreword reads up to {NEWEST}. "
            "It was made by a newer Foreword: pip install --upgrade foreword"
        )
    unsafe = first_unsafe(strings(document))
    if unsafe is not None:
        raise FolderError(f"{file}: {shown(unsafe)!r:.200} holds {UNSAFE}. {RESTORE}")
    checksums = document.pop(CHECKSUMS, None)
    known = checksums if isinstance(checksums, dict) else {}
    if known.pop(CONFIG, None) == _canonical_sha256(document, known):
        return _described(document, file) or _validated(document, file), known
    _validated(document, file)  # what is wrong by name says more than that something is
    raise FolderError(f"{file} has been changed since it was written. {RESTORE}")


def _described(document: dict[str, Any], file: Path) -> Described | None:
    """What is plainly as Foreword writes it; None of all else, faulty or only spelled otherwise."""
    weights = document.get("weights", "float32")
    if weights not in ("float32", "int8") or "format_version" not in document:
        return None
    if document.get("format") != "foreword":
        return None
    try:
        model = described(document["model"])
        tokenizer = TokenizerConfig(**document["tokenizer"])
    except (KeyError, TypeError, ValueError):
        return None
    if document["format_version"] != format_version(model, weights, tokenizer):
        return None
    return Described(model, tokenizer, weights, document, file)


def _validated(document: dict[str, Any], file: Path) -> "FolderConfig":
    from pydantic import ValidationError  # neither is loaded where nothing but prediction is wanted

    from foreword.folder.config import FolderConfig

    try:
        return FolderConfig.model_validate(document)
    except ValidationError as error:
        raise FolderError(
            f"{file} is not a configuration that can be used: {_faults(error)}. {RESTORE}"
        ) from error


def _config_bytes(config: "FolderConfig", files: Mapping[str, bytes]) -> bytes:
    document = plain(config.model_dump(mode="json"))  # names of texts are anyone's
    for key in ("weights", "compression"):  # unknown to Forewords that read version 1 alone
        if config.format_version == 1:
            del document[key]
    if config.format_version in (1, 2):
        for key in OPTIONS:
            del document["model"][key]
    if config.format_version < 5:
        for key in NEWER:
            del document["tokenizer"][key]
    others = {name: _sha256(data) for name, data in files.items()}
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


def _json(file: Path) -> Any:
    try:
        return json.loads(_utf8(read_bytes(file, LARGEST_CONFIG), file))
    except (ValueError, RecursionError) as error:
        raise FolderError(f"{file} is not JSON ({error}). {RESTORE}") from error


def _faults(error: "ValidationError") -> str:
    """The first few things that are wrong with a configuration, by key."""
    found = [
        f"{'.'.join(map(str, fault['loc']))[:100]}: {fault['msg'][:200]}"
        for fault in error.errors(include_url=False, include_input=False)
    ]
    more = f"; and {len(found) - FAULTS_SHOWN:,} more" if len(found) > FAULTS_SHOWN else ""
    return "; ".join(found[:FAULTS_SHOWN]) + more


def _tokenizer(data: bytes, config: TokenizerConfig, file: Path, spacing: Spacing) -> Tokenizer:
    try:
        return Tokenizer.from_json(_utf8(data, file), config, path=str(file), spacing=spacing)
    except (TypeError, UnicodeError) as error:
        raise FolderError(
            f"{file} has a word that is no text: half of a surrogate pair. {RESTORE}"
        ) from error


def _check_headers(
    path: Path,
    expected: dict[str, tuple[str, tuple[int, ...]]],
    headers: Mapping[str, TensorHeader],
) -> None:
    if missing := sorted(expected.keys() - headers.keys()):
        raise FolderError(f"{path} lacks {_some(missing)}. {RESTORE}")
    if extra := sorted(headers.keys() - expected.keys()):
        raise FolderError(f"{path} has unknown tensors: {_some(extra)}. {RESTORE}")
    for name, header in headers.items():
        dtype, shape = expected[name]
        if header.shape != shape:
            raise FolderError(
                f"{path}: {name} has the shape {header.shape}, but {CONFIG} makes it "
                f"{shape}. {RESTORE}"
            )
        if header.dtype != dtype:
            raise FolderError(f"{path}: {name} is {header.dtype}, not {dtype}. {RESTORE}")


def _some(names: list[str]) -> str:
    more = f" and {len(names) - FAULTS_SHOWN:,} more" if len(names) > FAULTS_SHOWN else ""
    return ", ".join(name[:100] for name in names[:FAULTS_SHOWN]) + more
