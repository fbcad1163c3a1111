"""Suggest in C++: give `native/core` a model's words and its network. Holds no rules.

The core reads texts and ranks words as `reading`, `candidates` and `suggest` do, with which tests
compare it. These run the models that it lacks.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple
from functools import partial
from typing import Any

from foreword import compiled
from foreword.errors import FolderError
from foreword.predictor.compiled_network import CompiledNetwork
from foreword.predictor.lockstep import Call, Work
from foreword.predictor.slips import Layout
from foreword.predictor.suggest import Suggestion
from foreword.text.spacing import Spacing
from foreword.text.tokenizer import Tokenizer

WORDS_AT_ONCE = 64
"""Words that work reads before that of other users goes on, in a millisecond or two."""

_suggestion = partial(tuple.__new__, Suggestion)


class CompiledReader:
    """What all typists of a model share: its network and its words, sorted by letters."""

    def __init__(
        self,
        network: CompiledNetwork,
        tokenizer: Tokenizer,
        rare: Sequence[str],
        misspellings: Mapping[str, str],
    ) -> None:
        """Sort the words.

        Args:
            network: the model's network, whose weights are shared.
            tokenizer: one for which `can_read` is true.
            rare: words beyond the vocabulary.
            misspellings: as of `Lexicon`.
        """
        spacing = tokenizer.spacing
        self.native = compiled.part("Reader")(
            network.native,
            network.skips,
            network.threads_for_one,
            compiled_tokenizer(tokenizer),
            rare=list(rare),
            misspellings=list(misspellings.items()),
            spacing=compiled_spacing(spacing),
            style=list(astuple(spacing.style)),
            abbreviations=list(spacing.abbreviations),
        )


class CompiledTypist:
    """Does the work of `Typist.suggest` by `native/core/typist.hpp`. Thread-safe."""

    def __init__(
        self,
        reader: CompiledReader,
        *,
        tolerant: bool,
        offensive: bool,
        blocked: Iterable[str],
        layout: Layout,
        repeats: bool,
        marks: int,
    ) -> None:
        """Take the arguments of `Predictor.typist`."""
        self._error = compiled.part("core").Error
        self._native = compiled.part("Typist")(
            reader.native,
            tolerant=tolerant,
            offensive=offensive,
            blocked=list(blocked),
            layout=layout.rows,
            repeats=repeats,
            marks=marks,
        )
        self.forget = self._native.forget

    def suggest(self, text: str, k: int, complete: bool | None) -> list[Suggestion]:
        """Return what `Typist.suggest` does.

        Raises:
            FolderError: the model's scores overflow.
        """
        offered = self._suggested(text, k, complete, None)
        assert offered is not None
        return offered

    def suggesting(self, text: str, k: int, complete: bool | None) -> Work[list[Suggestion]]:
        """Do the same as work, of which some words are read at a time; see `lockstep`."""
        if self._native.has_read(text):
            return self.suggest(text, k, complete)
        some = Call(partial(self._suggested, text, k, complete, WORDS_AT_ONCE))
        while True:
            offered: list[Suggestion] | None = yield some
            if offered is not None:
                return offered

    def _suggested(
        self, text: str, k: int, complete: bool | None, most: int | None
    ) -> list[Suggestion] | None:
        """Return suggestions; None if more than `most` words must be read, which go on next."""
        try:
            rows = self._native.suggest(text, k, complete, most)
        except self._error as error:
            raise FolderError(str(error)) from None
        return None if rows is None else list(map(_suggestion, rows))


def can_read(tokenizer: Tokenizer) -> bool:
    """Whether the core separates words as this tokeniser does."""
    return tokenizer.config.segmenter == "none" and tokenizer.config.lines != "wrapped"


def compiled_tokenizer(tokenizer: Tokenizer) -> Any:
    """Return the tokeniser in the core."""
    config = tokenizer.config
    return compiled.part("core").Tokenizer(
        list(tokenizer.words),
        only_spaces=config.words == "spaces",
        folds_case=config.case == "fold",
        lines=config.lines,
        has_segmenter=config.segmenter != "none",
        language=config.language,
        marks=list(tokenizer.marks),
    )


def compiled_spacing(spacing: Spacing) -> Any:
    """Return the spacing in the core."""
    return compiled.part("core").Spacing(
        {
            mark: (
                (counts.before, counts.after_word, counts.after_space),
                ord(counts.space_before),
                ord(counts.space_after),
                counts.ends,
            )
            for mark, counts in spacing.marks.items()
        }
    )
