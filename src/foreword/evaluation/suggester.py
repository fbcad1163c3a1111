"""A model as the simulated typist's predictor: whole words for any text. Never imports torch."""

from foreword.predictor.personal.adapting import network_of
from foreword.predictor.personal.personal import Personal
from foreword.predictor.predictor import Predictor

SPARE = 12
"""Next words that are asked for beyond k, since marks among them are left out."""


class Suggester:
    """Next words, or completions of the word that is being typed, as a keyboard shows them.

    A text that ends in a letter ends within a word, however complete that looks: whoever has typed
    `like` may go on to `likely`. Marks are not suggested.
    """

    def __init__(self, predictor: Predictor, personal: Personal | None = None) -> None:
        """Takes a model, and a layer of someone's own words over it."""
        self._typist = predictor.typist(layer=personal)

    def suggest(self, text: str, k: int) -> list[str]:
        """At most k words that differ in more than case, the likeliest first."""
        suggestions = self._typist.suggest(text, k + SPARE, complete=True)
        return [s.word for s in suggestions if any(map(str.isalnum, s.word))][:k]


class LearningSuggester(Suggester):
    """The same, with a personal layer that learns each message that was sent."""

    def __init__(self, predictor: Predictor, personal: Personal) -> None:
        """Takes a model and a layer, which changes."""
        super().__init__(predictor, personal)
        self._personal = personal
        self._network = network_of(predictor)

    def learn(self, text: str) -> None:
        """Learns a message; for its own good, how much the layer counts is adapted too."""
        self._personal.learn(text, self._network)
