"""Read and write the folders of translation models: like those of next-word models, with sub-words.

`config.json` has the format version 6, so that a Foreword without translation says that a newer one
is needed. `subwords.json` replaces `tokenizer.json`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from foreword.errors import FolderError
from foreword.folder.adopting import current
from foreword.folder.calibration import Calibration
from foreword.folder.files import RESTORE, atomic_write, read_bytes, tensor_bytes
from foreword.folder.quantised import SCALE, is_quantisable
from foreword.folder.saving import with_checksums, write_files
from foreword.folder.store import (
    CARD,
    CONFIG,
    LARGEST_TOKENIZER,
    SUBWORDS,
    TRANSLATION,
    WEIGHTS,
    read_document,
    read_weights,
    sha256,
    steadily,
    utf8,
    validated,
)
from foreword.folder.translation import TranslationConfig, expected_shapes
from foreword.text.pairs.languages import LONGEST_TAG
from foreword.text.shortlist import Shortlist
from foreword.text.spellings import BITS, Spellings
from foreword.text.subwords import Subwords
from foreword.visible import plain

if TYPE_CHECKING:
    from foreword.folder.config import TranslationFolderConfig

Weights = Literal["float32", "int8"]
_SPELLINGS = "spellings.filter"


@dataclass(frozen=True)
class TranslationFolder:
    """A translation model as data.

    Attributes:
        model: the architecture.
        source_language: a code such as de; "" if it is unknown.
        target_language: likewise.
        weights: by name, float32, or int8 with scales; see `foreword.folder.quantised`.
        subwords: the vocabulary.
        document: the content of `config.json`.
        file: its path.
        calibration: that of the confidences; None leaves probabilities unchanged.
        shortlist: the sub-words that translations are made of; None: any.
        spellings: of the source's words in the training text; None: they are not known.
    """

    model: TranslationConfig
    source_language: str
    target_language: str
    weights: dict[str, np.ndarray]
    subwords: Subwords
    document: dict[str, Any]
    file: Path
    calibration: Calibration | None = None
    shortlist: Shortlist | None = None
    spellings: Spellings | None = None

    @cached_property
    def config(self) -> "TranslationFolderConfig":
        """The whole configuration, which pydantic checks.

        Raises:
            FolderError: its records cannot be used.
        """
        return _validated(self.document, self.file)


def holds_translation(path: Path) -> bool:
    """Whether a folder holds a translation model, by its format version.

    Raises:
        FolderError: there is no model, or `config.json` is damaged.
    """
    return bool(read_document(path)[1].get("format_version") == TRANSLATION)


def read_translation(path: Path) -> TranslationFolder:
    """Read the folder of a translation model and check every part of it.

    Raises:
        FolderError: a file is missing, damaged, changed, or belongs to another kind of model; says
            which file, what is wrong with it, and what to do.
    """
    return steadily(path, _read)


def read_translation_config(path: Path) -> "TranslationFolderConfig":
    """Read `config.json` alone.

    Raises:
        FolderError: see `read_translation`.
    """
    file, document, _ = read_document(path)
    return _validated(document, file)


def _read(path: Path) -> TranslationFolder:
    file, document, checksums = read_document(path)
    if document.get("format_version") != TRANSLATION:
        raise FolderError(
            f"{path} holds a next-word model, which does not translate. To train one that does: "
            "foreword train --pairs SOURCE TARGET --out DIR"
        )
    try:
        model = TranslationConfig(**document["model"])
        kind, languages = _stored(document)
        told = document.get("calibration")
        calibration = None if told is None else Calibration(**told)
        sizes = document.get("shortlist")
        of_shortlist = {} if sizes is None else _shortlist_tensors(model, **sizes)
        of_spellings = {_SPELLINGS: ("uint8", (BITS // 8,))} if document.get("spellings") else {}
    except (KeyError, TypeError, ValueError) as error:
        _validated(document, file)  # names the wrong key
        raise FolderError(
            f"{file} is not a configuration that can be used: {error}. {RESTORE}"
        ) from error
    vocabulary_file = current(path, SUBWORDS)
    vocabulary = read_bytes(vocabulary_file, LARGEST_TOKENIZER)
    if checksums.get(SUBWORDS) != sha256(vocabulary):
        raise FolderError(f"{vocabulary_file} has been changed since it was written. {RESTORE}")
    text = utf8(vocabulary, vocabulary_file)
    subwords = Subwords.from_json(text, path=str(vocabulary_file))
    if subwords.size != model.vocab_size:
        raise FolderError(
            f"{vocabulary_file} has {subwords.size:,} sub-words, but {CONFIG} says "
            f"{model.vocab_size:,}. {RESTORE}"
        )
    expected = expected_tensors(model, kind) | of_shortlist | of_spellings
    weights_file = current(path, WEIGHTS)
    weights = read_weights(weights_file, expected, _metadata(vocabulary))
    shortlist = None
    if of_shortlist:
        try:
            shortlist = Shortlist(*(weights.pop(name) for name in of_shortlist))
        except ValueError as error:
            raise FolderError(f"{weights_file}: {error}. {RESTORE}") from error
    spellings = Spellings(weights.pop(_SPELLINGS)) if of_spellings else None
    return TranslationFolder(
        model,
        languages[0],
        languages[1],
        weights,
        subwords,
        document,
        file,
        calibration,
        shortlist,
        spellings,
    )


def _shortlist_tensors(
    model: TranslationConfig, common: int, candidates: int
) -> dict[str, tuple[str, tuple[int, ...]]]:
    """The dtypes and shapes of a shortlist's arrays, in the order of its attributes."""
    sizes = {"common": common, "begins": model.vocab_size + 1, "candidates": candidates}
    return {f"shortlist.{name}": ("int32", (size,)) for name, size in sizes.items()}


