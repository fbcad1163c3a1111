"""Separate words that were typed without the space: dontknow. Knows words and one state."""

import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from foreword.predictor.engine import Engine, shares_of
from foreword.predictor.lexicon import Lexicon
from foreword.predictor.lockstep import Advance, Scores, Work
from foreword.predictor.state import State
from foreword.text.segments import is_unspaced

NO_SPACE = 5e-3
"""P(the space between two words is not typed), on the scale of the edits of `slips`; a guess."""
SHORTEST, LONGEST, WEIGHED = 4, 32, 3
"""The smallest and largest number of letters, and how many ways to divide them are weighed.
"""
SHORT, COMMON = 2, 1000
"""Words of two letters, and all of three words, count only if they are among this many most
frequent words.
"""


class Apart(NamedTuple):
    """Words that may have been typed without spaces.

    Attributes:
        ids: the words, each in its most frequent form.
        share: P(first word | state), in any form.
        weight: P(the further words | the first) P(no spaces are typed).
    """

    ids: tuple[int, ...]
    share: float
    weight: float


def apart(
    engine: Engine,
    lexicon: Lexicon,
    state: State,
    letters: str,
    blocks: Callable[[str], bool] | None = None,
) -> Work[Apart | None]:
    """Return the likeliest two words that unknown letters consist of, or three; None without.

    Args:
        engine: the model.
        lexicon: its words.
        state: the state before the letters.
        letters: they begin no word.
        blocks: whether a folded word is withheld.
    """
    fold = lexicon.fold(letters)
    if not SHORTEST <= len(fold) <= LONGEST or not fold.isalpha() or is_unspaced(fold):
        return None
    forms: dict[str, np.ndarray] = {}

    def is_word(part: str, is_of_three: bool = False) -> bool:
        if not lexicon.has(part) or (blocks is not None and blocks(part)):
            return False
        # The readings of careless letters, and all cases of a word.
        forms[part] = np.union1d(lexicon.readings(part), lexicon.forms(part)).astype(np.int64)
        is_free = len(part) > SHORT and not is_of_three
        return is_free or bool(forms[part].min() < COMMON)

    parted = list(_parted(fold, 2, is_word))
    if not parted:
        parted = list(_parted(fold, 3, partial(is_word, is_of_three=True)))
    if not parted:
        return None
    shares = shares_of((yield Scores(engine, state)))
    firsts = [float(shares[forms[parts[0]]].sum()) for parts in parted]
    # Frequency is about 1/rank (Zipf).
    rough = [
        share / math.prod(int(forms[part].min()) for part in further)
        for share, (_, *further) in zip(firsts, parted, strict=True)
    ]
    order = sorted(range(len(parted)), key=rough.__getitem__, reverse=True)
    best = None
    for way in order[:WEIGHED]:
        weight, after = 1.0, state
        for part, following in pairwise(parted[way]):
            scores = yield Scores(engine, after, forms[part])
            likeliest = forms[part][scores.argmax()]
            after = yield Advance(engine, after, int(likeliest))
            further = shares_of((yield Scores(engine, after)))
            weight *= float(further[forms[following]].sum()) * NO_SPACE
        if best is None or firsts[way] * weight > best.share * best.weight:
            ids = tuple(int(forms[part].min()) for part in parted[way])
            best = Apart(ids, firsts[way], weight)
    return best


def _parted(fold: str, parts: int, is_word: Callable[[str], bool]) -> Iterator[tuple[str, ...]]:
    """Yield the ways to divide folded letters into words."""
    if parts == 1:
        if is_word(fold):
            yield (fold,)
        return
    for k in range(1, len(fold) - parts + 2):
        if is_word(fold[:k]):
            for further in _parted(fold[k:], parts - 1, is_word):
                yield (fold[:k], *further)
