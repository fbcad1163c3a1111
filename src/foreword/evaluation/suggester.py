"""Use a model as the simulated typist's predictor. Never imports torch."""

from foreword.predictor.personal.adapting import network_of
from foreword.predictor.personal.personal import Personal
from foreword.predictor.predictor import Predictor

SPARE = 12
"""The number of additional next words requested, since marks among them are dropped."""


class Suggester:
    """Suggests next words, or completions of the word being typed, as a keyboard shows them.

    A text that ends in a letter ends within a word, however complete it looks: after `like`, the
    typist may continue to `likely`. Marks are not suggested.
    """

    def __init__(self, predictor: Predictor, personal: Personal | None = None) -> None:
        """Take a model, and a layer of someone's own words over it."""
        self._typist = predictor.typist(layer=personal)

    def suggest(self, text: str, k: int) -> list[str]:
        """Return at most k words that differ in more than case, the most probable first."""
        suggestions = self._typist.suggest(text, k + SPARE, complete=True)
        return [s.word for s in suggestions if any(map(str.isalnum, s.word))][:k]


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
