"""Suggest words of a translation while it is typed, given its source. No files.

The typed text is the beginning of the translation. Its whole words are read into the decoder's
state; the letters of its last word may be spelled by any sub-words.
"""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from heapq import nlargest
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from foreword.errors import SettingsError
from foreword.predictor.phrases import PHRASE, STARTS, Phrase, least_phrase, most_saving
from foreword.predictor.reading import readable
from foreword.predictor.suggest import Suggestion
from foreword.text.placeholders import slotted
from foreword.text.subwords import SLOT_CHARACTERS, Subwords
from foreword.translator.demands import Demands, Ids, Pieces, Prefix, is_writable
from foreword.translator.reader import KEPT, Node, Reader, pairs
from foreword.translator.search import BeamSearch, Ends, Network
from foreword.translator.spans import shown, spans_of
from foreword.translator.translation import words_of

BEAMS = 6
"""The number of beginnings of words that are followed at once."""
LONGEST_WORD = 12
"""The largest number of sub-words that a suggested word has."""
SMALLEST_SHARE = 1e-3
"""Beginnings of words that are less likely than this, given the letters, are not followed."""
LEAST_PART = 0.1
"""The largest part of a word's probability for which one way to spell it may be left out.
"""
MOST_SUBWORDS = 512
"""A source of more sub-words is refused; after a longer translation, nothing is suggested."""
_WORD = re.compile(r"\w+(?:['’-]\w+)*")


class Look(NamedTuple):
    """Where the decoder looked in the source when it read one word of the translation.

    Attributes:
        start: the offset of the word in the text.
        end: the offset after it. A last look, with start and end after the text, is that of the
            next word.
        weights: one for each of the source's words, in their order; their sum is at most 1.
    """

    start: int
    end: int
    weights: tuple[float, ...]


class Alternatives(NamedTuple):
    """Words that could replace one in a text.

    Attributes:
        start: the offset of that word.
        end: the offset after it.
        suggestions: the likeliest first, each with the probability given the text before it;
            `suggestion.accepted(text[:end])` is the text up to the word, with the word replaced.
    """

    start: int
    end: int
    suggestions: list[Suggestion]


class _Beginning(NamedTuple):
    """The beginning of a word: its log-probability, its sub-words and their bytes."""

    log: float
    ids: Ids
    written: bytes


class _Phrase(NamedTuple):
    """A phrase that is followed.

    Attributes:
        first: the index of the suggested word that it begins with.
        word: that word.
        ids: the sub-words of the text with it.
        written: the bytes after that word.
        log: the log-probability of the phrase.
        length: the number of its complete words.
    """

    first: int
    word: Suggestion
    ids: Ids
    written: bytes
    log: float
    length: int


