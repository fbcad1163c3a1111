"""A person's own words over a frozen model: learned on request, kept in one file, forgotten."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Self

from foreword.errors import SettingsError
from foreword.predictor.layer import Opinion
from foreword.predictor.personal.adapting import Network, adapted, sample
from foreword.predictor.personal.audit import Audit, audited, without_suspects
from foreword.predictor.personal.cut import Cut, Cutter, word_count
from foreword.predictor.personal.exchange import exported, imported
from foreword.predictor.personal.learned_memory import (
    FIRST_ID,
    Limits,
    Memory,
    edited,
    forgotten,
    learned,
    merged,
)
from foreword.predictor.personal.rows import Held
from foreword.predictor.personal.store import TIMEOUT, Store, fresh_salt
from foreword.predictor.personal.view import View
from foreword.predictor.reading import readable
from foreword.text.tokenizer import SPECIAL, UNK_ID, Tokenizer, TokenizerConfig

PARTS = 4
"""The number of parts in which a long text is learned: the weights adapt from part to part."""
SHORT = 1_000
"""The number of words below which a text is learned at once."""
WEIGHED_WORDS = 800
"""The most words of a text learned at once by which the weights adapt."""


@dataclass(frozen=True)
class HeldWord:
    """A held word, and how often it was seen."""

    word: str
    count: int


@dataclass(frozen=True)
class Learned:
    """The result of learning.

    Attributes:
        words: the number of words in the text, without line ends; each secret counts as one.
        new: the number of words that were not held before.
        refused: the number of chunks that looked like secrets, by kind.
    """

    words: int
    new: int
    refused: dict[str, int]


class Personal:
    """A person's own words. Only these methods change them; prediction never does.

    Thread-safe: while one thread learns, others get opinions from what was held before. `refresh`,
    and every change, reads what another process has learned.
    """

    def __init__(self, store: Store, tokenizer: Tokenizer, limits: Limits) -> None:
        """Use `open`."""
        self._store = store
        self._tokenizer = tokenizer
        self._limits = limits
        self._cutter = Cutter(tokenizer)
        folds = tokenizer.config.case == "fold"
        self._normalise = lru_cache(1 << 17)(tokenizer.normalise) if folds else None
        self._changing = threading.RLock()
        self._held = store.read()
        self._shown = self._held.memory
        self._view = self._view_of(self._shown)

    @classmethod
    def open(
        cls,
        path: str | PathLike[str],
        tokenizer: Tokenizer | None = None,
        *,
        create: bool = False,
        read_only: bool = False,
        key: str | None = None,
        limits: Limits | None = None,
        timeout: float = TIMEOUT,
    ) -> "Personal":
        """Open a personal file.

        Args:
            path: the path of the file.
            tokenizer: the model's tokenizer; without one, text is divided by the default rules, and
                no word counts as known.
            create: whether to make a missing file, readable only by its owner (mode 0600).
            read_only: whether to open it for reading only.
            key: the key of an encrypted file; needs the extra `foreword[encrypt]`.
            limits: the largest amounts that are held.
            timeout: the seconds to wait for another process that is writing.

        Raises:
            PersonalError: the file is missing, no personal file, damaged, locked, or newer.
        """
        if key is not None and (not key or "\0" in key):
            raise SettingsError("the key of an encrypted file must not be empty or contain NUL")
        if key is not None and any("\ud800" <= letter <= "\udfff" for letter in key):
            raise SettingsError(
                "the key of an encrypted file holds a character that UTF-8 cannot encode"
            )
        store = Store(Path(path), create=create, read_only=read_only, key=key, timeout=timeout)
        try:
            known = tokenizer or Tokenizer(SPECIAL, TokenizerConfig())
            return cls(store, known, limits or Limits())
        except BaseException:
            store.close()
            raise

    def close(self) -> None:
        """Close the file. Opinions stay available."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # Predicting

    def opinion(self, context: Sequence[str], prefix: str) -> Opinion:
        r"""Return P(next word) by the person's text, and its weight beside the network's.

        Args:
            context: the words before, in the model's form; "\n" ends a line.
            prefix: the letters typed of the next word, in any case.
        """
        return self._view.opinion(context, prefix)

    def refresh(self) -> None:
        """Read what another process may have written.

        Raises:
            PersonalError: the file is damaged or locked.
        """
        with self._changing:
            held = self._store.read()
            if held.revision != self._held.revision:
                self._show(held, held.memory)

    # Learning

    def learn(self, text: str, network: Network | None = None) -> Learned:
        """Learn a text, completely or, on failure, not at all.

        The file holds a word of the person's own when it is seen for the second time. This object
        suggests the new words of a short text at once, and forgets those that the file does not
        hold when it is closed, when a long text is learned or when anything else changes the file.
        What looks like a secret is neither held nor suggested.

        Args:
            text: the text. Lone surrogates are read as U+FFFD.
            network: gives the model's probabilities of a line's words (`network_of`); with it, the
                layer's weight adapts to how well the layer predicts, by 800 words of the text.

        Raises:
            PersonalError: the file cannot be written to, and stays unchanged.
        """
        cut = self._cutter.cut(readable(text))
        before: set[str] = set()
        shown = self._shown

        def change(memory: Memory) -> Memory:
            nonlocal shown
            shown = self._shown if memory is self._held.memory else memory
            before.update(memory.vocabulary.ids)
            return self._learned(memory, cut, network)

        def with_new_words(memory: Memory) -> Memory:
            if word_count(cut.lines) >= SHORT:
                return memory
            return replace(
                learned(shown, cut, lambda _: True, self._limits), weights=memory.weights
            )

        after = self._change(change, with_new_words)
        words = word_count(cut.lines) - len(cut.lines)
        return Learned(words, len(after.vocabulary.ids.keys() - before), dict(cut.refused))

    def _learned(self, memory: Memory, cut: Cut, network: Network | None) -> Memory:
        view = self._view if memory is self._held.memory else self._view_of(memory)
        normalise = self._normalise or str
        parts = list(_parts(cut))
        for part in parts:
            if memory.clock:  # an empty layer predicts nothing, which says nothing about it
                lines = sample(part.lines, WEIGHED_WORDS // len(parts))
                memory = replace(memory, weights=adapted(view, lines, normalise, network))
            memory = learned(memory, part, self._knows, self._limits)
            if part is not parts[-1]:
                view = self._view_of(memory, view)
        return memory

    def _view_of(self, memory: Memory, before: View | None = None) -> View:
        tokenizer = self._tokenizer
        return View(memory, self._normalise, tokenizer.case, tokenizer.ids, before)

    def _knows(self, word: str) -> bool:
        return self._tokenizer.id_of(word) != UNK_ID

    # Looking

    def words(self) -> list[HeldWord]:
        """Return the held words, the most frequent first."""
        vocabulary = self._held.memory.vocabulary
        words = [
            HeldWord(word, int(vocabulary.counts[index]))
            for word, index in vocabulary.ids.items()
            if index >= FIRST_ID
        ]
        return sorted(words, key=lambda held: (-held.count, held.word))

    def audit(self) -> Audit:
        """Return the content of the file, the parts that look like secrets, and what was refused.

        Raises:
            PersonalError: the file is damaged.
        """
        self._store.check()
        return audited(self._held.memory, self._store.path, self._cutter.screen)

    # Changing

    def forget(self, word: str) -> int:
        """Forget a word in any case, and all sequences with it. Return the number of words removed.

        What the file held of it is overwritten.

        Raises:
            PersonalError: the file cannot be written to.
        """
        form = self._cutter.form(readable(word))
        return self._forget(lambda memory: forgotten(memory, form))

    def forget_suspects(self) -> int:
        """Forget what looks like a secret by today's rules. Return the number of words removed.

        Raises:
            PersonalError: the file cannot be written to.
        """
        return self._forget(lambda memory: without_suspects(memory, self._cutter.screen))

    def forget_everything(self) -> int:
        """Forget everything, including the weights. Return the number of words removed.

        Raises:
            PersonalError: the file cannot be written to.
        """
        return self._forget(lambda _: Memory(fresh_salt()))

    def _forget(self, change: Callable[[Memory], Memory]) -> int:
        held = 0

        def changed(memory: Memory) -> Memory:
            nonlocal held
            held = len(memory.vocabulary.ids)
            return change(memory)

        after = self._change(changed)
        self._store.scrub()
        return held - len(after.vocabulary.ids)

    def edit(self, word: str, *, to: str | None = None, count: int | None = None) -> None:
        """Change the spelling or the count of a word. Two words that become equal are added up.

        Raises:
            SettingsError: the word is not held, the new spelling is no word, or the count is below
                1.
            PersonalError: the file cannot be written to.
        """
        if to is not None and not self._cutter.is_word(readable(to)):
            raise SettingsError(f"{to!r} is not a single word for the model's tokeniser")
        if to is not None and self._cutter.screen.refusal(to) is not None:
            raise SettingsError("the new form looks like a secret, which is never stored")
        if count is not None and not 1 <= count < 1 << 31:
            raise SettingsError(f"a count must be at least 1 and below 2^31, not {count}")
        self._change(lambda memory: edited(memory, word, to, count))
        if to is not None:
            self._store.scrub()

    def export(self) -> Iterator[str]:
        """Yield what is held as lines of JSON, as `docs/reference/personal-file.md` describes."""
        return exported(self._held.memory)

    def import_(self, lines: Iterable[str]) -> Learned:
        """Add what `export` wrote, completely or, if a line is wrong, not at all.

        What looks like a secret is refused here too.

        Raises:
            SettingsError: a line is wrong; names the line and the error.
            PersonalError: the file cannot be written to.
        """
        imported_memory = imported(lines, self._cutter)
        before = len(self._held.memory.vocabulary.ids)
        after = self._change(lambda memory: merged(memory, imported_memory, self._limits))
        words = len(imported_memory.vocabulary.ids) - 1
        return Learned(words, len(after.vocabulary.ids) - before, dict(imported_memory.refused))

    def _change(
        self, change: Callable[[Memory], Memory], shown: Callable[[Memory], Memory] | None = None
    ) -> Memory:
        """Change the file, and show what it then holds, or what `shown` returns for that."""
        with self._changing:
            held = self._store.change(self._held, change)
            self._show(held, held.memory if shown is None else shown(held.memory))
        return held.memory

    def _show(self, held: Held, memory: Memory) -> None:
        if memory is not self._shown:
            self._view = self._view_of(memory, self._view)
        self._held, self._shown = held, memory


def _parts(cut: Cut) -> Iterator[Cut]:
    """Yield a long text in PARTS of about as many words each; a short one whole."""
    total = word_count(cut.lines)
    if total < SHORT:
        yield cut
        return
    lines, size, refused = [], 0, cut.refused
    for line in cut.lines:
        lines.append(line)
        size += len(line) + 1
        if size >= total / PARTS:
            yield Cut(lines, refused)
            lines, size, refused = [], 0, {}
    if lines:
        yield Cut(lines, refused)
