"""Recognise languages by their codes (BCP 47), in files and in the names of files."""

import re
from functools import lru_cache
from itertools import zip_longest

from foreword.errors import MissingExtraError

LONGEST_TAG = 35
"""The most characters of a tag that is kept (RFC 5646, section 4.4.1)."""

_PARTS = re.compile(r"[._\-/\\]+")


@lru_cache(1024)
def code(tag: str) -> str:
    """Return the usual form of a language's tag: `de` for `deu`, `ger` and `DE`, `en-US` for en_us.

    A tag that no standard knows is returned in lower case. Only the first `LONGEST_TAG` characters
    of a longer one are returned.

    Raises:
        MissingExtraError: the library that knows the tags is not installed.
    """
    try:
        import langcodes
        from langcodes.tag_parser import LanguageTagError
    except ImportError as error:
        raise MissingExtraError("Reading parallel text", "translate") from error
    try:
        return langcodes.standardize_tag(tag.strip())[:LONGEST_TAG]
    except LanguageTagError:
        return tag.strip().lower()[:LONGEST_TAG]


def language(tag: str) -> str:
    """Return the language of a tag, without script and country: `pt` for `pt-BR`."""
    return code(tag).partition("-")[0]


def is_common(tag: str) -> bool:
    """Whether a tag is that of a language with a code of two letters, such as `de` or `deu`.

    Longer codes are also those of little-known languages called `txt`, `src` and `tgt`.
    """
    import langcodes

    return len(language(tag)) == 2 and langcodes.tag_is_valid(code(tag))


def languages_of_names(*names: str) -> tuple[str, ...]:
    """Return the languages that the differing parts of file names show.

    The names must differ only in codes of languages; otherwise the result is empty.

    >>> languages_of_names("text/train.de.txt", "text/train.en.txt")
    ('de', 'en')
    >>> languages_of_names("old.txt", "new.txt")
    ('', '')
    """
    parts = zip_longest(*(reversed(_PARTS.split(name)) for name in names), fillvalue="")
    differing = [part for part in parts if len(set(part)) > 1]
    if len(differing) != 1 or not all(re.fullmatch("[A-Za-z]{2,3}", tag) for tag in differing[0]):
        return ("",) * len(names)
    tags = differing[0]
    return tuple(map(code, tags)) if all(map(is_common, tags)) else ("",) * len(names)
