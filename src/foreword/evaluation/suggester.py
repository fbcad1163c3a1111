"""Use a model as the simulated typist's predictor. Never imports torch."""

from collections.abc import Iterable, Iterator

import numpy as np

from foreword.predictor.mixed_typist import MixedTypist
from foreword.predictor.personal.adapting import network_of
from foreword.predictor.personal.personal import Personal
from foreword.predictor.predictor import Predictor
from foreword.predictor.typist import Typist
from foreword.text.tokenizer import SPECIAL, Tokenizer, TokenizerConfig
from foreword.translator.translator import Translator

CASES = 2
"""The number of additional words of a translation, since some differ in case alone."""
SPARE = 12
"""The number of additional next words requested, since marks among them are dropped."""


class Suggester:
    """Suggests next words, or completions of the word being typed, as a keyboard shows them.

    A text that ends in a letter ends within a word, however complete it looks: after `like`, the
    typist may continue to `likely`. Marks are not suggested.
    """

    def __init__(
        self,
        model: Predictor | MixedTypist,
        personal: Personal | None = None,
        *,
        phrase_slots: int = 0,
    ) -> None:
        """Take a model and a layer of someone's own words over it; or several models in one.

        The first `phrase_slots` suggestions are the words and phrases that together save the most
        keys.
        """
        self._typist: Typist | MixedTypist = (
            model.typist(layer=personal) if isinstance(model, Predictor) else model
        )
        self._phrase_slots = phrase_slots

    def suggest(self, text: str, k: int) -> list[str]:
        """Return at most k suggestions that differ in more than case, the best first."""
        words = []
        if slots := min(k, self._phrase_slots):
            words = self._typist.suggest(text, slots, complete=True, phrases=True)
        if k > slots:
            words += self._typist.suggest(text, k + SPARE, complete=True)
        return list(dict.fromkeys(s.word for s in words if any(map(str.isalnum, s.word))))[:k]


_CUTTER = Tokenizer(SPECIAL, TokenizerConfig())
"""Cuts any text into words; its vocabulary is empty."""


class TranslationSuggester:
    """Suggests words and phrases of translations, each given its source."""

    def __init__(self, translator: Translator, *, phrases: bool = True) -> None:
        """Take a model, and whether phrases of several words are suggested too."""
        self._translator, self._phrases = translator, phrases
        self._typist = translator.typist("", sentences=False)

    def typed(self, pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
        """Yield the second text of each pair, to be typed given the first."""
        for source, target in pairs:
            self._typist = self._translator.typist(source, sentences=False)
            yield target

    def suggest(self, text: str, k: int) -> list[str]:
        """Return at most k words or phrases that differ in more than case, the best first."""
        *_, typed = text.split(" ")
        cut = _CUTTER.split(typed)
        start = cut[-1].start if cut and typed[-1].isalnum() else len(typed)
        words: dict[str, str] = {}
        for suggestion in self._typist.suggest(
            text, k + CASES, complete=True, phrases=self._phrases
        ):
            word = suggestion.word[start:]
            if any(map(str.isalnum, word)):
                words.setdefault(word.casefold(), word)
        return list(words.values())[:k]

    def rest(self, text: str) -> str:
        """Return what completes the text to a whole translation."""
        return self._typist.rest(text)


class Vocabulary:
    """The words of a model and their probabilities, for the keypad.

    Attributes:
        words: the words by id, the most frequent first.
    """

    def __init__(self, predictor: Predictor) -> None:
        """Take a model."""
        self.words = predictor.tokenizer.words
        self._predictor = predictor

    def fold(self, word: str) -> str:
        """Return a form that is the same for all cases of a word."""
        return self._predictor.lexicon.fold(word)

    def probabilities(self, text: str) -> np.ndarray:
        """Return P(next word | text), (V,)."""
        return self._predictor.probabilities(self._predictor.read(text))


class LearningSuggester(Suggester):
    """A suggester with a personal layer that learns each message that was sent."""

    def __init__(self, predictor: Predictor, personal: Personal) -> None:
        """Take a model and a layer, which changes."""
        super().__init__(predictor, personal)
        self._personal = personal
        self._network = network_of(predictor)

    def learn(self, text: str) -> None:
        """Learn a message, and adapt the weight of the layer."""
        self._personal.learn(text, self._network)
