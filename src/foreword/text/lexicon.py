"""Learn which words of two languages translate each other, from sentence pairs. No networks."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from foreword.text.pair_batches import Ids
from foreword.text.placeholders import WORD
from foreword.text.shortlist import links_of, translations_of

COMMON = 100
"""The number of the commonest words of each language. A pair of two of them is left out, since most
are at positions where no name could be.
"""
SMALLEST_SHARE = 0.2
"""The smallest share of a word's occurrences that the other word of a pair must explain."""
MOST_LINKS = 2_000_000
"""See `foreword.text.shortlist.MOST_LINKS`."""


def learn_lexicon(sources: Sequence[str], targets: Sequence[str]) -> dict[str, str]:
    """Return translations of words of the sources, where each is the likeliest one of the other.

    They come from IBM's model 1; see `foreword.text.shortlist.learn_shortlist`.
    """
    cut = [[WORD.findall(sentence) for sentence in side] for side in (sources, targets)]
    counts = [Counter(word for words in side for word in words) for side in cut]
    words = [*dict.fromkeys((*counts[0], *counts[1]))]
    ids = {word: index for index, word in enumerate(words)}
    read, written = (
        Ids.of([[ids[word] for word in sentence] for sentence in side]) for side in cut
    )
    links = links_of(read, written, MOST_LINKS)
    pairs, shares, of_target = translations_of(*links, len(words))
    source, target = np.divmod(pairs, len(words))
    is_best = _is_best(source, shares) & _is_best(target, of_target)
    kept = is_best & (np.minimum(shares, of_target) >= SMALLEST_SHARE)
    translated = zip(source[kept].tolist(), target[kept].tolist(), strict=True)
    common = [_common(side) for side in counts]
    return {
        words[one]: words[other]
        for one, other in translated
        if not (words[one].lower() in common[0] and words[other].lower() in common[1])
    }


def _is_best(words: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return which pairs have the first of the largest shares of those of their words."""
    order = np.lexsort((-shares, words))
    is_best = np.zeros(len(words), bool)
    is_best[order[np.unique(words[order], return_index=True)[1]]] = True
    return is_best


def _common(counts: Counter[str]) -> set[str]:
    """Return the commonest words in lower case."""
    lower = Counter({word: count for word, count in counts.items() if word.islower()})
    return {word for word, _ in lower.most_common(COMMON)}
