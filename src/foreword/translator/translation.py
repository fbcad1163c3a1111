"""A translation: its text, its confidence, and the source words of its words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from foreword.folder.calibration import Calibration
from foreword.text.subwords import SLOT_CHARACTERS, Subwords
from foreword.translator.search import Hypothesis

ALIGNED = 0.5
"""A word is aligned with the source word that it attends to most, and with each that has at least
this share of that word's weight."""


@dataclass(frozen=True)
class TranslatedWord:
    """A word of a translation.

    Attributes:
        text: as it stands between spaces.
        confidence: the probability that it is right, if the model is calibrated; otherwise the
            probability of its sub-words, given the source and the words before. 1 for copied and
            remembered words.
        sources: the positions, from 0, of the source words that the decoder attended to for it;
            none without attention.
    """

    text: str
    confidence: float
    sources: tuple[int, ...]


@dataclass(frozen=True)
class Alternative:
    """Another translation.

    Attributes:
        text: the whole translation.
        score: as `Translation.score`.
    """

    text: str
    score: float


@dataclass(frozen=True)
class Translation:
    """A translation.

    Attributes:
        text: the translation, with the lines of its source; empty if the translator abstained.
        score: the log-probabilities of its sentences, each divided by its length's penalty.
        confidence: the expected share of its words that are right, if the model is calibrated;
            otherwise the geometric mean of the probabilities of its sub-words. 0 to 1; 1 if
            everything was copied or remembered; otherwise these parts do not count.
        words: its words, in their order.
        alternatives: the next best translations, the best first.
        abstained: whether the confidence was below the requested one.
        from_memory: the lines and sentences of the source whose translations were taken from a
            translation memory.
    """

    text: str
    score: float
    confidence: float
    words: tuple[TranslatedWord, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    abstained: bool = False
    from_memory: tuple[str, ...] = ()

    @property
    def alignment(self) -> tuple[tuple[int, int], ...]:
        """The pairs (number of a word of the translation, number of a word of the source)."""
        return tuple((k, source) for k, word in enumerate(self.words) for source in word.sources)


@dataclass(frozen=True)
class Piece:
    """The translation of a part of a text, or of several parts in a row.

    Attributes:
        texts: the n best texts and their scores, the best first.
        words: of the best one; `sources` are numbers of words of this part.
        source_words: how many words the part of the source has.
        log_probability: of all its sub-words, in nats.
        count: how many these are.
        right: how many of its words are expected to be right, if that is known.
        judged: the number of these words.
        from_memory: the parts of the source whose translations were remembered.
    """

    texts: tuple[tuple[str, float], ...]
    words: tuple[TranslatedWord, ...]
    source_words: int
    log_probability: float = 0.0
    count: int = 0
    right: float = 0.0
    judged: int = 0
    from_memory: tuple[str, ...] = ()


def copied(text: str) -> Piece:
    """Return a part of the source as its own translation."""
    words = tuple(TranslatedWord(word, 1.0, (k,)) for k, word in enumerate(text.split()))
    return Piece(((text, 0.0),), words, len(words))


def remembered(source: str, translation: str) -> Piece:
    """Return the translation of a part of the source that a memory has."""
    words = tuple(TranslatedWord(word, 1.0, ()) for word in translation.split())
    texts = ((translation, 0.0),)
    return Piece(texts, words, len(source.split()), from_memory=(source,))


def piece_of(
    source: Sequence[int],
    hypotheses: Sequence[Hypothesis],
    subwords: Subwords,
    n: int,
    originals: Sequence[str] = (),
    calibration: Calibration | None = None,
) -> Piece:
    """Return the translation of a sentence from what a search has found, the best first.

    Args:
        source: the sub-words of the sentence.
        hypotheses: its translations.
        subwords: the vocabulary.
        n: the number of requested texts.
        originals: the placeholder of each slot in the text.
        calibration: that of the confidences.
    """
    slots = dict(zip(map(ord, SLOT_CHARACTERS), originals, strict=False))

    def text_of(ids: Sequence[int]) -> str:
        text = subwords.decode(ids)
        return text.translate(slots) if slots else text

    texts: dict[str, float] = {}
    for one in hypotheses:
        texts.setdefault(text_of(one.ids), one.score)
    best = hypotheses[0]
    words, of_source = (words_of(ids, subwords.bytes) for ids in (best.ids, source))
    logs = best.log_probabilities.tolist()
    sources = _sources(best.attention, words, of_source)
    chances = [sum(logs[word.start : word.stop]) for word in words]
    if calibration is None:
        chances = [math.exp(chance) for chance in chances]
    else:
        mean = sum(logs) / len(logs)
        chances = [calibration.chance(chance, mean) for chance in chances]
    return Piece(
        tuple(texts.items())[:n],
        tuple(
            TranslatedWord(text_of(best.ids[word.start : word.stop]), chance, from_words)
            for word, chance, from_words in zip(words, chances, sources, strict=True)
        ),
        len(of_source),
        sum(logs),
        len(logs),
        # For a sentence, a translation without words is wrong.
        **({} if calibration is None else {"right": sum(chances), "judged": len(words) or 1}),
    )


def words_of(ids: Sequence[int], pieces: Sequence[bytes]) -> list[range]:
    """Return the positions of each word's sub-words; a word begins after a space.

    Args:
        ids: the sub-words.
        pieces: the bytes of all sub-words by id.
    """
    words: list[range] = []
    is_inside = False
    for position, index in enumerate(ids):
        letters = pieces[index] or b"\x00"  # a slot replaces letters
        if letters.isspace():
            is_inside = False
            continue
        begins = letters[:1].isspace() or not is_inside
        first = position if begins else words.pop().start
        words.append(range(first, position + 1))
        is_inside = True
    return words


def _sources(
    attention: np.ndarray | None, words: Sequence[range], source: Sequence[range]
) -> list[tuple[int, ...]]:
    """Return for each word the source words that the decoder attended to."""
    if attention is None or not source:
        return [()] * len(words)
    T, S = attention.shape
    weights = _sums_of(words, T) @ attention @ _sums_of(source, S).T
    of_words: list[list[int]] = [[] for _ in words]
    are_sources = weights >= ALIGNED * weights.max(1, keepdims=True)
    for word, source_word in zip(*(at.tolist() for at in are_sources.nonzero()), strict=True):
        of_words[word].append(source_word)
    return [tuple(numbers) for numbers in of_words]


def _sums_of(words: Sequence[range], length: int) -> np.ndarray:
    """Return the matrix (W, length) that sums over the sub-words of each word."""
    sums = np.zeros((len(words), length), np.float32)
    for row, word in zip(sums, words, strict=True):
        row[word.start : word.stop] = 1
    return sums


def joined(pieces: Sequence[Piece], n: int) -> Piece:
    """Return the translation of all parts of a text, with the n best of their combinations."""
    if len(pieces) == 1:
        return pieces[0]
    words: list[TranslatedWord] = []
    before = 0
    for piece in pieces:
        words += [
            TranslatedWord(word.text, word.confidence, tuple(k + before for k in word.sources))
            for word in piece.words
        ]
        before += piece.source_words
    if n == 1:
        texts: tuple[tuple[str, float], ...] = (
            ("".join(p.texts[0][0] for p in pieces), sum(p.texts[0][1] for p in pieces)),
        )
    else:
        texts = reduce(lambda some, piece: _combined(some, piece.texts, n), pieces, (("", 0.0),))
    return Piece(
        texts,
        tuple(words),
        before,
        sum(piece.log_probability for piece in pieces),
        sum(piece.count for piece in pieces),
        sum(piece.right for piece in pieces),
        sum(piece.judged for piece in pieces),
        tuple(source for piece in pieces for source in piece.from_memory),
    )


def _combined(
    some: tuple[tuple[str, float], ...], others: tuple[tuple[str, float], ...], n: int
) -> tuple[tuple[str, float], ...]:
    """Return the n best of all pairs."""
    pairs = [(one + other, score + more) for one, score in some for other, more in others]
    return tuple(sorted(pairs, key=lambda pair: -pair[1])[:n])


def finished(piece: Piece, abstain: float | None) -> Translation:
    """Return the translation of a whole text."""
    if piece.judged:
        confidence = piece.right / piece.judged
    else:
        confidence = math.exp(piece.log_probability / piece.count) if piece.count else 1.0
    text, score = piece.texts[0]
    if abstain is not None and confidence < abstain:
        return Translation("", score, confidence, abstained=True)
    others = tuple(Alternative(*pair) for pair in piece.texts[1:])
    return Translation(text, score, confidence, piece.words, others, from_memory=piece.from_memory)
