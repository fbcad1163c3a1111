"""Find the terms of a glossary in sentences, and the terms that their translations must contain."""

import re
from collections.abc import Iterator, Mapping

from foreword.errors import SettingsError
from foreword.predictor.reading import readable
from foreword.text.subwords import Subwords
from foreword.translator.demands import Ids, is_writable

MOST_REQUIRED = 512
"""The most sub-words of terms that the translation of one sentence must contain."""

_TOKENS = re.compile(r"\w+|\W")
_Tokens = tuple[str, ...]


class Terms:
    """A glossary, ready to be looked up. A look-up takes no longer for a larger glossary."""

    def __init__(self, glossary: Mapping[str, str], subwords: Subwords) -> None:
        """Set the terms; one in lower case is found in every case.

        Args:
            glossary: terms of the target language by those of the source.
            subwords: divide the terms of the target language.

        Raises:
            SettingsError: a term is empty, has several lines, or holds a control character.
        """
        self._subwords = subwords
        self._exact: dict[_Tokens, str] = {}
        self._folded: dict[_Tokens, str] = {}
        self._words: set[str] = set()
        lengths: dict[str, set[int]] = {}
        for source, target in glossary.items():
            if not source.strip() or not target.strip():
                raise SettingsError(
                    f"the glossary has an empty term: {source!r} is to become {target!r}"
                )
            if len(f"{source}{target}".splitlines()) > 1:
                raise SettingsError(f"the term {source!r} of the glossary has several lines")
            if not is_writable(target):
                raise SettingsError(
                    f"the glossary's {source!r:.80} is to become {target!r:.80}, which holds a "
                    "control character: no translation holds one"
                )
            tokens, folded = _tokens_of(source.strip())
            if source.islower():
                self._folded[folded] = target.strip()
            else:
                self._exact[tokens] = target.strip()
            lengths.setdefault(folded[0], set()).add(len(folded))
            self._words.update(filter(_is_word, folded))
        # By the first token, the possible numbers of tokens, the largest first.
        self._lengths = {first: sorted(known)[::-1] for first, known in lengths.items()}

    def mention(self, word: str) -> bool:
        """Whether a term of the source has a word."""
        return not self._words.isdisjoint(_tokens_of(word)[1])

    def required(self, text: str) -> tuple[Ids, ...]:
        """Return the terms that the translation of a sentence must contain.

        Raises:
            SettingsError: these are more than a search can put into one sentence.
        """
        targets = dict.fromkeys(self._within(text))
        required = {tuple(self._subwords.encode(readable(target))): None for target in targets}
        count = sum(map(len, required))
        if count > MOST_REQUIRED:
            longest = max(targets, key=len)
            raise SettingsError(
                f"the glossary's terms for one sentence have {count:,} sub-words, and at most "
                f"{MOST_REQUIRED} can be required of its translation. Shorten or remove such as "
                f"“{longest[:40]}”"
            )
        return tuple(required)

    def allow(self, text: str, translation: str) -> bool:
        """Whether a translation of a sentence contains all required terms."""
        return all(
            re.search(rf"(?<!\w){re.escape(target)}(?!\w)", translation)
            for target in self._within(text)
        )

    def _within(self, text: str) -> Iterator[str]:
        """Yield the translations of the terms that a sentence contains as whole words."""
        if not self._lengths:
            return
        tokens, folded = _tokens_of(text)
        begin = 0
        while begin < len(tokens):
            end, target = self._at(tokens, folded, begin)
            if target is not None:
                yield target
            begin = end

    def _at(self, tokens: _Tokens, folded: _Tokens, begin: int) -> tuple[int, str | None]:
        """Return the end and the translation of the longest term at a token, or the next token."""
        if begin == 0 or not _is_word(tokens[begin - 1]):
            for length in self._lengths.get(folded[begin], ()):
                end = begin + length
                if end < len(tokens) and _is_word(tokens[end]):
                    continue
                target = self._exact.get(tokens[begin:end]) or self._folded.get(folded[begin:end])
                if target is not None:
                    return end, target
        return begin + 1, None


def _tokens_of(text: str) -> tuple[_Tokens, _Tokens]:
    """Return the words of a text and the characters between them; then the same without case."""
    tokens = tuple(_TOKENS.findall(text))
    return tokens, tuple(token.casefold() for token in tokens)


def _is_word(token: str) -> bool:
    """Whether a token is a word. Any other character is a token by itself."""
    return token[-1].isalnum() or token[-1] == "_"
