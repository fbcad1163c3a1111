"""How encoders and decoders translate sentences of growing length, with and without attention.

    python benchmarks/translation_memory.py [--minutes 1.5] [--json FILE] [--plot FILE.png]
    python benchmarks/translation_memory.py --pairs train.de train.en --test test.de test.en

Without pairs it writes its own: lists of one to twelve numbers below a thousand in German and in
English words. German says the units before the tens ("dreiundzwanzig"), and a list must be
remembered whole before it is written. Every architecture has the same sizes and the same time; the
encoders read in one direction, so that the beginning of a sentence is farthest from its end.

The table has BLEU by the number of words in the source, and the norm of the gradient of the last
target word's loss at the first source word's embedding, as a share of that at all source words:
how much of what the end of a translation teaches reaches the beginning of the sentence.
"""

import argparse
import json
import random
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

import foreword
from foreword.evaluation.pairs import greedy
from foreword.evaluation.translation import by_length, measure
from foreword.folder.translation_store import read_translation
from foreword.models.build import load_weights
from foreword.text.pair_batches import Ends, Ids
from foreword.text.subwords import Subwords
from foreword.training.progress import Event, StepProgress
from foreword.translation.model import TranslationModel

ARCHITECTURES = [
    (cell, attention) for attention in ("none", "multiplicative") for cell in ("rnn", "gru", "lstm")
]


def words(text: str) -> list[str]:
    """Return the words of a text."""
    return text.split()


GERMAN = words(
    "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn "
    "fünfzehn sechzehn siebzehn achtzehn neunzehn"
)
GERMAN_TENS = words("zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig")
ENGLISH = words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
ENGLISH_TENS = words("twenty thirty forty fifty sixty seventy eighty ninety")
LONGEST = 12
"""The most numbers in a list."""
TRAINING, TEST = 20_000, 600
"""The number of lists."""
EXAMINED = 50
"""The number of sentences of each range of lengths whose gradients are examined."""


def in_german(number: int) -> str:
    """Write 1 to 999 in words.

    >>> in_german(321), in_german(101), in_german(40)
    ('dreihunderteinundzwanzig', 'einhunderteins', 'vierzig')
    """
    hundreds, rest = divmod(number, 100)
    words = f"{GERMAN[hundreds]}hundert" if hundreds else ""
    if rest == 0:
        return words
    if rest < 20:
        return words + ("eins" if rest == 1 else GERMAN[rest])
    tens, units = divmod(rest, 10)
    return words + (f"{GERMAN[units]}und" if units else "") + GERMAN_TENS[tens - 2]


def in_english(number: int) -> str:
    """Write 1 to 999 in words.

    >>> in_english(321), in_english(101), in_english(40)
    ('three hundred twenty-one', 'one hundred one', 'forty')
    """
    hundreds, rest = divmod(number, 100)
    words = [f"{ENGLISH[hundreds]} hundred"] if hundreds else []
    if 0 < rest < 20:
        words.append(ENGLISH[rest])
    elif rest:
        tens, units = divmod(rest, 10)
        words.append(ENGLISH_TENS[tens - 2] + (f"-{ENGLISH[units]}" if units else ""))
    return " ".join(words)


def lists(count: int, seed: int) -> tuple[list[str], list[str]]:
    """Return lists of random numbers in German and in English."""
    draw = random.Random(seed)
    german, english = [], []
    for _ in range(count):
        numbers = [draw.randint(1, 999) for _ in range(draw.randint(1, LONGEST))]
        german.append(" ".join(map(in_german, numbers)) + ".")
        english.append(", ".join(map(in_english, numbers)) + ".")
    return german, english


@dataclass(frozen=True)
class Row:
    """How one architecture translates.

    Attributes:
        cell: the recurrent cell.
        attention: the kind of attention.
        parameters: the number of weights.
        subwords: the number of target sub-words that it was trained on.
        bleu: of all test sentences.
        by_length: BLEU by the number of source words: "1-4", and so on.
        gradient: the share of the gradient that reaches the first source word, by the same ranges.
    """

    cell: str
    attention: str
    parameters: int
    subwords: int
    bleu: float
    by_length: dict[str, float]
    gradient: dict[str, float]


def gradient_at_first(model: TranslationModel, subwords: Subwords, pair: tuple[str, str]) -> float:
    """Return the share of the first source sub-word in the gradient of the last target's loss.

    The gradient is that of -ln P(the end | source, target) at the embedded source sub-words; the
    share is the first one's norm over the sum of all norms.
    """
    source = torch.tensor([*subwords.encode(pair[0]), subwords.end])[:, None]
    target = torch.tensor([subwords.start, *subwords.encode(pair[1])])[:, None]
    embedded: list[torch.Tensor] = []
    original = model._embedded

    def seen(ids: torch.Tensor) -> torch.Tensor:
        vectors = original(ids).detach().requires_grad_()
        embedded.append(vectors)
        return vectors

    model._embedded = seen  # type: ignore[method-assign]
    try:
        memory, states = model.encode(source, torch.tensor([len(source)]))
        features, _, _ = model.features(target, states, memory)
        F.cross_entropy(model.scores(features[-1]), torch.tensor([subwords.end])).backward()
    finally:
        model._embedded = original  # type: ignore[method-assign]
    assert embedded[0].grad is not None
    norms = embedded[0].grad[:, 0].norm(dim=1)
    return float(norms[0] / norms.sum())


