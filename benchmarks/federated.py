"""What federated training learns of the carried chats by their senders, and what privacy costs.

    python benchmarks/federated.py BASE [--epsilon 2 8 32] [--rounds 500] [--clients 50] [--seeds 3]
                                   [--quick] [--set NAME=VALUE ...]

BASE is the model that training begins from; one that was trained on these chats tells nothing. Each
row is the model after all rounds, measured on the chats held out for validation: perplexity and
accuracies, the mean of the seeds and half of what lies between the least and the largest. The first
row is BASE itself, the second has no noise and weights people by their words. With `--quick`, a few
rounds of a few people show that it runs; their figures mean nothing.
"""

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

import foreword

FIGURES = ("perplexity", "top1", "top3")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("base", help="a model folder, or an installed model's name")
    parser.add_argument("--epsilon", type=float, nargs="*", default=[2.0, 8.0, 32.0])
    parser.add_argument("--delta", type=float, default=1e-4)
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="6 rounds of 4 people, one seed")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="any setting")
    arguments = parser.parse_args()
    settings: dict[str, Any] = {"rounds": arguments.rounds, "clients": arguments.clients}
    if arguments.quick:
        settings, arguments.seeds = {"rounds": 6, "clients": 4, "person_words": 200}, 1
    settings |= dict(assignment.split("=", 1) for assignment in arguments.set)
    print(f"settings: {', '.join(f'{name} {value}' for name, value in settings.items())}")
    print("| epsilon | noise | perplexity | top 1 | top 3 | changes dropped |")
    print("|---|---|---|---|---|---|")
    print(f"| {arguments.base} | - | {row([measured(arguments.base)])} | - |", flush=True)
    for epsilon in (None, *arguments.epsilon):
        private = {} if epsilon is None else {"epsilon": epsilon, "delta": arguments.delta}
        configs = [
            trained(arguments.base, {**settings, **private, "seed": seed})
            for seed in range(1, arguments.seeds + 1)
        ]
        federated = [config.training.federated for config in configs]
        privacy = federated[0].privacy
        noise = "-" if privacy is None else f"{privacy.noise:.2f}"
        dropped = sum(record.dropped for record in federated)
        told = row([config.evaluation for config in configs])
        print(f"| {epsilon or 'no privacy'} | {noise} | {told} | {dropped} |", flush=True)


def measured(base: str) -> Any:
    return foreword.evaluate(base, chats="valid")


def trained(base: str, settings: dict[str, Any]) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        return foreword.federate(
            continues=base, out=Path(folder) / "m", validations=0, **settings
        ).config


def row(evaluations: list[Any]) -> str:
    cells = []
    for name in FIGURES:
        values = [getattr(evaluation, name) for evaluation in evaluations]
        mean, half = statistics.mean(values), (max(values) - min(values)) / 2
        cells.append(
            f"{mean:.2f} ± {half:.2f}" if name == "perplexity" else f"{mean:.2%} ± {half:.2%}"
        )
    return " | ".join(cells)


if __name__ == "__main__":
    main()
