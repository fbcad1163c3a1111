"""The figures on memory: reproductions of the published results, and a survey.

    python benchmarks/memory.py [--out build/memory] [--workers 2] [--json FILE]
    python benchmarks/memory.py --tables

The trials are those of these commands; finished trials are not repeated:

    foreword memory --published --out build/memory/published
    foreword memory adding temporal-order-2 noise-free --seeds 3 --out build/memory/survey
    foreword memory copy --lag 5 --seeds 2 --out build/memory/copy
    foreword memory copy --lag 20 --seeds 1 --out build/memory/copy

Seconds are those of one processor core, since other programs may run meanwhile. `--tables` prints
the stored results as the tables of docs/how-to/memory.md.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from foreword.memory import TASKS, Result, places
from foreword.memory.published import outcomes
from foreword.memory.published import trials as published_trials
from foreword.memory.report.files import write
from foreword.memory.survey import Event, planned_for, run_all
from machine import machine

KEPT = Path(__file__).parent / "results" / "memory.json"
SURVEYS = (
    ("survey", ("adding", "temporal-order-2", "noise-free"), None, 3),
    ("copy", ("copy",), (5,), 2),
    ("copy", ("copy",), (20,), 1),
)
"""Folder, tasks, lags (None: the task's own) and seeds."""


def tell(event: Event) -> None:
    if event.result is not None:
        trial = event.trial
        came = "solved" if event.result.solved else "not solved"
        print(
            f"{event.done}/{event.total} {trial.task} {trial.cell} {trial.lag}: {came}", flush=True
        )


def run(out: Path, workers: int) -> dict[str, Any]:
    published = run_all(published_trials(), out / "published", workers, tell)
    surveyed: list[Result] = []
    for folder, tasks, lags, seeds in SURVEYS:
        plan = planned_for(tasks, None, lags, seeds)
        surveyed += run_all(plan, out / folder, workers, tell).results
    write(published.results, out / "published")
    write(surveyed, out / "all")
    return {
        "published": [outcome.as_json() for outcome in outcomes(published.results)],
        "survey": [asdict(entry) for entry in places(surveyed)],
        "core seconds": {
            "published": sum(r.cpu_seconds for r in published.results),
            "survey": sum(r.cpu_seconds for r in surveyed),
        },
        "torch": torch.__version__,
        "machine": machine(),
    }


def tables(kept: dict[str, Any]) -> str:
    lines = [
        "| task | cell | lag | expected | result | as expected | core seconds |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in kept["published"]:
        verdict = {True: "yes", False: "**no**", None: "not tried"}[row["holds"]]
        lines.append(
            f"| `{row['task']}` | `{row['cell']}` | {row['lag']} | {row['expected']} | "
            f"{row['found']} | {verdict} | {row['cpu_seconds']:.0f} |"
        )
    for task in dict.fromkeys(entry["task"] for entry in kept["survey"]):
        own = [entry for entry in kept["survey"] if entry["task"] == task]
        lags = sorted({entry["lag"] for entry in own})
        lines += ["", f"| {TASKS[task].title} | " + " | ".join(map(str, lags)) + " |"]
        lines.append("|---" * (1 + len(lags)) + "|")
        for cell in dict.fromkeys(entry["cell"] for entry in own):
            by_lag = {entry["lag"]: entry for entry in own if entry["cell"] == cell}
            row = [
                f"{by_lag[n]['solved']}/{by_lag[n]['tried']}" if n in by_lag else "" for n in lags
            ]
            lines.append(f"| `{cell}` | " + " | ".join(row) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("build/memory"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, default=KEPT)
    parser.add_argument("--tables", action="store_true")
    arguments = parser.parse_args()
    if not arguments.tables:
        document = run(arguments.out, arguments.workers)
        arguments.json.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    print(tables(json.loads(arguments.json.read_text("utf-8"))))


if __name__ == "__main__":
    main()
