"""Find the texts that paths name, in their formats, with what a line of each text is."""

from collections.abc import Callable, Collection, Sequence
from os import PathLike
from pathlib import Path
from typing import Unpack

from foreword.text.choice import ReadingOptions
from foreword.text.corpus import Source, find_sources
from foreword.text.tokenizer import TokenizerConfig
from foreword.text.width import settled


def read_sources(
    texts: Sequence[str | PathLike[str]],
    config: TokenizerConfig | None = None,
    *,
    say: Callable[[str], None] | None = None,
    progress: Callable[[str, int, int | None], None] | None = None,
    scratch: Path | None = None,
    words: Collection[str] = (),
    **reading: Unpack[ReadingOptions],
) -> list[Source]:
    """Return the texts that paths name.

    Args:
        texts: files, folders, globs, `-`; see `find_sources`.
        config: the configuration of the model that reads the texts; None for a new model.
        say: called with sentences about what was read and detected.
        progress: called with (activity, bytes done, bytes in all).
        scratch: the folder on whose disk extracted text is stored while it is read.
        words: the words of the model's vocabulary.
        reading: see `ReadingSettings`.

    Raises:
        TextError, SettingsError, MissingExtraError: with what to do about it.
    """
    sources = find_sources(texts, tell=say, progress=progress, scratch=scratch, **reading)
    return settled(sources, reading.get("lines"), config, say, words)
