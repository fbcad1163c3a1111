"""How encoders and decoders translate sentences of growing length, with and without attention.

    python benchmarks/translation_memory.py --out DIR [--steps 1600] [--plot FILE.png]
    python benchmarks/translation_memory.py --out DIR --pairs train.de train.en
        --test test.de test.en

Without pairs it reads the carried ones, of one to four clauses: in German the verb of a clause is
at its end, and in English at its beginning. Every architecture has the same sizes and the same
steps; the encoders read in one direction, so that the beginning of a sentence is farthest from its
end. Each network is stored in DIR as soon as it is trained, and the same command continues after an
interruption.

The table has BLEU of greedy translations by the number of words in the source, and the norm of the
gradient of the last target word's loss with respect to the first source word, which shows how far
learning at the end of a translation reaches the beginning of the sentence.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import foreword
from foreword.folder.config import TranslationEvaluation
from foreword.text.pairs.carried import NAME

NETWORKS = [
    (cell, attention) for attention in ("none", "multiplicative") for cell in ("rnn", "gru", "lstm")
]

UNDISTURBED = {"dropout": 0.0, "label_smoothing": 0.0, "subword_dropout": 0.0}
"""The pairs are a grammar's, which nothing but the source makes predictable."""


def measured(
    out: Path, files: Sequence[Path | str], test: Sequence[Path | str], steps: int,
    cell: str, attention: str, sizes: dict[str, int],
) -> TranslationEvaluation:  # fmt: skip
    """Train a network and measure it; return what is kept of an earlier run."""
    kept = out.with_suffix(".json")
    if not kept.exists():
        outcome = foreword.train(
            pairs=files, out=out, model=cell, attention=attention, steps=steps,
            overwrite=True, validations=4, bidirectional=False, **UNDISTURBED, **sizes,
        )  # fmt: skip
        if outcome.stopped_by is not None:
            raise SystemExit(f"stopped by {outcome.stopped_by}")
        evaluation = foreword.evaluate(out, pairs=test, beams=1, by_length=True)
        kept.write_text(evaluation.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return TranslationEvaluation.model_validate_json(kept.read_text("utf-8"))


def main() -> None:
    """Train all networks and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="where the networks are kept")
    parser.add_argument("--steps", type=int, default=1600, help="of training, for each")
    parser.add_argument("--pairs", nargs=2, type=Path, metavar="FILE", default=[NAME])
    parser.add_argument("--test", nargs=2, type=Path, metavar="FILE", default=[f"{NAME}:test"])
    parser.add_argument("--hidden-size", type=int, default=192)
    parser.add_argument("--embedding-size", type=int, default=96)
    parser.add_argument("--plot", type=Path)
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    sizes = {"hidden_size": chosen.hidden_size, "embedding_size": chosen.embedding_size}
    rows = {}
    for cell, attention in NETWORKS:
        name = cell if attention == "none" else f"{cell}, attention"
        row = measured(
            chosen.out / f"{cell}-{attention}", chosen.pairs, chosen.test, chosen.steps,
            cell, attention, sizes,
        )  # fmt: skip
        rows[name] = row
        print(f"{name:<16}BLEU {row.bleu:5.1f}", end="")
        for one in row.by_length:
            print(f" | {one.words} words: {one.bleu:5.1f}, {one.gradient:.1e}", end="")
        print(flush=True)
    if chosen.plot:
        plot(rows, chosen.plot)


def plot(rows: dict[str, TranslationEvaluation], path: Path) -> None:
    """Draw BLEU and the gradient by length: solid with attention, dotted without."""
    from matplotlib import pyplot as plt

    from foreword.folder.architecture import DESCRIPTIONS

    figure, (of_bleu, of_gradient) = plt.subplots(1, 2, figsize=(9.5, 3.6), layout="constrained")
    for name, row in rows.items():
        cell, _, looks = name.partition(", ")
        style = {
            "linestyle": "-" if looks else ":",
            "color": DESCRIPTIONS[cell].colours[0],
            "marker": "o",
        }
        words = [one.words for one in row.by_length]
        of_bleu.plot(words, [one.bleu for one in row.by_length], label=name, **style)
        of_gradient.plot(words, [one.gradient for one in row.by_length], **style)
    of_bleu.set(xlabel="words in the source", ylabel="BLEU", ylim=(0, 101))
    of_gradient.set(
        xlabel="words in the source", ylabel="gradient at the first source word", yscale="log"
    )
    of_bleu.legend(fontsize=8, loc="center")
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
