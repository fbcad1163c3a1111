"""From paths to texts that are ready to be read: each in its form, with what its lines are."""

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
    """The texts that are meant by paths.

    Args:
        texts: files, folders, globs, `-`; see `find_sources`.
        config: of the model that reads them; None: it is yet to be made.
        say: is told what was read, and how, and what was found out, a sentence each.
        progress: called with (what is done, how many bytes of it, how many in all).
        scratch: a folder on whose disk text may lie while it is read.
        words: of that model's vocabulary.
        reading: how; see `Choice`.

    Raises:
        TextError, SettingsError, MissingExtraError: with what to do about it.
    """
    found = find_sources(texts, tell=say, progress=progress, scratch=scratch, **reading)
    return settled(found, reading.get("lines"), config, say, words)
