"""The cost of a line end within a sentence: text wrapped at a width, read in two ways.

    python benchmarks/wrapped.py TEXT [--model everyday-en] [--columns 72]
    python benchmarks/wrapped.py TEXT --train TRAINING [--steps 500]

TEXT has sentences or messages, one a line; `--sentences` of them in turn make a paragraph, which is
wrapped. It prints how often the first word of a wrapped line is among the three suggestions after
the line end, with each line end read as `<eos>` and as a space.

With `--train`, two small models are trained on TRAINING, wrapped in the same way, one with
`--lines sentence` and one with the detection of `foreword train`. Each is measured as it reads text
by default: the same fraction; the probability of `<eos>` within a sentence where a line was
wrapped; and how many of 100 continuations end within a sentence.
"""

import argparse
import tempfile
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

import foreword
from foreword.predictor.generate import generate
from foreword.predictor.predictor import Predictor
from foreword.text.corpus import find_sources
from foreword.text.newlines import PARAGRAPH_END, Lines
from foreword.text.tokenizer import EOS_ID
from foreword.text.wrapping import ends_a_sentence

CONTINUATIONS = 100
SMALL = {"hidden_size": 96, "vocab_size": 5000, "validations": 1}
LONGEST = 80
"""Words of a continuation; one that has not ended by then ends nowhere wrong."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text", nargs="+")
    parser.add_argument("--model", default="everyday-en")
    parser.add_argument("--train", nargs="+", metavar="TRAINING")
    parser.add_argument("--columns", type=int, default=72)
    parser.add_argument("--sentences", type=int, default=6)
    parser.add_argument("--steps", type=int, default=500)
    arguments = parser.parse_args()
    held_out = wrapped(arguments.text, arguments.sentences, arguments.columns)
    if not arguments.train:
        model = foreword.load(arguments.model)
        for name, end in (("<eos>", PARAGRAPH_END), ("a space", " ")):
            hits = list(first_words(model, held_out, end))
            print(f"line ends as {name}: {share(hits)} among three, of {len(hits):,} first words")
        return
    training = wrapped(arguments.train, arguments.sentences, arguments.columns)
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "training.txt"
        text.write_text("\n\n".join(training), "utf-8")
        readings: tuple[Lines | None, ...] = ("sentence", None)
        for lines in readings:
            name = lines or "found out"
            out = Path(folder) / name.replace(" ", "-")
            foreword.train([text], out=out, lines=lines, steps=arguments.steps, **SMALL)
            model = foreword.load(out)
            hits = list(first_words(model, held_out, "\n"))
            shares = ends_in_the_midst(model, held_out)
            stopped = sum(stops_in_the_midst(model, held_out, CONTINUATIONS))
            print(
                f"--lines {name} ({model.tokenizer.config.lines}): {share(hits)} among three, of "
                f"{len(hits):,} first words; P(<eos>) at wrapped line ends in the midst of a "
                f"sentence {sum(shares) / len(shares):.3f}; {stopped} of {CONTINUATIONS} "
                "continuations end in the midst of a sentence"
            )


def wrapped(texts: Sequence[str], sentences: int, columns: int) -> list[str]:
    """Paragraphs of so many lines each, wrapped at a width."""
    lines = [p.text.strip() for source in find_sources(texts) for p in source.read()]
    lines = [line for line in lines if line]
    return [
        textwrap.fill(" ".join(lines[at : at + sentences]), columns)
        for at in range(0, len(lines), sentences)
    ]


def first_words(model: Predictor, paragraphs: Sequence[str], end: str) -> Iterator[bool]:
    """Whether the first word of each line but a paragraph's first was among three suggestions."""
    typist = model.typist()
    for paragraph in paragraphs:
        lines = paragraph.split("\n")
        for number in range(1, len(lines)):
            words = model.tokenizer.cut(lines[number])
            if not words or not words[0][0].isalnum():
                continue
            before = "".join(line + end for line in lines[:number])
            suggestions = typist.suggest(before, 3)
            yield words[0].casefold() in [one.word.casefold() for one in suggestions]


def ends_in_the_midst(model: Predictor, paragraphs: Sequence[str]) -> list[float]:
    """P(<eos>) after each line that was wrapped in the midst of a sentence."""
    shares = []
    for paragraph in paragraphs:
        lines = paragraph.split("\n")
        for number in range(1, len(lines)):
            if not ends_a_sentence(lines[number - 1]):
                state = model.read("\n".join(lines[:number]))
                shares.append(float(model.probabilities(state)[EOS_ID]))
    return shares


def stops_in_the_midst(model: Predictor, paragraphs: Sequence[str], count: int) -> Iterator[bool]:
    """Whether continuations of paragraphs' first three words end in the midst of a sentence."""
    for seed in range(count):
        opening = " ".join(paragraphs[seed % len(paragraphs)].split()[:3])
        pieces = list(generate(model, opening, max_words=LONGEST, temperature=0.8, seed=seed))
        yield len(pieces) < LONGEST and not ends_a_sentence(opening + "".join(pieces))


def share(hits: Sequence[bool]) -> str:
    return f"{sum(hits) / max(1, len(hits)):.1%}"


if __name__ == "__main__":
    main()
