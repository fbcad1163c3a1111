"""Suggest words of a translation while it is typed, given its source. No files.

The typed text is the beginning of the translation. Its whole words are read into the decoder's
state; the letters of its last word may go on in any sub-words that spell them.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from foreword.errors import SettingsError
from foreword.predictor.reading import readable
from foreword.predictor.suggest import Suggestion
from foreword.translator.demands import Demands, Ids, Pieces, Prefix
from foreword.translator.numpy_network import States
from foreword.translator.search import BeamSearch, Ends, Network

BEAMS = 8
"""The number of beginnings of words that are followed at once."""
LONGEST_WORD = 12
"""The largest number of sub-words that a suggested word has."""
SMALLEST_SHARE = 1e-4
"""Beginnings of words that are less likely than this, given the letters, are not followed."""
_KEPT = 500
"""The number of decoder states that are kept, each with the scores of all sub-words."""
_JOINS = (b"'", "’".encode(), b"-")
"""Marks after which a word may go on."""


class _Node(NamedTuple):
    """The decoder after some sub-words.

    Attributes:
        states: after them.
        logs: the log-probabilities of the next sub-word, (V,).
        ending: the log-probability that a word which they end is over.
        going: the likeliest sub-words that would make such a word longer.
    """

    states: States
    logs: np.ndarray
    ending: float
    going: np.ndarray


class _Beginning(NamedTuple):
    """The beginning of a word: its log-probability, its sub-words and their bytes."""

    log: float
    ids: Ids
    written: bytes


class TranslationTypist:
    """Suggests words of the translation of one source sentence, at every keystroke.

    The answers depend on the typed text alone. What was computed for an earlier text is kept, so
    that a further letter of the same word seldom takes a step of the decoder.
    """

    def __init__(
        self,
        network: Network,
        ends: Ends,
        pieces: Pieces,
        encode: Callable[[str], list[int]],
        source: Ids,
        *,
        beams: int = BEAMS,
    ) -> None:
        """Encode the source.

        Args:
            network: the model.
            ends: its special sub-words.
            pieces: its vocabulary.
            encode: returns the sub-words of a text.
            source: the sub-words of the source, without an end.
            beams: the number of beginnings of words that are followed at once.
        """
        self._network, self._ends, self._pieces = network, ends, pieces
        self._encode, self._source, self._beams = encode, source, beams
        padded = np.array([*source, ends.end])[:, None]
        self._memory, self._first = network.encode(padded, np.array([len(padded)]))
        self._nodes: dict[Ids, _Node] = {}
        joins = np.array([piece in _JOINS for piece in pieces.bytes], bool)
        goes_on = pieces.continues | joins
        self._inside, self._is_over = np.flatnonzero(goes_on), np.flatnonzero(~goes_on)
        self._never = [ends.start, *ends.never]

    def suggest(self, text: str, k: int = 3) -> list[Suggestion]:
        """Return the k likeliest words at the end of the typed text.

        After a space these are next words. Letters at the end are completed; or if they may be a
        whole word, the words that follow it are suggested too, each by its probability.

        Args:
            text: the translation as far as it is typed.
            k: the largest number of words.

        Raises:
            SettingsError: k is less than 1.
            FolderError: the model's weights are so large that its scores overflow.
        """
        if k < 1:
            raise SettingsError(f"k must be at least 1, not {k}")
        text = readable(text)
        whole, _, typed = text.rpartition(" ")
        words = self._words(tuple(self._encode(whole)), f" {typed}".encode(), k)
        offered = [
            Suggestion(word, share, word, len(typed))
            for word, share in words.items()
            if word != typed
        ]
        if typed and (finished := words.get(typed, 0.0)) > 0:
            following = self._words(tuple(self._encode(text)), b" ", k)
            offered += [
                Suggestion(word, finished * share, f" {word}", 0)
                for word, share in following.items()
            ]
        return sorted(offered, key=lambda one: -one.probability)[:k]

    def rest(self, text: str) -> str:
        """Return what completes the typed text to a whole translation, by greedy search."""
        text = readable(text)
        if not text:
            demands = None
        else:
            whole, _, typed = text.rpartition(" ")
            prefix = Prefix(tuple(self._encode(whole)), f" {typed}".encode())
            demands = Demands(pieces=self._pieces, end=self._ends.end, prefix=prefix)
        (best,) = BeamSearch(self._network, self._ends, beams=1).run([self._source], [demands])
        written = self._pieces.of(best[0].ids).decode("utf-8", "replace")
        return written.removeprefix(" ")[len(text) :]

    def _words(self, before: Ids, letters: bytes, k: int) -> dict[str, float]:
        """Return words that begin with letters, each with its probability given these letters.

        Args:
            before: the sub-words before them.
            letters: their bytes, the space before them included.
            k: the number of words that are wanted besides the letters themselves.
        """
        live = [_Beginning(0.0, (), b"")]
        words: dict[bytes, float] = {}
        total = -np.inf  # of all that begins with the letters
        for _ in range(LONGEST_WORD):
            longer: list[_Beginning] = []
            for one, node in zip(
                live, self._after([before + one.ids for one in live]), strict=True
            ):
                rest = letters[len(one.written) :]
                if not rest:
                    ending = one.log + node.ending
                    words[one.written] = np.logaddexp(words.get(one.written, -np.inf), ending)
                    going = node.going
                else:
                    of_letters = node.logs[self._pieces.longer(rest)]
                    total = np.logaddexp(total, one.log + _log_sum(of_letters))
                    going = self._matching(rest, node)
                longer += [
                    _Beginning(one.log + log, (*one.ids, index), one.written + piece)
                    for index, log in zip(going.tolist(), node.logs[going].tolist(), strict=True)
                    if (piece := self._pieces.bytes[index])
                ]
            longer.sort(key=lambda one: -one.log)
            least = total + np.log(SMALLEST_SHARE)
            live = [one for one in longer[: self._beams] if one.log > least]
            enough = sorted(words.values(), reverse=True)[: k + 1]
            if not live or (len(enough) > k and live[0].log < enough[-1]):
                break
        return {
            text: float(np.exp(log - total))
            for text, log in ((_text(word), log) for word, log in words.items())
            if any(map(str.isalnum, text)) and log > -np.inf
        }

    def _matching(self, rest: bytes, node: _Node) -> np.ndarray:
        """Return the likeliest sub-words that go on with these letters."""
        going = self._pieces.matching(rest)
        if len(going) > self._beams:
            best = np.argpartition(-node.logs[going], self._beams - 1)[: self._beams]
            going = going[best]
        return going

    def _after(self, wanted: list[Ids]) -> list[_Node]:
        """Return the decoder after each of these sub-words; those that are not known together."""
        if len(self._nodes) > _KEPT:
            self._nodes.clear()
        for ids in wanted:  # what is before the last sub-words is read first
            known = len(ids)
            while known and ids[: known - 1] not in self._nodes:
                known -= 1
            for length in range(known, len(ids)):
                self._read([ids[:length]])
        self._read([ids for ids in dict.fromkeys(wanted) if ids not in self._nodes])
        return [self._nodes[ids] for ids in wanted]

    def _read(self, all_ids: list[Ids]) -> None:
        """Read the last of each of these sub-words; the decoder before it is known."""
        if not all_ids:
            return
        before = [self._nodes[ids[:-1]].states if ids else self._first for ids in all_ids]
        states = tuple(np.concatenate(parts, 1) for parts in zip(*before, strict=True))
        last = np.array([ids[-1] if ids else self._ends.start for ids in all_ids])
        step = self._network.step(last, states, self._memory)
        all_logs = self._network.log_probabilities(step.features)
        all_logs[:, self._never] = -np.inf
        endings = all_logs[:, self._is_over]
        inside = all_logs[:, self._inside]
        count = min(self._beams, len(self._inside))
        best = np.argpartition(-inside, count - 1, 1)[:, :count]
        for n, ids in enumerate(all_ids):
            of_one = tuple(part[:, n : n + 1] for part in step.states)
            ending = _log_sum(endings[n])
            self._nodes[ids] = _Node(of_one, all_logs[n], ending, self._inside[best[n]])


def _log_sum(logs: np.ndarray) -> float:
    """Return the log of the sum of probabilities, in float64; minus infinity of none."""
    most = logs.max(initial=-np.inf)
    if most == -np.inf:
        return float(most)
    return float(most + np.log(np.exp(logs.astype(np.float64) - most).sum()))


def _text(written: bytes) -> str:
    return written.decode("utf-8", "replace").strip()
