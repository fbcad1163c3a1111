"""Trains the everyday model again, measures it, and writes it in int8 into the package.

    python packages/everyday-en/train.py --texts FOLDER

FOLDER has the texts that `sources.py` makes. Needs `foreword[pack]`, and Debian's package
wordnet-base for WordNet's examples. Ctrl-C saves and stops; `--resume` continues.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

import foreword
from foreword.cli.watch import Watch
from foreword.folder.saving import write_folder
from foreword.folder.store import CARD, RARE, Folder, read_folder
from foreword.folder.usage import misspellings_of
from foreword.packaging.about import About, checked
from foreword.packaging.files import NOTICE, model_folder, package_files
from foreword.packaging.measured import measured, write_card
from foreword.packaging.ngrams import add_ngrams
from foreword.packaging.parts import Parts
from foreword.text.tokenizer import EOS_ID
from sources import TEXTS, Text
from text import READ_LINES, is_known, misspelled, rare_words, write_parts

SETTINGS = {
    "read_as": "text",
    "lines": "sentence",
    # Each message starts from a zero state, as it does when it is typed.
    "bptt": "sentence",
    "vocab_size": 20_000,
    "embedding_size": 160,
    "hidden_size": 512,
    # Nothing is memorised in four or five passes; and misspellings are found by the words' vectors,
    # which must not depend on spelling.
    "dropout": 0.0,
    "share_parts": False,
    "batch_size": 64,
    # Scoring all 20,000 words takes about twice as long; only the last fifth of the run does it.
    "softmax_sample": 2048,
    "average": 0.1,
    "validations": 5,
    "save_seconds": 300.0,
}
OF_PACKAGES = (
    "chats of chitchat-dataset 0.9.0 (PyPI), the part for training; MIT",
    "examples of how words are used, of WordNet 3.0 (Debian's wordnet-base); WordNet 3.0",
)
AUTHORS_OF_PACKAGES = (
    "chitchat-dataset: Perception, Control and Cognition Lab, 2019",
    "WordNet 3.0: Princeton University, 2006",
)
PACKAGE = Path(__file__).parent
LARGE_PACKAGE = PACKAGE.with_name("everyday-en-large")
SMALL_NAME, LARGE_NAME = "everyday-en", "everyday-en-large"
SMALL = "A small model of everyday English for Foreword: next words and completions."
LARGE = "A model of everyday English for Foreword: the small one, and two million n-grams."
NGRAMS = 2_000_000
"""The n-grams of the large package."""
PACKAGED = PACKAGE / "src/foreword_everyday_en/model"
WORDNET_LICENCE = PACKAGE / "wordnet-licence.txt"
"""The licence of WordNet, which asks to be quoted wherever anything of WordNet is."""
HOW_TO_TRAIN = """\
## Train it again

`sources.py` makes the texts from clones of the public repositories that it names, and `train.py`
trains on them, on the chats and on WordNet's examples (Debian's package `wordnet-base`). In the
root of Foreword's repository:

```sh
python packages/everyday-en/sources.py CLONES TEXTS
python packages/everyday-en/train.py --texts TEXTS
```

`python packages/everyday-en/train.py --only large` then makes the large package,
`everyday-en-large`: the same network, with two million n-grams of the text.

The model in the package was trained on texts that an earlier version of `sources.py` had made. The
present version has been tested on small files in the formats of the repositories, but not on the
repositories themselves.

Careless spellings are corrected if they have only one meaning: omitted apostrophes, a single small
i, doubled spaces, and the misspellings of `misspelled.txt`. One line of 512 is held out to choose
the weights, and another to measure them. STAR and CaSiNo are not used at all, so that the model can
be measured on kinds of messages that it has never seen.
"""


def main() -> None:
    steps = {"rare": add_rare_words, "misspellings": add_misspellings, "measure": complete}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=Path, metavar="FOLDER", help="folder that sources.py wrote")
    parser.add_argument("--out", type=Path, default=Path("build/everyday-en"), metavar="DIR")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, default=255.0, help="minutes of training (255)")
    length.add_argument("--steps", type=int, help="steps of training, instead of minutes")
    parser.add_argument("--resume", action="store_true", help="continue an interrupted run")
    parser.add_argument("--device", default="cpu", help="device to train on; a GPU takes minutes")
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--only",
        choices=["text", "train", "package", *steps, "clean", "large"],
        help="write the text; train on it; package what is in DIR; or renew one thing in the "
        "package: its rare words, its misspellings, its figures; or clean its rare words of the "
        "misspellings listed by hand, which needs no text; or make the large package of the small "
        "one and n-grams of the text",
    )
    arguments = parser.parse_args()
    out: Path = arguments.out
    only: str | None = arguments.only
    if only == "clean":
        clean_rare_words()
        return
    parts = Parts.within(out.with_name(out.name + "-text"), "everyday", "sentence")
    if only in steps:
        steps[only](parts)
        return
    if only == "large":
        enlarge(parts)
        return
    if only in (None, "text") and not arguments.resume:
        if arguments.texts is None:
            parser.error("give --texts FOLDER, where sources.py wrote the texts")
        parts.train.parent.mkdir(parents=True, exist_ok=True)
        write_parts(arguments.texts, parts.train, parts.valid, parts.test)
    if only in (None, "train"):
        with Watch() as watch:
            outcome = foreword.train(
                parts.train,
                out=out,
                valid=parts.valid,
                resume=arguments.resume,
                overwrite=not arguments.resume,
                report=watch,
                device=arguments.device,
                threads=arguments.threads,
                seed=arguments.seed,
                minutes=arguments.minutes if arguments.steps is None else None,
                steps=arguments.steps,
                **SETTINGS,
            )
        if outcome.stopped_by is not None:
            sys.stdout.write(f"{outcome.stopped_by} stopped the training; --resume continues\n")
            return
    if only in (None, "package"):
        foreword.compress(out, PACKAGED, [parts.valid], overwrite=True)
        add_rare_words(parts)
        add_misspellings(parts)
        complete(parts)


def complete(
    parts: Parts, package: Path = PACKAGE, name: str = SMALL_NAME, summary: str = SMALL
) -> None:
    """Measures a packaged model, and writes its card and the package's other files."""
    about = description(name, summary)
    model = package / model_folder(about)
    with Watch() as watch:
        figures = measured(model, parts, watch.text_progress)
    write_card(model, about, figures)
    for path, text in files_of(about, figures.rows()).items():
        (package / path).write_text(text, encoding="utf-8")
    for row, value in figures.rows().items():
        sys.stdout.write(f"{row}: {value}\n")


