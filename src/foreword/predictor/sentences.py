"""Where sentences begin, besides after their marks. Knows words as they are written; no models."""

import unicodedata
from collections.abc import Sequence

HEARTS = frozenset("❤♥♡💕💖💗💙💚💛💜🖤🤍🤎🧡💓💞💘💝")
"""They may stand for a word: I ❤ you."""

# No sentence begins after these and a point. Left out is what often ends one (etc., no.), and what
# is a word too (max, ex, mind). English, German, French, Spanish, Portuguese, Italian, Dutch,
# Scandinavian languages, Polish, Russian.
_ABBREVIATIONS = """
approx vs dr mr mrs ms prof st jr sr inc ltd dept vol eds pp sgt capt lt rev hon ave blvd apt viz
incl cf jan feb apr aug sept oct nov dec tue tues thu thurs
bzw usw ca evtl ggf vgl nr abb bspw inkl exkl zzgl dipl sog mme mlle env boul tél
sra srta ud uds dra pág núm aprox sigg dott ecc pag mevr dhr bijv enz blz tlf osv itp itd tzw inż
ул др стр рис тыс руб
"""
_KNOWN = frozenset(_ABBREVIATIONS.split())
_WHOLE = frozenset("I")
"""Words of one letter, which are no initials."""


def is_abbreviated(words: Sequence[str]) -> bool:
    """Whether a point that follows a word without a space belongs to it: Dr., e.g., J. S. Bach.

    >>> is_abbreviated(("see", "Dr")), is_abbreviated(("e", ".", "g")), is_abbreviated(("it",))
    (True, True, False)
    """
    if not words:
        return False
    last = words[-1]
    if len(last) == 1 and last.isalpha() and last not in _WHOLE:
        return True
    return last.casefold() in _KNOWN


def is_emoji(raw: str) -> bool:
    """Whether a word is an emoji, which may stand at the end of a sentence as a mark does.

    >>> is_emoji("😀"), is_emoji("©"), is_emoji("!")
    (True, False, False)
    """
    return bool(raw) and unicodedata.category(raw[0]) == "So" and raw[0] >= "\u2600"
