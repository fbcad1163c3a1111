"""Read model folders: config.json, model.safetensors, tokenizer.json and the files beside them.

Every part is checked. `foreword.folder.saving` writes them.
"""

import contextlib
import json
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

import numpy as np

from foreword import compiled
from foreword.errors import FolderError
from foreword.folder import absent, adopting, digest
from foreword.folder.adopting import NEW, current
from foreword.folder.architecture import (
    AnyConfig,
    FormatVersion,
    described,
    format_version,
)
from foreword.folder.beside import Beside
from foreword.folder.files import (
    CHECKSUM,
    RESTORE,
    TensorHeader,
    checksum,
    read_bytes,
    read_header,
    read_tensors,
)
from foreword.folder.weights import expected_tensors
from foreword.text import misspellings as spelling
from foreword.text.spacing import USUAL, Spacing
from foreword.text.tokenizer import Tokenizer, TokenizerConfig
from foreword.text.vocabulary import Vocabulary
from foreword.text.word_lines import WordLines
from foreword.visible import UNSAFE, first_unsafe, is_plain, shown, strings

if TYPE_CHECKING:
    from pydantic import ValidationError

    from foreword.folder.config import Data, FolderConfig

CONFIG, WEIGHTS, TOKENIZER, CARD = (
    adopting.CONFIG,
    "model.safetensors",
    "tokenizer.json",
    "README.md",
)
SUBWORDS = "subwords.json"
RARE = "rare.txt"
SPACING, MISSPELLINGS = "spacing.json", "misspellings.json"
NGRAMS = "ngrams.safetensors"
CHECKSUMS = "checksums"
LARGEST_CONFIG, LARGEST_TOKENIZER, LARGEST_RARE = 16 << 20, 1 << 30, 16 << 20
LARGEST_SPACING, LARGEST_MISSPELLINGS = 1 << 20, 16 << 20
FAULTS_SHOWN = 5
OURS = (CONFIG, WEIGHTS, TOKENIZER, SUBWORDS, RARE, SPACING, MISSPELLINGS, NGRAMS)
ATTEMPTS = 5
"""Times that a folder is read again because another process has written to it meanwhile."""
TRANSLATION = max(get_args(FormatVersion)) + 1
"""The format version of translation models; see `foreword.folder.translation_store`."""
NEWEST = TRANSLATION

Content = TypeVar("Content")
Config = TypeVar("Config", bound="Data")


@dataclass(frozen=True)
class Described:
    """The part of an unchanged `config.json` that prediction needs, checked without pydantic.

    Attributes:
        model: the architecture.
        tokenizer: how text becomes words.
        weights: the type in which they are stored.
        document: the whole JSON document.
        file: its path.
    """

    model: AnyConfig
    tokenizer: TokenizerConfig
    weights: Literal["float32", "int8"]
    document: dict[str, Any]
    file: Path

    @property
    def whole(self) -> "FolderConfig":
        """The configuration with its records, which are checked now.

        Raises:
            FolderError: the records cannot be used.
        """
        return _validated(self.document, self.file)


@dataclass(frozen=True)
class Folder:
    """A model as data: configuration, weights by name (read-only), tokeniser.

    Weights are float32, or int8 with scales; see `foreword.folder.quantised`. Rare words are known
    words outside the vocabulary, in the order of `str.casefold`; most models have none.
    Misspellings maps words of the vocabulary to the intended words. N-grams that are mixed with the
    network when it predicts are the arrays of `foreword.ngrams.mixture`; most models have none.
    """

    about: "FolderConfig | Described"
    weights: dict[str, np.ndarray]
    tokenizer: Tokenizer
    rare: Sequence[str] = ()
    misspellings: Mapping[str, str] = field(default_factory=dict)
    ngrams: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def model(self) -> AnyConfig:
        """The architecture."""
        return self.about.model

    @cached_property
    def config(self) -> "FolderConfig":
        """The whole configuration. Loads pydantic, which prediction does not need.

        Raises:
            FolderError: its records cannot be used.
        """
        return self.about.whole if isinstance(self.about, Described) else self.about

    @cached_property
    def checksum(self) -> str:
        """SHA-256 of weights and vocabulary, from `model.safetensors`."""
        return checksum(
            self.weights, weights_metadata(self.model, self.tokenizer.to_json().encode())
        )


