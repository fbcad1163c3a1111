"""Words/s of training one model with several processes, and the cost of communication.

    python benchmarks/processes.py [--processes 2] [--seconds 30] [--rounds 3] [--json FILE]

An LSTM of 640 units over 10,000 words of random text is trained with the same batch in turn by one
process with as many threads as there are processes otherwise; by the processes, with one thread
each; and by the same processes without averaging their gradients (each then learns separately, and
nothing is kept), which shows the fraction of a step that averaging takes in addition to the
backward pass. Run nothing else on the machine meanwhile.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import foreword
from foreword.training.progress import Event, StepProgress
from foreword.training.ranks import Ranks
from machine import machine

WORDS, VOCABULARY = 300_000, 10_000
FIRST = 5
"""The number of steps that are not counted."""


def write_text(path: Path) -> None:
    """Write random words, of which the n-th commonest is n times as rare as the commonest."""
    draw = np.random.default_rng(1)
    chances = 1 / np.arange(1, VOCABULARY + 1)
    words = draw.choice(VOCABULARY, size=WORDS, p=chances / chances.sum())
    words[:VOCABULARY] = np.arange(VOCABULARY)  # each at least once
    lines = np.array([f"w{word}" for word in words]).reshape(-1, 20)
    for name, part in ((path.name, lines), ("valid.txt", lines[:50])):
        text = "\n".join(" ".join(line) for line in part) + "\n"
        path.with_name(name).write_text(text, "utf-8")


def train(text: Path, seconds: float, threads: int) -> None:
    """Train for some time, and print the words/s of the middle step as JSON."""
    seen: list[tuple[float, int]] = []

    def note(event: Event) -> None:
        if isinstance(event, StepProgress):
            seen.append((event.seconds, event.words_seen))

    with tempfile.TemporaryDirectory() as folder:
        foreword.train(
            text, valid=text.with_name("valid.txt"), out=Path(folder) / "m",
            minutes=seconds / 60, threads=threads,
            vocab_size=VOCABULARY, embedding_size=640, hidden_size=640, dropout=0.2,
            batch_size=64, window=35, validations=1, report=note,
        )  # fmt: skip
    steps = list(zip(seen[FIRST:], seen[FIRST + 1 :], strict=False))
    if steps:
        paces = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in steps if b[0] > a[0]]
        print(json.dumps(statistics.median(paces)))


def measured(arguments: list[str], processes: int, script: list[str]) -> float:
    """Return the words/s of a fresh run."""
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    command = [sys.executable, *(launcher if processes > 1 else []), *script, *arguments]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=dict(os.environ))
    return float(run.stdout.split()[-1])


def main() -> None:
    """Measure all, round after round, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=30.0, help="of each run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--train", type=Path, metavar="TEXT", help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--apart", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.train:
        if chosen.apart:
            Ranks.wrapped = lambda _, loss, __: loss  # type: ignore[method-assign]
        train(chosen.train, chosen.seconds, chosen.threads)
        return
    count = chosen.processes
    ways: dict[str, tuple[int, list[str]]] = {
        f"1 process, {count} threads": (1, ["--threads", str(count)]),
        f"{count} processes, 1 thread each": (count, []),
        "the same, gradients not averaged": (count, ["--apart"]),
    }
    paces: dict[str, list[float]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "text.txt"
        write_text(text)
        common = ["--train", str(text), "--seconds", str(chosen.seconds)]
        for _ in range(chosen.rounds):
            for way, (processes, options) in ways.items():
                paces[way].append(measured([*common, *options], processes, [__file__]))
    middle = {way: statistics.median(each) for way, each in paces.items()}
    one, several, apart = middle.values()
    print(machine())
    for way, pace in middle.items():
        print(f"{way:<36}{pace:10,.0f} words/s{pace / one:8.2f}")
    print(f"averaging gradients: {1 - several / apart:.1%} of a step")
    if chosen.json:
        result: dict[str, Any] = {"words_per_second": paces, "averaging": 1 - several / apart}
        chosen.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
