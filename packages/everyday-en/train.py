"""Trains the everyday model anew, measures it, and puts it in int8 into the package.

    python packages/everyday-en/train.py

Needs `foreword[pack]`, and Debian's package wordnet-base for WordNet's examples.
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np

import foreword
from foreword.cli.watch import Watch
from foreword.folder.saving import write_folder
from foreword.folder.store import CARD, RARE, read_folder
from foreword.folder.usage import misspellings_of
from foreword.packaging.about import About, checked
from foreword.packaging.files import NOTICE, package_files
from foreword.packaging.measured import measured, write_card
from foreword.packaging.parts import Parts
from foreword.text.spacing import counted
from foreword.text.tokenizer import EOS_ID, Tokenizer
from text import ATTRIBUTIONS, SOURCES, chats, everyday_text, misspelled, rare_words

SETTINGS = {
    # Each message from a zero state: so it is typed, too.
    "bptt": "sentence",
    "vocab_size": 20_000,
    "embedding_size": 160,
    "hidden_size": 512,
    "dropout": 0.2,
    "dropout_projected": 0.1,
    "batch_size": 160,
    "average": 0.1,
    "epochs": 10,
    "validations": 4,
}
PACKAGE = Path(__file__).parent
PACKAGED = PACKAGE / "src/foreword_everyday_en/model"
ANEW = """\
## Train it anew

One command does it, in the root of Foreword's repository, with Debian's package `wordnet-base`
installed:

```sh
python packages/everyday-en/train.py
```

Chats are written fast: the apostrophes that they leave out are put in, and a lone i becomes I,
where nothing else can be meant. WordNet's examples bring the words that chats lack.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/everyday-en"), metavar="DIR")
    parser.add_argument("--device", default="cpu", help="a GPU takes a minute, two cores hours")
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rare", action="store_true", help="only renew the package's rare words")
    parser.add_argument("--spacing", action="store_true", help="only renew where spaces stand")
    parser.add_argument("--clean", action="store_true", help="only clean the package's rare words")
    parser.add_argument("--misspellings", action="store_true", help="only renew misspellings")
    parser.add_argument("--trained", action="store_true", help="only package what is in DIR")
    parser.add_argument("--measure", action="store_true", help="only measure the package anew")
    arguments = parser.parse_args()
    if arguments.rare:
        add_rare_words(PACKAGED)
        return
    if arguments.spacing:
        add_spacing(PACKAGED)
        return
    if arguments.clean:
        clean_rare_words(PACKAGED)
        return
    if arguments.misspellings:
        add_misspellings(PACKAGED)
        return
    out: Path = arguments.out
    texts = out.with_name(out.name + "-text")
    texts.mkdir(parents=True, exist_ok=True)
    parts = Parts.within(texts, "everyday", "sentence")
    write(parts.test, chats("test"))
    if arguments.measure:
        complete(parts)
        return
    if not arguments.trained:
        write(parts.train, everyday_text())
        write(parts.valid, chats("valid"))
        with Watch() as watch:
            foreword.train(
                parts.train,
                out=out,
                valid=parts.valid,
                overwrite=True,
                report=watch,
                device=arguments.device,
                threads=arguments.threads,
                seed=arguments.seed,
                **SETTINGS,
            )
    add_rare_words(out)
    foreword.compress(out, PACKAGED, [parts.valid], overwrite=True)
    add_misspellings(PACKAGED)
    complete(parts)


def write(path: Path, lines: Iterable[str]) -> None:
    """Writes lines to a file."""
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def complete(parts: Parts) -> None:
    """Measures the packaged model, and writes its card and the package's other files."""
    about = description()
    with Watch() as watch:
        figures = measured(PACKAGED, parts, watch.text_progress)
    write_card(PACKAGED, about, figures)
    files = package_files(about, figures.rows(), "how are", ANEW.splitlines())
    del files[NOTICE]  # written by hand: WordNet's licence must be quoted
    for name, text in files.items():
        (PACKAGE / name).write_text(text, encoding="utf-8")
    for name, value in figures.rows().items():
        sys.stdout.write(f"{name}: {value}\n")


def description() -> About:
    """What the package says about itself."""
    return checked(
        name="everyday-en",
        language="en",
        licence="Apache-2.0",
        sources=SOURCES,
        attributions=ATTRIBUTIONS,
        summary="A small model of everyday English for Foreword: next words and completions.",
    )


def add_rare_words(path: Path) -> None:
    """Gives a model the words of its text that are too rare for its vocabulary."""
    folder = read_folder(path)
    card = (path / CARD).read_text("utf-8")
    rare = rare_words(folder)
    write_folder(
        path, folder.config, folder.weights, folder.tokenizer, card, rare, folder.misspellings
    )
    sys.stdout.write(f"{path}: {len(rare):,} rare words, {(path / RARE).stat().st_size:,} bytes\n")


def add_spacing(path: Path) -> None:
    """Gives a model what its text shows of spaces around marks; training alone does so, too."""
    folder = read_folder(path)
    card = (path / CARD).read_text("utf-8")
    spacing = counted(everyday_text())
    tokenizer = Tokenizer(folder.tokenizer.words, folder.tokenizer.config, spacing=spacing)
    write_folder(
        path, folder.config, folder.weights, tokenizer, card, folder.rare, folder.misspellings
    )
    sys.stdout.write(f"{path}: spaces around {len(spacing.marks)} marks\n")


def clean_rare_words(path: Path) -> None:
    """Drops the misspellings listed by hand from a model's rare words; all else stays as it is."""
    folder = read_folder(path)
    card = (path / CARD).read_text("utf-8")
    rare = [word for word in folder.rare if word.casefold() not in misspelled()]
    write_folder(
        path, folder.config, folder.weights, folder.tokenizer, card, rare, folder.misspellings
    )
    sys.stdout.write(f"{path}: {len(rare):,} rare words of {len(folder.rare):,} are left\n")


def add_misspellings(path: Path) -> None:
    """Gives a model the misspellings in its vocabulary, and those that were listed by hand."""
    folder = read_folder(path)
    card = (path / CARD).read_text("utf-8")
    lines = map(folder.tokenizer.encode, everyday_text())
    ids = np.concatenate([[*line, EOS_ID] for line in lines])
    tokenizer = folder.tokenizer
    found = misspellings_of(tokenizer, folder.weights, ids)
    listed = misspelled()
    words = (word for word in tokenizer.words if not word[1:].isupper())
    by_hand = {word: listed.get(tokenizer.case.fold(word)) for word in words}
    found |= {word: meant for word, meant in by_hand.items() if meant}
    write_folder(path, folder.config, folder.weights, tokenizer, card, folder.rare, found)
    sys.stdout.write(f"{path}: {len(found)} misspellings\n")


if __name__ == "__main__":
    main()
