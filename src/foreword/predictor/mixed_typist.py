"""Suggest the words of several models in one list, for people who mix languages.

Each model keeps its own vocabulary, tokeniser and typist. Knows no networks.
"""

import math
from collections.abc import Iterable, Sequence

from foreword.errors import SettingsError
from foreword.predictor.layer import Layer
from foreword.predictor.predictor import Predictor
from foreword.predictor.slips import QWERTY, Layout
from foreword.predictor.suggest import Suggestion

SWITCH = 0.1
"""P(the language may change at a word), and is then any of them: the fixed share."""
WORDS = 32
"""The number of last words from which the weights follow. By then, a fixed share of `SWITCH` has
forgotten all but 3 % of what was before."""
CHARACTERS = 512
"""The number of last characters in which these words are looked for."""
LEAST = 0.2
"""The least weight, relative to the largest, of a model that is asked for words."""
BEYOND = 3
"""The number of words beyond those wanted for which a model is asked, since another model may
suggest them too."""

Weights = tuple[float, ...]


class MixedTypist:
    """Suggests while one user types in several languages, each by the model of its own.

    P(word | text) is the sum over the models of weight times P(word | text, model). The weights are
    a Bayesian mixture that may change its expert at every word: they are multiplied by the
    frequency of each word in the model's language, divided by their sum, and mixed with equal
    weights by the share `SWITCH`. Letters of an unfinished word count as the sum over all words
    that begin so. Words that no model knows change nothing. So the answers depend on the text
    alone. Source: Herbster and Warmuth 1998, Tracking the best expert, the fixed-share update.

    A model with less than `LEAST` of the largest weight is not asked and does not read, unless the
    others have too few words. So most keystrokes take as long as with one model.

    Make one for each user or field, as of `Typist`. Thread-safe.
    """

    def __init__(
        self,
        models: Sequence[Predictor],
        *,
        tolerant: bool = False,
        layer: Layer | None = None,
        offensive: bool = False,
        blocked: Iterable[str] = (),
        layout: Layout = QWERTY,
    ) -> None:
        """Take the models, and options that hold for all of them, as of `Predictor.suggest`.

        Args:
            models: at least two.
            tolerant: consider slips even if words begin as typed.
            layer: another opinion on the next word, mixed into the words of the first model.
            offensive: whether to suggest offensive words too.
            blocked: further words that are never suggested.
            layout: the layout of the keys, for slips.

        Raises:
            SettingsError: there are fewer than two models.
        """
        if len(models) < 2:
            raise SettingsError(f"a mixture needs at least two models, not {len(models)}")
        blocked = list(blocked)
        self._typists = [
            model.typist(
                tolerant=tolerant,
                layer=layer if number == 0 else None,
                offensive=offensive,
                blocked=blocked,
                layout=layout,
            )
            for number, model in enumerate(models)
        ]
        self._folds = [model.lexicon.fold for model in models]
        self._frequencies = [model.word_frequencies for model in models]
        # Replaced as a whole, so that a thread sees either the old or the new one.
        self._known: tuple[str, Weights] = ("", self._equal)

    def suggest(self, text: str, k: int = 3, *, complete: bool | None = None) -> list[Suggestion]:
        """Return the k most probable words at the end of a text; see `Predictor.suggest`.

        A word that several models suggest is one suggestion: the probabilities are added, and it is
        written as the model that contributes most writes it.
        """
        if k < 1:
            raise SettingsError(f"k must be at least 1, not {k}")
        weights = self.weights(text, complete=complete)
        least = LEAST * max(weights)
        offered: dict[str, Suggestion] = {}
        contributed: dict[str, float] = {}
        for number in sorted(range(len(weights)), key=weights.__getitem__, reverse=True):
            weight = weights[number]
            if weight < least and len(offered) >= k:
                break
            fold = self._folds[number]
            typist = self._typists[number]
            for suggestion in typist.suggest(text, k + BEYOND, complete=complete):
                share = weight * suggestion.probability
                word = fold(suggestion.word)
                total = share
                if (same := offered.get(word)) is not None:
                    total += same.probability
                    if share <= contributed[word]:
                        offered[word] = same._replace(probability=total)
                        continue
                contributed[word] = share
                offered[word] = suggestion._replace(probability=total)
        ranked = sorted(offered.values(), key=lambda suggestion: -suggestion.probability)
        return ranked[:k]

    def weights(self, text: str, *, complete: bool | None = None) -> Weights:
        """Return the weight of each model at the end of a text, in their order; they sum to 1.

        Args:
            text: as for `suggest`.
            complete: False takes letters at the end as a whole word; otherwise they are the
                beginning of one.
        """
        seen = text[-CHARACTERS:]
        pieces = seen.split()
        last = pieces.pop() if pieces and not seen[-1].isspace() else ""
        before = seen[: len(seen) - len(last)]
        known, weights = self._known
        if known != before:
            if len(seen) < len(text) and not seen[0].isspace():
                pieces = pieces[1:]  # its beginning may be missing
            weights = self._equal
            for piece in pieces[-WORDS:]:
                weights = self._after(weights, piece)
            self._known = before, weights
        if not last:
            return weights
        if complete is False:
            return self._after(weights, last)
        return _by_bayes(weights, self._shares(last, is_unfinished=True))

    @property
    def _equal(self) -> Weights:
        return (1 / len(self._typists),) * len(self._typists)

    def _after(self, weights: Weights, piece: str) -> Weights:
        """Return the weights at the word after a piece of text between spaces."""
        shares = self._shares(piece)
        if not shares:
            return weights
        judged = _by_bayes(weights, shares)
        return tuple((1 - SWITCH) * weight + SWITCH / len(judged) for weight in judged)

    def _shares(self, piece: str, *, is_unfinished: bool = False) -> list[float]:
        """Return ln P(a piece of text) in each language; nothing if no model knows it."""
        shares = [each.share(piece, is_unfinished=is_unfinished) for each in self._frequencies]
        return [share for share, _ in shares] if any(known for _, known in shares) else []

    def forget(self) -> None:
        """Forget the text that was read."""
        for typist in self._typists:
            typist.forget()
        self._known = "", self._equal


def _by_bayes(weights: Weights, shares: Sequence[float]) -> Weights:
    """Return weights times the exponentials of `shares`, normalised; as they are without any."""
    if not shares:
        return weights
    highest = max(shares)
    products = [
        weight * math.exp(share - highest) for weight, share in zip(weights, shares, strict=True)
    ]
    total = sum(products)
    return tuple(product / total for product in products)