def weights_metadata(model: AnyConfig, vocabulary: bytes) -> dict[str, str]:
    """The metadata of `model.safetensors`: which architecture and vocabulary it belongs to."""
    return {"format": "foreword", "model": model.name, TOKENIZER: sha256(vocabulary)}


def holds_model(path: Path) -> bool:
    """Whether a folder has a `config.json`, valid or not."""
    return current(path, CONFIG).exists()


def read_folder(path: Path) -> Folder:
    """Read a model folder and check every part of it.

    Raises:
        FolderError: a file is missing, damaged, changed or made by a newer Foreword; says
            which file, what is wrong with it, and what to do.
    """
    return steadily(path, _read)


def steadily(path: Path, read: Callable[[Path], Content]) -> Content:
    """Read a folder again if an error may come from a model that was replaced meanwhile."""
    for _ in range(ATTEMPTS):
        before = seen(path)
        try:
            return read(path)
        except FolderError:
            if seen(path) == before:
                raise
    return read(path)


def seen(path: Path) -> list[tuple[int, int, int] | None]:
    """Inode, modification time and size of each file: they differ once a model was replaced."""
    status: list[tuple[int, int, int] | None] = []
    for name in (NEW, *OURS):
        try:
            file = current(path, name).stat()
        except (OSError, ValueError):
            status.append(None)
        else:
            status.append((file.st_ino, file.st_mtime_ns, file.st_size))
    return status


def _read(path: Path) -> Folder:
    about, checksums = _read_config(path)
    model = about.model
    weights_file, words_file = current(path, WEIGHTS), current(path, TOKENIZER)
    vocabulary = read_bytes(words_file, LARGEST_TOKENIZER)
    reading = Beside(
        lambda: read_weights(
            weights_file,
            expected_tensors(model, about.weights),
            weights_metadata(model, vocabulary),
        )
    )
    with reading:  # mostly their checksum is computed, without the interpreter's lock
        file = current(path, SPACING)
        data = _optional(file, checksums.get(SPACING), LARGEST_SPACING)
        spacing = USUAL if data is None else Spacing.from_json(utf8(data, file), path=str(file))
        tokenizer = _tokenizer(vocabulary, about, words_file, spacing)
        if checksums.get(TOKENIZER) != sha256(vocabulary):
            raise FolderError(f"{words_file} has been changed since it was written. {RESTORE}")
        if tokenizer.vocab_size != model.vocab_size:
            raise FolderError(
                f"{words_file} has {tokenizer.vocab_size:,} words, but {CONFIG} says "
                f"{model.vocab_size:,}. {RESTORE}"
            )
        file = current(path, MISSPELLINGS)
        data = _optional(file, checksums.get(MISSPELLINGS), LARGEST_MISSPELLINGS)
        known = {} if data is None else spelling.from_json(utf8(data, file), tokenizer, file)
        rare = _rare(current(path, RARE), checksums.get(RARE))
    weights = reading.result()
    ngrams = _ngrams(current(path, NGRAMS), checksums.get(NGRAMS), vocabulary)
    return Folder(about, weights, tokenizer, rare, known, ngrams)


