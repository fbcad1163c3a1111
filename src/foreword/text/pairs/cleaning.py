"""Leave out pairs of sentences that would teach a translator nothing, or something wrong."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from foreword.errors import SettingsError
from foreword.text.detection import detect, detectable
from foreword.text.pairs.pairs import Pairs

CHARACTERS_A_WORD = 8
"""The number of characters that count as a word, for scripts without spaces between words."""
FEWEST = 100
"""The least number of pairs from which the usual ratio of lengths is estimated."""
SURE, SURE_FROM = 0.9, 20
"""The smallest probability and number of characters for which a side counts as another language."""
_LEAST_SPREAD = 0.5


@dataclass(frozen=True)
class CleaningRules:
    """Which pairs are left out.

    Attributes:
        longest: the most words of a sentence; a word counts at most `CHARACTERS_A_WORD` characters.
        spread: how far the lengths of both sides may be from the text's own ratio, in standard
            deviations of the text (Gale and Church 1993); 0 leaves out none for its ratio.
        same: leave out pairs whose sides are the same, apart from case.
        repeated: leave out pairs that have occurred already.
        languages: leave out pairs of which a side of `SURE_FROM` characters or more is in another
            language with a probability of `SURE` or more; the languages of the pairs must be known.
    """

    longest: int = 200
    spread: float = 6.0
    same: bool = True
    repeated: bool = True
    languages: bool = False

    def __post_init__(self) -> None:
        """Raises SettingsError: a value is out of range."""
        if self.longest < 1:
            raise SettingsError(f"the longest sentence has at least 1 word, not {self.longest}")
        if not self.spread >= 0:
            raise SettingsError(f"the spread of lengths must be 0 or more, not {self.spread}")


def clean(pairs: Pairs, rules: CleaningRules | None = None) -> tuple[Pairs, dict[str, int]]:
    """Return the pairs that follow the rules, and how many others there were, by reason.

    Each pair counts for the first rule that it breaks.

    Raises:
        SettingsError: the rules check languages, and those of the pairs are unknown, or the
            detector does not know them.
        MissingExtraError: the detector is not installed.
    """
    rules = rules or CleaningRules()
    reasons: Counter[str] = Counter()
    seen: set[tuple[str, str]] = set()
    kept = []
    for index, (source, target) in enumerate(zip(pairs.sources, pairs.targets, strict=True)):
        if not source or not target:
            reasons["empty on one side"] += 1
        elif rules.same and source.casefold() == target.casefold():
            reasons["the same on both sides"] += 1
        elif max(_words(source), _words(target)) > rules.longest:
            reasons[f"longer than {rules.longest} words"] += 1
        elif rules.repeated and (source, target) in seen:
            reasons["repeated"] += 1
        else:
            seen.add((source, target))
            kept.append(index)
    indices = np.array(kept, np.int64)
    if rules.spread and len(indices) >= FEWEST:
        usual = _deviations(pairs, indices) <= rules.spread
        if not usual.all():
            reasons["of very unequal lengths"] = int((~usual).sum())
        indices = indices[usual]
    if rules.languages:
        is_meant = _in_their_languages(pairs, indices)
        if not is_meant.all():
            reasons["in another language"] = int((~is_meant).sum())
        indices = indices[is_meant]
    return pairs.taken(indices), dict(reasons)


def _in_their_languages(pairs: Pairs, indices: np.ndarray) -> np.ndarray:
    """Return for each pair whether no side is surely in another language."""
    languages = [code.partition("-")[0] for code in pairs.languages]
    for language in languages:
        if language not in detectable():
            fault = f"the detector does not know {language!r}" if language else "set both"
            raise SettingsError(
                "to leave out pairs in other languages, source_language and target_language must "
                f"be known: {fault}"
            )

    def is_other(text: str, language: str) -> bool:
        if len(text) < SURE_FROM:
            return False
        told, probability = detect(text)
        return told != language and probability >= SURE

    sides = (pairs.sources, pairs.targets)
    return np.array(
        [not any(map(is_other, (side[index] for side in sides), languages)) for index in indices],
        bool,
    )


def _words(text: str) -> int:
    return max(len(text.split()), len(text) // CHARACTERS_A_WORD)


def _deviations(pairs: Pairs, indices: np.ndarray) -> np.ndarray:
    """Return how far each pair's lengths are from the usual ratio, in standard deviations.

    As in Gale and Church (1993), the variance of a translation's length grows with the length. The
    ratio and the variance are those of the text's middle half, so that wrong pairs do not move
    them.
    """
    sources, targets = (
        np.array([len(side[index]) for index in indices], np.float64)
        for side in (pairs.sources, pairs.targets)
    )
    ratio = np.exp(np.median(np.log(targets / sources)))
    deviations = (targets - ratio * sources) / np.sqrt(targets + ratio * sources)
    spread = max(_LEAST_SPREAD, 1.4826 * float(np.median(np.abs(deviations))))
    result: np.ndarray = np.abs(deviations) / spread
    return result
