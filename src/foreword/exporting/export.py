"""Write the network of a model folder as an ONNX file: `foreword.export`. No torch."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from foreword.cells.registry import describe
from foreword.errors import MissingExtraError, SettingsError
from foreword.exporting.files import refuse_existing
from foreword.folder.adopting import current
from foreword.folder.architecture import ModelConfig
from foreword.folder.files import atomic_write
from foreword.folder.installed import find_folder
from foreword.folder.store import CARD, Folder, read_folder
from foreword.text.tokenizer import SPECIAL

if TYPE_CHECKING:
    from foreword.exporting.network import Port, Step

OPSET, IR_VERSION = 22, 10
"""Versions of ONNX's operators and file format, which ONNX Runtime 1.20 and newer read."""
LARGEST = (1 << 31) - (1 << 20)
"""Bytes of weights that fit into one file, whose format ends at 2 GiB."""


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        path: the ONNX file.
        bytes: its size.
        inputs: names, types and shapes of a word and of the state before it.
        outputs: those of the next words' scores and of the state after it.
        operators: ONNX's own operators that run the layers: LSTM, GRU or RNN; empty if the cell's
            equations do.
        weights: the type in which they are stored, float32 or int8.
    """

    path: Path
    bytes: int
    inputs: "tuple[Port, ...]"
    outputs: "tuple[Port, ...]"
    operators: tuple[str, ...]
    weights: str


def export(
    folder: str | PathLike[str],
    out: str | PathLike[str],
    *,
    best: int | None = None,
    vocabulary: str | PathLike[str] | None = None,
    overwrite: bool = False,
) -> Exported:
    """Write one step of a model's network as an ONNX file, for other programs and languages.

    Args:
        folder: a model folder, or the name of an installed model.
        out: the file to write.
        best: the number of most probable words to return at each step, `<unk>` and `<eos>` left
            out as in `Predictor.predict`; None: ln P of all words.
        vocabulary: a text file to write the words to as well, one a line, in the order of their
            ids.
        overwrite: whether to replace existing files.

    Raises:
        SettingsError: the model is not a network, `best` is out of range, or a file exists.
        FolderError: the model cannot be read, or a file cannot be written.
        MissingExtraError: `onnx` is not installed.
    """
    try:
        from foreword.exporting.network import step_of
    except ModuleNotFoundError as error:
        raise MissingExtraError("exporting to ONNX", "onnx") from error
    targets = [Path(path) for path in (out, vocabulary) if path is not None]
    for target in targets:
        refuse_existing(target, overwrite=overwrite)
    if len(targets) == 2 and targets[0].resolve() == targets[1].resolve():
        raise SettingsError(f"{targets[0]}: the model and its vocabulary need a file each")
    source = find_folder(folder)
    model = read_folder(source)
    config = _network_of(model, source)
    if best is not None and not 1 <= best <= config.vocab_size - len(SPECIAL):
        raise SettingsError(
            f"best must be from 1 to {config.vocab_size - len(SPECIAL):,}, the number of the "
            f"model's words, not {best:,}"
        )
    size = sum(array.nbytes for array in model.weights.values())
    if size > LARGEST:
        raise SettingsError(
            f"{source} has {size / 1e9:.1f} GB of weights, and an ONNX file holds 2 GB: export a "
            "model in int8 (foreword compress)"
        )
    step = step_of(config, model.weights, best)
    data = _file(step, _metadata(model, config, source))
    if vocabulary is not None:
        text = "".join(f"{word}\n" for word in model.tokenizer.words)
        atomic_write(Path(vocabulary), text.encode())
    atomic_write(Path(out), data)
    return Exported(
        Path(out), len(data), step.inputs, step.outputs, step.operators, model.about.weights
    )


def _network_of(model: Folder, source: Path) -> ModelConfig:
    if not isinstance(model.model, ModelConfig):
        raise SettingsError(
            f"{source} is an {model.model.name} model, which looks word sequences up in a table; "
            "ONNX describes networks. Export a network, such as an lstm"
        )
    return model.model


def _metadata(model: Folder, config: ModelConfig, source: Path) -> dict[str, str]:
    """Return what the file says about the model: names and texts."""
    tokenizer = model.tokenizer.config
    metadata = {
        "foreword_version": _version(),
        "model": config.name,
        "weights": model.about.weights,
        "checksum": model.checksum,
        "vocabulary": json.dumps(list(model.tokenizer.words), ensure_ascii=False),
        "tokenizer": json.dumps(asdict(tokenizer), ensure_ascii=False),
    }
    if config.is_recurrent:
        metadata["cell"] = describe(config.cell)
    licence = _licence(source)
    if licence is not None:
        metadata["license"] = licence
    return metadata


def _licence(source: Path) -> str | None:
    """Return the licence that the head of the model card names, if it names one."""
    try:
        card = current(source, CARD).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    head = card.split("\n---", 1)[0].splitlines() if card.startswith("---\n") else []
    named = (line.partition(":")[2].strip() for line in head if line.startswith("license:"))
    return next(named, None) or None


def _file(step: "Step", metadata: Mapping[str, str]) -> bytes:
    """Return the content of the file, which ONNX has checked."""
    import onnx
    from onnx import helper

    model = helper.make_model(
        step.graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="foreword",
        producer_version=metadata["foreword_version"],
    )
    helper.set_model_props(model, dict(metadata))
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString()
    return data


def _version() -> str:
    from importlib.metadata import version

    return version("foreword")
