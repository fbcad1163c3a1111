"""Gathers the everyday model's training text: chats, examples of how words are used, and more.

Two packages carry the chats and the examples; `sources.py` makes the other texts from public
repositories. All of it is put into the spelling that a suggestion should have, and mixed: every
part of the mixture has a little of each text, so that a run of any length sees all of them.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain, islice
from pathlib import Path

import numpy as np

from foreword.errors import TextError
from foreword.folder.store import Folder
from foreword.folder.usage import vectors_of_use
from foreword.packaging.rare import rare_words as rare_words_of
from foreword.text.corpus import Split, chat_source
from foreword.text.misspellings import OF_NETWORKS, find
from foreword.text.tokenizer import EOS_ID, Tokenizer
from sources import TEXTS, read

CHATS_TAKEN = 2.0
"""How often each line of the chats, which are nearest to what people will type, is in the text."""
CHATS_MEASURED = 0.08
"""The share of the held-out chats that is used, so that they are a quarter of the held-out text."""
HELD_OUT_OF = 512
"""Of so many lines of the other texts one is for validation and one for measuring."""
DRAWN_BELOW = 1 << 64
REPEATED = 20
"""The number of characters from which a line may be held out. Shorter ones, such as greetings, are
repeated in all writing, and must be learned."""
WORDNET = Path("/usr/share/wordnet")
MISSPELLED = Path(__file__).parent / "misspelled.txt"
"""Misspellings of the texts, found by hand or by their use, with the word or the two words that are
meant if the misspelling is frequent; without if it is rare."""
SENTENCE_WORDS = 5
"""An example of so many words is taken for a sentence, and given its large letter and its point."""
MOST_RARE = 40_000
"""The number of words beyond the vocabulary, which take nine bytes each."""
LOOKED_AFTER = 4
"""How often a word of WordNet's examples, whose spelling was looked after, counts as said."""

# Only what has no other reading: "well", "were", "its", "ill", "id" and "hell" are left alone.
_FORMS = (
    *("don't", "didn't", "doesn't", "isn't", "wasn't", "aren't", "weren't", "haven't", "hasn't"),
    *("hadn't", "wouldn't", "couldn't", "shouldn't", "can't", "won't", "ain't", "I'm", "I've"),
    *("you're", "you've", "you'll", "they're", "they've", "they'll", "we've", "he's", "she's"),
    *("that's", "what's", "there's", "where's", "here's", "how's", "let's", "it'll", "y'all"),
)
_MENDED = {form.replace("'", "").lower(): form for form in _FORMS}
_TO_MEND = re.compile(rf"(?<![\w'@#])({'|'.join(_MENDED)}|i(?=$|[ ,.!?']))(?![\w@])", re.IGNORECASE)
_WORD = re.compile(r"(?<![\w'])[^\W\d_]+(?:'[^\W\d_]+)*(?![\w;])")
_LEFT_ALONE = {"didn", "dum", "nd", "tha"}
"""Listed misspellings that are words, or parts of words, in some of the texts."""
_INFLECTIONS = (
    *(("s", ""), ("es", ""), ("es", "e"), ("ies", "y"), ("men", "man"), ("ed", ""), ("ed", "e")),
    *(("ied", "y"), ("ing", ""), ("ing", "e"), ("er", ""), ("er", "e"), ("est", ""), ("est", "e")),
)
OFTEN, NOT_BY_CHANCE = 30, 4
"""How often two words must stand in sequence, and how many times more often than by chance, for
them as one word to be no word."""
READ_LINES = 600_000
"""The number of lines in which such sequences are counted."""


def write_parts(texts: Path, train: Path, valid: Path, test: Path) -> None:
    """Write the mixture, and the lines that are held out of it, in an order drawn by a hash.

    Args:
        texts: the folder of the texts that `sources.py` made.
        train: the file of the lines to train on.
        valid: that of the lines that choose the best weights.
        test: that of the lines that the finished model is measured on.

    Raises:
        TextError: a text is not there; says how it is made.
    """
    lines = sorted(mixture(texts))
    for split, path in (("train", train), ("valid", valid), ("test", test)):
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{line}\n" for _, part, line in lines if part == split)


def mixture(texts: Path) -> Iterator[tuple[int, Split, str]]:
    """Yield each line of the mixture, mended, with a number that puts it in order, and its part."""
    for split in ("train", "valid", "test"):
        often = CHATS_TAKEN if split == "train" else CHATS_MEASURED
        for number, line in taken(f"chats-{split}", chats(split), often):
            yield number, split, line
    for number, line in taken("wordnet", examples(), 1.0):
        yield number, "train", line
    for text in TEXTS:
        for number, line in taken(text.name, read(texts, text.name), text.taken):
            yield number, split_of(line), mended(line)


def taken(name: str, lines: Iterable[str], often: float) -> Iterator[tuple[int, str]]:
    """Yield each line of a text as often as it is taken, each time with another number.

    Of 1.5, each line is taken once, and half of them twice.
    """
    whole = int(often)
    for row, line in enumerate(lines):
        once_more = drawn(f"{name} {row}") < (often - whole) * DRAWN_BELOW
        for time in range(whole + once_more):
            yield drawn(f"{name} {row} {time}"), line


