"""Time of layers and of the predictor's engine in two revisions, which take turns.

    git worktree add ../before REVISION && make -C ../before .venv/.dev
    python benchmarks/revisions.py ../before/.venv/bin/python [--only step predictor ...]
        [--layers lstm ...] [--formats float32 int8] [--seconds 2] [--json FILE]

The argument is the interpreter of an environment in which the other revision is installed. Each
revision runs in a process of its own, and only one of them at a time: every round runs each of them
once, in random order. A ratio is that of a round's times, the other revision's by ours: above 1,
this revision is faster. Median and quartiles are printed, and at the end the rows whose median is
below 0.97. Parts and shapes are those of `layers.py`; `predictor` has the works of `predictor.py`.
Both processes run this revision's scripts, so that both libraries get the same calls. Run nothing
else on the machine meanwhile.
"""

import argparse
import json
import math
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import torch

import layers
import predictor
from foreword.folder.quantised import quantise
from foreword.predictor.engine import Engine
from foreword.predictor.lexicon import Lexicon
from layers import Run
from machine import machine
from timing import BURST, Within, ratio

PARTS = ("step", "sequence", "batches", "training")
WORKS = ("step", "new word", "all words scored", "first letter", "second letter")
LEAST = 0.97
ROUNDS = 5
"""The least number of rounds of a row."""
Row = tuple[str, str, str, str]
"""A part, a layer or a work, a shape, and a format."""


def rows_of(only: Sequence[str], names: Sequence[str], formats: Sequence[str]) -> Iterator[Row]:
    """Yield the rows to be timed."""
    for part in PARTS:
        for name in names if part in only else ():
            for shape in layers.PARTS[part]:
                for products in formats:
                    if part != "training" or products != "int8":
                        yield part, name, shape, products
    for shape in predictor.SHAPES if "predictor" in only else ():
        for work in WORKS:
            for products in formats:
                if products != "bfloat16":
                    yield "predictor", work, shape, products


def run_of(row: Row) -> Run:
    """Return what a row times."""
    part, name, shape, products = row
    if part == "predictor":
        embedding, tied = predictor.SHAPES[shape]
        config, weights = predictor.model(embedding, tied)
        engine = Engine(config, quantise(weights) if products == "int8" else weights)
        return predictor.our_runs(engine, Lexicon(predictor.vocabulary(), hidden=2))[name]
    torch.manual_seed(1)
    B, T, H = (int(n) for n in shape.split(","))
    layer, x = layers.LAYERS[name](H, H), torch.randn(T, B, H)
    way = layers.training if part == "training" else layers.forward
    return way(layer, x, products)


def serve() -> None:
    """Answer rows on standard input with the milliseconds that each takes, in another revision."""
    asked: Row | None = None
    run: Run = bool
    repeats = 1
    for line in sys.stdin:
        row = tuple(json.loads(line))
        if row != asked:
            asked, run = row, run_of(row)
            repeats = math.ceil(BURST / (milliseconds(run, 2) / 1000))
        sys.stdout.write(f"{milliseconds(run, repeats)}\n")
        sys.stdout.flush()


def milliseconds(run: Run, repeats: int) -> float:
    """Return the time of one of several calls, after one that does not count."""
    inner, context = (run.run, run.context) if isinstance(run, Within) else (run, None)

    def timed() -> float:
        inner()
        began = time.perf_counter()
        for _ in range(repeats):
            inner()
        return 1000 * (time.perf_counter() - began) / repeats

    if context is None:
        return timed()
    with context():
        return timed()


class Revision:
    """A process that times rows with the library of one environment."""

    def __init__(self, python: str, threads: int) -> None:
        """Start it."""
        command = [python, __file__, "--serve", "--threads", str(threads)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def time(self, row: Row) -> float:
        """Return the milliseconds of a row."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(row) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"{self._process.args[0]}: the process ended; see its error above")
        return float(answer)


def main() -> None:
    """Time every row in both revisions."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("python", nargs="?", help="of an environment with the other revision")
    parser.add_argument("--only", nargs="+", choices=(*PARTS, "predictor"))
    parser.add_argument("--layers", nargs="+", choices=layers.LAYERS, default=list(layers.LAYERS))
    parser.add_argument("--formats", nargs="+", choices=layers.FORMATS, default=["float32", "int8"])
    parser.add_argument("--seconds", type=float, default=2.0, help="for each row")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--json", type=Path)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    if chosen.serve:
        serve()
        return
    if chosen.python is None:
        parser.error("name the interpreter of the environment with the other revision")
    rows = []
    order = random.Random(1)
    print(f"{machine()}, {chosen.threads} threads")
    print(f"{'':58}{'before':>10}{'now, ms':>10}{'ratio':>7}  quartiles")
    with (
        Revision(chosen.python, chosen.threads) as before,
        Revision(sys.executable, chosen.threads) as now,
    ):
        for row in rows_of(chosen.only or (*PARTS, "predictor"), chosen.layers, chosen.formats):
            for revision in (before, now):
                revision.time(row)
            taken: dict[Revision, list[float]] = {before: [], now: []}
            until = time.perf_counter() + chosen.seconds
            while len(taken[now]) < ROUNDS or time.perf_counter() < until:
                for revision in order.sample([before, now], 2):
                    taken[revision].append(revision.time(row))
            middle, low, high = ratio(taken[before], taken[now])
            medians = [statistics.median(taken[revision]) for revision in (before, now)]
            rows.append((*row, *medians, middle, low, high))
            print(
                f"{row[0]:10}{row[1]:20}{row[2]:>18} {row[3]:9}{medians[0]:10.3f}{medians[1]:10.3f}"
                f"{middle:7.2f}  {low:.2f} to {high:.2f}",
                flush=True,
            )
    slower = [row for row in rows if row[6] < LEAST]
    print(f"{len(slower)} of {len(rows)} rows have a ratio below {LEAST}:")
    for row in slower:
        print(f"  {row[0]} {row[1]} {row[2]} {row[3]}: {row[6]:.2f}")
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
