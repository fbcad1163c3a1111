"""Give a packaged model the n-grams of the text that it was trained on."""

from pathlib import Path

import numpy as np

from foreword.compression.ngrams import MOST, Tell, ngrams_for
from foreword.folder.saving import write_folder
from foreword.folder.store import read_folder
from foreword.ngrams.counts import Array
from foreword.packaging.parts import Parts
from foreword.predictor.engine import Engine
from foreword.text.newlines import Lines
from foreword.text.sources import read_sources
from foreword.text.tokenizer import Tokenizer
from foreword.text.tokens import tokenise


def add_ngrams(folder: Path, parts: Parts, most: int = MOST, tell: Tell | None = None) -> float:
    """Give the model in a folder n-grams of its training text, if they improve it.

    Args:
        folder: the model folder; n-grams that it had before are replaced.
        parts: the text; the weights are fitted on its validation part.
        most: the number of n-grams.
        tell: called with (activity, amount done, amount in all).

    Returns:
        The perplexity with n-grams relative to that without; 1 if the model gets none.
    """
    model = read_folder(folder)
    train, valid = (
        ids_of(part, parts.lines, model.tokenizer, tell) for part in (parts.train, parts.valid)
    )
    engine = Engine(model.model, model.weights)
    ngrams, gain = ngrams_for(engine, train, valid, most, resets=True, tell=tell)
    write_folder(
        folder,
        model.config,
        model.weights,
        model.tokenizer,
        "",
        model.rare,
        model.misspellings,
        ngrams,
    )
    return gain


def ids_of(part: Path, lines: Lines, tokenizer: Tokenizer, tell: Tell | None) -> Array:
    """Return the ids of a part of a text, lines ended by `<eos>`."""

    def reading(done: int, total: int | None) -> None:
        if tell is not None:
            tell("reading the text", done, total)

    sources = read_sources([part], tokenizer.config, read_as="text", lines=lines)
    return np.asarray(tokenise(sources, tokenizer, progress=reading).ids)
