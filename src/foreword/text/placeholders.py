"""Find tags and placeholders in a text, and replace them by slots, which a translator copies.

Knows nothing about models. A slot is a character of `SLOT_CHARACTERS`, one sub-word each.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from foreword.text.subwords import SLOT_CHARACTERS, SLOTS

_KINDS = (
    r"(?:https?|ftp)://[^\s<>\"“”«»]+(?<![.,;:!?)\]}'’])",
    r"\bwww\.[^\s<>\"“”«»]+(?<![.,;:!?)\]}'’])",
    r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+",
    r"(?<![\w&#/@.])[@#][^\W\d_]\w{1,60}",
    r"<!\[CDATA\[|\]\]>|</?[A-Za-z][\w:-]{0,60}(?:\s[^<>]{0,300}=[^<>]{0,300})?\s{0,9}/?>",
    r"&(?:#\d{1,7}|#x[0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});",
    r"\{\{[^{}\n]{1,80}\}\}|[$%#]?\{\s?[\w.$\-\[\]()|:%#,+]{0,60}\s?\}",
    # C's and Python's formats. A digit before one or a letter after it makes it a percentage.
    r"(?<![\d%])%(?:\d{1,2}\$)?(?:\([\w.-]{1,60}\))?[-+0#]{0,3}\d{0,3}(?:\.\d{1,2})?"
    r"(?:l{0,2}[diuxXfFeEgGcsrap]|@)(?![^\W\d_])",
)
_PLACEHOLDER = re.compile("|".join(f"(?:{kind})" for kind in _KINDS))
_SIGN = re.compile(r"[@#<\]&{%]|://|www\.")
"""Every placeholder has one of these; it is looked for first, since most sentences have none."""
_SLOT = re.compile(f"[{SLOT_CHARACTERS}]")
WORD = re.compile(r"[^\W_](?:[\w.,:/-]*[^\W_])?")
"""A word or a number, with the marks inside it."""
_BEGINNING = re.compile(rf"(\w+ )({WORD.pattern})")
_NAMES = 0.5
"""The share of pairs without shared words that practise names, not tags."""


def placeholders(text: str) -> Iterator[re.Match[str]]:
    """Yield the parts that must be unchanged in a translation.

    These are addresses (URLs, e-mail), names of accounts and topics (@name, #topic), tags and
    entities of HTML and XML, and placeholders of values in messages of programs.

    >>> [match[0] for match in placeholders("Hi {name}, <b>%d files</b> at http://a.org/b!")]
    ['{name}', '<b>', '%d', '</b>', 'http://a.org/b']
    """
    return _PLACEHOLDER.finditer(text) if _SIGN.search(text) else iter(())


def is_placeholder(text: str) -> bool:
    """Whether a text is one placeholder, and nothing else."""
    return _PLACEHOLDER.fullmatch(text) is not None


@dataclass(frozen=True)
class Masked:
    """A text with slots in place of its placeholders.

    Attributes:
        text: the text, in which each slot stands once.
        originals: the placeholders, by slot.
    """

    text: str
    originals: tuple[str, ...]


def masked(text: str, is_copied: Callable[[str], bool] = lambda _: False) -> Masked | None:
    """Replace a text's placeholders by slots, in their order.

    None if the text has more placeholders than there are slots; it must be divided first.

    Args:
        text: any text.
        is_copied: decides which words are also copied, as far as there are slots. Consecutive ones
            share a slot.
    """
    plain = _SLOT.sub("\ufffd", text)  # a character that looks like a slot is never translated
    spans = [match.span() for match in placeholders(plain)]
    left = SLOTS - len(spans)
    if left < 0:
        return None
    words = [match.span() for match in WORD.finditer(plain) if is_copied(match[0])]
    runs: list[tuple[int, int]] = []
    for begin, end in words:
        if any(begin < last and first < end for first, last in spans):
            continue
        if runs and plain[runs[-1][1] : begin] == " ":
            begin = runs.pop()[0]
        runs.append((begin, end))
    spans = sorted([*spans, *runs[:left]])
    parts, before = [], 0
    for slot, (begin, end) in zip(SLOT_CHARACTERS, spans, strict=False):
        parts += [plain[before:begin], slot]
        before = end
    return Masked("".join([*parts, plain[before:]]), tuple(plain[a:b] for a, b in spans))


def slotted(text: str, originals: Sequence[str]) -> str:
    """Replace parts of a text by the slots that stand for them, each once.

    If a part begins or ends with a letter, it must not continue a longer word.

    >>> slotted("Annas Ann", ["Ann"]) == f"Annas {SLOT_CHARACTERS[0]}"
    True

    Args:
        text: any text, such as the beginning of a translation.
        originals: the placeholders, by slot.
    """
    for slot, original in zip(SLOT_CHARACTERS, originals, strict=False):
        before = r"(?<!\w)" if original[:1].isalnum() else ""
        after = r"(?!\w)" if original[-1:].isalnum() else ""
        if original in text:
            text = re.sub(f"{before}{re.escape(original)}{after}", slot, text, count=1)
    return text


def masked_pair(source: str, target: str) -> tuple[str, str]:
    """Replace the placeholders that a sentence shares with its translation by slots.

    They must be the same on both sides, each as often; otherwise the pair stays as it is.
    """
    whole = masked(source)
    if whole is None or not whole.originals:
        return source, target
    theirs = [match[0] for match in placeholders(target)]
    if Counter(theirs) != Counter(whole.originals):
        return source, target
    # The first of several equal ones on one side is the first on the other.
    waiting = list(enumerate(whole.originals))

    def slot(match: re.Match[str]) -> str:
        at = next(at for at, (_, original) in enumerate(waiting) if original == match[0])
        return SLOT_CHARACTERS[waiting.pop(at)[0]]

    return whole.text, _PLACEHOLDER.sub(slot, target)


def practised(
    source: str, target: str, random: np.random.Generator, lexicon: Mapping[str, str] | None = None
) -> tuple[str, str]:
    """Put slots where placeholders might be, for training on text that has few of them.

    Words that are the same on both sides, such as names and numbers, become slots. Of the other
    pairs, half get slots for words that translate each other, so that slots are where names may be;
    the rest get slots around both sides, where tags may be. A pair that has slots stays as it is.

    Args:
        source: the sentence.
        target: its translation.
        random: chooses the words and the slots.
        lexicon: translations of words.
    """
    if _SLOT.search(source) or _SLOT.search(target):
        return source, target
    words, others = (Counter(WORD.findall(side)) for side in (source, target))
    once = [word for word, count in words.items() if count == 1]
    chosen = [(word, word) for word in once if others[word] == 1 and not word.islower()]
    if not chosen and lexicon:
        pairs = [(word, lexicon[word]) for word in once if others[lexicon.get(word, "")] == 1]
        if pairs and random.random() < _NAMES:
            capitals = [pair for pair in pairs if not "".join(pair).islower()]
            chosen = capitals or pairs
            source, target = _without_articles(source, target, chosen)
            left = [set(WORD.findall(side)) for side in (source, target)]
            chosen = [pair for pair in chosen if pair[0] in left[0] and pair[1] in left[1]]
    # A sentence has the first slots, since `masked` assigns them in the order of the source.
    if chosen:
        some = [chosen[k] for k in random.permutation(len(chosen))[: 1 + random.integers(3)]]
        some.sort(key=lambda pair: _place(source, pair[0]))
        for (word, translation), slot in zip(some, SLOT_CHARACTERS, strict=False):
            source = _replaced(source, word, slot)
            target = _replaced(target, translation, slot)
        return source, target
    first, last = SLOT_CHARACTERS[0], SLOT_CHARACTERS[1]
    return f"{first}{source}{last}", f"{first}{target}{last}"


def _without_articles(
    source: str, target: str, pairs: Sequence[tuple[str, str]]
) -> tuple[str, str]:
    """Return two sentences without their first words, if the second ones are a pair."""
    first, second = (_BEGINNING.match(side) for side in (source, target))
    if first and second and (first[2], second[2]) in pairs:
        return source[first.start(2) :], target[second.start(2) :]
    return source, target


def _place(text: str, word: str) -> int:
    return next(match.start() for match in WORD.finditer(text) if match[0] == word)


def _replaced(text: str, word: str, slot: str) -> str:
    start = _place(text, word)
    return text[:start] + slot + text[start + len(word) :]
