"""Choose the case in which a word is written. Knows words and typed letters; no models."""

import unicodedata
from collections.abc import Sequence

from foreword.predictor.lexicon import Lexicon
from foreword.predictor.reading import Context
from foreword.text.characters import as_if_continued, folded

Form = tuple[float, str]
"""A probability, and the spelling that has it."""


PLURALS = ("s", "'s")
"""Endings that stay in lower case after an abbreviation in capitals: TVs, DVD's."""


def as_typed(text: str) -> str:
    """Return letters in the vocabulary's spelling, but in the case in which they were typed."""
    return unicodedata.normalize("NFC", as_if_continued(folded(text)))


def written(forms: Sequence[Form], typed: str, context: Context, lexicon: Lexicon) -> str:
    """Return the spelling of a word in its context, of forms that differ only in case.

    Typed capitals stay, and a word in all capitals continues so. Otherwise the most probable form
    is used. At the beginning of a sentence, where most words have a capital, the text so far
    decides, and typed lower case stays. Words that have capitals always, or far more often than
    not, keep them.

    Args:
        forms: the forms, at least one.
        typed: the letters typed, from `as_typed`; empty for a new word.
        context: the context before the word.
        lexicon: all forms of the word, and how frequent they are.
    """
    likeliest = max(forms)[1]
    if typed and typed != lexicon.case.lower(typed):
        return _in_typed_case(typed, forms, likeliest, lexicon)
    if not context.begins_sentence:
        return likeliest
    if not typed and context.capitals > 0:
        return lexicon.case.capitalised(likeliest)
    if not typed and context.capitals == 0:
        return likeliest  # as sentences begin in the training text
    return _within_a_sentence(likeliest, lexicon, strict=context.capitals >= 0)


def _within_a_sentence(word: str, lexicon: Lexicon, *, strict: bool) -> str:
    """Return the form whose capital is not due to the beginning of a sentence.

    Args:
        word: any form.
        lexicon: all forms.
        strict: whether to prefer a form with a capital that is far more frequent.
    """
    lower = lexicon.id_of(lexicon.case.lower(word))
    if lower is None:
        return word
    fold = lexicon.fold(word)
    own = strict and lexicon.has_own_capital(fold)
    return lexicon.words[lexicon.forms(fold)[0] if own else lower]


def _in_typed_case(typed: str, forms: Sequence[Form], likeliest: str, lexicon: Lexicon) -> str:
    # O'Brien begins with O'B, and with OB if the apostrophe was not typed.
    exact = [form for form in forms if form[1].replace("'", "").startswith(typed.replace("'", ""))]
    if typed.isupper() and sum(map(str.isalpha, typed)) > 1:
        own = [form for form in exact if form[1] != lexicon.case.upper(form[1])]
        if own:
            return max(own)[1]
        ending = lexicon.case.lower(likeliest[len(typed) :])
        is_short = lexicon.forms(lexicon.fold(typed))[:1] == [lexicon.id_of(typed)]
        if (
            is_short
            and ending in PLURALS
            and lexicon.fold(likeliest[: len(typed)]) == lexicon.fold(typed)
        ):
            return typed + ending
        return lexicon.case.upper(likeliest.replace("ß", "ẞ") if "ẞ" in typed else likeliest)
    if exact:
        return max(exact)[1]
    clitic, apostrophe, rest = typed.partition("'")
    if len(rest) > 1 and rest.isupper() and likeliest.startswith(clitic + apostrophe):
        return clitic + apostrophe + lexicon.case.upper(likeliest[len(clitic) + 1 :])
    if typed == "Ij":
        capitalised = lexicon.case.capitalised(lexicon.case.lower(likeliest))
        if capitalised[1:2] == "J":  # Dutch
            return capitalised
    if lexicon.fold(likeliest[: len(typed)]) != lexicon.fold(typed):  # not a completion
        return lexicon.case.capitalised(likeliest) if typed[0].isupper() else likeliest
    whole = lexicon.case.lower(likeliest) if likeliest.isupper() else likeliest
    return typed + whole[len(typed) :]