class TranslationTypist:
    """Suggests words of the translation of one source sentence, at every keystroke.

    The answers depend only on the typed text. Results for an earlier text are kept, so that a
    further letter of the same word seldom takes a step of the decoder.
    """

    def __init__(
        self,
        network: Network,
        ends: Ends,
        pieces: Pieces,
        encode: Callable[[str], list[int]],
        source: Ids,
        *,
        originals: Sequence[str] = (),
        demands: Demands | None = None,
        beams: int = BEAMS,
        kept: int = KEPT,
    ) -> None:
        """Encode the source.

        Args:
            network: the model.
            ends: its special sub-words.
            pieces: its vocabulary.
            encode: returns the sub-words of a text.
            source: the sub-words of the source, without an end.
            originals: the placeholders that slots replace in the source, by slot.
            demands: the requirements on a whole translation.
            beams: the number of beginnings of words that are followed at once.
            kept: the number of decoder states that are kept.
        """
        self._end = ends.end
        self._originals = dict(zip(SLOT_CHARACTERS, originals, strict=False))
        slots = tuple(Subwords.slots)[: len(originals)]
        if originals:
            spelled = list(pieces.bytes)
            for slot, original in zip(slots, originals, strict=True):
                spelled[slot] = original.encode()
            pieces = Pieces(spelled)
        self._pieces, self._demands = pieces, demands
        self._encode, self._source, self._beams = encode, source, beams
        self._reader = Reader(
            network, ends, pieces, source, demands=demands, count=beams, kept=kept
        )

    def suggest(
        self, text: str, k: int = 3, *, complete: bool | None = None, phrases: bool = False
    ) -> list[Suggestion]:
        """Return the k likeliest words at the end of the typed text.

        After a space these are next words. Letters at the end are completed; if they may be a whole
        word, next words are suggested too, each by its probability.

        Args:
            text: the translation as far as it is typed.
            k: the largest number of words.
            complete: True only completes letters at the end; False takes them for a whole word;
                None weighs both.
            phrases: True returns the k words or phrases of up to `PHRASE` words that together are
                expected to save the most keys.

        Raises:
            SettingsError: k is less than 1.
            FolderError: the model's weights are so large that its scores overflow.
        """
        if k < 1:
            raise SettingsError(f"k must be at least 1, not {k}")
        if phrases:
            single = self.suggest(text, k, complete=complete)
            longer = self._phrases(text, single[:STARTS], least_phrase(single, k))
            return most_saving(single, list(longer), text, k)
        text = self._masked(text)
        whole, typed = self._parted(text)
        before, typed = tuple(self._encode(whole)), self._shown(typed)
        if len(before) > MOST_SUBWORDS:
            return []
        if typed and complete is False:
            following = self._words(tuple(self._encode(text)), b" ", k)
            offered = [Suggestion(word, p, f" {word}", 0) for word, p in following.items()]
            return sorted(offered, key=lambda one: -one.probability)[:k]
        words = self._words(before, f" {typed}".encode(), k)
        offered = [
            Suggestion(word, share, word, len(typed))
            for word, share in words.items()
            if word != typed
        ]
        offered = sorted(offered, key=lambda one: -one.probability)[:k]
        finished = words.get(typed, 0.0) if typed and not complete else 0.0
        # A word after the typed one is at most as likely as the typed one is a whole word.
        least = offered[-1].probability if len(offered) == k else 0.0
        if finished > least:
            following = self._words(tuple(self._encode(text)), b" ", k, least / finished)
            offered += [
                Suggestion(word, finished * share, f" {word}", 0)
                for word, share in following.items()
            ]
        return sorted(offered, key=lambda one: -one.probability)[:k]

    def _phrases(self, text: str, words: Sequence[Suggestion], least: float) -> Iterator[Phrase]:
        """Yield phrases that begin with suggested words: the likeliest words after each.

        Args:
            text: the typed text.
            words: the first words of phrases.
            least: less probable phrases are not followed.
        """
        bound = _log(least)
        live = []
        for first, word in enumerate(words):
            ids = tuple(self._encode(self._masked(word.accepted(text))))
            live.append(_Phrase(first, word, ids, b"", _log(word.probability), 1))
        while live := [one for one in live if one.log > bound and len(one.ids) <= MOST_SUBWORDS]:
            nodes = self._reader.after([one.ids for one in live])
            longer = []
            for one, node in zip(live, nodes, strict=True):
                first, word, ids, written, log, length = one
                # The first sub-word after the suggested word does not make it longer.
                over = self._reader.over
                index = int(node.logs.argmax() if written else over[node.logs[over].argmax()])
                piece = self._pieces.bytes[index]
                if not written:
                    log -= node.ending
                elif index == self._end or piece.startswith(b" "):
                    length += 1
                    more = written.decode("utf-8", "replace")
                    chance = math.exp(min(log + node.ending, 0.0))
                    longest = Suggestion(word.word + more, chance, word.text + more, word.replaces)
                    yield Phrase(first, length, longest)
                if index != self._end and length < PHRASE:
                    log += float(node.logs[index])
                    ids, written = (*ids, index), written + piece
                    longer.append(_Phrase(first, word, ids, written, log, length))
            live = longer

    def rest(self, text: str) -> str:
        """Return the text that completes the typed text to a whole translation, by greedy search.

        Empty if no translation can contain the typed text, such as one with a control character.
        """
        text = self._masked(text)
        whole, typed = self._parted(text)
        is_whole = not text or any(slot in typed for slot in self._originals)
        ids = tuple(self._encode(text if is_whole else whole))
        if len(ids) > MOST_SUBWORDS or not is_writable(text):
            return ""
        letters = b"" if is_whole else f" {typed}".encode()
        plain = self._demands or Demands(pieces=self._pieces, end=self._end)
        demands = replace(plain, pieces=self._pieces, prefix=Prefix(ids, letters))
        longest = int(BeamSearch.ratio * len(self._source)) + BeamSearch.more
        for remaining in range(longest + demands.length - len(ids), 1, -1):
            index = self._likeliest(ids, demands, remaining)
            if index is None:
                return ""
            if index == self._end:
                break
            ids = (*ids, index)
        written = self._pieces.of(ids).decode("utf-8", "replace")
        return written.removeprefix(" ")[len(self._shown(text)) :]

    def _likeliest(self, ids: Ids, demands: Demands, remaining: int) -> int | None:
        """Return the likeliest sub-word after others, or a missing term at the end.

        Args:
            ids: the sub-words.
            demands: on the whole translation.
            remaining: how many sub-words may still be written, the end included.

        Returns:
            None if no sub-word meets the demands.
        """
        (node,) = self._reader.after([ids])
        end, logs = self._end, node.logs.copy()
        is_over = int(logs.argmax()) == end
        if not ids:
            logs[end] = -np.inf
        if not demands.are_met(ids):
            demands.limit(logs, ids, remaining)
            missing = demands.next(ids)
            if is_over and len(missing) and logs[missing].max() > -np.inf:
                return int(missing[logs[missing].argmax()])
        best = int(logs.argmax())
        return best if logs[best] > -np.inf else None

    def alternatives(self, text: str, offset: int, k: int = 3) -> "Alternatives":
        """Return words that could replace a typed one, given the text before it.

        Args:
            text: the translation as far as it is typed.
            offset: of any character of the word in the text.
            k: the largest number of words.

        Returns:
            No words if there is no word at the offset.
        """
        text = readable(text)
        word = next(
            (one for one in _WORD.finditer(text) if one.start() <= offset < one.end()), None
        )
        if word is None:
            return Alternatives(offset, offset, [])
        whole, _, touching = self._masked(text[: word.start()]).rpartition(" ")
        before, touching = tuple(self._encode(whole)), self._shown(touching)
        if len(before) > MOST_SUBWORDS:
            return Alternatives(*word.span(), [])
        words = self._words(before, f" {touching}".encode(), k + 1)
        others = [
            Suggestion(other, share, other, len(word[0]))
            for other, share in ((one[len(touching) :], p) for one, p in words.items())
            if other and other != word[0]
        ]
        others.sort(key=lambda one: -one.probability)
        return Alternatives(*word.span(), others[:k])

    def looks(self, text: str) -> list[Look]:
        """Return the decoder's attention for each typed word, and for the next one.

        Empty if the model has no attention, or the text is too long to be read.
        """
        text = self._masked(text)
        ids = tuple(self._encode(text))
        if len(ids) > MOST_SUBWORDS:
            return []
        nodes = self._reader.after([ids[:t] for t in range(len(ids) + 1)])
        if nodes[0].attention is None:
            return []
        attention = np.array([node.attention for node in nodes])
        of_source = words_of(self._source, self._pieces.bytes)
        weights = np.stack(
            [attention[:, positions].sum(1) for positions in of_source]
            or [attention[:, :0].sum(1)],
            1,
        )[:, : len(of_source)]
        of_text = words_of(ids, self._pieces.bytes)
        looks = [
            Look(start, end, tuple(weights[at].mean(0).tolist()))
            for (start, end), at in zip(spans_of(text, self._originals), of_text, strict=False)
        ]
        end = len(self._shown(text))
        return [*looks, Look(end, end, tuple(weights[-1].tolist()))]

    def words(self, source: str) -> list[tuple[int, int]]:
        """Return the start and the end of each word of the source, in the order of `Look`."""
        return spans_of(self._masked(source), self._originals)

    def _masked(self, text: str) -> str:
        """Return a text as it is read, with slots in place of the source's placeholders."""
        return slotted(readable(text), tuple(self._originals.values()))

    def _parted(self, text: str) -> tuple[str, str]:
        """Return the whole words of a text, and the letters of a last one that may continue.

        A placeholder may contain spaces, as in tags with attributes and names of several words.
        """
        for original in self._originals.values():
            first, space, _ = original.partition(" ")
            begin = text.rfind(f"{first} ") if space else -1
            if begin >= 0 and original.startswith(text[begin:]) and not text[:begin][-1:].isalnum():
                return text[:begin].removesuffix(" "), text[begin:]
        whole, _, typed = text.rpartition(" ")
        return whole, typed

    def _shown(self, text: str) -> str:
        """Return a text with the placeholders in place of their slots."""
        return shown(text, self._originals)

    def _words(self, before: Ids, letters: bytes, k: int, wanted: float = 0.0) -> dict[str, float]:
        """Return words that begin with letters, each with its probability given these letters.

        Args:
            before: the sub-words before them.
            letters: their bytes, including the space before them.
            k: the number of words to return besides the letters themselves.
            wanted: the smallest probability of interest.
                Beginnings of words that are less likely than `LEAST_PART` of it are not followed.
        """
        live = [_Beginning(0.0, (), b"")]
        words: dict[bytes, float] = {}
        total = -math.inf  # of everything that begins with the letters
        for _ in range(LONGEST_WORD):
            longer: list[tuple[float, int, _Beginning]] = []
            nodes = self._reader.after([before + one.ids for one in live])
            for one, node in zip(live, nodes, strict=True):
                rest = letters[len(one.written) :]
                if not rest:
                    ending = one.log + node.ending
                    words[one.written] = _log_add(words.get(one.written, -math.inf), ending)
                    going = node.going
                else:
                    of_letters = node.logs[self._pieces.longer(rest)]
                    total = _log_add(total, one.log + _log_sum(of_letters))
                    going = self._matching(rest, node)
                longer += [(one.log + log, index, one) for index, log in going]
            least = total + math.log(max(SMALLEST_SHARE, wanted * LEAST_PART))
            likeliest = nlargest(self._beams, longer, key=itemgetter(0))
            live = [
                _Beginning(log, (*one.ids, index), one.written + self._pieces.bytes[index])
                for log, index, one in likeliest
                if log > least
            ]
            enough = sorted(words.values(), reverse=True)[: k + 1]
            if len(enough) > k:  # others can no longer be among the requested words
                live = [one for one in live if one.log > enough[-1]]
            if not live:
                break
        return {
            text: math.exp(log - total)
            for text, log in ((_text(word), log) for word, log in words.items())
            if log > -np.inf and (any(map(str.isalnum, text)) or text in self._originals.values())
        }

    def _matching(self, rest: bytes, node: Node) -> list[tuple[int, float]]:
        """Return the likeliest sub-words that continue with these letters, as `Node.going`."""
        going = self._pieces.matching(rest)
        if len(going) > self._beams:
            best = np.argpartition(-node.logs[going], self._beams - 1)[: self._beams]
            going = going[best]
        return pairs(going, node.logs)


def _log(probability: float) -> float:
    return math.log(probability) if probability > 0 else -math.inf


def _log_add(one: float, other: float) -> float:
    """Return the log of the sum of two probabilities."""
    most, least = max(one, other), min(one, other)
    return most if least == -math.inf else most + math.log1p(math.exp(least - most))


def _log_sum(logs: np.ndarray) -> float:
    """Return the log of the sum of probabilities, in float64; minus infinity without any."""
    most = logs.max(initial=-np.inf)
    if most == -np.inf:
        return float(most)
    return float(most) + math.log(np.exp(logs - most).sum(dtype=np.float64))


def _text(written: bytes) -> str:
    return written.decode("utf-8", "replace").strip()
