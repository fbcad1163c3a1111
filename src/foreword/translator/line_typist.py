"""Suggest words while the translation of a line of several sentences is typed. No files.

The line is divided into sentences as for translating, since models are trained on single ones. The
typed text is divided by the same rule, and its n-th sentence is the translation of the line's n-th
one.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import pairwise

from foreword.predictor.suggest import Suggestion
from foreword.translator.parts import Part, ends_of_sentences
from foreword.translator.spans import words_in
from foreword.translator.typist import Alternatives, Look, TranslationTypist

KEPT_SENTENCES = 2
"""The number of sentences whose typists are kept: the one being typed, and the one before it."""


class LineTypist:
    """Suggests words as a `TranslationTypist` does, sentence by sentence.

    If the typed text has fewer sentences than the line, the remaining ones wait; if it has more,
    the additional ones belong to the line's last sentence.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        begin: Callable[[str], TranslationTypist],
        is_copied: Callable[[str], bool],
    ) -> None:
        """Take the parts of a line, of which at least one is a sentence.

        Args:
            parts: all of them, in their order.
            begin: returns the typist of a sentence.
            is_copied: decides which words are copied.
        """
        self._begin = begin
        self._sentences: list[str] = []
        self._starts: list[int] = []
        self._before: list[str] = []
        offset, copied = 0, ""
        for part in parts:
            if part.is_copied:
                copied += part.text
            else:
                self._sentences.append(part.text)
                self._starts.append(offset)
                self._before.append(copied)
                copied = ""
            offset += len(part.text)
        self._words = [words_in(sentence, is_copied) for sentence in self._sentences]
        self._typists: OrderedDict[int, TranslationTypist] = OrderedDict()
        self._looks: dict[int, tuple[str, list[Look]]] = {}

    def suggest(
        self, text: str, k: int = 3, *, complete: bool | None = None, phrases: bool = False
    ) -> list[Suggestion]:
        """Return the k likeliest words at the end; see `TranslationTypist.suggest`.

        After the mark that ends a sentence, these are words of the next one.
        """
        begins = self._begins(text)
        if self._is_closed(text, len(begins)):
            following = self._typist(len(begins)).suggest("", k, phrases=phrases)
            return [one._replace(text=f" {one.text}") for one in following]
        typist = self._typist(len(begins) - 1)
        return typist.suggest(text[begins[-1] :], k, complete=complete, phrases=phrases)

    def rest(self, text: str) -> str:
        """Return the rest of the sentence that is typed; at its end, the next sentence."""
        begins = self._begins(text)
        if self._is_closed(text, len(begins)):
            return self._before[len(begins)] + self._typist(len(begins)).rest("")
        return self._typist(len(begins) - 1).rest(text[begins[-1] :])

    def alternatives(self, text: str, offset: int, k: int = 3) -> Alternatives:
        """Return words that could replace one; see `TranslationTypist.alternatives`."""
        begins = self._begins(text)
        n = max(0, bisect_right(begins, offset) - 1)
        begin, end = [*begins, len(text)][n : n + 2]
        others = self._typist(n).alternatives(text[begin:end], offset - begin, k)
        return others._replace(start=others.start + begin, end=others.end + begin)

    def looks(self, text: str) -> list[Look]:
        """Return where the decoder looked; see `TranslationTypist.looks`.

        For the next word, only words of the sentence that is typed have a weight.
        """
        begins = [*self._begins(text), len(text)]
        looks: list[Look] = []
        for n, (begin, end) in enumerate(pairwise(begins)):
            typed = text[begin:end]
            is_last = n == len(begins) - 2
            before = sum(map(len, self._words[:n]))
            after = sum(map(len, self._words[n + 1 :]))
            of_sentence = self._looks_of(n, typed)
            looks += [
                Look(
                    look.start + begin,
                    look.end + begin,
                    (0.0,) * before + look.weights + (0.0,) * after,
                )
                for look in (of_sentence if is_last else of_sentence[:-1])
            ]
        return looks

    def words(self, source: str) -> list[tuple[int, int]]:
        """Return the start and the end of each word of the line, in the order of `Look`."""
        indent = len(source) - len(source.lstrip())
        return [
            (indent + start + first, indent + start + last)
            for start, spans in zip(self._starts, self._words, strict=True)
            for first, last in spans
        ]

    def _begins(self, text: str) -> list[int]:
        """Return where each typed sentence begins."""
        return [0, *ends_of_sentences(text)][: len(self._sentences)]

    def _is_closed(self, text: str, count: int) -> bool:
        """Whether the last of `count` sentences ends with its mark, and another one follows it."""
        if count == len(self._sentences) or text != text.rstrip():
            return False
        return len(text) + 1 in ends_of_sentences(f"{text} ")

    def _typist(self, n: int) -> TranslationTypist:
        if n not in self._typists:
            self._typists[n] = self._begin(self._sentences[n])
            if len(self._typists) > KEPT_SENTENCES:
                self._typists.popitem(last=False)
        self._typists.move_to_end(n)
        return self._typists[n]

    def _looks_of(self, n: int, typed: str) -> list[Look]:
        """Return the looks of a sentence; those of finished ones are kept."""
        if self._looks.get(n, ("", []))[0] != typed or not typed:
            self._looks[n] = typed, self._typist(n).looks(typed)
        return self._looks[n][1]


AnyTypist = TranslationTypist | LineTypist
"""What `Translator.typist` returns."""
