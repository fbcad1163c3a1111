"""Choose the words and phrases that together are expected to save the most keys. No models.

A word that is not shown now is probably shown after its next letters. So showing it now saves about
one letter, however long it is. A phrase saves the key that accepts each further word of it. A
phrase that begins with another suggestion is right only if that one is: of a word and a phrase that
begins with it, the word counts for the texts that continue differently.
"""

from collections.abc import Sequence

from foreword.predictor.suggest import Suggestion

SOONER = 1.3
"""The keys that are saved by showing a word now instead of some letters later."""


def most_saving(suggestions: Sequence[Suggestion], text: str, k: int) -> list[Suggestion]:
    """Return k suggestions, each the one that adds most to the keys saved by those before it.

    Args:
        suggestions: those to choose from, each with its probability.
        text: the typed text.
        k: the largest number of suggestions.
    """
    left = [(one.accepted(text), one) for one in suggestions]
    chosen: list[tuple[str, Suggestion]] = []
    while left and len(chosen) < k:
        best = max(left, key=lambda one: _gain(one, chosen, len(text)))
        left.remove(best)
        if all(written != best[0] for written, _ in chosen):
            chosen.append(best)
    return [one for _, one in chosen]


def _gain(
    one: tuple[str, Suggestion], chosen: Sequence[tuple[str, Suggestion]], typed: int
) -> float:
    """Return the expected number of keys that a suggestion saves in addition to the chosen ones."""
    written, suggestion = one
    # Subtract the savings of its longest chosen beginning, and of chosen phrases.
    before = max((_saved(w, typed) for w, _ in chosen if _begins(w, written)), default=0.0)
    longer = [other.probability for w, other in chosen if _begins(written, w)]
    return (suggestion.probability - max(longer, default=0.0)) * (_saved(written, typed) - before)


def _saved(written: str, typed: int) -> float:
    """Return the keys that accepting a text saves over accepting each of its words later."""
    return SOONER + written[typed:].strip().count(" ")


def _begins(short: str, long: str) -> bool:
    """Whether a text begins with the whole words of another one, and is longer."""
    return len(short) < len(long) and long.startswith(short) and not long[len(short)].isalnum()
