"""How well federated training learns the carried chats by their senders, and the cost of privacy.

    python benchmarks/federated.py BASE --out FOLDER [--epsilon 2 8 32] [--people 10000 1000000]
                                   [--rounds 500] [--clients 50] [--seeds 3] [--starts base nothing]
                                   [--set NAME=VALUE ...] [--set-nothing NAME=VALUE ...]
    python benchmarks/federated.py BASE --out FOLDER --quick

BASE is the model that training begins from; it must not have been trained on these chats.
Everything is done from BASE and from nothing, which means new weights in BASE's architecture with
its vocabulary. `--set-nothing` sets settings for the latter only, such as a higher rate. Each row
is measured on chats that were used neither for training nor for choices (`--split valid` is for
choosing): perplexity, accuracies, and the keys saved in typing `--messages` of them; it has the
mean of the seeds, and half of the range of their results.

- untouched: the model before training.
- central: everybody's text in one place. From nothing, `foreword train` with BASE's sizes for
  `--central-epochs` passes; from BASE, SGD as the clients do it, on all of the text in turns.
- federated: rounds without noise, people weighted by their words.
- private: with noise for an epsilon of each person. Delta is that of `--delta`, or the number of
  people to the power of -1.1 if that is less.
- private, as if there were more people: extrapolated, not observed. The changes are those of these
  people, with the noise that more people would need if the same fraction took part in each round,
  equally rarely. The benefit of more text is not included.

FOLDER keeps each row in `rows.jsonl`, and `table.md` and `epsilon.svg`, the curve, are made anew
after each. The same command continues a run that was stopped: finished rows are not computed again,
and an interrupted federated run is continued. `--canaries N` in `--set` adds a column. With
`--quick`, a few rounds of a few people test that it runs; their figures are meaningless.
"""

import argparse
import json
import random
import shutil
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

import foreword
from foreword.evaluation.keystrokes import simulate
from foreword.evaluation.suggester import Suggester
from foreword.federated.people import read_people
from foreword.federated.settings import FederatedSettings, planned
from foreword.folder.architecture import format_version
from foreword.folder.config import FolderConfig
from foreword.folder.files import atomic_write
from foreword.folder.installed import find_folder
from foreword.folder.saving import write_folder
from foreword.folder.store import Folder, read_config, read_folder
from foreword.models.build import build, weights_of
from foreword.text.corpus import chat_source, messages_by_sender
from foreword.text.tokens import tokenise
from foreword.training.card import model_card
from foreword.training.checkpoint import has_begun
from foreword.training.corpus import Corpus
from foreword.training.run import train_on
from foreword.training.settings import settings_from

FIGURES = {"perplexity": "perplexity", "top1": "top 1", "top3": "top 3", "savings": "keys saved"}
QUICK = {"rounds": 6, "clients": 4, "person_words": 200}
UNBOUNDED = 10**9


@dataclass(frozen=True)
class Job:
    """A row for one seed.

    start: "base" or "nothing". kind: "untouched", "central", "federated" or "private". people: as
    if there were so many; None: as many as there are.
    """

    start: str
    kind: str
    seed: int
    epsilon: float | None = None
    people: int | None = None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("base", help="a model folder, or an installed model's name")
    parser.add_argument("--out", type=Path, required=True, help="folder of rows, table and curve")
    parser.add_argument("--starts", nargs="*", default=["base", "nothing"])
    parser.add_argument("--epsilon", type=float, nargs="*", default=[2.0, 8.0, 32.0])
    parser.add_argument("--people", type=int, nargs="*", default=[10_000, 1_000_000])
    parser.add_argument("--delta", type=float, default=1e-4)
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--central-epochs", type=int, default=5)
    parser.add_argument("--messages", type=int, default=300)
    parser.add_argument("--split", choices=("valid", "test"), default="test")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="any setting")
    parser.add_argument("--set-nothing", nargs="*", default=[], metavar="NAME=VALUE")
    parser.add_argument("--quick", action="store_true", help="6 rounds of 4 people, one seed")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.seeds, arguments.messages, arguments.central_epochs = 1, 5, 1
        arguments.epsilon, arguments.people = arguments.epsilon[:1], arguments.people[:1]
    bench = Bench(arguments)
    jobs = bench.jobs()
    for number, job in enumerate(jobs, 1):
        if bench.row_of(job) is None:
            print(f"{number} of {len(jobs)}: {described(job)}, seed {job.seed}", flush=True)
            bench.do(job)
            bench.show(jobs)
    bench.show(jobs)
    print((arguments.out / "table.md").read_text("utf-8"))


