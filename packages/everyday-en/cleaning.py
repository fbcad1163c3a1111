"""Cuts and cleans text of any source into lines like messages. Knows no sources."""

import html
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from foreword.predictor.filter import Filter

MOST_WORDS = 45
"""A paragraph of more words is cut between sentences."""
MOST_CHARACTERS = 2000
SHORT_WORDS, SHORT_LINES, LONG_LINES = 3, 30, 1
"""A line of up to so many words stands in a text this often at most, and a longer one once."""
FEWEST_LETTERS = 0.8
"""The share of letters, spaces and apostrophes before its end from which a line is language."""

_CHARACTERS = str.maketrans(
    {
        **dict.fromkeys("‘’‛ʼ´`", "'"),
        **dict.fromkeys("“”„«»", '"'),
        **dict.fromkeys("—―", " - "),
        **dict.fromkeys("–−", "-"),
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad\ufe0f"),
        "…": "...",
    }
)
_PERSONAL = re.compile(
    r"@\w|\w@|https?:|www\.|\b\w+\.(?:com|org|net|io|gov|edu|co\.uk)\b|\bdot com\b|\bmail ?com\b"
    r"|\d{5,}|\d{3}[-. ]\d{3,4}\b|\+\d|\b[ur]/\w"
    r"|\b(?:phone|account|card|order|social security) number is\b|\be-?mail (?:address )?is\b",
    re.IGNORECASE,
)
"""Addresses, numbers of people, and what announces them."""
_MARKUP = re.compile(r"[<>{}|\\^~\[\]_*=#]|&\w+;|//|::|->|\$\w*\(")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')]*\s+(?=[\"'(]*[A-Z0-9])")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_OFFENSIVE = Filter()

_FILLER = re.compile(
    r"(?:,\s*)?\b(?:um+|uh+|erm?|mm+|mhm|hmm+|mm-hmm+|uh-huh)\b[,.]?", re.IGNORECASE
)
_BROKEN_OFF = re.compile(r"\b\w+-(?=\s|$)")
_SAID_TWICE = {"had", "that", "very", "really", "bye", "no", "yeah", "so", "ha", "knock", "blah"}
_STUTTER = re.compile(r"\b(\w+(?:'\w+)?)(?:(?:,? - |, |\s?-+\s?|\s)\1\b)+", re.IGNORECASE)


def cleaned(texts: Iterable[str]) -> Iterator[str]:
    """Yield the lines of texts that are fit to learn from, in one spelling of marks and spaces.

    Repetitions are left out: `SHORT_LINES` of a short line stay, and `LONG_LINES` of a long one.
    """
    seen: Counter[str] = Counter()
    for text in texts:
        for line in cut(tidy(text)):
            if not is_fit(line):
                continue
            words = _WORD.findall(line.casefold())
            key = " ".join(words)
            seen[key] += 1
            if seen[key] <= (SHORT_LINES if len(words) <= SHORT_WORDS else LONG_LINES):
                yield line


def tidy(text: str) -> str:
    """A text with plain quotes, dashes and spaces, and without entities.

    >>> print(tidy(" “It’s  late…”  &amp; dark , he said "))
    It's late..." & dark, he said
    """
    text = " ".join(html.unescape(text).translate(_CHARACTERS).split())
    return re.sub(r"\s+([,.!?;:])(?=\s|$)", r"\1", text).strip(' "')


def cut(text: str) -> Iterator[str]:
    """Yield a text in pieces of whole sentences of at most `MOST_WORDS` words, where possible."""
    piece: list[str] = []
    length = 0
    for sentence in _SENTENCE_END.split(text) if len(text.split()) > MOST_WORDS else [text]:
        words = len(sentence.split())
        if piece and length + words > MOST_WORDS:
            yield " ".join(piece)
            piece, length = [], 0
        piece.append(sentence)
        length += words
    yield " ".join(piece)


def is_fit(line: str) -> bool:
    """Whether a line is language: no markup, no slurs, nobody's address or number, no shouting."""
    words = line.split()
    if not words or len(line) > MOST_CHARACTERS or _PERSONAL.search(line) or _MARKUP.search(line):
        return False
    bare = line.rstrip(".!?")
    if sum(c.isalpha() or c in " '" for c in bare) < FEWEST_LETTERS * max(len(bare), 1):
        return False
    if sum(c > "\u024f" for c in line) > 2:  # of other alphabets
        return False
    if any(map(_OFFENSIVE.blocks, _WORD.findall(line.casefold()))):
        return False
    shouted = sum(word.isupper() and len(word) > 2 for word in words)
    if len(words) > 3 and shouted > len(words) / 2:
        return False
    return len(words) < 6 or len({word.casefold() for word in words}) > len(words) / 4


def spoken(text: str) -> str:
    """Speech without fillers, stutters and words broken off, with a capital at its start.

    >>> spoken("um, so I, I thought, uh, the the transcri- transcript was was fine")
    'So I thought the transcript was fine'
    """
    text = _BROKEN_OFF.sub("", _FILLER.sub("", text))
    text = _STUTTER.sub(lambda m: m[0] if m[1].lower() in _SAID_TWICE else m[1], text)
    text = re.sub(r"\s+([,.!?])", r"\1", " ".join(text.split()).strip(" ,;-"))
    text = re.sub(r"([,.!?])(?:\s*[,.])+", r"\1", text)
    return text[:1].upper() + text[1:]