def read_weights(
    file: Path, expected: dict[str, tuple[str, tuple[int, ...]]], belongs: Mapping[str, str]
) -> dict[str, np.ndarray]:
    """Read weights, and check that they are a model's.

    Args:
        file: `model.safetensors`.
        expected: the dtype and shape of each tensor.
        belongs: the metadata that the file must have: the model's name, the vocabulary's checksum.

    Raises:
        FolderError: tensors are missing or of other shapes, belong to another model, or hold NaN.
    """
    headers, metadata = read_header(file)
    check_headers(file, expected, headers)
    if metadata.get("model") != belongs["model"]:
        raise FolderError(
            f"{file} holds weights of the model {metadata.get('model')}, but {CONFIG} "
            f"describes {belongs['model']}. {RESTORE}"
        )
    weights, metadata = read_tensors(file)
    for name in belongs.keys() - {"format", "model"}:
        if metadata.get(name) != belongs[name]:
            raise FolderError(
                f"{file} was trained with another vocabulary than {name} holds. {RESTORE}"
            )
    for name, array in weights.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise FolderError(f"{file}: {name} holds NaN or infinity. {RESTORE}")
    return weights


def ngrams_metadata(vocabulary: bytes) -> dict[str, str]:
    """The metadata of `ngrams.safetensors`: the vocabulary whose ids it has."""
    return {"format": "foreword", TOKENIZER: sha256(vocabulary)}


def _ngrams(file: Path, known: str | None, vocabulary: bytes) -> dict[str, np.ndarray]:
    """The arrays of n-grams, if the configuration has a checksum of their file."""
    if known is None:
        return {}
    if read_header(file)[1].get(CHECKSUM) != known:
        raise FolderError(f"{file} has been changed since it was written. {RESTORE}")
    arrays, metadata = read_tensors(file)
    if metadata != ngrams_metadata(vocabulary):
        raise FolderError(
            f"{file} was counted with another vocabulary than {TOKENIZER} holds. {RESTORE}"
        )
    return arrays


def _rare(file: Path, checksum: str | None) -> Sequence[str]:
    """The rare words, if the configuration has a checksum of their file."""
    data = _optional(file, checksum, LARGEST_RARE)
    if data is None:
        return ()
    if not (compiled.has("are_rare_words") and compiled.part("are_rare_words")(data)):
        _check_rare(utf8(data, file), file)
    return WordLines(data)


def _check_rare(text: str, file: Path) -> None:
    words = text.split("\n")[:-1]
    if not is_plain(text.replace("\n", " ")):  # all at once, since that is faster
        for number, word in enumerate(words, start=1):
            if not is_plain(word):
                raise FolderError(
                    f"{file}, line {number:,}: {shown(word)!r:.200} holds {UNSAFE}. {RESTORE}"
                )
    keys = list(zip(text.casefold().split("\n"), words, strict=False))
    if not all(map(operator.le, keys, keys[1:])):
        raise FolderError(f"{file}: its words are not in alphabetical order. {RESTORE}")


def _optional(file: Path, checksum: str | None, largest: int) -> bytes | None:
    """The content of a file, or None if the configuration has no checksum of it."""
    if checksum is None:
        return None
    data = read_bytes(file, largest)
    if checksum != sha256(data):
        raise FolderError(f"{file} has been changed since it was written. {RESTORE}")
    return data


def alphabetical(word: str) -> tuple[str, str]:
    """The sort key of rare words."""
    return word.casefold(), word


def folder_bytes(path: Path) -> int:
    """The size of a model's files in bytes, without those for resuming training."""
    files = (current(path, name) for name in (*OURS, CARD))
    return sum(file.stat().st_size for file in files if file.exists())


def read_config(path: Path) -> "FolderConfig":
    """Read `config.json` alone.

    Raises:
        FolderError: see `read_folder`.
    """
    about = steadily(path, _read_config)[0]
    return about.whole if isinstance(about, Described) else about


def _read_config(path: Path) -> tuple["FolderConfig | Described", dict[str, str]]:
    file, document, checksums = read_document(path)
    if document.get("format_version") == TRANSLATION:
        raise FolderError(
            f"{path} holds a translation model, which translates sentences and does not predict "
            f"next words. To translate: foreword translate {path} TEXT"
        )
    return _described(document, file) or _validated(document, file), checksums


