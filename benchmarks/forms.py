"""How often the next word, and the word being typed, is among three with careless typing.

    python benchmarks/forms.py MODEL TEXT [TEXT ...] [--lines 300]

The same lines are typed as they stand, in lower case, without apostrophes, without accents, with
none of these, in capitals, and with a slip in a quarter of the words of four letters and more. A
word counts as found whatever its case, apostrophes and accents.
"""

import argparse
import random
import re
from collections.abc import Callable
from pathlib import Path

import foreword
from foreword.predictor.letters import skeleton
from foreword.predictor.predictor import Predictor
from foreword.predictor.suggest import Suggestion
from foreword.text.corpus import find_sources

PREFIXES = (1, 2, 3)
"""Letters typed of a word whose completions are asked for."""


def without_apostrophes(text: str) -> str:
    return "".join(c for i, c in enumerate(text) if c not in "'’" or not text[i - 1 : i].isalpha())


def without_accents(text: str) -> str:
    return "".join(c if c in "'’·" else skeleton(c) if c.islower() else c for c in text)


def with_slips(text: str) -> str:
    return re.sub(r"[^\W\d_]{4,}", lambda match: slipped(match[0]), text)


def slipped(word: str) -> str:
    """Leave out, double, swap or replace a letter; the same one wherever the word stands."""
    chance = random.Random(word)
    if chance.random() < 0.75:
        return word
    at = chance.randrange(1, len(word) - 1)
    before, letter, rest = word[:at], word[at], word[at + 1 :]
    other = chance.choice("abcdefghijklmnopqrstuvwxyz")
    ways = (rest, letter + letter + rest, rest[0] + letter + rest[1:], other + rest)
    return before + chance.choice(ways)


WAYS: dict[str, Callable[[str], str]] = {
    "as it stands": str,
    "lower case": str.lower,
    "no apostrophes": without_apostrophes,
    "no accents": without_accents,
    "none of these": lambda text: without_accents(without_apostrophes(text.lower())),
    "capitals": str.upper,
    "with slips": with_slips,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("text", nargs="+")
    parser.add_argument("--lines", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    model = foreword.load(arguments.model)
    texts = [piece.text for source in find_sources(arguments.text) for piece in source.read()]
    texts = random.Random(arguments.seed).sample(texts, min(arguments.lines, len(texts)))
    letters = " | ".join(f"after {n} letter{'s' * (n > 1)}" for n in PREFIXES)
    print(f"{len(texts):,} lines\n\n| typed | words | next word | {letters} |")
    print("|---|---|---|" + "---|" * len(PREFIXES))
    for name, way in WAYS.items():
        words, next_words, completions = measured(model, texts, way)
        completed = " | ".join(f"{hits / max(asked, 1):.1%}" for hits, asked in completions)
        next_share = f"{next_words / max(words, 1):.1%}"
        print(f"| {name} | {words:,} | {next_share} | {completed} |", flush=True)


def measured(
    model: Predictor, texts: list[str], way: Callable[[str], str]
) -> tuple[int, int, list[tuple[int, int]]]:
    """Words; next words found; completions found and asked for, by letters."""
    words = next_words = 0
    completions = [[0, 0] for _ in PREFIXES]
    for text in texts:
        typist = model.typist()
        for word in model.tokenizer.split(text):
            raw = text[word.start : word.end]
            if not raw[0].isalpha():
                continue
            words += 1
            before = way(text[: word.start])
            next_words += is_among(typist.suggest(before, 3), raw)
            for count, length in zip(completions, PREFIXES, strict=True):
                if length < len(way(raw)):
                    suggestions = typist.suggest(before + way(raw)[:length], 3, complete=True)
                    count[0] += is_among(suggestions, raw)
                    count[1] += 1
    return words, next_words, [(hits, asked) for hits, asked in completions]


def is_among(suggestions: list[Suggestion], word: str) -> bool:
    return bare(word) in [bare(one.word) for one in suggestions]


def bare(word: str) -> str:
    return skeleton(word.casefold().replace("’", "'"))


if __name__ == "__main__":
    main()
