"""Which words of a model's vocabulary are taken for misspellings, against lists of others.

    python benchmarks/misspellings.py MODEL

Needs the packages codespell (its dictionary of misspellings) and english-words (Webster's and
GCIDE's words), which serve for counting alone. Words that neither list has are counted apart.
"""

import argparse
from pathlib import Path

import codespell_lib
from english_words import get_english_words_set

import foreword
from foreword.predictor.suggest import HIDDEN

DICTIONARY = Path(codespell_lib.__file__).parent / "data/dictionary.txt"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    lexicon = foreword.load(parser.parse_args().model).lexicon
    listed: dict[str, list[str]] = {}
    for line in DICTIONARY.read_text("utf-8").splitlines():
        wrong, _, right = line.partition("->")
        listed[wrong] = [word.strip() for word in right.split(",") if word.strip()]
    english = {word.casefold() for word in get_english_words_set(["web2", "gcide"])} - set(listed)
    meant = {
        lexicon.folds[index]: lexicon.folds[lexicon.meant(index)]
        for index in range(len(HIDDEN), len(lexicon.words))
        if lexicon.meant(index) != index
    }
    known = {fold for fold in lexicon.folds if fold in listed}
    # A word that is meant may be beyond the vocabulary, or two words.
    mendable = {w for w in known if any(right in lexicon.folds for right in listed[w])}
    found = known & set(meant)
    right = {wrong for wrong in found if meant[wrong] in listed[wrong]}
    real = sorted(f"{wrong} ({meant[wrong]})" for wrong in set(meant) & english)
    others = sorted(f"{w} ({meant[w]})" for w in set(meant) - english - set(listed))
    print(f"{len(known)} listed misspellings in the vocabulary, {len(mendable)} of words in it")
    print(f"{len(found)} of them found, {len(right)} with a word that the list has for it")
    print(f"{len(real)} English words taken for misspellings: {', '.join(real)}")
    print(f"{len(others)} that neither list has: {', '.join(others)}")


if __name__ == "__main__":
    main()