def read_document(path: Path) -> tuple[Path, dict[str, Any], dict[str, str]]:
    """Read `config.json` of a model of any kind: its path, its content, the files' checksums.

    Raises:
        FolderError: it is missing, damaged, changed or made by a newer Foreword.
    """
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
    document = read_json(file)
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
    if known.pop(CONFIG, None) == config_checksum(document, known):
        return file, document, known
    if version != TRANSLATION:
        _validated(document, file)  # naming the wrong key helps more than a wrong checksum
    raise FolderError(f"{file} has been changed since it was written. {RESTORE}")


def _described(document: dict[str, Any], file: Path) -> Described | None:
    """A configuration in the form that Foreword writes; None if pydantic has to check it."""
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
    from foreword.folder.config import FolderConfig  # which loads pydantic; prediction does without

    return validated(FolderConfig, document, file)


def validated(kind: type[Config], document: dict[str, Any], file: Path) -> Config:
    """Return a configuration as data of this kind.

    Raises:
        FolderError: it cannot be used.
    """
    from pydantic import ValidationError

    try:
        return kind.model_validate(document)
    except ValidationError as error:
        raise FolderError(
            f"{file} is not a configuration that can be used: {faults(error)}. {RESTORE}"
        ) from error


def config_checksum(document: Any, other_checksums: dict[str, str]) -> str:
    """SHA-256 of a configuration and of the checksums of the other files, whatever its spelling."""
    return sha256(json.dumps([document, other_checksums], sort_keys=True).encode())


def sha256(data: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return digest.sha256(data).hexdigest()


def utf8(data: bytes, path: Path) -> str:
    """Decode a file's content.

    Raises:
        FolderError: it is not UTF-8.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FolderError(f"{path} is damaged: it is not UTF-8 ({error}). {RESTORE}") from error


def read_json(file: Path) -> Any:
    """The content of a JSON file of at most 16 MB.

    Raises:
        FolderError: it is missing, too large, not UTF-8 or not JSON.
    """
    try:
        return json.loads(utf8(read_bytes(file, LARGEST_CONFIG), file))
    except (ValueError, RecursionError) as error:
        raise FolderError(f"{file} is not JSON ({error}). {RESTORE}") from error


def faults(error: "ValidationError") -> str:
    """The first few errors of a configuration, by key."""
    faults = [
        f"{'.'.join(map(str, fault['loc']))[:100]}: {fault['msg'][:200]}"
        for fault in error.errors(include_url=False, include_input=False)
    ]
    more = f"; and {len(faults) - FAULTS_SHOWN:,} more" if len(faults) > FAULTS_SHOWN else ""
    return "; ".join(faults[:FAULTS_SHOWN]) + more


def _tokenizer(
    data: bytes, about: "FolderConfig | Described", file: Path, spacing: Spacing
) -> Tokenizer:
    config = about.tokenizer
    if compiled.has("read_vocabulary"):
        # If the core refuses the file, Python says what is wrong with it.
        with contextlib.suppress(compiled.part("core").Error):
            read = compiled.part("read_vocabulary")(data, about.model.vocab_size, **asdict(config))
            return Tokenizer(Vocabulary.of_core(read), config, spacing=spacing)
    try:
        return Tokenizer.from_json(utf8(data, file), config, path=str(file), spacing=spacing)
    except (TypeError, UnicodeError) as error:
        raise FolderError(
            f"{file} has a word that is no text: half of a surrogate pair. {RESTORE}"
        ) from error


def check_headers(
    path: Path,
    expected: dict[str, tuple[str, tuple[int, ...]]],
    headers: Mapping[str, TensorHeader],
) -> None:
    """Check the names, dtypes and shapes of a file's tensors.

    Raises:
        FolderError: names those that are missing, unknown or different.
    """
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
