"""The inspected model, and a text as it reads it. Knows nothing of what is inspected."""

from dataclasses import dataclass
from os import PathLike

import numpy as np
import torch
from torch import Tensor

from foreword.errors import SettingsError
from foreword.folder.config import FolderConfig
from foreword.folder.installed import find_folder
from foreword.folder.store import Folder, read_folder
from foreword.models.build import from_folder
from foreword.models.model import NextWordModel
from foreword.predictor.predictor import Predictor
from foreword.predictor.reading import readable
from foreword.text.tokenizer import EOS, EOS_ID, Tokenizer


@dataclass(frozen=True)
class Subject:
    """A model with its vocabulary, ready to be run and differentiated by torch."""

    network: NextWordModel
    tokenizer: Tokenizer
    config: FolderConfig

    @property
    def name(self) -> str:
        """The configuration of the architecture."""
        return self.config.model.name


Model = str | PathLike[str] | Predictor | Subject
"""A model folder, or a result of `foreword.load`."""


def subject_of(model: Model) -> Subject:
    """Return the model for torch.

    Raises:
        FolderError: the folder is missing, damaged, or of another format.
        SettingsError: the model is not a network.
    """
    if isinstance(model, Subject):
        return model
    folder: Folder = (
        model.folder if isinstance(model, Predictor) else read_folder(find_folder(model))
    )
    network = from_folder(folder)
    if not isinstance(network, NextWordModel):
        raise SettingsError(
            f"an {folder.config.model.name} model is a table: there is no network to inspect"
        )
    return Subject(network, folder.tokenizer, folder.config)


@dataclass(frozen=True)
class Reading:
    """A text as a model reads it: an `<eos>`, the words, and an `<eos>` at each line's end.

    Attributes:
        words: (T,) in the vocabulary's spelling; words that it lacks, in the text's.
        ids: (T,) int64; that of `<unk>` for words that the vocabulary lacks.

    Attributes:
        words: (T,) as the vocabulary writes them; what it lacks, as the text has it.
        ids: (T,) int64; that of `<unk>` for what the vocabulary lacks.
    """

    words: tuple[str, ...]
    ids: np.ndarray

    def __len__(self) -> int:
        return len(self.words)

    def __getitem__(self, part: slice) -> "Reading":
        return Reading(self.words[part], self.ids[part])

    @property
    def inputs(self) -> Tensor:
        """Return the ids as a model takes them, (T, 1)."""
        return torch.from_numpy(self.ids)[:, None]


def read(tokenizer: Tokenizer, text: str) -> Reading:
    r"""The text's words, as `Predictor.read` reads them: after an `<eos>`, blank lines without one.

    >>> from foreword.text.tokenizer import Tokenizer, TokenizerConfig
    >>> tokenizer = Tokenizer(["<unk>", "<eos>", "hello"], TokenizerConfig())
    >>> read(tokenizer, "hello you\n\nhello").words
    ('<eos>', 'hello', 'you', '<eos>', 'hello')
    """
    split = list(tokenizer.read(readable(text)))
    ids = np.array([EOS_ID, *(word.id for word in split)], dtype=np.int64)
    return Reading((EOS, *(word.text for word in split)), ids)
