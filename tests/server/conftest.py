from pathlib import Path

import pytest
import torch

from foreword.folder.config import FolderConfig, ModelConfig
from foreword.folder.store import write_folder
from foreword.models.build import build, weights_of
from foreword.text.tokenizer import Tokenizer, TokenizerConfig

WORDS = "the cat sat on a mat like likely liked I would to , . don't ! Paris how are you"


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small model of random weights."""
    tokenizer = Tokenizer(["<unk>", "<eos>", *WORDS.split()], TokenizerConfig(case="keep"))
    config = ModelConfig(
        name="lstm", vocab_size=tokenizer.vocab_size, embedding_size=8, hidden_size=24
    )
    weights = weights_of(build(config, generator=torch.Generator().manual_seed(1)))
    # Larger than training begins with, so that words differ clearly in probability.
    weights = {name: values * 5 for name, values in weights.items()}
    path = tmp_path_factory.mktemp("served") / "my-model"
    write_folder(
        path, FolderConfig(model=config, tokenizer=tokenizer.config), weights, tokenizer, ""
    )
    return path
