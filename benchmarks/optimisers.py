"""Validation perplexity after equal times: AdamW, and Muon with gates' matrices split or whole.

    python benchmarks/optimisers.py TRAIN VALID --out FILE.json [--minutes 3] [--seeds 1,2,3]

Each optimiser trains at each of `--rates` with each of `--seeds`, by `--recipe` and `--set`, for as
many minutes; all of VALID is read at the end. The table has each optimiser's mean at its best rate,
the seeds' standard deviation, and the words that were read in the time: an optimiser that takes
longer for a step takes fewer steps. Run nothing else on the machine meanwhile.

A run that ends is kept in FILE.json and not run again: the command may be stopped, and started
again with more seeds or rates.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

import foreword
from foreword.cli.watch import Watch
from foreword.errors import ForewordError, SettingsError
from foreword.folder.files import atomic_write
from machine import commit, machine

OPTIMISERS: Mapping[str, Mapping[str, Any]] = {
    "AdamW": {"optimiser": "adamw"},
    "Muon, split by gate": {"optimiser": "muon", "muon_split": True},
    "Muon, whole": {"optimiser": "muon", "muon_split": False},
}
Row = dict[str, Any]


def arguments_from(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("train", type=Path)
    parser.add_argument("valid", type=Path)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="keeps the runs")
    parser.add_argument("--recipe", default="text-cpu")
    parser.add_argument("--minutes", type=float, default=3.0, help="of each run; default 3")
    parser.add_argument("--rates", default="0.006", help="learning rates; default 0.006")
    parser.add_argument("--seeds", default="1,2,3", help="default 1,2,3")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    chosen = arguments_from(argv)
    rows: list[Row] = json.loads(chosen.out.read_text("utf-8")) if chosen.out.exists() else []
    settings = dict(word.partition("=")[::2] for word in chosen.set)
    recipe = {
        "train": chosen.train.name,
        "valid": chosen.valid.name,
        "recipe": Path(chosen.recipe).name,
        "minutes": chosen.minutes,
        "set": settings,
    }
    for seed in numbers(chosen.seeds, int):
        for rate in numbers(chosen.rates, float):
            for name in OPTIMISERS:
                row = {**recipe, "optimiser": name, "rate": rate, "seed": seed}
                if any(is_part(row, kept) for kept in rows):
                    continue
                rows.append(row | measured(chosen, row, settings))
                atomic_write(chosen.out, (json.dumps(rows, indent=1) + "\n").encode())
    print(table([row for row in rows if is_part(recipe, row)]))


def is_part(some: Row, row: Row) -> bool:
    return all(row[name] == value for name, value in some.items())


def numbers(text: str, kind: type) -> list[Any]:
    return [kind(word) for word in text.split(",")]


def measured(chosen: argparse.Namespace, row: Row, settings: Mapping[str, str]) -> Row:
    """Train once, and return what the table needs, and where it was run."""
    print(f"{row['optimiser']}, rate {row['rate']:g}, seed {row['seed']}", file=sys.stderr)
    leaves = {**settings, **OPTIMISERS[row["optimiser"]]}
    with tempfile.TemporaryDirectory() as folder, Watch() as watch:
        outcome = foreword.train(
            [chosen.train],
            valid=[chosen.valid],
            out=Path(folder) / "model",
            recipe=chosen.recipe,
            minutes=chosen.minutes,
            learning_rate=row["rate"],
            seed=row["seed"],
            report=watch,
            **leaves,
        )
    if outcome.stopped_by is not None:
        raise SystemExit(f"stopped by {outcome.stopped_by}: this run is not kept")
    training, evaluation = outcome.config.training, outcome.config.evaluation
    if training is None or evaluation is None:
        raise SettingsError("the run was not evaluated")
    return {
        "perplexity": evaluation.perplexity,
        "words seen": training.words_seen,
        "machine": machine(),
        "threads": training.settings["threads"] or torch.get_num_threads(),
        "commit": commit(),
    }


def table(rows: Sequence[Row]) -> str:
    """As Markdown: each optimiser at the rate of its lowest mean perplexity."""
    lines = [
        "| optimiser | learning rate | perplexity | deviation | seeds | words read |",
        "|---|---|---|---|---|---|",
    ]
    for name in OPTIMISERS:
        by_rate: dict[float, list[Row]] = {}
        for row in rows:
            if row["optimiser"] == name:
                by_rate.setdefault(row["rate"], []).append(row)
        if not by_rate:
            continue
        means = {
            rate: statistics.mean(row["perplexity"] for row in runs)
            for rate, runs in by_rate.items()
        }
        best = min(means, key=means.__getitem__)
        figures = [row["perplexity"] for row in by_rate[best]]
        spread = f"{statistics.stdev(figures):.2f}" if len(figures) > 1 else "-"
        words = statistics.mean(row["words seen"] for row in by_rate[best])
        lines.append(
            f"| {name} | {best:g} | {means[best]:.2f} | {spread} | {len(figures)} | {words:,.0f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    try:
        main()
    except ForewordError as error:
        raise SystemExit(f"error: {error}") from error
