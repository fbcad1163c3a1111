"""In which case of letters a word is written. Knows words and how they are typed; no models."""

import unicodedata
from collections.abc import Sequence

from foreword.predictor.lexicon import Lexicon
from foreword.predictor.reading import Context
from foreword.text.characters import folded, unfinished_gershayim

Form = tuple[float, str]
"""A probability, and how the word is written then."""


PLURALS = ("s", "'s")
"""What stays small after an abbreviation in capitals: TVs, DVD's."""


def as_typed(text: str) -> str:
    """Letters as the vocabulary would have them, but in the case in which they were typed."""
    return unicodedata.normalize("NFC", unfinished_gershayim(folded(text)))


def written(forms: Sequence[Form], typed: str, context: Context, lexicon: Lexicon) -> str:
    """How a word is written in a context, of forms that differ in case alone.

    Capital letters that were typed stay, and all capitals go on as such. Otherwise the likeliest
    form stands; but at the beginning of a sentence, where most words have a capital, the text
    decides that has been written so far, and lower case that was typed stays. Words that the
    vocabulary knows with capitals alone, or far oftener so, keep them.

    Args:
        forms: at least one.
        typed: letters typed of it, as by `as_typed`; empty for a whole new word.
        context: before it.
        lexicon: for forms that are not among `forms`, and how common they are.
    """
    likeliest = max(forms)[1]
    if typed and typed != lexicon.case.lower(typed):
        return _in_the_case_of(typed, forms, likeliest, lexicon)
    if not context.begins_sentence:
        return likeliest
    if not typed and context.capitals > 0:
        return lexicon.case.capitalised(likeliest)
    if not typed and context.capitals == 0:
        return likeliest  # as the training text begins its sentences
    return _within_a_sentence(likeliest, lexicon, strict=context.capitals >= 0)


def _within_a_sentence(word: str, lexicon: Lexicon, *, strict: bool) -> str:
    """The form that does not owe its capital to the beginning of a sentence.

    Args:
        word: any form.
        lexicon: all forms.
        strict: prefer a form with a capital that is far commoner.
    """
    lower = lexicon.id_of(lexicon.case.lower(word))
    if lower is None:
        return word
    fold = lexicon.fold(word)
    own = strict and lexicon.has_own_capital(fold)
    return lexicon.words[lexicon.forms(fold)[0] if own else lower]


def _in_the_case_of(typed: str, forms: Sequence[Form], likeliest: str, lexicon: Lexicon) -> str:
    # O'Brien begins with O'B, and with OB whose apostrophe is to come.
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
    if typed == "Ij":
        capitalised = lexicon.case.capitalised(lexicon.case.lower(likeliest))
        if capitalised[1:2] == "J":  # Dutch
            return capitalised
    if lexicon.fold(likeliest[: len(typed)]) != lexicon.fold(typed):  # it is no completion
        return lexicon.case.capitalised(likeliest) if typed[0].isupper() else likeliest
    whole = lexicon.case.lower(likeliest) if likeliest.isupper() else likeliest
    return typed + whole[len(typed) :]
