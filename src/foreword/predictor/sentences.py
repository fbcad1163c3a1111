"""Find where sentences begin besides after punctuation. Knows written words; no models."""

import re
import unicodedata
from collections.abc import Sequence

from foreword.text.abbreviations import Abbreviations

HEARTS = frozenset("❤♥♡💕💖💗💙💚💛💜🖤🤍🤎🧡💓💞💘💝")
"""Emoji that may stand for a word within a sentence: I ❤ you."""

# No sentence begins after these with a full stop, or none whose capital the model must be told.
# Left out are abbreviations that are words too (no, ex, mind), for which the training text decides.
# English, German, French, Spanish, Portuguese, Italian, Dutch, Scandinavian languages, Polish,
# Russian.
_ABBREVIATIONS = """
approx etc vs dr mr mrs ms prof st jr sr inc ltd dept vol eds pp sgt capt lt rev hon ave blvd apt
viz incl cf jan feb apr aug sept oct nov dec tue tues thu thurs govt assoc corp bros mfg misc esp
lbs oz ft hrs hr mins yrs yr mos
bzw usw ca evtl ggf vgl nr abb bspw inkl exkl zzgl dipl sog mme mlle env boul tél
ej sra srta ud uds dra pág núm aprox sigg dott ecc pag mevr dhr bijv enz blz tlf osv itp itd tzw inż
ул др стр рис тыс руб
"""
_KNOWN = frozenset(_ABBREVIATIONS.split())
_TITLES = frozenset(
    (
        *("dr", "mr", "mrs", "ms", "prof", "st", "sgt", "capt", "lt", "rev", "hon", "mme", "mlle"),
        *("sra", "srta", "dra", "sigg", "dott", "mevr", "ул"),
    )
)
"""Abbreviations that a name follows, which a model knows best from `Dr.` with its full stop."""
_SMALL = frozenset(("max", "min", "resp", "tel", "fig", "op", "cit"))
"""Abbreviations only in lower case, since Max. may end a sentence."""
_BEFORE_MORE = frozenset(("e.g", "i.e", "z.b", "d.h", "u.a", "p.ex", "b.v"))
"""Abbreviations of several words that the sentence goes on after."""
_WHOLE = frozenset("I")
"""Words of one letter that are not initials."""
DOTTED = re.compile(r"(?<![^\W_])(?:[^\W\d_]{1,2}\.)+[^\W\d_](?![^\W_])\.?")
"""An abbreviation of letters and full stops: e.g., p.m., Ph.D., U.S."""


def is_abbreviated(words: Sequence[str], known: Abbreviations) -> bool:
    """Whether a full stop right after a word belongs to it: Dr., e.g., J. S. Bach.

    >>> is_abbreviated(("see", "Dr"), {}), is_abbreviated(("e", ".", "g"), {})
    (True, True)
    >>> is_abbreviated(("No",), {}), is_abbreviated(("No",), {"no": (9, 1)})
    (False, True)

    Args:
        words: the words up to the full stop.
        known: the abbreviations of the training text.
    """
    if not words:
        return False
    last = words[-1]
    if len(last) == 1 and last.isalpha() and last not in _WHOLE:
        return True
    return last.casefold() in known or last.casefold() in _KNOWN or last in _SMALL


def is_read_without_stop(words: Sequence[str], known: Abbreviations) -> bool:
    """Whether a model that saw few abbreviations predicts better without this one's full stop.

    Such a model takes every full stop for the end of a sentence, so that after `It takes approx.`
    it expects the words that begin one.

    >>> is_read_without_stop(("takes", "approx"), {}), is_read_without_stop(("met", "Dr"), {})
    (True, False)

    Args:
        words: the words up to the full stop.
        known: the abbreviations of the training text, whose full stops the model has learned.
    """
    last = words[-1].casefold() if words else ""
    if last not in known and "".join(words[-3:]).casefold() in _BEFORE_MORE:
        return True
    return (last in _KNOWN or last in _SMALL) and last not in known and last not in _TITLES


def is_emoji(raw: str) -> bool:
    """Whether a word is an emoji, which like a mark may end a sentence.

    >>> is_emoji("😀"), is_emoji("©"), is_emoji("!")
    (True, False, False)
    """
    return bool(raw) and unicodedata.category(raw[0]) == "So" and raw[0] >= "\u2600"
