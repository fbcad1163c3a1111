"""A model as the simulated typist's predictor: whole words for any text. Never imports torch."""

from foreword.predictor.predictor import Predictor

SPARE = 30
"""Asked for beyond k, since marks and words that differ in case only are left out."""


class Suggester:
    """Next words, or completions of the word that is being typed, without doublets or marks.

    A text that ends in a letter, a digit or an apostrophe after one ends within a word, however
    complete that looks: whoever has typed `like` may go on to `likely`.
    """

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor

    def suggest(self, text: str, k: int) -> list[str]:
        """At most k words that differ in more than case, the likeliest first."""
        within = text[-1:].isalnum() or (text[-1:] in ("'", "_") and text[-2:-1].isalnum())
        found: dict[str, str] = {}
        for prediction in self.predictor.predict(text, k + SPARE, complete=within):
            if any(character.isalnum() for character in prediction.word):
                found.setdefault(prediction.word.casefold(), prediction.word)
        return list(found.values())[:k]
