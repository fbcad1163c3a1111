"""Every cell under one recipe: equal parameters, rates tuned equally, three seeds, on test text.

    python benchmarks/cells.py TRAIN VALID TEST --pretokenised --out FILE.json
    python benchmarks/cells.py --chats --out FILE.json
    python benchmarks/cells.py --print --out FILE.json

Each network gets as many parameters as an LSTM of `--hidden-size`, trains for the same `--steps`
at each of `--rates` with seed 0, and then, at the rate that was best on the validation text's first
`--valid-words`, with `--seeds` others, whose weights are measured on all of the test text: once,
and never for choosing anything. The learning rate's schedule ends with the steps. Nothing depends
on the clock, but in its last digits on whether the processor has bfloat16 (`--precision`) and
native kernels. The n-gram model, which has no rate and no seed, is counted once.

Runs go side by side in `--workers` processes of `--threads-each` threads. Each that ends is kept in
FILE.json, by its settings and its text, and is not run again: it may be stopped or killed at any
time and started again, with other workers, on another machine. `--deadline` starts no run that
would take longer than is left, by the runs seen so far, and ends at the latest then.

From a source checkout: PYTHONPATH=src python benchmarks/cells.py ...
"""

import argparse
import contextlib
import hashlib
import json
import math
import os
import queue
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch

from foreword import compiled
from foreword.comparison.sizes import same_size
from foreword.errors import TrainingError
from foreword.evaluation.perplexity import score
from foreword.folder.files import atomic_write
from foreword.folder.store import read_folder
from foreword.folder.weights import count_numbers
from foreword.models.build import count_parameters, from_folder
from foreword.nn.softmax import fast_precision
from foreword.text.corpus import chat_source, find_sources
from foreword.text.tokenizer import Tokenizer, TokenizerConfig
from foreword.text.tokens import Tokens, tokenise
from foreword.training.corpus import Corpus, read_corpus
from foreword.training.ngram import count_on
from foreword.training.progress import Event, Note, StepProgress
from foreword.training.run import train_on
from foreword.training.settings import TrainingSettings, settings_from
from machine import processor

CELLS: dict[str, dict[str, Any]] = {
    "lstm-layernorm": {"model": "lstm-layernorm"},
    "gru-layernorm": {"model": "gru-layernorm"},
    "rnn": {"model": "rnn"},
    "lstm": {"model": "lstm"},
    "lstm-peephole": {"model": "lstm-peephole"},
    "lstm-peephole-only": {"model": "lstm-peephole-only"},
    "lstm-peephole, any c": {"model": "lstm-peephole", "cell_clip": 0.0},
    "lstm-peephole-only, any c": {"model": "lstm-peephole-only", "cell_clip": 0.0},
    "lstm-coupled": {"model": "lstm-coupled"},
    "gru": {"model": "gru"},
    "gru, reset before": {"model": "gru", "reset_after": False},
    "mlp-window": {"model": "mlp-window"},
    "mlp-last": {"model": "mlp-last"},
    "ngram": {"model": "ngram"},
}
"""By the name in the table, what is special about each; those that take longest first."""
RATES = (1e-3, 2e-3, 4e-3, 8e-3, 16e-3, 32e-3)
TUNING_SEED = 0
SEEDS = (1, 2, 3)
OWN = (
    *("model", "reset_after", "cell_clip", "hidden_size", "learning_rate"),
    *("seed", "threads", "minutes"),
)
"""Settings that are a run's own, and not the recipe's."""


@dataclass(frozen=True)
class Job:
    """One run: a cell at a rate with a seed; of an n-gram model both are 0."""

    cell: str
    rate: float
    seed: int

    @property
    def key(self) -> str:
        return f"{self.cell} {self.rate:g} {self.seed}"

    @property
    def is_final(self) -> bool:
        """Whether it is measured on the test text."""
        return self.seed != TUNING_SEED or self.cell == "ngram"


