"""Suggest in C++: give `native/core` a model's words and its network. Holds no rules.

The core reads texts, ranks words and expects letters as `reading`, `candidates`, `suggest` and
`next_letter` do, with which tests compare it. These run the models that it lacks.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple
from functools import partial
from typing import Any

import numpy as np

from foreword import compiled
from foreword.errors import FolderError
from foreword.predictor.activations import WordTrace
from foreword.predictor.engine import Engine
from foreword.predictor.lockstep import Call, Work
from foreword.predictor.next_letter import Letters
from foreword.predictor.reading import traced
from foreword.predictor.slips import Layout
from foreword.predictor.state import State
from foreword.predictor.suggest import Suggestion
from foreword.text.spacing import Spacing
from foreword.text.tokenizer import EOS_ID, Tokenizer
from foreword.text.word_lines import WordLines

WORDS_AT_ONCE = 64
"""Words that work reads before that of other users goes on, in a few milliseconds."""

_suggestion = partial(tuple.__new__, Suggestion)


class CompiledReader:
    """What all typists of a model share: its network and its words, sorted by letters."""

    def __init__(
        self,
        engine: Engine,
        tokenizer: Tokenizer,
        rare: Sequence[str],
        misspellings: Mapping[str, str],
    ) -> None:
        """Sort the words.

        Args:
            engine: the model, compiled; its weights are shared.
            tokenizer: one for which `can_read` is true.
            rare: words beyond the vocabulary.
            misspellings: as of `Lexicon`.
        """
        self.engine = engine
        network, spacing = engine.compiled, tokenizer.spacing
        assert network is not None
        self.native = compiled.part("Reader")(
            network.native,
            network.skips,
            network.threads_for_one,
            compiled_tokenizer(tokenizer),
            engine.compiled_ngrams,
            rare=WordLines.of(rare).data,
            misspellings=list(misspellings.items()),
            spacing=compiled_spacing(spacing),
            style=list(astuple(spacing.style)),
            abbreviations=list(spacing.abbreviations),
        )


class _CompiledSuggester:
    """Suggests while one user types, in the core, and tells errors as Python's own. Thread-safe."""

    def __init__(self, native: Any) -> None:
        self._native = native
        self._error = compiled.part("core").Error
        self._suggesting = compiled.part("Suggesting")
        self.forget = native.forget

    def suggest(self, text: str, k: int, complete: bool | None, phrases: bool) -> list[Suggestion]:
        """Return what `Typist.suggest` does.

        Raises:
            FolderError: a model's scores overflow.
        """
        return _suggestions(self._asked(self._native.suggest, text, k, complete, phrases))

    def suggesting(
        self, text: str, k: int, complete: bool | None, phrases: bool
    ) -> Work[list[Suggestion]]:
        """Do the same as work, of which some words are read at a time; see `lockstep`."""
        rows = yield from self._in_parts(
            partial(self._suggesting, self._native, text, k, complete, phrases)
        )
        return _suggestions(rows)

    def _asked(self, method: Callable[..., Any], *arguments: object) -> Any:
        """Return what a method of the core does.

        Raises:
            FolderError: a model's scores overflow.
        """
        try:
            return method(*arguments)
        except self._error as error:
            raise FolderError(str(error)) from None

    def _in_parts(self, question: Callable[[int], Any]) -> Work[Any]:
        """Return the answer to a question about a text, of which some words are read in a call."""
        while True:
            part = question(WORDS_AT_ONCE)
            answer = yield Call(partial(self._asked, part.answer), part)
            if answer is not None:
                return answer


class CompiledTypist(_CompiledSuggester):
    """Does the work of `Typist` by `native/core/typist.hpp`."""

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
        super().__init__(
            compiled.part("Typist")(
                reader.native,
                tolerant=tolerant,
                offensive=offensive,
                blocked=list(blocked),
                layout=layout.rows,
                repeats=repeats,
                marks=marks,
            )
        )
        self._engine = reader.engine
        self._lettering = compiled.part("Lettering")

    def letters(self, text: str, ignore_case: bool) -> Letters:
        """Return what `Typist.letters` does.

        Raises:
            FolderError: the model's scores overflow.
        """
        return Letters(*self._asked(self._native.letters, text, ignore_case))

    def lettering(self, text: str, ignore_case: bool) -> Work[Letters]:
        """Do the same as work, of which some words are read at a time; see `lockstep`."""
        answer = yield from self._in_parts(
            partial(self._lettering, self._native, text, ignore_case)
        )
        return Letters(*answer)

    def trace(self, text: str, *, unfinished: bool) -> WordTrace:
        """Return what `Typist.trace` does.

        Args:
            text: as for `suggest`.
            unfinished: whether letters at the end are an unfinished word, which is not read yet.
        """
        last = self._asked(self._native.last_word, text, unfinished)
        word, index, before = last or ("", EOS_ID, None)
        state = None if before is None else self._state(before, index)
        return traced(self._engine, word, index, state)

    def _state(self, parts: bytes, last: int) -> State:
        """Return a state of the network in the core, given by the bytes of its parts."""
        start = [part for part in self._engine.start().parts if part.dtype == np.float32]
        values = np.frombuffer(parts, dtype=np.float32).reshape(len(start), *start[0].shape)
        return State(tuple(values), last)


class CompiledMixedTypist(_CompiledSuggester):
    """Does the work of `MixedTypist` by `native/core/mixed_typist.hpp`."""

    def __init__(
        self,
        readers: Iterable[CompiledReader],
        *,
        tolerant: bool,
        offensive: bool,
        blocked: Iterable[str],
        layout: Layout,
        marks: int,
    ) -> None:
        """Take the arguments of `MixedTypist`."""
        super().__init__(
            compiled.part("MixedTypist")(
                [reader.native for reader in readers],
                tolerant=tolerant,
                offensive=offensive,
                blocked=list(blocked),
                layout=layout.rows,
                marks=marks,
            )
        )

    def weights(self, text: str, complete: bool | None) -> tuple[float, ...]:
        """Return what `MixedTypist.weights` does."""
        return tuple(self._native.weights(text, complete))


def _suggestions(rows: Iterable[tuple[Any, ...]]) -> list[Suggestion]:
    return list(map(_suggestion, rows))


def can_read(tokenizer: Tokenizer) -> bool:
    """Whether the core separates words as this tokeniser does."""
    return tokenizer.config.segmenter == "none" and tokenizer.config.lines != "wrapped"


def compiled_tokenizer(tokenizer: Tokenizer) -> Any:
    """Return the tokeniser in the core."""
    config, native = tokenizer.config, tokenizer.vocabulary.native
    return compiled.part("core").Tokenizer(
        list(tokenizer.words) if native is None else native,
        only_spaces=config.words == "spaces",
        folds_case=config.case == "fold",
        lines=config.lines,
        has_segmenter=config.segmenter != "none",
        language=config.language,
        new_words=config.new_words,
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
