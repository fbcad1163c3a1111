"""Runs a recipe and measures its results, which are also appended to results/quality.json.

    python benchmarks/quality.py RECIPE TRAIN VALID TEST [--minutes 30] [--ngram] [--dynamic]
    python benchmarks/quality.py RECIPE TRAIN VALID --curve 1,3,10,30 [--peer]

RECIPE is a recipe's name or file. The first trains by it, then reads TEST once with the network
(and once more with dynamic evaluation), and gives each method's perplexity in a column of its own:
alone, at a temperature, with a continuous cache, with an n-gram of the same text, with both. All
numbers of the methods are chosen on VALID; those that adapt to TEST are marked.

The second trains once for each number of minutes, with a schedule that ends when they do, and draws
validation perplexity against seconds; TEST is not read. With `--peer` word_language_model's recipe
also runs, once, and is measured after the same minutes.

Minutes count from the start of training, including reading the text, without evaluations at the
end.
"""

import argparse
import json
import shlex
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

import foreword
from foreword.cli.watch import Watch
from foreword.errors import ForewordError, SettingsError
from foreword.evaluation.methods.measure import measure
from foreword.evaluation.methods.plan import Cache
from foreword.folder.config import FolderConfig
from foreword.folder.files import atomic_write
from foreword.folder.store import read_config
from foreword.training.recipes import Reached, find, rendered, write
from foreword.training.settings import TextSettings
from machine import commit, machine
from word_language_model import Words, train_peer

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "quality.json"
PICTURE = HERE.parent / "docs" / "images" / "perplexity-by-time.png"

Record = dict[str, Any]


def arguments_from(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe")
    parser.add_argument("train")
    parser.add_argument("valid")
    parser.add_argument("test", nargs="?")
    parser.add_argument("--minutes", type=float, help="instead of the recipe's end")
    parser.add_argument("--device", help="cpu, cuda...; for training and evaluation")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting that goes before the recipe's; repeatable",
    )
    parser.add_argument("--ngram", action="store_true", help="mix in an n-gram of TRAIN")
    parser.add_argument("--dynamic", action="store_true", help="evaluate dynamically too")
    parser.add_argument("--curve", metavar="MINUTES", help="train for each of these: 1,3,10,30")
    parser.add_argument("--peer", action="store_true", help="beside word_language_model's recipe")
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep the models in it")
    parser.add_argument(
        "--trained", type=Path, metavar="DIR", help="measure this model, which the recipe trained"
    )
    parser.add_argument(
        "--keep", type=Path, metavar="FILE", help="a recipe's file that the result is written into"
    )
    parser.add_argument("--json", type=Path, default=RESULTS, help="records are appended to it")
    parser.add_argument("--picture", type=Path, default=PICTURE, help="of the curve")
    arguments = parser.parse_args(argv)
    if arguments.curve is None and arguments.test is None:
        parser.error("give a TEST to measure on, or --curve")
    if arguments.curve is not None and (arguments.test or arguments.trained or arguments.minutes):
        parser.error("--curve trains anew by its own minutes and reads no TEST")
    if arguments.peer and arguments.curve is None:
        parser.error("--peer runs beside --curve")
    return arguments


def main(argv: Sequence[str] | None = None) -> None:
    argv = sys.argv[1:] if argv is None else argv
    arguments = arguments_from(argv)
    if arguments.keep is not None:
        rendered(find(arguments.keep))  # report its faults before a long training
    with ExitStack() as until_end:
        folder = arguments.out
        if folder is None:
            folder = Path(until_end.enter_context(tempfile.TemporaryDirectory()))
        run = curve if arguments.curve is not None else single
        record = {
            "recipe": arguments.recipe,
            "date": datetime.now(UTC).strftime("%Y-%m-%d"),
            "machine": machine(arguments.device),
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "commit": commit(),
            "command": shlex.join(["python", "benchmarks/quality.py", *map(without_folder, argv)]),
            "texts": [
                Path(t).name for t in (arguments.train, arguments.valid, arguments.test) if t
            ],
            **run(arguments, folder),
        }
    append(record, arguments.json)
    print(f"appended to {arguments.json}")
    if arguments.curve is not None:
        draw(record, arguments.picture)
        print(f"drawn: {arguments.picture}")
    elif arguments.keep is not None:
        keep(record, arguments.keep)
        print(f"written into {arguments.keep}")


def single(arguments: argparse.Namespace, folder: Path) -> Record:
    """Trains, and measures once."""
    if arguments.trained is None:
        config = trained(arguments, folder / "network", arguments.minutes)
        network = folder / "network"
    else:
        network = arguments.trained
        config = read_config(network)
    record = training_of(config)
    ngram = counted(arguments, folder / "ngram") if arguments.ngram else None
    began = time.monotonic()
    with Watch() as watch:
        measured = measure(
            network,
            arguments.test,
            cache=Cache(theta=15.0, window=2000),  # an initial value, which is tuned
            ngram=ngram,
            tune=arguments.valid,
            tune_cache=True,
            tune_dynamic=arguments.dynamic,
            progress=watch.text_progress,
            device=arguments.device or "cpu",
        )
    columns = [asdict(column) for column in measured.columns]
    record |= {
        "test words": measured.words,
        "seconds of measuring": round(time.monotonic() - began, 1),
    }
    if ngram is not None:
        alone = foreword.evaluate(ngram, [arguments.test]).perplexity
        columns.append({"name": "n-gram", "adapts": False, "perplexity": alone, "settings": {}})
    show(record, columns)
    return {**record, "test": columns}


