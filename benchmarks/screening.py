"""The secrets that the personal layer keeps, and the names, streets and new words that it refuses.

    python benchmarks/screening.py --model packages/everyday-en/src/foreword_everyday_en/model
    python benchmarks/screening.py --model DIR --kept-back

An empty file learns each phrase of the first list three times; the phrase is missed if a word
between [[ ]] is held afterwards, unless it also occurs outside of them. (Sequences and the latest
words hold no others.) Each word of the second list is learned three times in a sentence; it is
refused wrongly if it is not held. `benchmarks/screening/` has the lists: those that the rules were
made with, and those that were kept back. With `--text`, it prints the fraction of a text's
different words that do not look like words, and of random words of eight letters that do.
"""

import argparse
import random
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from foreword.predictor.personal import Personal
from foreword.predictor.personal.screen import Screen
from foreword.predictor.predictor import load
from foreword.text.corpus import find_sources
from foreword.text.tokenizer import Tokenizer

LISTS = Path(__file__).parent / "screening"
_SECRET = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)
SENTENCE = "We met {} on the way today ."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--model", type=Path, required=True, help="a model folder")
    parser.add_argument("--kept-back", action="store_true", help="the lists that were kept back")
    parser.add_argument("--show", action="store_true", help="each error")
    parser.add_argument("--text", nargs="*", default=[], help="texts whose words are looked at")
    options = parser.parse_args()
    tokenizer = load(options.model).tokenizer
    for path in options.text:
        print(f"{path}: {refused_of(path, tokenizer):.1%} of the different words look like none")
    if options.text:
        print(f"{drawn(tokenizer):.1%} of words of 8 letters drawn by chance look like one")
        return
    name = "kept_back" if options.kept_back else "made_with"
    secrets = list(labelled(LISTS / f"{name}_secrets.txt"))
    words = list(labelled(LISTS / f"{name}_words.txt"))
    missed = [(kind, text, kept) for kind, text in secrets if (kept := kept_of(text, tokenizer))]
    refused = [(kind, word) for kind, word in words if not is_learned(word, tokenizer)]
    if options.show:
        for error in (*missed, *refused):
            print(*error, sep="\t")
    print_table("secrets", "missed", [kind for kind, _ in secrets], [kind for kind, *_ in missed])
    print_table("words", "refused", [kind for kind, _ in words], [kind for kind, _ in refused])


def refused_of(path: str, tokenizer: Tokenizer) -> float:
    """The fraction of a text's different words in small letters that do not look like words."""
    screen = Screen(tokenizer.words[2:])
    pieces = (piece.text for source in find_sources([path]) for piece in source.read())
    words = {w for text in pieces for w in text.split() if w.isalpha() and w.islower()}
    return sum(screen.refusal(word) is not None for word in words) / len(words)


def drawn(tokenizer: Tokenizer, count: int = 10_000) -> float:
    """The fraction of random words that look like words."""
    screen, chance = Screen(tokenizer.words[2:]), random.Random(1)
    words = ("".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=8)) for _ in range(count))
    return sum(screen.refusal(word) is None for word in words) / count


def labelled(path: Path) -> Iterator[tuple[str, str]]:
    """The kinds and texts of a list; \\n in a text is the end of a line."""
    for line in path.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            kind, text = line.split("\t")
            yield kind, text.replace("\\n", "\n")


def kept_of(text: str, tokenizer: Tokenizer) -> list[str]:
    """The words of a secret that are held after it was said three times."""
    secret = {word for part in _SECRET.findall(text) for word in cut(part, tokenizer)}
    outside = set(cut(_SECRET.sub(" ", text), tokenizer))
    held = held_after(text.replace("[[", "").replace("]]", ""), tokenizer)
    return sorted(word for word in (secret - outside) & held if any(c.isalnum() for c in word))


def is_learned(word: str, tokenizer: Tokenizer) -> bool:
    """Whether all parts of a word are held after it was said three times."""
    held = held_after(SENTENCE.format(word), tokenizer)
    return all(part in held for part in cut(word, tokenizer))


def held_after(text: str, tokenizer: Tokenizer) -> set[str]:
    """The words that an empty file holds after a text was said three times, in lower case."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "personal"
        with Personal.open(file, tokenizer, create=True) as layer:
            for _ in range(3):
                layer.learn(text)
            return {held.word.casefold() for held in layer.words()}


def cut(text: str, tokenizer: Tokenizer) -> list[str]:
    """The words of a text, in lower case."""
    return [word.casefold() for word in tokenizer.cut(text)]


def print_table(what: str, error: str, kinds: list[str], errors: list[str]) -> None:
    """Print a row for each kind."""
    total, wrong = Counter(kinds), Counter(errors)
    print(f"\n{what:12} {'all':>5} {error:>8}")
    for kind, count in total.items():
        print(f"{kind:12} {count:5} {wrong[kind]:8}")
    print(
        f"{'together':12} {total.total():5} {wrong.total():8} {wrong.total() / total.total():7.1%}"
    )


if __name__ == "__main__":
    main()