def _stored(document: dict[str, Any]) -> tuple[Weights, list[str]]:
    """The type of the weights, and the languages."""
    kind: Weights = document["weights"]
    languages = [document[f"{side}_language"] for side in ("source", "target")]
    if kind not in ("float32", "int8"):
        raise ValueError(f"weights in {kind!r:.80}")
    for code in languages:
        if not isinstance(code, str) or len(code) > LONGEST_TAG:
            raise ValueError(
                f"the language {code!r:.80} is no code of {LONGEST_TAG} letters at most"
            )
    return kind, languages


def expected_tensors(
    model: TranslationConfig, kind: Weights
) -> dict[str, tuple[str, tuple[int, ...]]]:
    """The dtypes and shapes in `model.safetensors`; matrices in int8 have scales beside them."""
    tensors: dict[str, tuple[str, tuple[int, ...]]] = {}
    for name, shape in expected_shapes(model).items():
        is_int8 = kind == "int8" and is_quantisable(name, shape)
        tensors[name] = "int8" if is_int8 else "float32", shape
        if is_int8:
            tensors[name + SCALE] = "float32", shape[:1]
    return tensors


def write_translation(
    path: Path,
    config: "TranslationFolderConfig",
    weights: Mapping[str, np.ndarray],
    subwords: Subwords,
    card: str,
    *,
    shortlist: Shortlist | None = None,
    spellings: Spellings | None = None,
    replaces: bool = False,
) -> None:
    """Write the folder of a translation model, all of it or nothing.

    Args:
        path: the folder.
        config: its `config.json`.
        weights: by name.
        subwords: its vocabulary.
        card: its `README.md`.
        shortlist: the sub-words that its translations are made of; None: any.
        spellings: of the source's words in the training text; None: they are not known.
        replaces: see `foreword.folder.saving.write_folder`.

    Raises:
        SettingsError: the folder holds something else, and is left as it is.
        FolderError: the disk is full, or the folder cannot be written to.
    """
    vocabulary = subwords.to_json().encode()
    written = {SUBWORDS: vocabulary, CARD: card.encode()}
    document = plain(config.model_dump(mode="json"))
    document["shortlist"] = None
    if shortlist is not None:
        document["shortlist"] = shortlist.sizes
        parts = (shortlist.common, shortlist.begins, shortlist.candidates)
        names = _shortlist_tensors(config.model, **shortlist.sizes)
        weights = {**weights, **dict(zip(names, parts, strict=True))}
    document["spellings"] = spellings is not None
    if spellings is not None:
        weights = {**weights, _SPELLINGS: spellings.filter}
    files = {
        WEIGHTS: tensor_bytes(weights, _metadata(vocabulary)),
        **{name: (data,) for name, data in written.items()},
        CONFIG: (with_checksums(document, written),),
    }
    write_files(path, files, replaces=replaces)


def keep_calibration(path: Path, calibration: Calibration, measured: Mapping[str, Any]) -> None:
    """Write the calibration of a model's confidences into its `config.json`, and nothing else.

    Args:
        path: the folder, which is claimed.
        calibration: what is kept.
        measured: the content of `config.json` when the model was measured.

    Raises:
        FolderError: the folder is damaged, holds another model by now, or cannot be written to.
    """
    file, document, checksums = read_document(path)
    if document != measured:
        raise FolderError(
            f"{path} was written to while its model was measured, so that its calibration may be "
            "another model's. Evaluate it again"
        )
    document["calibration"] = plain(asdict(calibration))
    atomic_write(file, with_checksums(document, {}, checksums))


def _metadata(vocabulary: bytes) -> dict[str, str]:
    """The metadata of `model.safetensors`."""
    return {"format": "foreword", "model": "translation", SUBWORDS: sha256(vocabulary)}


def _validated(document: dict[str, Any], file: Path) -> "TranslationFolderConfig":
    from foreword.folder.config import TranslationFolderConfig  # see `foreword.folder.store`

    return validated(TranslationFolderConfig, document, file)