@dataclass
class Table:
    """What one recipe has given on one text so far. `runs` are by `Job.key`."""

    cells: Sequence[str]
    rates: Sequence[float]
    seeds: Sequence[int]
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)

    def jobs(self) -> list[Job]:
        """What can be run now: of a cell whose rate is known the seeds, or else its rates."""
        finals, rates = [], []
        for cell in self.cells:
            if cell == "ngram":
                finals.append(Job(cell, 0.0, 0))
                continue
            tried = [Job(cell, rate, TUNING_SEED) for rate in self.rates]
            rates += tried
            if all(job.key in self.runs for job in tried) and (rate := self.best_rate(cell)):
                finals += [Job(cell, rate, seed) for seed in self.seeds]
        return [job for job in (*finals, *rates) if job.key not in self.runs]

    def best_rate(self, cell: str) -> float | None:
        """The rate that validated best; None if none has been tried with success."""
        perplexities = {
            rate: run["validation perplexity"]
            for rate in self.rates
            if (run := self.runs.get(Job(cell, rate, TUNING_SEED).key)) and "failed" not in run
        }
        return min(perplexities, key=lambda rate: perplexities[rate], default=None)

    def seconds(self, job: Job) -> float:
        """About how long a run takes: as the slowest of its cell, or of all cells, did."""
        seen = [run for run in self.runs.values() if "seconds" in run]
        own = [run for run in seen if run["cell"] == job.cell]
        if job.cell == "ngram" or not seen:
            return 0.0
        slowest = max(run["seconds"] for run in own or seen)
        tested = max((run["test seconds"] for run in seen if run["test seconds"]), default=None)
        if job.is_final:
            # Until one has been measured on the test text, that takes as long as all the rest.
            return float(slowest + (slowest if tested is None else tested))
        return float(slowest)


