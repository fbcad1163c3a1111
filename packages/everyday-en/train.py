"""Trains the everyday model anew, measures it, and puts it in int8 into the package.

    python packages/everyday-en/train.py

Needs `foreword[train]`, and Debian's package wordnet-base for WordNet's examples.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

import foreword
from foreword.cli.watch import Watch
from foreword.evaluation.keystrokes import KeystrokeReport, SimulatedTypist, simulate
from foreword.evaluation.suggester import Suggester
from foreword.folder.saving import write_folder
from foreword.folder.store import CARD, RARE, folder_bytes, read_folder
from foreword.folder.usage import misspellings_of
from foreword.text.spacing import counted
from foreword.text.tokenizer import EOS_ID, Tokenizer
from foreword.training.card import model_card
from text import LICENCES, chats, everyday_text, misspelled, rare_words

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
PACKAGED = Path(__file__).parent / "src/foreword_everyday_en/model"
MESSAGES = 1000
"""Of the chats for testing, that keystroke savings are measured on."""


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
    if not arguments.trained:
        texts.mkdir(parents=True, exist_ok=True)
        for name, lines in (("train", everyday_text()), ("valid", chats("valid"))):
            written = "".join(f"{line}\n" for line in lines)
            (texts / f"everyday-{name}.txt").write_text(written, encoding="utf-8")
        with Watch() as watch:
            foreword.train(
                texts / "everyday-train.txt",
                out=out,
                valid=texts / "everyday-valid.txt",
                overwrite=True,
                report=watch,
                device=arguments.device,
                threads=arguments.threads,
                seed=arguments.seed,
                **SETTINGS,
            )
    write_card(out)
    add_rare_words(out)
    cost = foreword.compress(out, PACKAGED, [texts / "everyday-valid.txt"], overwrite=True)
    add_misspellings(PACKAGED)
    size = f"{folder_bytes(PACKAGED) / 1e6:.1f} MB"
    perplexity = f"{cost.perplexity_after:.2f} instead of {cost.perplexity_before:.2f}"
    sys.stdout.write(f"{PACKAGED}: {size}, perplexity {perplexity}\n")


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


def write_card(out: Path) -> None:
    """Measures a model and rewrites its card: trained on what, how long, how good."""
    messages = list(chats("test"))[:MESSAGES]
    saved = simulate(Suggester(foreword.load(out)), messages, SimulatedTypist())
    folder = read_folder(out)
    sections = [*_sources(), *_savings(saved)]
    head, use, rest = model_card(folder.config).partition("## Use\n")
    card = head + "\n".join(sections) + "\n" + use + rest
    write_folder(
        out,
        folder.config,
        folder.weights,
        folder.tokenizer,
        card,
        misspellings=folder.misspellings,
    )


def _sources() -> list[str]:
    return [
        "## Sources",
        "",
        "| text | licence |",
        "|---|---|",
        *(f"| {name} | {licence} |" for name, licence in LICENCES.items()),
        "",
        "The validation text is the chats' own part for validation. Apostrophes that chats leave "
        "out were put in, and a lone i made a large one.",
        "",
    ]


def _savings(report: KeystrokeReport) -> list[str]:
    record = report.record()
    return [
        "## Keystroke savings",
        "",
        f"{report.tally.savings:.1%}, where an oracle saves {report.ceiling:.1%}, on the first "
        f"{report.tally.messages:,} messages of the chats for testing "
        f"({report.typist.assumptions()}). Next words: {record['top1']:.1%} top 1, "
        f"{record['top3']:.1%} top 3, mean reciprocal rank "
        f"{record['mean_reciprocal_rank']:.3f}.",
        "",
    ]


if __name__ == "__main__":
    main()
