"""Gathers the everyday model's training text: chats, and examples of how words are used.

Packages carry all of it, under licences that allow it; `SOURCES` says which. Chats are put into
the spelling that a suggestion should have: apostrophes that people leave out, and a large I.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from foreword.errors import TextError
from foreword.folder.store import Folder
from foreword.folder.usage import vectors_of_use
from foreword.packaging.rare import rare_words as rare_words_of
from foreword.text.corpus import Split, chat_source
from foreword.text.misspellings import OF_NETWORKS, find
from foreword.text.tokenizer import EOS_ID

SOURCES = (
    "chats of chitchat-dataset 0.9.0 (PyPI), the part for training, 2.28 million words; MIT",
    "examples of how words are used, of WordNet 3.0 (Debian's wordnet-base), 0.27 million words; "
    "WordNet 3.0",
)
ATTRIBUTIONS = (
    "chitchat-dataset: Perception, Control and Cognition Lab, 2019",
    "WordNet 3.0: Princeton University, 2006",
)
WORDNET = Path("/usr/share/wordnet")
MISSPELLED = Path(__file__).parent / "misspelled.txt"
"""Misspellings of the chats, found by hand among those that usage does not show, with the word or
the two words that are meant if the misspelling is in the vocabulary; without if it is rare."""
SENTENCE_WORDS = 5
"""An example of so many words is taken for a sentence, and given its large letter and its point."""

# Only what has no other reading: "well", "were", "its", "ill", "id" and "hell" are left alone.
_FORMS = (
    *("don't", "didn't", "doesn't", "isn't", "wasn't", "aren't", "weren't", "haven't", "hasn't"),
    *("hadn't", "wouldn't", "couldn't", "shouldn't", "can't", "won't", "ain't", "I'm", "I've"),
    *("you're", "you've", "you'll", "they're", "they've", "they'll", "we've", "he's", "she's"),
    *("that's", "what's", "there's", "where's", "here's", "how's", "let's", "it'll", "y'all"),
)
_MENDED = {form.replace("'", "").lower(): form for form in _FORMS}
_TO_MEND = re.compile(rf"(?<![\w'@#])({'|'.join(_MENDED)}|i(?=$|[ ,.!?']))(?![\w@])", re.IGNORECASE)
OFTEN, NOT_BY_CHANCE = 30, 4
"""How often two words must stand in sequence, and how many times more often than by chance, for
them as one word to be no word."""


def everyday_text() -> Iterator[str]:
    """Every line of the training text, in one order always."""
    yield from chats("train")
    yield from examples()


def rare_words(folder: Folder) -> list[str]:
    """Words of the training text that a vocabulary lacks in every form.

    Those that were said twice, or once in WordNet's examples, whose spelling was looked after.
    """
    texts = ((chats("train"), 1), (examples(), 2))
    lines = ((line, worth) for text, worth in texts for line in text)
    found = rare_words_of(lines, folder.tokenizer, fewest=2, most=sys.maxsize)
    return without_misspellings(found, folder)


def misspelled() -> dict[str, str]:
    """Return the misspellings of `MISSPELLED`, folded, with the meant words, which may be none."""
    lines = MISSPELLED.read_text("utf-8").splitlines()
    return {wrong: meant for wrong, _, meant in (line.partition("\t") for line in lines)}


def without_misspellings(rare: list[str], folder: Folder) -> list[str]:
    """Rare words, less those one slip away from a common word of a model's vocabulary.

    Nor are there two words run together, such as infact. What WordNet has as a word stays, unless
    it is in `MISSPELLED`.
    """
    lemmas = set()
    for file in WORDNET.glob("index.*"):
        lemmas |= {line.partition(" ")[0] for line in file.read_text("latin-1").splitlines()}
    tokenizer = folder.tokenizer
    vectors = vectors_of_use(folder.weights)
    assert vectors is not None
    misspelt = find([*tokenizer.words, *rare], vectors, tokenizer.case, OF_NETWORKS)
    two = run_together([word.casefold() for word in rare], folder)
    listed = misspelled()
    return [
        word
        for word in rare
        if (fold := word.casefold()) not in listed
        and (fold in lemmas or (word not in misspelt and fold not in two))
    ]


def run_together(rare: list[str], folder: Folder) -> set[str]:
    """Words that are two in a sequence which the training text has often, and not by chance."""
    tokenizer = folder.tokenizer
    text = np.concatenate([tokenizer.encode(line.casefold()) for line in everyday_text()])
    counts = np.bincount(text, minlength=tokenizer.vocab_size)
    keys, often = np.unique(text[:-1] * tokenizer.vocab_size + text[1:], return_counts=True)
    sequences = dict(zip(keys.tolist(), often.tolist(), strict=True))
    found = set()
    for word in rare:
        for k in range(1, len(word)):
            a, b = tokenizer.id_of(word[:k]), tokenizer.id_of(word[k:])
            seen = sequences.get(a * tokenizer.vocab_size + b, 0)
            by_chance = counts[a] * counts[b] / len(text)
            if min(a, b) > EOS_ID and seen >= OFTEN and seen >= NOT_BY_CHANCE * by_chance:
                found.add(word)
    return found


def chats(split: Split) -> Iterator[str]:
    """The carried chats of a split, mended."""
    for piece in chat_source(split).read():
        yield mended(piece.text)


def mended(line: str) -> str:
    """A line of a chat with its apostrophes and its large I.

    >>> mended("i dont know, im sure thats what i'd do")
    "I don't know, I'm sure that's what I'd do"
    """

    def mend(match: re.Match[str]) -> str:
        word = match[0]
        right = _MENDED.get(word.lower(), "I")
        return right[0].upper() + right[1:] if word[0].isupper() else right

    return _TO_MEND.sub(mend, line.replace("’", "'"))


def examples(folder: Path = WORDNET) -> Iterator[str]:
    """The phrases and sentences by which WordNet shows how its words are used."""
    files = sorted(folder.glob("data.*"))
    if not files:
        raise TextError(f"{folder}: WordNet is not there. Install Debian's package wordnet-base")
    for file in files:
        for line in file.read_text("latin-1").splitlines():
            gloss = line.partition(" | ")[2]
            for example in re.findall(r'"([^"]+)"', gloss):
                text = mended(example.strip().replace("`", "'"))
                length = len(text.split())
                if length >= SENTENCE_WORDS:
                    text = text[0].upper() + text[1:]
                    yield text if text[-1] in ".!?" else f"{text}."
                elif length > 2:
                    yield text
