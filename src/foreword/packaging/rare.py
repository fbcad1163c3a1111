"""Words of a text that are too rare for a model's vocabulary, to be completed all the same."""

import re
from collections import Counter
from collections.abc import Iterable

from foreword.text.tokenizer import Tokenizer

_WORD = re.compile(r"[^\W\d_]{3,}(?:['-][^\W\d_]+)*")
"""Letters; a word of one or two is typed as soon as it is found."""


MOST = 30_000
"""The number of words that are kept unless another is given, the most frequent first."""
MANY_NEW = 0.02
"""The share of words that a text must lack for new words to be completed."""


def rare_words(
    lines: Iterable[tuple[str, int]], tokenizer: Tokenizer, fewest: int = 1, most: int = MOST
) -> list[str]:
    """Return the words of lines that a vocabulary lacks in every form, in alphabetical order.

    Each is in the form that is commonest within lines, since at their beginning most have a
    capital.

    Args:
        lines: the text, and how often each of its words counts.
        tokenizer: the vocabulary, and how lines are cut into words.
        fewest: how often a word must occur.
        most: the number of words that are kept, the most frequent first.
    """
    known = {word.casefold() for word in tokenizer.words}
    known |= {word.replace("'", "") for word in known}
    seen: Counter[str] = Counter()
    within: Counter[str] = Counter()
    for line, worth in lines:
        words = [w for w in tokenizer.cut(line) if _WORD.fullmatch(w)]
        words = [w for w in words if w.casefold() not in known]
        seen.update({fold: worth * n for fold, n in Counter(map(str.casefold, words)).items()})
        within.update(word for word in words if not line.startswith(word))
    forms: dict[str, str] = {}
    for word in sorted(within, key=lambda word: (within[word], word)):
        forms[word.casefold()] = word
    kept = sorted((fold for fold in seen if seen[fold] >= fewest), key=lambda fold: -seen[fold])
    return [forms.get(fold, fold) for fold in sorted(kept[:most])]


def has_many_new(lines: Iterable[str], tokenizer: Tokenizer, rare: Iterable[str]) -> bool:
    """Whether lines have many words that are neither in a vocabulary nor rare words.

    Args:
        lines: text that was held out.
        tokenizer: the vocabulary, and how lines are cut into words.
        rare: the rare words.
    """
    known = {word.casefold() for word in (*tokenizer.words, *rare)}
    words = [w for line in lines for w in tokenizer.cut(line) if _WORD.fullmatch(w)]
    new = sum(word.casefold() not in known for word in words)
    return new >= MANY_NEW * max(len(words), 1)