def markdown(table: Table) -> str:
    """A row for each cell that has been tested, the best first."""
    rows = []
    for cell in table.cells:
        rate = 0.0 if cell == "ngram" else table.best_rate(cell)
        seeds = (0,) if cell == "ngram" else table.seeds
        runs = [table.runs.get(Job(cell, rate or 0.0, seed).key) for seed in seeds]
        done = [run for run in runs if run is not None and "failed" not in run]
        if done and rate is not None:
            rows.append((cell, rate, done))
    lines = [
        "| model | hidden | parameters | rate | perplexity | top 1 | top 3 | seeds | words/s |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for cell, rate, runs in sorted(rows, key=lambda row: mean(row[2], "perplexity")):
        at_end = len(table.rates) > 1 and rate in (min(table.rates), max(table.rates))
        speeds = [run["words per core second"] or math.nan for run in runs]
        lines.append(
            f"| {cell} | {runs[0]['hidden size'] or ''} | {runs[0]['parameters']:,} "
            f"| {f'{rate:g}' if rate else ''}{' (end of the grid)' if at_end else ''} "
            f"| {spread(runs, 'perplexity', 1.0, '.1f')} | {spread(runs, 'top1', 100.0, '.2f')} % "
            f"| {spread(runs, 'top3', 100.0, '.2f')} % | {len(runs)} "
            f"| {'' if cell == 'ngram' else f'{statistics.median(speeds):,.0f}'} |"
        )
    return "\n".join(lines)


def by_rate(table: Table) -> str:
    """Validation perplexity of every cell at every rate, with the seed that is for choosing."""
    lines = [
        f"| validation at | {' | '.join(f'{rate:g}' for rate in table.rates)} |",
        "|---" * (1 + len(table.rates)) + "|",
    ]
    for cell in table.cells:
        tried = [table.runs.get(Job(cell, rate, TUNING_SEED).key) for rate in table.rates]
        if cell != "ngram" and any(tried):
            shown = [
                ""
                if run is None
                else "failed"
                if "failed" in run
                else f"{run['validation perplexity']:.1f}"
                for run in tried
            ]
            lines.append(f"| {cell} | {' | '.join(shown)} |")
    return "\n".join(lines)


def mean(runs: Sequence[Mapping[str, Any]], key: str) -> float:
    return statistics.fmean(run[key] for run in runs)


def spread(runs: Sequence[Mapping[str, Any]], key: str, unit: float, form: str) -> str:
    """Mean and sample standard deviation over seeds."""
    text = f"{unit * mean(runs, key):{form}}"
    if len(runs) > 1:
        text += f" ± {unit * statistics.stdev(run[key] for run in runs):{form}}"
    return text


# Text, read once and mapped by every worker.


def read_texts(arguments: argparse.Namespace, recipe: TrainingSettings, folder: Path) -> Corpus:
    """Reads the three texts and writes their ids to `folder`; the test text gives no word."""
    train, valid, test = arguments.texts or ((), (), ())
    corpus = read_corpus(
        [train] if train else (), [valid] if valid else (), recipe.text, folder, tell
    )
    if corpus.valid is None:
        sys.exit("the validation text has no words")
    sources = find_sources([test], encoding=recipe.text.encoding) if test else [chat_source("test")]
    tested = tokenise(sources, corpus.tokenizer, directory=folder)
    ids = corpus.valid.ids[: arguments.valid_words]
    corpus = replace(corpus, valid=replace(corpus.valid, ids=ids))
    for part, tokens in zip(PARTS, (corpus.train, corpus.valid, tested), strict=True):
        np.save(folder / f"{part}.npy", tokens.ids)
    document = {
        "name": corpus.name,
        "valid name": corpus.valid_name,
        "words": corpus.tokenizer.words,
        "tokenizer": vars(corpus.tokenizer.config),
        **{
            part: [tokens.lines, tokens.unknown, tokens.sha256]
            for part, tokens in zip(PARTS, (corpus.train, corpus.valid, tested), strict=True)
        },
    }
    (folder / "text.json").write_text(json.dumps(document), "utf-8")
    return corpus


PARTS = ("train", "valid", "test")


def mapped_texts(folder: Path) -> tuple[Corpus, Tokens]:
    """What `read_texts` wrote, and the test text."""
    document = json.loads((folder / "text.json").read_text("utf-8"))
    train, valid, test = (
        Tokens(np.load(folder / f"{part}.npy", mmap_mode="r"), *document[part]) for part in PARTS
    )
    tokenizer = Tokenizer(document["words"], TokenizerConfig(**document["tokenizer"]))
    return Corpus(document["name"], tokenizer, train, valid, document["valid name"]), test


def tell(event: Event) -> None:
    if isinstance(event, Note):
        print(event.text, flush=True)


# One run, in a worker.


class Diary:
    """A reporter that keeps what a run leaves behind. Its clock tells the seconds of cores."""

    def __init__(self) -> None:
        self.first = self.last = (0, 0.0)
        self.notes: list[str] = []

    def __call__(self, event: Event) -> None:
        match event:
            case StepProgress():
                self.last = event.words_seen, time.process_time()
                if not self.first[0]:
                    self.first = self.last
            case Note():
                self.notes.append(event.text)

    @property
    def words_per_core_second(self) -> float | None:
        """In training, its validations included; None of an n-gram model."""
        words, seconds = (b - a for a, b in zip(self.first, self.last, strict=True))
        return round(words / seconds, 1) if seconds else None


def settings_of(job: Job, recipe: Mapping[str, Any], corpus: Corpus) -> TrainingSettings:
    """The recipe with what is the job's own."""
    own = {**CELLS[job.cell], "seed": job.seed}
    settings = settings_from({**recipe, **own})
    if job.cell == "ngram":
        return settings
    yardstick = corpus.model_config(settings_from({**recipe, "model": "lstm"}))
    config = same_size(corpus.model_config(settings), count_parameters(yardstick))
    return settings_from({"hidden_size": config.hidden_size, "learning_rate": job.rate}, settings)


def run(job: Job, recipe: Mapping[str, Any], corpus: Corpus, test: Tokens) -> dict[str, Any]:
    """Trains, and measures: the network on the validation text, or a final one on both."""
    settings, diary = settings_of(job, recipe, corpus), Diary()
    about = {"cell": job.cell, "rate": job.rate, "seed": job.seed}
    began, core_began = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory(prefix="foreword-cells-") as scratch:
        out = Path(scratch) / "model"
        if job.cell == "ngram":
            config = count_on(corpus, settings, out=out, report=diary)
        else:
            try:
                config = train_on(corpus, settings, out=out, report=diary).config
            except TrainingError as error:
                return {**about, "failed": str(error), "notes": diary.notes}
        seconds = time.monotonic() - began
        record, validated = config.training, config.evaluation
        assert record is not None
        assert validated is not None
        figures = {
            **about,
            "hidden size": None if job.cell == "ngram" else config.network.hidden_size,
            "parameters": count_numbers(config.model, config.weights),
            "words seen": record.words_seen,
            "words per core second": diary.words_per_core_second,
            "validation perplexity": validated.perplexity,
            "notes": diary.notes[1:],
            "seconds": round(seconds, 1),
            "test seconds": None,
        }
        if job.is_final:
            measured = score(from_folder(read_folder(out)), test.ids)
            figures |= {
                "perplexity": measured.perplexity,
                "top1": measured.top1 / measured.words,
                "top3": measured.top3 / measured.words,
                "test words": measured.words,
                "test seconds": round(measured.seconds, 1),
            }
    return figures | {"core seconds": round(time.process_time() - core_began, 1)}


def work(folder: Path, threads: int) -> NoReturn:
    """Runs jobs, a line of JSON each, from standard input; ends when that does."""
    torch.set_num_threads(threads)
    tempfile.tempdir = str(folder)  # which the parent removes, even after killing this process
    corpus, test = mapped_texts(folder)
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def listen() -> None:
        for line in sys.stdin:
            lines.put(line)
        os._exit(0)  # the parent is gone, or wants no more: what runs is of use to nobody

    threading.Thread(target=listen, daemon=True).start()
    while True:
        order = json.loads(lines.get())
        figures = run(Job(*order["job"]), order["recipe"], corpus, test)
        sys.stdout.write(json.dumps(figures) + "\n")
        sys.stdout.flush()


# All runs, in the parent.


class Worker:
    """A process that runs one job after another."""

    def __init__(self, folder: Path, threads: int) -> None:
        few = {f"{name}_NUM_THREADS": str(threads) for name in ("OMP", "MKL", "OPENBLAS")}
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--work-in", str(folder), "--threads-each", str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **few},
            process_group=0,  # Ctrl-C in the terminal is the parent's business
        )

    def ask(self, job: Job, recipe: Mapping[str, Any]) -> dict[str, Any] | None:
        """What came of a job; None if the process ended."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        order = {"job": [job.cell, job.rate, job.seed], "recipe": recipe}
        try:
            self.process.stdin.write(json.dumps(order) + "\n")
            self.process.stdin.flush()
        except OSError:
            return None
        answer = self.process.stdout.readline()
        return json.loads(answer) if answer.endswith("\n") else None

    def close(self) -> None:
        """Close its pipes, once it has ended."""
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):  # of an order that it did not read
                pipe.close()


def run_all(
    table: Table, recipe: Mapping[str, Any], workers: Sequence[Worker], until: float
) -> Iterator[tuple[Job, dict[str, Any]]]:
    """Yields what comes of each job; ends when all are done, or none would be done in time."""
    idle = list(workers)
    with contextlib.ExitStack() as pipes, ThreadPoolExecutor(len(workers)) as pool:
        for worker in workers:
            pipes.callback(worker.close)
        running: dict[Future[dict[str, Any] | None], tuple[Job, Worker]] = {}
        try:
            while True:
                taken = {job for job, _ in running.values()}
                left = until - time.monotonic()
                ready = [j for j in table.jobs() if j not in taken and table.seconds(j) <= left]
                while idle and ready:
                    job, worker = ready.pop(0), idle.pop()
                    running[pool.submit(worker.ask, job, recipe)] = job, worker
                if not running or left <= 0:
                    return
                timeout = None if math.isinf(left) else left
                done, _ = wait(running, timeout, FIRST_COMPLETED)
                for future in done:
                    job, worker = running.pop(future)
                    idle.append(worker)
                    figures = future.result()
                    if figures is None:
                        raise SystemExit(f"{job.key}: its process ended by itself; out of memory?")
                    yield job, figures
        finally:
            for worker in workers:
                worker.process.kill()
                worker.process.wait()


def machine() -> str:
    fast = str(fast_precision(torch.device("cpu"))).removeprefix("torch.")
    kernels = (
        f"native kernels ({isa})" if (isa := compiled.instruction_set()) else "portable kernels"
    )
    return f"{processor()}, {os.cpu_count()} cores, torch {torch.__version__}, {fast}, {kernels}"


def read(path: Path) -> dict[str, Any]:
    """The tables that a file holds, by their recipe and text; none if there is no file.

    Those of one recipe are one table, also where some were written when settings were fewer.
    """
    tables: dict[str, Any] = {}
    for table in json.loads(path.read_text("utf-8")).values() if path.exists() else ():
        known = tables.setdefault(identity(table["recipe"], table["text"]), table)
        if known is not table:
            known |= {
                "recipe": known["recipe"] | table["recipe"],
                "runs": known["runs"] | table["runs"],
                **{
                    name: list(dict.fromkeys([*known[name], *table[name]]))
                    for name in ("cells", "rates", "seeds", "machines")
                },
            }
    return tables


def identity(recipe: Mapping[str, Any], text: Mapping[str, Any]) -> str:
    """By which a table is found again.

    A setting that there was not yet did nothing, which is what a new one does by default: so those
    that have their defaults do not count. (`softmax_start` alone does something by default:
    a table from before it wants "equal" in its recipe, which is what it ran with.)
    """
    usual = TrainingSettings.default().leaves()
    own = {leaf: value for leaf, value in recipe.items() if value != usual.get(leaf)}
    digest = hashlib.sha256(json.dumps([own, text], sort_keys=True).encode()).hexdigest()
    return f"{text['name']} {digest[:8]}"


def recipe_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """The settings that all share, by their leaves."""
    options = {
        "pretokenised": arguments.pretokenised,
        "vocab_size": arguments.vocab_size,
        "embedding_size": arguments.embedding_size,
        "hidden_size": arguments.hidden_size,
        "dropout": arguments.dropout,
        "softmax_sample": arguments.softmax_sample,
        "batch_size": arguments.batch_size,
        "window": arguments.window,
        "steps": arguments.steps,
        "precision": arguments.precision,
        "validations": 1,  # at the end: the schedule is made for that
        # A checkpoint for each so many seconds would make a run depend on the clock, where it
        # diverges and goes back to the last one.
        "save_seconds": 1e9,
    }
    return settings_from(options).leaves()


def shown(experiment: Mapping[str, Any]) -> str:
    """A table of the file, with a line above on what it is of."""
    recipe, text = experiment["recipe"], experiment["text"]
    table = Table(experiment["cells"], experiment["rates"], experiment["seeds"], experiment["runs"])
    seconds = sum(run.get("core seconds", 0.0) for run in table.runs.values())
    return (
        f"{text['name']}: {text['train words']:,} words, vocabulary {text['vocabulary']:,}; "
        f"{recipe['steps']:,} steps of {recipe['batch_size']} x {recipe['window']} words; "
        f"embedding {recipe['embedding_size']}, dropout {recipe['dropout']:g}; "
        f"{len(table.runs)} runs in {seconds / 60:.0f} minutes of one "
        f"core; {'; '.join(experiment['machines'])}\n\n{markdown(table)}\n\n{by_rate(table)}\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("texts", nargs="*", metavar="TEXT", help="TRAIN VALID TEST")
    parser.add_argument("--chats", action="store_true", help="the carried chats")
    parser.add_argument("--out", type=Path, help="FILE.json")
    parser.add_argument("--print", action="store_true", help="only print what FILE.json holds")
    parser.add_argument("--models", nargs="+", choices=CELLS, default=list(CELLS))
    parser.add_argument("--rates", type=float, nargs="+", default=list(RATES))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads-each", type=int, default=1)
    parser.add_argument("--deadline", type=float, default=math.inf, metavar="SECONDS")
    parser.add_argument("--pretokenised", action="store_true")
    parser.add_argument("--vocab-size", type=int, help="default: all words; of chats 10,000")
    parser.add_argument("--embedding-size", type=int, default=64)
    parser.add_argument("--hidden-size", type=int, default=256, help="the LSTM's")
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument(
        "--softmax-sample",
        type=int,
        default=0,
        metavar="WORDS",
        help="in training score the 4,096 commonest and so many of the others, until the end",
    )
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--window", type=int, default=35)
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--valid-words", type=int, default=20_000)
    parser.add_argument("--precision", choices=("auto", "float32", "bfloat16"), default="auto")
    parser.add_argument("--work-in", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    until = time.monotonic() + arguments.deadline
    if arguments.work_in:
        work(arguments.work_in, arguments.threads_each)
    if arguments.out is None:
        parser.error("where shall the results go, or come from? --out FILE.json")
    kept = read(arguments.out)
    if not arguments.print:
        if len(arguments.texts) != 3 and not (arguments.chats and not arguments.texts):
            parser.error("give TRAIN VALID TEST, or --chats")
        if TUNING_SEED in arguments.seeds:
            parser.error(f"seed {TUNING_SEED} is the one that rates are chosen with")
        if arguments.chats and arguments.vocab_size is None:
            arguments.vocab_size = 10_000
        measure(arguments, kept, until)
    for experiment in kept.values():
        print(shown(experiment))


def measure(arguments: argparse.Namespace, kept: dict[str, Any], until: float) -> None:
    """Runs what is missing; `kept`, and the file, have each run as soon as it has ended."""
    recipe = recipe_of(arguments)
    shared = {leaf: value for leaf, value in recipe.items() if leaf not in OWN}
    shared["hidden_size"] = arguments.hidden_size  # the yardstick's
    with tempfile.TemporaryDirectory(prefix="foreword-cells-") as name:
        corpus = read_texts(arguments, settings_from(shared), Path(name))
        _, test = mapped_texts(Path(name))
        text = {
            "name": corpus.name,
            "train words": len(corpus.train),
            "valid words": len(corpus.valid or ()),
            "test words": len(test),
            "vocabulary": corpus.tokenizer.vocab_size,
            "sha256": {**corpus.fingerprint, "test": test.sha256},
        }
        experiment = kept.setdefault(identity(shared, text), {"runs": {}})
        experiment |= {
            "text": text,
            "recipe": shared,
            "cells": arguments.models,
            "rates": arguments.rates,
            "seeds": arguments.seeds,
            "machines": list(dict.fromkeys([*experiment.get("machines", ()), machine()])),
        }
        table = Table(arguments.models, arguments.rates, arguments.seeds, experiment["runs"])
        print(f"{len(table.jobs())} runs are to be done before the next", flush=True)
        workers = [Worker(Path(name), arguments.threads_each) for _ in range(arguments.workers)]
        began = time.monotonic()
        for job, figures in run_all(table, shared, workers, until):
            table.runs[job.key] = figures
            atomic_write(arguments.out, json.dumps(kept, indent=1).encode() + b"\n")
            came = figures.get("failed") or (
                f"validation {figures['validation perplexity']:.1f}, "
                f"{figures['words per core second'] or 0:,.0f} words a core second, "
                f"{figures['seconds']} s"
                + (f", test {figures['perplexity']:.1f}" if job.is_final else "")
            )
            print(f"{time.monotonic() - began:5.0f} s  {job.key}: {came}", flush=True)
        if table.jobs():
            print("there was no time for more: the same command goes on", flush=True)


if __name__ == "__main__":
    main()
