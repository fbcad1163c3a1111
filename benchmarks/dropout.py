"""Dropout by how often a text is read: the basis of `foreword.training.defaults.dropout_for`.

    python benchmarks/dropout.py TRAIN VALID [--passes 3,10,30] [--rates 0.1,0.25,0.4,0.55]

One training for each pair, by the default settings, of a pretokenised text's 10,000 commonest
words; each line is one, with the perplexity of the last weights on VALID.
"""

import argparse
import tempfile
from pathlib import Path

import foreword


def numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("train")
    parser.add_argument("valid")
    parser.add_argument("--passes", type=numbers, default=numbers("3,10,30"))
    parser.add_argument("--rates", type=numbers, default=numbers("0.1,0.25,0.4,0.55"))
    arguments = parser.parse_args()
    for passes in arguments.passes:
        for rate in arguments.rates:
            with tempfile.TemporaryDirectory() as scratch:
                outcome = foreword.train(
                    arguments.train,
                    valid=arguments.valid,
                    out=Path(scratch) / "model",
                    pretokenised=True,
                    vocab_size=10_000,
                    epochs=passes,
                    dropout=rate,
                    rotate=True,
                    validations=1,
                ).config
            assert outcome.evaluation is not None
            assert outcome.training is not None
            print(
                f"{outcome.training.words:,} words, {passes:g} passes, dropout {rate:g}: "
                f"perplexity {outcome.evaluation.perplexity:.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
