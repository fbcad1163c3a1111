"""Reads and writes model folders: config.json, model.safetensors, tokenizer.json, README.md.

Whatever is written is written as a whole or not at all; see `foreword.folder.adopting`.
"""

import hashlib
import json
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

import numpy as np

from foreword.errors import FolderError, SettingsError
from foreword.folder import absent
from foreword.folder.adopting import NEW, RUN, current, is_hidden, settle, whole
from foreword.folder.architecture import (
    OPTIONS,
    AnyConfig,
    FormatVersion,
    described,
    format_version,
)
from foreword.folder.files import (
    RESTORE,
    TensorHeader,
    atomic_write,
    checksum,
    holds,
    read_bytes,
    read_header,
    read_tensors,
    tensor_bytes,
)
from foreword.folder.weights import expected_tensors
from foreword.text import misspellings as spelling
from foreword.text.spacing import USUAL, Spacing
from foreword.text.tokenizer import NEWER, Tokenizer, TokenizerConfig
from foreword.visible import UNSAFE, first_unsafe, is_plain, plain, shown, strings

if TYPE_CHECKING:
    from pydantic import ValidationError

    from foreword.folder.config import FolderConfig

CONFIG, WEIGHTS, TOKENIZER, CARD = absent.CONFIG, "model.safetensors", "tokenizer.json", "README.md"
RARE = "rare.txt"
SPACING, MISSPELLINGS = "spacing.json", "misspellings.json"
CHECKSUMS = "checksums"
LARGEST_CONFIG, LARGEST_TOKENIZER, LARGEST_RARE = 16 << 20, 1 << 30, 16 << 20
LARGEST_SPACING, LARGEST_MISSPELLINGS = 1 << 20, 16 << 20
FAULTS_SHOWN = 5
OURS = (CONFIG, WEIGHTS, TOKENIZER, RARE, SPACING, MISSPELLINGS)
CARD_BEGINS = b"---\nlibrary_name: foreword\n"
TURNS = 5
"""How often a folder that another process is writing to is read anew."""
NOT_OURS = "exists and is not a model folder. Choose another, so that nothing in it is lost"
NEWEST = max(get_args(FormatVersion))

Found = TypeVar("Found")


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
    most models have none, are beyond the vocabulary, in the order of `str.casefold`. Misspellings
    are words of the vocabulary, with those that are meant.
    """

    about: "FolderConfig | Described"
    weights: dict[str, np.ndarray]
    tokenizer: Tokenizer
    rare: tuple[str, ...] = ()
    misspellings: Mapping[str, str] = field(default_factory=dict)

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
    misspellings: Mapping[str, str] | None = None,
    *,
    replaces: bool = False,
) -> None:
    """Writes a model folder, or replaces the model in the one that is there: all of it, or nothing.

    Files that are not the model's stay as they are. So does a `README.md` that somebody has
    written or changed.

    Args:
        path: the folder.
        config: its `config.json`.
        weights: by name.
        tokenizer: its vocabulary and marks.
        card: its `README.md`.
        rare: words beyond the vocabulary.
        misspellings: words of the vocabulary, and those that are meant.
        replaces: whether a run that the folder holds was another model's; its checkpoint then goes.

    Raises:
        SettingsError: the folder holds something else; nothing in it is touched.
        FolderError: the disk is full, or the folder cannot be written to.
    """
    _refuse_unsafe([*tokenizer.words, *rare])
    try:
        path = Path(os.path.realpath(path))
        if path.exists():
            settle(path)
            if not _is_ours(path):
                raise SettingsError(f"{path} {NOT_OURS}")
        files = _files(config, weights, tokenizer, card, rare, misspellings or {})
        if _has_card_of_somebody(path):
            del files[CARD]
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
        for name in (RARE, SPACING, MISSPELLINGS):
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
) -> dict[str, tuple[bytes | memoryview, ...]]:
    """A model folder's files, as the bytes that they consist of one after the other."""
    others = {TOKENIZER: tokenizer.to_json().encode()}
    if rare:
        others[RARE] = "".join(f"{word}\n" for word in sorted(rare, key=_order)).encode()
    if tokenizer.spacing != USUAL:
        others[SPACING] = tokenizer.spacing.to_json().encode()
    if misspellings:
        others[MISSPELLINGS] = spelling.to_json(misspellings).encode()
    written = {**others, CARD: card.encode()}
    return {
        WEIGHTS: tensor_bytes(weights, _metadata(config.model, others[TOKENIZER])),
        **{name: (data,) for name, data in written.items()},
        CONFIG: (_config_bytes(config, written),),
    }


def _refuse_unsafe(words: Collection[str]) -> None:
    unsafe = None if is_plain(" ".join(words)) else first_unsafe(words)
    if unsafe is not None:
        raise SettingsError(
            f"a model's words must be text, but {shown(unsafe)!r:.200} holds {UNSAFE}"
        )


def _metadata(model: AnyConfig, vocabulary: bytes) -> dict[str, str]:
    """Of `model.safetensors`: what the weights belong to."""
    return {"format": "foreword", "model": model.name, TOKENIZER: _sha256(vocabulary)}


def _has_card_of_somebody(path: Path) -> bool:
    """Whether a folder's README.md is not as Foreword wrote it.

    `config.json` has the checksum of what Foreword wrote, but in folders of earlier versions.
    """
    try:
        card = (path / CARD).read_bytes()
        document = _json(path / CONFIG)
    except (OSError, FolderError):
        return False
    checksums = document.get(CHECKSUMS) if isinstance(document, dict) else None
    known = checksums.get(CARD) if isinstance(checksums, dict) else None
    if known is None:
        return bool(card) and not card.startswith(CARD_BEGINS)
    return bool(known != _sha256(card))


