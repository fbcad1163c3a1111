"""Suggest the words of several models in one list, for people who mix languages.

Each model keeps its own vocabulary, tokeniser and typist. Knows no networks.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, lru_cache, partial
from operator import mul

from foreword.errors import SettingsError
from foreword.predictor.compiled_typist import CompiledMixedTypist
from foreword.predictor.layer import Layer
from foreword.predictor.lockstep import Work, alone
from foreword.predictor.predictor import Predictor
from foreword.predictor.reading import MARKS, beginning, readable
from foreword.predictor.slips import QWERTY, Layout
from foreword.predictor.suggest import Suggestion
from foreword.predictor.typist import Typist
from foreword.predictor.word_frequencies import WordFrequencies

SWITCH = 0.1
"""P(the language may change at a word), and is then any of them: the fixed share."""
CHARACTERS = 256
"""The weights follow from at least this many last characters of a text, and from fewer than twice
as many. A fixed share of `SWITCH` has forgotten what was before."""
LEAST = 0.5
"""The least weight, relative to the largest, of a model that is asked for words."""
BEYOND = 3
"""The number of words beyond those wanted for which a model is asked, since another model may
suggest them too."""
REMEMBERED = 4096
"""The number of words and beginnings of words whose likelihoods are cached."""

Weights = tuple[float, ...]


class MixedTypist:
    """Suggests while one user types in several languages, each by the model of its own.

    P(word | text) is the sum over the models of weight times P(word | text, model). The weights are
    a Bayesian mixture that may change its expert at every word: they are multiplied by the
    frequency of each word in the model's language, divided by their sum, and mixed with equal
    weights by the share `SWITCH`. Letters of an unfinished word count as the sum over all words
    that begin so. Words that no model knows change nothing. So the answers depend on the text
    alone. Source: Herbster and Warmuth 1998, Tracking the best expert, the fixed-share update.

    A model with less than `LEAST` of the largest weight is not asked and does not read.

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
        marks: int = MARKS,
    ) -> None:
        """Take the models, and options that hold for all of them, as of `Predictor.suggest`.

        Args:
            models: at least two.
            tolerant: consider slips even if words begin as typed.
            layer: another opinion on the next word, mixed into the words of the first model.
            offensive: whether to suggest offensive words too.
            blocked: further words that are never suggested.
            layout: the layout of the keys, for slips.
            marks: the most word boundaries of a text at which each model's state is kept.

        Raises:
            SettingsError: there are fewer than two models.
        """
        if len(models) < 2:
            raise SettingsError(f"a mixture needs at least two models, not {len(models)}")
        blocked = list(blocked)
        self._models = tuple(models)
        self._given = (tolerant, layer, offensive, blocked, layout, marks)
        self._compiled = None
        readers = [model.compiled_reader for model in models]
        # The core knows the neighbours of keys by their rows alone, and no layers.
        if all(readers) and layer is None and type(layout) is Layout:
            self._compiled = CompiledMixedTypist(
                filter(None, readers),
                tolerant=tolerant,
                offensive=offensive,
                blocked=blocked,
                layout=layout,
                marks=marks,
            )
        # Replaced as a whole, so that a thread sees either the old or the new one.
        self._known: tuple[str, Weights] = ("", self._equal)

    def suggest(
        self, text: str, k: int = 3, *, complete: bool | None = None, phrases: bool = False
    ) -> list[Suggestion]:
        """Return the k most probable words at the end of a text; see `Predictor.suggest`.

        A word that several models suggest is one suggestion: the probabilities are added, and it is
        written as the model that contributes most writes it. Phrases are suggested only where one
        model is asked, since they are of one language.
        """
        if k < 1:
            raise SettingsError(f"k must be at least 1, not {k}")
        if self._compiled is not None:
            return self._compiled.suggest(text, k, complete, phrases)
        return alone(self._suggesting(text, k, complete, phrases))

    def suggesting(
        self, text: str, k: int = 3, *, complete: bool | None = None, phrases: bool = False
    ) -> Work[list[Suggestion]]:
        """Suggest as work that can be combined with that of other users; see `lockstep`."""
        if k < 1:
            raise SettingsError(f"k must be at least 1, not {k}")
        if self._compiled is not None:
            return self._compiled.suggesting(text, k, complete, phrases)
        return self._suggesting(text, k, complete, phrases)

    def _suggesting(
        self, text: str, k: int, complete: bool | None, phrases: bool
    ) -> Work[list[Suggestion]]:
        weights = self.weights(text, complete=complete)
        least = LEAST * max(weights)
        asked = [number for number, weight in enumerate(weights) if weight >= least]
        if len(asked) == 1:
            return (yield from self._asked(asked[0], weights, text, k, complete, phrases))
        merged: dict[str, Suggestion] = {}
        contributed: dict[str, float] = {}
        for number in asked:
            fold = self._folds[number]
            offered = yield from self._asked(number, weights, text, k + BEYOND, complete, False)
            for suggestion in offered:
                word, share = fold(suggestion.word), suggestion.probability
                if (same := merged.get(word)) is None:
                    merged[word], contributed[word] = suggestion, share
                    continue
                form = suggestion if share > contributed[word] else same
                contributed[word] = max(share, contributed[word])
                merged[word] = form._replace(probability=same.probability + share)
        return sorted(merged.values(), key=lambda suggestion: -suggestion.probability)[:k]

    def _asked(
        self,
        number: int,
        weights: Weights,
        text: str,
        k: int,
        complete: bool | None,
        phrases: bool,
    ) -> Work[list[Suggestion]]:
        """Return what a model suggests, with probabilities times its weight."""
        weight, typist = weights[number], self._typists[number]
        offered = yield from typist.suggesting(text, k, complete=complete, phrases=phrases)
        return [
            Suggestion(word, weight * share, written, replaces)
            for word, share, written, replaces in offered
        ]

    def weights(self, text: str, *, complete: bool | None = None) -> Weights:
        """Return the weight of each model at the end of a text, in their order; they sum to 1.

        Args:
            text: as for `suggest`.
            complete: False takes letters at the end as a whole word; otherwise they are the
                beginning of one.
        """
        if self._compiled is not None:
            return self._compiled.weights(text, complete)
        begin, _ = beginning(text, CHARACTERS)
        seen = readable(text[begin:])
        last = "" if not seen or seen[-1].isspace() else seen.rsplit(None, 1)[-1]
        before = seen[: len(seen) - len(last)]
        known, weights = self._known
        if not before.startswith(known):
            known, weights = "", self._equal
        if before != known:
            for piece in before[len(known) :].split():
                weights = self._after(weights, piece)
            self._known = (before, weights)
        if not last:
            return weights
        if complete is False:
            return self._after(weights, last)
        return _by_bayes(weights, self._likelihoods(last, True))

    @property
    def _equal(self) -> Weights:
        return (1 / len(self._models),) * len(self._models)

    def _after(self, weights: Weights, piece: str) -> Weights:
        """Return the weights at the word after a piece of text between spaces."""
        likelihoods = self._likelihoods(piece, False)
        if not likelihoods:
            return weights
        judged = _by_bayes(weights, likelihoods)
        return tuple([(1 - SWITCH) * weight + SWITCH / len(judged) for weight in judged])

    @cached_property
    def _typists(self) -> list[Typist]:
        tolerant, layer, offensive, blocked, layout, marks = self._given
        return [
            model.typist(
                tolerant=tolerant,
                layer=layer if number == 0 else None,
                offensive=offensive,
                blocked=blocked,
                layout=layout,
                marks=marks,
            )
            for number, model in enumerate(self._models)
        ]

    @cached_property
    def _folds(self) -> list[Callable[[str], str]]:
        return [model.lexicon.fold for model in self._models]

    @cached_property
    def _likelihoods(self) -> Callable[[str, bool], Weights]:
        languages = [model.word_frequencies for model in self._models]
        return lru_cache(maxsize=REMEMBERED)(partial(_likelihoods, languages))

    def forget(self) -> None:
        """Forget the text that was read."""
        if self._compiled is not None:
            self._compiled.forget()
            return
        for typist in self._typists:
            typist.forget()
        self._known = ("", self._equal)


def typist_of(
    models: Sequence[Predictor],
    *,
    tolerant: bool = False,
    layer: Layer | None = None,
    offensive: bool = False,
    blocked: Iterable[str] = (),
) -> Typist | MixedTypist:
    """Return a typist of one model, or one that mixes several; the options are those of both."""
    make: Callable[..., Typist | MixedTypist] = (
        models[0].typist if len(models) == 1 else partial(MixedTypist, models)
    )
    return make(tolerant=tolerant, layer=layer, offensive=offensive, blocked=blocked)


def _likelihoods(languages: Sequence[WordFrequencies], piece: str, is_unfinished: bool) -> Weights:
    """Return P(a piece of text) in each language relative to the highest; () if none knows it."""
    shares = [language.share(piece, is_unfinished) for language in languages]
    if not any(is_known for _, is_known in shares):
        return ()
    highest = max(share for share, _ in shares)
    return tuple(math.exp(share - highest) for share, _ in shares)


def _by_bayes(weights: Weights, likelihoods: Weights) -> Weights:
    """Return weights times likelihoods, normalised; the weights as they are without any."""
    if not likelihoods:
        return weights
    products = list(map(mul, weights, likelihoods))
    total = sum(products)
    return tuple([product / total for product in products])