def split_of(line: str) -> Split:
    """The part that a line belongs to, wherever it stands.

    >>> split_of("Hello!")
    'train'
    """
    if len(line) < REPEATED:
        return "train"
    number = drawn(" ".join(line.casefold().split())) % HELD_OUT_OF
    return "valid" if number == 0 else "test" if number == 1 else "train"


def drawn(text: str) -> int:
    """A number below `DRAWN_BELOW` that only the text decides."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def rare_words(text: Path, folder: Folder) -> list[str]:
    """The words of the training text that a vocabulary lacks in every form, the most frequent.

    Args:
        text: the training text, a file.
        folder: the model.
    """
    with text.open(encoding="utf-8") as file:
        lines = chain(
            ((line.rstrip("\n"), 1) for line in file),
            ((line, LOOKED_AFTER - 1) for line in examples()),
        )
        rare = rare_words_of(lines, folder.tokenizer, fewest=2, most=MOST_RARE)
    return without_misspellings(rare, text, folder)


def misspelled() -> dict[str, str]:
    """Return the misspellings of `MISSPELLED`, folded, with the meant words, which may be none."""
    lines = MISSPELLED.read_text("utf-8").splitlines()
    return {wrong: meant for wrong, _, meant in (line.partition("\t") for line in lines)}


def without_misspellings(rare: list[str], text: Path, folder: Folder) -> list[str]:
    """Rare words, less those one slip away from a common word of a model's vocabulary.

    Nor are there two words run together, such as infact. What WordNet has, and names, stay, unless
    they are in `MISSPELLED`.
    """
    tokenizer, listed = folder.tokenizer, misspelled()
    vectors = vectors_of_use(folder.weights)
    assert vectors is not None
    doubtful = [word for word in rare if word.islower() and not is_known(word)]
    misspelt = find([*tokenizer.words, *doubtful], vectors, tokenizer.case, OF_NETWORKS)
    two = run_together([word.casefold() for word in rare if not is_known(word)], text, tokenizer)
    return [
        word for word in rare if word not in misspelt and word.casefold() not in listed.keys() | two
    ]


def is_known(word: str) -> bool:
    """Whether WordNet has a word, or one that it is an inflection of, by the rules of its `morphy`.

    >>> [is_known(word) for word in ("ponies", "studied", "Making", "happend")]
    [True, True, True, False]
    """
    fold = word.casefold().removesuffix("'s")
    bases = {fold[: -len(ending)] + base for ending, base in _INFLECTIONS if fold.endswith(ending)}
    return not lemmas().isdisjoint({fold, *bases})


@cache
def lemmas() -> frozenset[str]:
    """The words that WordNet has, and their irregular forms."""
    files = [*WORDNET.glob("index.*"), *WORDNET.glob("*.exc")]
    lines = (line for file in sorted(files) for line in file.read_text("latin-1").splitlines())
    return frozenset(line.partition(" ")[0] for line in lines)


def run_together(rare: list[str], path: Path, tokenizer: Tokenizer) -> set[str]:
    """Words that are two in a sequence which the training text has often, and not by chance."""
    with path.open(encoding="utf-8") as file:
        lines = [line.rstrip("\n").casefold() for line in islice(file, READ_LINES)]
    text = np.concatenate(tokenizer.encode_lines(lines)).astype(np.int64)
    counts = np.bincount(text, minlength=tokenizer.vocab_size)
    keys, often = np.unique(text[:-1] * tokenizer.vocab_size + text[1:], return_counts=True)
    sequences = dict(zip(keys.tolist(), often.tolist(), strict=True))
    words = set()
    for word in rare:
        for k in range(1, len(word)):
            a, b = tokenizer.id_of(word[:k]), tokenizer.id_of(word[k:])
            seen = sequences.get(a * tokenizer.vocab_size + b, 0)
            by_chance = counts[a] * counts[b] / len(text)
            if min(a, b) > EOS_ID and seen >= OFTEN and seen >= NOT_BY_CHANCE * by_chance:
                words.add(word)
    return words


def chats(split: Split) -> Iterator[str]:
    """The carried chats of a split, mended."""
    for piece in chat_source(split).read():
        yield mended(piece.text)


def mended(line: str) -> str:
    """A line with its apostrophes, its large I, one space at a time, and without known slips.

    >>> mended("i dont  know, im sure thats what i'd beleive")
    "I don't know, I'm sure that's what I'd believe"
    """

    def mend(match: re.Match[str]) -> str:
        word = match[0]
        right = _MENDED.get(word.lower(), "I")
        return right[0].upper() + right[1:] if word[0].isupper() else right

    def correct(match: re.Match[str]) -> str:
        word = match[0]
        meant = slips().get(word.lower(), word)
        return meant[0].upper() + meant[1:] if word[0].isupper() else meant

    line = " ".join(line.replace("’", "'").split())
    if not slips().keys().isdisjoint(_WORD.findall(line.lower())):
        line = _WORD.sub(correct, line)
    return _TO_MEND.sub(mend, line)


@cache
def slips() -> dict[str, str]:
    """The listed misspellings that are mended, in small letters.

    Two words run together (everytime) stay, so that the model knows them, and what is meant.
    """
    return {
        wrong: meant
        for wrong, meant in misspelled().items()
        if meant and " " not in meant and wrong not in _LEFT_ALONE
    }


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