def enlarge(parts: Parts) -> None:
    """Makes the large package: the small one's network and words, and n-grams of the text."""
    about = description(LARGE_NAME, LARGE)
    folder = read_folder(PACKAGED)
    model = LARGE_PACKAGE / model_folder(about)
    model.parent.mkdir(parents=True, exist_ok=True)
    write_folder(
        model,
        folder.config,
        folder.weights,
        folder.tokenizer,
        "",
        folder.rare,
        folder.misspellings,
    )
    with Watch() as watch:
        add_ngrams(model, parts, NGRAMS, watch.text_progress)
    complete(parts, LARGE_PACKAGE, LARGE_NAME, LARGE)


def files_of(about: About, figures: Mapping[str, str]) -> dict[str, str]:
    """The content of each file of the package, by its path in the package's folder."""
    files = package_files(about, figures, "how are", HOW_TO_TRAIN.splitlines())
    files[NOTICE] += f"\nThe licence of WordNet:\n\n{WORDNET_LICENCE.read_text('utf-8')}"
    return files


def description(name: str = SMALL_NAME, summary: str = SMALL) -> About:
    """What a package says about itself."""
    trained_on = [text for text in TEXTS if text.taken > 0]
    return checked(
        name=name,
        language="en",
        licence="CC-BY-SA-4.0",
        sources=(*OF_PACKAGES, *(f"{text.title}; {text.licence}" for text in trained_on)),
        attributions=(*AUTHORS_OF_PACKAGES, *(authors_of(text) for text in trained_on)),
        summary=summary,
    )


def authors_of(text: Text) -> str:
    """A text's authors, after its name."""
    return f"{text.title.partition(', ')[0]}: {text.authors}"


def add_rare_words(parts: Parts) -> None:
    """Adds to the package the words of its text that are too rare for its vocabulary."""
    folder = read_folder(PACKAGED)
    rare = rare_words(parts.train, folder)
    rewrite(folder, rare, folder.misspellings)
    sys.stdout.write(f"{len(rare):,} rare words, {(PACKAGED / RARE).stat().st_size:,} bytes\n")


def clean_rare_words() -> None:
    """Removes the misspellings listed by hand from the package's rare words."""
    folder = read_folder(PACKAGED)
    rare = [word for word in folder.rare if word.casefold() not in misspelled()]
    rewrite(folder, rare, folder.misspellings)
    sys.stdout.write(f"{len(rare):,} rare words of {len(folder.rare):,} are left\n")


def add_misspellings(parts: Parts) -> None:
    """Adds to the package the misspellings in its vocabulary, and those listed by hand."""
    folder = read_folder(PACKAGED)
    tokenizer = folder.tokenizer
    with parts.train.open(encoding="utf-8") as file:
        lines = tokenizer.encode_lines([line.rstrip("\n") for line in islice(file, READ_LINES)])
    ids = np.concatenate([part for line in lines for part in (line, [EOS_ID])])
    corrections = misspellings_of(tokenizer, folder.weights, ids)
    # Words of a dictionary (form, checkout) and abbreviations (AWS) are no misspellings.
    corrections = {
        w: meant for w, meant in corrections.items() if not (is_known(w) or w[1:].isupper())
    }
    listed = misspelled()
    words = (word for word in tokenizer.words if not word[1:].isupper())
    by_hand = {word: listed.get(tokenizer.case.fold(word)) for word in words}
    # What the vocabulary lacks in every case of letters may stand for one of its words.
    folds = {tokenizer.case.fold(word) for word in tokenizer.words}
    by_hand |= {w: meant for w, meant in listed.items() if w not in folds and " " not in meant}
    corrections |= {word: meant for word, meant in by_hand.items() if meant}
    # A correction must be in the vocabulary, and must not be a misspelling itself.
    known = tokenizer.ids.keys() - corrections.keys()
    corrections = {
        word: meant for word, meant in corrections.items() if known >= {*meant.split(" ")}
    }
    rewrite(folder, folder.rare, corrections)
    sys.stdout.write(f"{len(corrections)} misspellings\n")


def rewrite(folder: Folder, rare: Sequence[str], misspellings: Mapping[str, str]) -> None:
    """Writes the package's model with other lists of words."""
    card = (PACKAGED / CARD).read_text("utf-8")
    write_folder(
        PACKAGED,
        folder.config,
        folder.weights,
        folder.tokenizer,
        card,
        rare,
        misspellings,
        folder.ngrams,
    )


if __name__ == "__main__":
    main()