class Bench:
    """What all rows share, and the rows that are done."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.out: Path = arguments.out
        self.out.mkdir(parents=True, exist_ok=True)
        self.base: Folder = read_folder(find_folder(arguments.base))
        self.people = len(read_people((), self.base.tokenizer))
        self.rows: dict[str, dict[str, Any]] = {}
        if (path := self.out / "rows.jsonl").exists():
            for line in path.read_text("utf-8").splitlines():
                row = json.loads(line)
                self.rows[row["key"]] = row

    def jobs(self) -> list[Job]:
        """All rows, the first seed's first."""
        return [
            job
            for seed in range(1, self.arguments.seeds + 1)
            for start in self.arguments.starts
            for job in self._of(start, seed)
        ]

    def _of(self, start: str, seed: int) -> Iterator[Job]:
        for kind in ("untouched", "central", "federated"):
            yield Job(start, kind, seed)
        for people in (None, *self.arguments.people):
            for epsilon in self.arguments.epsilon:
                yield Job(start, "private", seed, epsilon, people)

    def settings(self, job: Job) -> dict[str, Any]:
        """The settings of a job's federated run."""
        options: dict[str, Any] = {
            "rounds": self.arguments.rounds,
            "clients": self.arguments.clients,
            **(QUICK if self.arguments.quick else {}),
            "validations": 0,
            "seed": job.seed,
        }
        assigned = [*self.arguments.set, *(self.arguments.set_nothing * (job.start == "nothing"))]
        options |= dict(assignment.split("=", 1) for assignment in assigned)
        if job.kind == "central":
            options |= {"rounds": self.arguments.central_epochs, "clients": 1}
            words = 2000 if self.arguments.quick else UNBOUNDED
            options |= {"person_words": words, "clip": UNBOUNDED}
        if job.kind == "private":
            options |= self._noise(job, options)
        return options

    def delta(self, people: int | None) -> float:
        return float(min(self.arguments.delta, (people or self.people) ** -1.1))

    def _noise(self, job: Job, options: dict[str, Any]) -> dict[str, Any]:
        """The noise of as many people as there are, or what would fall on the mean of more."""
        private = {"epsilon": job.epsilon, "delta": self.delta(job.people)}
        if job.people is None:
            return private
        current = planned(FederatedSettings.checked(options), self.people)
        clients = current.server.clients * job.people // self.people
        as_if = {**options, **private, "clients": clients, "separation": current.separation}
        other = planned(FederatedSettings.checked(as_if), job.people)
        return {"noise": other.server.noise * current.server.clients / clients}

    def key(self, job: Job) -> str:
        """What a row is known by: everything that it depends on."""
        measure = [self.arguments.split, self.arguments.messages]
        weights = sha256(
            b"".join(self.base.weights[n].tobytes() for n in sorted(self.base.weights))
        )
        return json.dumps([asdict(job), self.settings(job), measure, weights.hexdigest()[:16]])

    def row_of(self, job: Job) -> dict[str, Any] | None:
        return self.rows.get(self.key(job))

    def do(self, job: Job) -> None:
        """Train and measure a row, and keep it."""
        key, began = self.key(job), time.monotonic()
        folder = self.out / "running" / sha256(key.encode()).hexdigest()[:16]
        folder.parent.mkdir(exist_ok=True)
        config = self.model(job, folder)
        measured = foreword.evaluate(folder, chats=self.arguments.split)
        typed = simulate(Suggester(foreword.load(folder)), self.messages())
        federated = None if config.training is None else config.training.federated
        canaries = None if federated is None else federated.canaries
        row = {
            "key": key,
            "perplexity": measured.perplexity,
            "top1": measured.top1,
            "top3": measured.top3,
            "savings": typed.tally.savings,
            "noise": self._share(job),
            "dropped": 0 if federated is None else federated.dropped,
            "exposures": [] if canaries is None else canaries.exposures,
            "minutes": (time.monotonic() - began) / 60,
        }
        with (self.out / "rows.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self.rows[key] = row
        shutil.rmtree(folder)

    def model(self, job: Job, folder: Path) -> FolderConfig:
        """Make the model of a job in a folder, or go on with what is there."""
        start = self.base if job.start == "base" else untrained(self.base, job.seed)
        if job.kind == "untouched" or (job.kind == "central" and job.start == "nothing"):
            shutil.rmtree(folder, ignore_errors=True)
            if job.kind == "untouched":
                return written(start, folder)
            return self.central(job, folder)
        if folder.exists() and not has_begun(folder):
            return read_config(folder)  # it was finished, and not measured
        if has_begun(folder):
            outcome = foreword.federate(out=folder, resume=True)
        else:
            beginning = folder.with_suffix(".start")
            shutil.rmtree(beginning, ignore_errors=True)
            written(start, beginning)
            people = [everybody(self.out / "running")] if job.kind == "central" else ()
            outcome = foreword.federate(
                people, continues=beginning, out=folder, **self.settings(job)
            )
            shutil.rmtree(beginning)
        if outcome.stopped_by is not None:
            raise SystemExit("stopped and saved: the same command goes on")
        return outcome.config

    def central(self, job: Job, folder: Path) -> FolderConfig:
        """Train new weights as `foreword train` does, with the words and sizes of BASE."""
        texts = [tokenise([chat_source(s)], self.base.tokenizer) for s in ("train", "valid")]
        corpus = Corpus("carried chats", self.base.tokenizer, *texts, "carried chats")
        network = self.base.config.network
        settings = settings_from(
            {
                "model": network.name,
                "hidden_size": network.hidden_size,
                "embedding_size": network.embedding_size,
                "num_layers": network.num_layers,
                "tied": network.tied,
                "epochs": self.arguments.central_epochs,
                "seed": job.seed,
            }
        )
        outcome = train_on(corpus, settings, out=folder)
        if outcome.stopped_by is not None:
            raise SystemExit("stopped: the same command begins this row anew")
        return outcome.config

    def messages(self) -> list[str]:
        """Messages to type: some of those that the row is measured on."""
        every = [m for of in messages_by_sender(self.arguments.split).values() for m in of]
        return random.Random(1).sample(every, min(self.arguments.messages, len(every)))

    def _share(self, job: Job) -> float | None:
        """The standard deviation of a node's noise in the mean, in units of the clipping norm."""
        if job.kind != "private":
            return None
        server = planned(FederatedSettings.checked(self.settings(job)), self.people).server
        return server.noise / server.clients

    def show(self, jobs: Sequence[Job]) -> None:
        """Write the table and the curve of the rows that are done."""
        rows = self.grouped(jobs)
        exposed = any(row["exposures"] for of in rows.values() for row in of)
        head = ["from", "training", "people", "epsilon", "delta", "noise / clients"]
        head += [
            *FIGURES.values(),
            *(["exposure"] if exposed else []),
            "dropped",
            "minutes",
            "seeds",
        ]
        lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
        for job, of in rows.items():
            private = job.kind == "private"
            cells = [
                job.start,
                described(job),
                f"{job.people or self.people:,}",
                f"{job.epsilon:g}" if private else "-",
                f"{self.delta(job.people):.2g}" if private else "-",
                f"{of[0]['noise']:.2g}" if private else "-",
                *(cell(name, [row[name] for row in of]) for name in FIGURES),
            ]
            if exposed:
                bits = [bit for row in of for bit in row["exposures"]]
                cells.append(f"{statistics.median(bits):.1f} bits" if bits else "-")
            cells += [f"{sum(row['dropped'] for row in of)}"]
            cells += [f"{sum(row['minutes'] for row in of):.1f}", f"{len(of)}"]
            lines.append("| " + " | ".join(cells) + " |")
        atomic_write(self.out / "table.md", ("\n".join(lines) + "\n").encode())
        draw(rows, self.people, self.out / "epsilon.svg")

    def grouped(self, jobs: Sequence[Job]) -> dict[Job, list[dict[str, Any]]]:
        """The rows of all seeds, by the job of the first."""
        rows: dict[Job, list[dict[str, Any]]] = {}
        for job in jobs:
            if (row := self.row_of(job)) is not None:
                first = Job(job.start, job.kind, 1, job.epsilon, job.people)
                rows.setdefault(first, []).append(row)
        return rows


def described(job: Job) -> str:
    """What is done, in words."""
    if job.people is not None:
        return f"private, as if {job.people:,} people (computed)"
    return job.kind


def cell(name: str, values: Sequence[float]) -> str:
    mean, half = statistics.mean(values), (max(values) - min(values)) / 2
    return f"{mean:.2f} ± {half:.2f}" if name == "perplexity" else f"{mean:.2%} ± {half:.2%}"


def untrained(base: Folder, seed: int) -> Folder:
    """A model of the same architecture and vocabulary whose weights have learned nothing."""
    network = base.config.network
    weights = weights_of(build(network, generator=torch.Generator().manual_seed(seed)))
    config = FolderConfig(
        format_version=format_version(network, "float32", base.tokenizer.config),
        model=network,
        tokenizer=base.tokenizer.config,
    )
    return Folder(config, weights, base.tokenizer, base.rare, base.misspellings)


def written(model: Folder, folder: Path) -> FolderConfig:
    write_folder(
        folder,
        model.config,
        model.weights,
        model.tokenizer,
        model_card(model.config),
        model.rare,
        model.misspellings,
    )
    return model.config


def everybody(folder: Path) -> Path:
    """A file of all people's messages, which makes one person of them."""
    path = folder / "everybody.txt"
    lines = [message for of in messages_by_sender("train").values() for message in of]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def draw(rows: dict[Job, list[dict[str, Any]]], people: int, path: Path) -> None:
    """Accuracies and keystroke savings by epsilon, as an SVG."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    names = [name for name in FIGURES if name != "perplexity"]
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    FigureCanvasSVG(figure)
    colours = {"base": "#0b69a3", "nothing": "#d9822b"}
    styles = {"untouched": ":", "federated": "--", "central": "-."}
    markers = iter("os^Dv")
    marker_of: dict[int | None, str] = {}
    for axes, name in zip(figure.subplots(1, len(names)), names, strict=True):
        curves: dict[tuple[str, int | None], list[tuple[float, float]]] = {}
        for job, of in rows.items():
            mean = 100 * statistics.mean(row[name] for row in of)
            if job.epsilon is not None:
                curves.setdefault((job.start, job.people), []).append((job.epsilon, mean))
            else:
                label = f"from {job.start}, {job.kind}"
                axes.axhline(mean, color=colours[job.start], ls=styles[job.kind], lw=1, label=label)
        for (start, as_if), points in curves.items():
            if as_if not in marker_of:
                marker_of[as_if] = next(markers)
            label = f"from {start}, {as_if or people:,} people" + " (computed)" * bool(as_if)
            x, y = zip(*sorted(points), strict=True)
            axes.plot(x, y, color=colours[start], marker=marker_of[as_if], lw=1.6, label=label)
        axes.set_xscale("log")
        axes.set_xlabel("epsilon (log scale)")
        axes.set_ylabel(f"{FIGURES[name]} in %")
        axes.grid(visible=True, color="#e4e7eb", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    figure.savefig(path)


if __name__ == "__main__":
    main()
