"""Where sentences begin, besides after their marks. Knows words as they are written; no models."""

import unicodedata
from collections.abc import Sequence

from foreword.text.abbreviations import Abbreviations

HEARTS = frozenset("❤♥♡💕💖💗💙💚💛💜🖤🤍🤎🧡💓💞💘💝")
"""They may stand for a word: I ❤ you."""

# No sentence begins after these and a point, or none that a capital must show: the model then
# tells the next word's case. Left out is what is a word too (no, ex, mind), of which the training
# text tells. English, German, French, Spanish, Portuguese, Italian, Dutch, Scandinavian languages,
# Polish, Russian.
_ABBREVIATIONS = """
approx etc vs dr mr mrs ms prof st jr sr inc ltd dept vol eds pp sgt capt lt rev hon ave blvd apt
viz incl cf jan feb apr aug sept oct nov dec tue tues thu thurs
bzw usw ca evtl ggf vgl nr abb bspw inkl exkl zzgl dipl sog mme mlle env boul tél
ej sra srta ud uds dra pág núm aprox sigg dott ecc pag mevr dhr bijv enz blz tlf osv itp itd tzw inż
ул др стр рис тыс руб
"""
_KNOWN = frozenset(_ABBREVIATIONS.split())
_SMALL = frozenset(("max", "min", "resp", "tel", "fig", "op", "cit"))
"""The same in lower case alone: Max. may end a sentence."""
_WHOLE = frozenset("I")
"""Words of one letter, which are no initials."""


def is_abbreviated(words: Sequence[str], known: Abbreviations) -> bool:
    """Whether a point that follows a word without a space belongs to it: Dr., e.g., J. S. Bach.

    >>> is_abbreviated(("see", "Dr"), {}), is_abbreviated(("e", ".", "g"), {})
    (True, True)
    >>> is_abbreviated(("No",), {}), is_abbreviated(("No",), {"no": (9, 1)})
    (False, True)

    Args:
        words: up to the point.
        known: from the training text.
    """
    if not words:
        return False
    last = words[-1]
    if len(last) == 1 and last.isalpha() and last not in _WHOLE:
        return True
    return last.casefold() in known or last.casefold() in _KNOWN or last in _SMALL


def is_emoji(raw: str) -> bool:
    """Whether a word is an emoji, which may stand at the end of a sentence as a mark does.

    >>> is_emoji("😀"), is_emoji("©"), is_emoji("!")
    (True, False, False)
    """
    return bool(raw) and unicodedata.category(raw[0]) == "So" and raw[0] >= "\u2600"
