"""Text in, its translation out: `Translator`. Runs on numpy; never imports torch."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from os import PathLike
from typing import TYPE_CHECKING, NamedTuple, overload

from foreword.errors import SettingsError
from foreword.folder.installed import find_folder
from foreword.folder.translation_store import TranslationFolder, read_translation
from foreword.predictor.reading import readable
from foreword.text.placeholders import masked, slotted
from foreword.text.segments import is_unspaced
from foreword.text.subwords import SLOT_CHARACTERS, Subwords
from foreword.translator.compiled_network import network_of
from foreword.translator.demands import CONTROLS, Demands, Ids, Pieces, Prefix, is_writable
from foreword.translator.line_typist import AnyTypist, LineTypist
from foreword.translator.parts import Part, halves, parts_of
from foreword.translator.reader import KEPT
from foreword.translator.search import BeamSearch, Ends, Network
from foreword.translator.terms import Terms
from foreword.translator.translation import (
    Piece,
    Translation,
    copied,
    finished,
    joined,
    piece_of,
    remembered,
)
from foreword.translator.typist import MOST_SUBWORDS, TranslationTypist

if TYPE_CHECKING:
    from foreword.folder.config import TranslationFolderConfig
    from foreword.text.pairs.memory import TranslationMemory

MOST_BEAMS = 64
LONGEST_PART = 128
"""A sentence of more sub-words is divided, since no network was trained on such long ones."""
_CACHED_WORDS, _LONGEST_CACHED = 1 << 14, 64
_DECODERS, _SENTENCES = 256, 64
"""The most hypotheses and the most sentences of a batch."""


class _Job(NamedTuple):
    """A sentence to translate, with everything that its translation depends on.

    Attributes:
        source: its sub-words, with slots in the place of placeholders.
        text: the same as text.
        required: the sub-words of terms that its translation must contain.
        prefix: how its translation must begin.
        originals: the placeholders, by slot.
    """

    source: Ids
    text: str
    required: tuple[Ids, ...]
    prefix: Prefix | None
    originals: tuple[str, ...]


class Translator:
    """A model that translates. Immutable and thread-safe."""

    def __init__(self, folder: TranslationFolder) -> None:
        self.folder = folder
        self.subwords: Subwords = folder.subwords
        self.network: Network = network_of(folder.model, folder.weights)
        self._pieces = Pieces(self.subwords.bytes)
        self._letters = frozenset(
            "".join(piece.decode("utf-8", "ignore") for piece in self.subwords.bytes)
        )
        self._has_spaces = not any(map(is_unspaced, self._letters))
        self._cached = lru_cache(_CACHED_WORDS)(self._judged)
        never = [self.subwords.pad, self.subwords.unknown, *self.subwords.slots]
        never += [k for k, piece in enumerate(self.subwords.bytes) if CONTROLS & set(piece)]
        self._ends = Ends(self.subwords.start, self.subwords.end, tuple(never))

    @classmethod
    def load(cls, folder: str | PathLike[str]) -> "Translator":
        """Load the translation model in a folder, or an installed one by its name.

        Raises:
            FolderError: the folder is missing, damaged, written by a newer Foreword, or holds a
                next-word model.
        """
        return cls(read_translation(find_folder(folder)))

    @property
    def config(self) -> "TranslationFolderConfig":
        """The whole configuration, with the records of training and evaluation.

        Raises:
            FolderError: its records cannot be used.
        """
        return self.folder.config

    @overload
    def translate(
        self,
        text: str,
        *,
        beams: int = ...,
        n: int = ...,
        prefix: str | None = ...,
        glossary: Mapping[str, str] | None = ...,
        memory: "TranslationMemory | None" = ...,
        abstain: float | None = ...,
        alpha: float = ...,
        sentences: bool = ...,
    ) -> Translation: ...

    @overload
    def translate(
        self,
        text: list[str] | tuple[str, ...],
        *,
        beams: int = ...,
        n: int = ...,
        prefix: str | None = ...,
        glossary: Mapping[str, str] | None = ...,
        memory: "TranslationMemory | None" = ...,
        abstain: float | None = ...,
        alpha: float = ...,
        sentences: bool = ...,
    ) -> list[Translation]: ...

    def translate(
        self,
        text: str | list[str] | tuple[str, ...],
        *,
        beams: int = 4,
        n: int = 1,
        prefix: str | None = None,
        glossary: Mapping[str, str] | None = None,
        memory: "TranslationMemory | None" = None,
        abstain: float | None = None,
        alpha: float = 1.0,
        sentences: bool = True,
    ) -> Translation | list[Translation]:
        """Translate a text, or each of several ones.

        Line ends, blank lines, the spaces around sentences, and text without letters stay as they
        are, and so do tags, placeholders such as {name} and %s, and addresses within a sentence.
        Each sentence is translated by itself. Lone surrogates are read as U+FFFD.

        Args:
            text: the text or texts.
            beams: the number of hypotheses of beam search; 1 is greedy search.
            n: the number of translations: the best one and `n - 1` alternatives, or fewer if no
                more differ.
            prefix: how each translation must begin. Its last word may be unfinished, unless a space
                follows it.
            glossary: terms of the target language by those of the source: where a term stands in a
                sentence as whole words, its translation must contain the other one. A term in lower
                case is found in every case.
            memory: its translations are used for whole lines and sentences that it contains, unless
                they contradict the prefix or the glossary.
            abstain: withhold a translation whose confidence is below this.
            alpha: 0 prefers the likeliest translation, which is often short; 1 the one with the
                highest mean log-probability of a sub-word, nearly; see `penalty`.
            sentences: False translates each line as a whole, for models that were trained in this
                way.

        Raises:
            SettingsError: an argument is out of range; says which.
            FolderError: the model's weights are so large that its scores overflow.
        """
        if not 1 <= beams <= MOST_BEAMS:
            raise SettingsError(f"beams must be from 1 to {MOST_BEAMS}, not {beams}")
        if not 1 <= n <= beams:
            raise SettingsError(f"n must be from 1 to beams, which is {beams}, not {n}")
        if abstain is not None and not 0 <= abstain <= 1:
            raise SettingsError(f"abstain must be a confidence from 0 to 1, not {abstain}")
        if not 0 <= alpha <= 10:
            raise SettingsError(f"alpha must be from 0 to 10, not {alpha}")
        texts = [text] if isinstance(text, str) else list(text)
        # Several divisions into sub-words may give the same text.
        wanted = 1 if n == 1 else beams
        search = BeamSearch(
            self.network,
            self._ends,
            beams=beams,
            n=wanted,
            alpha=alpha,
            shortlist=self.folder.shortlist,
        )
        terms = Terms(glossary or {}, self.subwords)
        jobs = [
            list(
                self._jobs(readable(one), terms, prefix, memory, sentences=sentences and not prefix)
            )
            for one in texts
        ]
        wanted_jobs = {job for of_text in jobs for _, job in of_text if job}
        known = self._translated(wanted_jobs, search, n)
        results = []
        for of_text in jobs:
            pieces = [
                known[job]
                if job is not None
                else copied(part.text)
                if part.known is None
                else remembered(part.text, part.known)
                for part, job in of_text
            ]
            results.append(finished(joined(pieces, n), abstain))
        return results[0] if isinstance(text, str) else results

    def typist(self, source: str, *, kept: int = KEPT, sentences: bool = True) -> AnyTypist:
        """Return a typist, which suggests words while the translation of a line is typed.

        The source's placeholders are suggested as they are, each once.

        Args:
            source: the line.
            kept: the number of decoder states that are kept between keystrokes for a sentence; each
                takes the memory of the scores of all sub-words.
            sentences: False translates the line as a whole, even if it has several sentences.

        Raises:
            SettingsError: the source has several lines, or more sub-words than can be read.
        """
        if len(source.splitlines()) > 1:
            raise SettingsError("a typist translates a single line: make one for each line")
        source = readable(source.strip())
        parts = list(parts_of(source)) if sentences else []
        several = [part.text for part in parts if not part.is_copied]
        if len(several) < 2:
            return self._typist(self._typed_job(source), kept)
        jobs = {sentence: self._typed_job(sentence) for sentence in several}
        return LineTypist(
            parts, lambda sentence: self._typist(jobs[sentence], kept), self._is_copied
        )

    def _typist(self, job: _Job, kept: int) -> TranslationTypist:
        return TranslationTypist(
            self.network, self._ends, self._pieces, self.subwords.encode, job.source,
            originals=job.originals, demands=self._demands(job), kept=kept,
        )  # fmt: skip

    def _typed_job(self, source: str) -> _Job:
        sentence = masked(source, self._is_copied)
        text, originals = (source, ()) if sentence is None else (sentence.text, sentence.originals)
        ids = tuple(self.subwords.encode(text))
        if len(ids) > MOST_SUBWORDS:
            raise SettingsError(
                f"the source has {len(ids):,} sub-words, but at most {MOST_SUBWORDS} can be "
                "translated while typing: type one sentence after the other"
            )
        return _Job(ids, text, (), None, originals)

    def _prefix(self, prefix: str | None, originals: Sequence[str]) -> Prefix | None:
        if not prefix:
            return None
        if len(prefix.splitlines()) > 1:
            raise SettingsError("the prefix must be a single line")
        if not is_writable(prefix):
            raise SettingsError(
                f"the prefix {prefix!r:.80} holds a control character, which no translation holds"
            )
        prefix = slotted(readable(prefix), originals)
        whole, _, last = prefix.rpartition(" ")
        if set(last) & set(SLOT_CHARACTERS):
            return Prefix(tuple(self.subwords.encode(prefix)), b"")
        return Prefix(tuple(self.subwords.encode(whole)), f" {last}".encode())

    def _jobs(
        self,
        text: str,
        terms: Terms,
        prefix: str | None,
        memory: "TranslationMemory | None",
        *,
        sentences: bool,
    ) -> Iterator[tuple[Part, _Job | None]]:
        """Yield the parts of a text, each with the sentence that the network translates."""

        def known(source: str) -> str | None:
            translation = None if memory is None else memory.get(source)
            if translation is None or not translation.startswith(prefix or ""):
                return None
            return translation if terms.allow(source, translation) else None

        def is_copied(word: str) -> bool:
            return self._is_copied(word) and not terms.mention(word)

        for part in parts_of(text, sentences=sentences, known=known):
            if part.known is not None:
                prefix = None
                yield part, None
                continue
            for short in self._short_enough(part):
                sentence = None if short.is_copied else masked(short.text, is_copied)
                if sentence is None:
                    yield short, None
                    continue
                if not prefix and not any(map(str.isalpha, sentence.text)):
                    yield Part(short.text, is_copied=True), None
                    continue
                source = tuple(self.subwords.encode(sentence.text))
                begin = self._prefix(prefix, sentence.originals)
                required = terms.required(sentence.text)
                yield short, _Job(source, sentence.text, required, begin, sentence.originals)
                prefix = None

    def _short_enough(self, part: Part) -> Iterator[Part]:
        """Yield parts of a part that are not too long and have not too many placeholders."""
        text = part.text
        if part.is_copied or (
            masked(text) is not None
            and (len(text) <= LONGEST_PART or len(self.subwords.encode(text)) <= LONGEST_PART)
        ):
            yield part
            return
        left, spaces, right = halves(text)
        if not left or not right:  # only a placeholder
            yield Part(text, is_copied=True)
            return
        for half in (left, spaces, right):
            for shorter in parts_of(half, sentences=False):
                yield from self._short_enough(shorter)

    def _translated(self, jobs: set[_Job], search: BeamSearch, n: int) -> dict[_Job, Piece]:
        """Translate sentences, those of like length together."""
        ordered = sorted(jobs, key=lambda job: (len(job.source), job.source))
        size = max(1, min(_SENTENCES, _DECODERS // search.beams))
        translated: dict[_Job, Piece] = {}
        for first in range(0, len(ordered), size):
            batch = ordered[first : first + size]
            results = search.run([job.source for job in batch], [*map(self._demands, batch)])
            for job, hypotheses in zip(batch, results, strict=True):
                if not hypotheses:
                    raise SettingsError(
                        "no translation holds all that is required of it, by the prefix, the "
                        f"glossary and the placeholders of “{job.text:.80}”. Require less"
                    )
                translated[job] = piece_of(
                    job.source, hypotheses, self.subwords, n, job.originals, self.folder.calibration
                )
        return translated

    def _is_copied(self, word: str) -> bool:
        """Whether a word is copied: numbers of three characters or more, and unknown names."""
        return self._cached(word) if len(word) <= _LONGEST_CACHED else self._judged(word)

    def _judged(self, word: str) -> bool:
        """Judge a word for `_is_copied`.

        A name is unknown if it is spelled unlike the words of the training text, or has a letter
        that the sub-words can only write byte by byte, since the text hardly has it. In a language
        without spaces neither is a sign of a name.
        """
        if len(word) >= 3 and any(map(str.isdecimal, word)):
            return True
        if not self._has_spaces:
            return False
        if any(letter.isalpha() and letter not in self._letters for letter in word):
            return True
        spellings = self.folder.spellings
        return spellings is not None and spellings.is_strange_name(word)

    def _demands(self, job: _Job) -> Demands | None:
        if not job.required and job.prefix is None and not job.originals:
            return None
        slots = tuple(self.subwords.slots)[: len(job.originals)]
        originals = dict(zip(slots, job.originals, strict=True))
        sides = _sides(job.text, job.originals)
        return Demands(
            pieces=self._pieces,
            end=self.subwords.end,
            prefix=job.prefix,
            required=job.required,
            once=slots,
            ordered=tuple(k for k, original in originals.items() if _has_order(original)),
            after_gap=tuple(k for k, (before, _) in zip(slots, sides, strict=True) if before),
            before_gap=tuple(k for k, (_, after) in zip(slots, sides, strict=True) if after),
        )


def _sides(text: str, originals: Sequence[str]) -> list[tuple[bool, bool]]:
    """Return for each slot whether nothing may directly precede it, and directly follow it.

    Letters would turn it into another placeholder or address, unless it is a tag or ends in a
    brace. Characters that are next to it in the source may be in the translation.
    """
    sides = []
    for slot, original in zip(SLOT_CHARACTERS, originals, strict=False):
        before, _, after = text.partition(slot)
        is_tag, is_braced = original.startswith("<"), original.endswith("}")
        sides.append(
            (
                not is_tag and not _touches(before[-1:]),
                not is_tag and not is_braced and not _touches(after[:1]),
            )
        )
    return sides


def _touches(character: str) -> bool:
    return character != "" and not character.isspace() and character not in '.,:;!?)"('


def _has_order(placeholder: str) -> bool:
    """Whether a placeholder has another meaning in another order: a tag, or %s without a name."""
    is_unnamed = placeholder.startswith("%") and not set("($") & set(placeholder)
    return placeholder.startswith("<") or placeholder == "{}" or is_unnamed
