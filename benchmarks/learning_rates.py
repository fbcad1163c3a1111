"""Validation perplexity of every architecture by learning rate, after the same number of words.

    python benchmarks/learning_rates.py [TEXT...] [--steps 500] [--rates 1e-3 2e-3 4e-3 8e-3]

Without TEXT it reads the chats that the package carries. The rates in `foreword.training.defaults`
come from here. It counts steps, not seconds: other work on the machine does not change the result.
"""

import argparse

from foreword.comparison.compare import ARCHITECTURES, compare

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("text", nargs="*")
parser.add_argument("--steps", type=int, default=500)
parser.add_argument("--rates", type=float, nargs="+", default=[1e-3, 2e-3, 4e-3, 8e-3])
parser.add_argument("--models", nargs="+", default=ARCHITECTURES)
parser.add_argument("--vocab-size", type=int, default=10_000)
parser.add_argument("--embedding-size", type=int, default=128)
parser.add_argument("--parameters", type=int, default=1_700_000)
parser.add_argument("--dropout", type=float, default=0.1)
arguments = parser.parse_args()

print("rate".ljust(8), *(f"{name:>18}" for name in arguments.models), flush=True)
for rate in arguments.rates:
    found = compare(
        arguments.text,
        models=arguments.models,
        minutes=1e6,
        steps=arguments.steps,
        learning_rate=rate,
        parameters=arguments.parameters,
        vocab_size=arguments.vocab_size,
        embedding_size=arguments.embedding_size,
        dropout=arguments.dropout,
    )
    print(f"{rate:<8g}", *(f"{row.perplexity:18.1f}" for row in found.rows), flush=True)