def row_of(
    cell: str, attention: str, files: Sequence[Path], test: tuple[list[str], list[str]],
    minutes: float, sizes: dict[str, int], out: Path,
) -> Row:  # fmt: skip
    """Train an architecture and translate the test sentences."""
    seen = 0

    def count(event: Event) -> None:
        nonlocal seen
        if isinstance(event, StepProgress):
            seen = event.words_seen

    foreword.train(
        pairs=files, out=out, model=cell, attention=attention, minutes=minutes, report=count,
        validations=4, bidirectional=False, **sizes,
    )  # fmt: skip
    folder = read_translation(out)
    model = TranslationModel(folder.model)
    load_weights(model, folder.weights)
    model.eval()
    subwords = folder.subwords
    sources, references = test
    ids = Ids.of(subwords.encode_batch(sources))
    translations = [""] * len(sources)
    for k, found in greedy(model, ids, Ends(subwords.start, subwords.end)):
        translations[k] = subwords.decode(found)
    measured = by_length(sources, translations, references)
    gradient = {}
    for name in measured:
        least, most = map(int, name.split("-"))
        pairs = [
            pair
            for pair in zip(sources, references, strict=True)
            if least <= len(pair[0].split()) <= most
        ]
        shares = [gradient_at_first(model, subwords, pair) for pair in pairs[:EXAMINED]]
        gradient[name] = float(np.mean(shares))
    return Row(
        cell,
        attention,
        sum(p.numel() for p in model.parameters()),
        seen,
        measure(translations, references).bleu,
        measured,
        gradient,
    )


def main() -> None:
    """Train all architectures and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=1.5, help="of training, for each")
    parser.add_argument("--pairs", nargs=2, type=Path, metavar="FILE")
    parser.add_argument("--test", nargs=2, type=Path, metavar="FILE")
    parser.add_argument("--hidden-size", type=int, default=128)
    parser.add_argument("--embedding-size", type=int, default=64)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    chosen = parser.parse_args()
    sizes = {"hidden_size": chosen.hidden_size, "embedding_size": chosen.embedding_size}
    if chosen.threads:
        sizes["threads"] = chosen.threads
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if chosen.pairs:
            files = chosen.pairs
            test = tuple(path.read_text("utf-8").splitlines() for path in chosen.test)
        else:
            files = [folder / "numbers.de", folder / "numbers.en"]
            for path, lines in zip(files, lists(TRAINING, seed=1), strict=True):
                path.write_text("\n".join(lines) + "\n", "utf-8")
            test = lists(TEST, seed=2)
        rows = []
        for cell, attention in ARCHITECTURES:
            out = folder / f"{cell}-{attention}"
            row = row_of(cell, attention, files, test, chosen.minutes, sizes, out)
            rows.append(row)
            lengths = ", ".join(f"{name} words {bleu:.1f}" for name, bleu in row.by_length.items())
            first = ", ".join(f"{name} {share:.2e}" for name, share in row.gradient.items())
            print(
                f"{cell}, attention {attention}: {row.parameters:,} parameters, "
                f"{row.subwords:,} sub-words seen; BLEU {row.bleu:.1f} ({lengths}); "
                f"gradient at the first word {first}",
                flush=True,
            )
    if chosen.json:
        chosen.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    if chosen.plot:
        plot(rows, chosen.plot)


def plot(rows: Sequence[Row], path: Path) -> None:
    """Draw BLEU and the gradient by length: solid with attention, dotted without."""
    from matplotlib import pyplot as plt

    from foreword.folder.architecture import DESCRIPTIONS

    figure, (of_bleu, of_gradient) = plt.subplots(1, 2, figsize=(9.5, 3.6), layout="constrained")
    for row in rows:
        line = ":" if row.attention == "none" else "-"
        label = row.cell if row.attention == "none" else f"{row.cell}, attention"
        style = {"linestyle": line, "color": DESCRIPTIONS[row.cell].colours[0], "marker": "o"}
        of_bleu.plot(list(row.by_length), list(row.by_length.values()), label=label, **style)
        of_gradient.plot(list(row.gradient), list(row.gradient.values()), **style)
    of_bleu.set(xlabel="words in the source", ylabel="BLEU", ylim=(0, 101))
    of_gradient.set(
        xlabel="words in the source", ylabel="share of the first source word", yscale="log"
    )
    of_bleu.legend(fontsize=8)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
