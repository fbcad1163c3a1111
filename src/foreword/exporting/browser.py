"""What the WebAssembly module for browsers runs and needs. Writes no files."""

from pathlib import Path

from foreword.errors import FolderError
from foreword.folder.adopting import current
from foreword.folder.architecture import AnyConfig, ModelConfig
from foreword.folder.files import read_bytes
from foreword.folder.store import CONFIG, WEIGHTS, read_document
from foreword.predictor.compiled_network import CELLS, MOST_INT8_COLUMNS
from foreword.text.tokenizer import TokenizerConfig

SCRIPT, MODULE = "foreword.js", "foreword.wasm"
PACKAGES = (
    Path(__file__).parent / "javascript",  # in an installed package
    Path(__file__).parents[3] / "packages/javascript",  # in a checkout
)
"""Where the JavaScript package may be."""


def unsupported(model: AnyConfig, tokenizer: TokenizerConfig) -> str | None:
    """What the module does not run, as `native/core` refuses it; None if it runs the model."""
    if not isinstance(model, ModelConfig) or not model.is_recurrent:
        return f"a model of the kind {model.name}"
    widest = max(model.hidden_size, model.embedding_size)
    reasons = {
        "a Mogrifier LSTM": model.mogrifier_rounds > 0,
        f"a model of the kind {model.name}": type(model.cell) not in CELLS,
        "a model whose cell has options of its own": bool(model.cell_options),
        "a mixture of softmaxes": model.softmaxes > 1,
        "a model with an adaptive softmax": model.adaptive_clusters > 0,
        f"a model of more than {MOST_INT8_COLUMNS:,} units": widest > MOST_INT8_COLUMNS,
        "a model that separates words by ICU": tokenizer.segmenter != "none",
        "a model of text whose lines are wrapped": tokenizer.lines == "wrapped",
    }
    return next((what for what, is_so in reasons.items() if is_so), None)


def package_file(name: str) -> bytes:
    """Return a file of the JavaScript package.

    Raises:
        FolderError: the installation lacks it.
    """
    for package in PACKAGES:
        if (package / name).is_file():
            return read_bytes(package / name)
    raise FolderError(f"this installation of Foreword lacks {name}. Install it anew")


def model_files(source: Path) -> dict[str, bytes]:
    """Return the files of a model folder that prediction needs, by their names.

    Raises:
        FolderError: the folder cannot be read.
    """
    _, _, checksums = read_document(source)
    names = dict.fromkeys([CONFIG, WEIGHTS, *checksums])
    return {name: read_bytes(current(source, name)) for name in names}