def curve(arguments: argparse.Namespace, folder: Path) -> Record:
    """One training for each number of minutes, and the peer's one."""
    minutes = sorted(float(part) for part in arguments.curve.split(","))
    points = []
    for budget in minutes:
        config = trained(arguments, folder / f"{budget:g}-minutes", budget)
        points.append({"minutes": budget, **training_of(config)})
        print(f"{budget:g} minutes: validation perplexity {points[-1]['valid perplexity']:.1f}")
    record: Record = {"curve": points}
    if arguments.peer:
        words = Words.of(arguments.train)
        run = train_peer(
            words.ids(arguments.train),
            words.ids(arguments.valid),
            words.count,
            [60 * budget for budget in minutes],
            arguments.device or "cpu",
        )
        record["word_language_model"] = [
            {
                "seconds": round(p.seconds, 1),
                "words seen": p.words,
                "valid perplexity": p.perplexity,
            }
            for p in run.points
        ]
    return record


def trained(arguments: argparse.Namespace, out: Path, minutes: float | None) -> FolderConfig:
    leaves = described(arguments) | {"minutes": minutes, "device": arguments.device}
    with Watch() as watch:
        outcome = foreword.train(
            [arguments.train],
            out=out,
            valid=[arguments.valid],
            recipe=arguments.recipe,
            report=watch,
            **leaves,
        )
    if outcome.stopped_by is not None:
        raise SystemExit(f"stopped by {outcome.stopped_by}: nothing was measured")
    return outcome.config


def counted(arguments: argparse.Namespace, out: Path) -> Path:
    """An n-gram model of TRAIN, with the words that the recipe's network has."""
    leaves = find(arguments.recipe).settings | described(arguments)
    of_text = {name: leaves[name] for name in TextSettings.model_fields if name in leaves}
    with Watch() as watch:
        foreword.train(
            [arguments.train],
            out=out,
            valid=[arguments.valid],
            report=watch,
            model="ngram",
            **of_text,
        )
    return out


def described(arguments: argparse.Namespace) -> dict[str, str]:
    """The settings of `--set`, which the tree of settings interprets."""
    values = {}
    for setting in arguments.set:
        name, equals, value = setting.partition("=")
        if not equals:
            raise SettingsError(f"--set takes NAME=VALUE, not {setting!r}")
        values[name] = value
    return values


def training_of(config: FolderConfig) -> Record:
    training, evaluation = config.training, config.evaluation
    assert training is not None
    if evaluation is None:
        raise SettingsError("the model was not validated to its end: train it anew")
    return {
        "seconds": training.seconds,
        "words seen": training.words_seen,
        "epochs": training.epochs,
        "steps": training.steps,
        "valid perplexity": evaluation.perplexity,
        "settings": training.settings,
    }


def show(record: Record, columns: list[Record]) -> None:
    print(
        f"{record['seconds']:.0f} s of training, {record['words seen']:,} words seen, "
        f"{record['epochs']:.2f} epochs; validation perplexity {record['valid perplexity']:.2f}"
    )
    print(f"{'test perplexity of':44}{'':>10}{'adapting':>10}")
    for column in columns:
        figure = f"{column['perplexity']:.2f}"
        static, adapting = ("", figure) if column["adapts"] else (figure, "")
        print(f"{column['name']:44}{static:>10}{adapting:>10}")


def without_folder(argument: str) -> str:
    """Names without folders, which are private."""
    return Path(argument).name if Path(argument).is_absolute() else argument


def append(record: Record, path: Path) -> None:
    records = json.loads(path.read_text("utf-8")) if path.exists() else []
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, (json.dumps([*records, record], indent=1) + "\n").encode())


def keep(record: Record, path: Path) -> None:
    """Adds what was reached to a recipe's file."""
    recipe = find(path)
    reached = Reached(
        text=", ".join(record["texts"]),
        machine=f"{record['machine']}, {record['threads']} threads",
        date=record["date"],
        seconds=record["seconds"],
        valid_perplexity=round(record["valid perplexity"], 2),
        test_perplexity={c["name"]: round(c["perplexity"], 2) for c in record["test"]},
        command=record["command"],
    )
    write(recipe.model_copy(update={"reached": (*recipe.reached, reached)}), path)


def draw(record: Record, path: Path) -> None:
    """Validation perplexity against seconds, both on logarithmic scales, as a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, ScalarFormatter

    figure = Figure(figsize=(7, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    name = f"Foreword, recipe {Path(record['recipe']).stem}: a run for each time"
    lines = [(name, record["curve"], "#0b69a3", -15)]
    if "word_language_model" in record:
        name = "word_language_model's recipe: one run"
        lines.append((name, record["word_language_model"], "#d9822b", 7))
    for name, points, colour, above in lines:
        x = [point["seconds"] for point in points]
        y = [point["valid perplexity"] for point in points]
        axes.plot(x, y, color=colour, marker="o", markersize=5, linewidth=1.8, label=name)
        for at in zip(x, y, strict=True):
            axes.annotate(
                f"{at[1]:.0f}",
                at,
                xytext=(0, above),
                textcoords="offset points",
                ha="center",
                fontsize=9,
                color=colour,
            )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(FixedLocator([60 * p["minutes"] for p in record["curve"]]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: f"{seconds:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.yaxis.set_minor_formatter(ScalarFormatter())
    axes.set_xlabel("seconds of training (log scale)")
    axes.set_ylabel("validation perplexity (log scale)")
    axes.margins(y=0.15)
    axes.grid(visible=True, which="both", color="#e4e7eb", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    axes.set_title(f"{record['machine']}, {record['threads']} threads", fontsize=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    try:
        main()
    except ForewordError as error:
        raise SystemExit(f"error: {error}") from error