def holds_model(path: Path) -> bool:
    """Whether a folder has a model, or what claims to be one."""
    return current(path, CONFIG).exists()


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
        if holds_model(path):
            document = _json(current(path, CONFIG))
            return isinstance(document, dict) and document.get("format") == "foreword"
        names = {entry.name for entry in path.iterdir() if not is_hidden(entry.name)}
        if WEIGHTS in names and read_header(path / WEIGHTS)[1].get("format") != "foreword":
            return False
    except FolderError:
        return False
    return names <= (set(OURS) if WEIGHTS in names else set())


def read_folder(path: Path) -> Folder:
    """A model folder, every part of it checked.

    Raises:
        FolderError: something is missing, damaged, changed or made by a newer Foreword; says
            which file, what is wrong with it, and what to do.
    """
    return _steadily(path, _read)


def _steadily(path: Path, read: Callable[[Path], Found]) -> Found:
    """Reads again if a fault may be due to a model that was replaced meanwhile."""
    for _ in range(TURNS):
        before = seen(path)
        try:
            return read(path)
        except FolderError:
            if seen(path) == before:
                raise
    return read(path)


def seen(path: Path) -> list[tuple[int, int, int] | None]:
    """What tells whether a model was replaced, or a file of it: of each inode, time and size."""
    found: list[tuple[int, int, int] | None] = []
    for name in (NEW, *OURS):
        try:
            status = current(path, name).stat()
        except (OSError, ValueError):
            found.append(None)
        else:
            found.append((status.st_ino, status.st_mtime_ns, status.st_size))
    return found


def _read(path: Path) -> Folder:
    about, checksums = _read_config(path)
    model = about.model
    weights_file, words_file = current(path, WEIGHTS), current(path, TOKENIZER)
    vocabulary = read_bytes(words_file, LARGEST_TOKENIZER)
    file = current(path, SPACING)
    text = _optional(file, checksums.get(SPACING), LARGEST_SPACING)
    spacing = USUAL if text is None else Spacing.from_json(text, path=str(file))
    tokenizer = _tokenizer(vocabulary, about.tokenizer, words_file, spacing)
    if checksums.get(TOKENIZER) != _sha256(vocabulary):
        raise FolderError(f"{words_file} has been changed since it was written. {RESTORE}")
    if tokenizer.vocab_size != model.vocab_size:
        raise FolderError(
            f"{words_file} has {tokenizer.vocab_size:,} words, but {CONFIG} says "
            f"{model.vocab_size:,}. {RESTORE}"
        )
    headers, metadata = read_header(weights_file)
    _check_headers(weights_file, expected_tensors(model, about.weights), headers)
    if metadata.get("model") != model.name:
        raise FolderError(
            f"{weights_file} holds weights of the model {metadata.get('model')}, but {CONFIG} "
            f"describes {model.name}. {RESTORE}"
        )
    weights, metadata = read_tensors(weights_file)
    if metadata.get(TOKENIZER) != checksums[TOKENIZER]:
        raise FolderError(
            f"{weights_file} was trained with another vocabulary than {TOKENIZER} holds. {RESTORE}"
        )
    for name, array in weights.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise FolderError(f"{weights_file}: {name} holds NaN or infinity. {RESTORE}")
    file = current(path, MISSPELLINGS)
    text = _optional(file, checksums.get(MISSPELLINGS), LARGEST_MISSPELLINGS)
    known = {} if text is None else spelling.from_json(text, tokenizer, file)
    rare = _rare(current(path, RARE), checksums.get(RARE))
    return Folder(about, weights, tokenizer, rare, known)


def _rare(file: Path, checksum: str | None) -> tuple[str, ...]:
    """The rare words, if the configuration speaks of any."""
    text = _optional(file, checksum, LARGEST_RARE)
    if text is None:
        return ()
    words = text.split("\n")[:-1]
    for number, word in enumerate(words, start=1):
        if not is_plain(word):
            raise FolderError(
                f"{file}, line {number:,}: {shown(word)!r:.200} holds {UNSAFE}. {RESTORE}"
            )
    if words != sorted(words, key=_order):
        raise FolderError(f"{file}: its words are not in alphabetical order. {RESTORE}")
    return tuple(words)


def _optional(file: Path, checksum: str | None, largest: int) -> str | None:
    """A file of text that the configuration has a checksum of; None if it has none."""
    if checksum is None:
        return None
    data = read_bytes(file, largest)
    if checksum != _sha256(data):
        raise FolderError(f"{file} has been changed since it was written. {RESTORE}")
    return _utf8(data, file)


def _order(word: str) -> tuple[str, str]:
    return word.casefold(), word


def folder_bytes(path: Path) -> int:
    """Size of a model's files, without those that serve to go on training."""
    files = (current(path, name) for name in (*OURS, CARD))
    return sum(file.stat().st_size for file in files if file.exists())


def read_config(path: Path) -> "FolderConfig":
    """What `config.json` says, without reading the weights.

    Raises:
        FolderError: see `read_folder`.
    """
    about = _steadily(path, _read_config)[0]
    return about.whole if isinstance(about, Described) else about


def _read_config(path: Path) -> tuple["FolderConfig | Described", dict[str, str]]:
    try:
        if not path.exists():
            raise FolderError(absent.missing(path))
        if not path.is_dir():
            raise FolderError(absent.is_file(path))
        if not holds_model(path):
            raise FolderError(absent.no_model_in(path))
    except OSError as error:
        raise FolderError(f"{path}: cannot be read: {error}") from error
    file = current(path, CONFIG)
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
