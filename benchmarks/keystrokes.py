"""Keystroke savings of a model, of the same with phrases, and of presage and trigrams.

    python benchmarks/keystrokes.py MODEL TEXT [TEXT ...] [--training FILE ...]

Presage and trigrams are trained on the model's text. Each TEXT is as `messages.py` has it, a file
or `sms:test`, and gets a table of its own. Messages that are also in the training text are left
out. The same simulated typist types with all predictors, in turns, so that other programs on the
machine affect all of them equally. Presage comes from Debian's packages presage and libpresage1v5.
Its database grows with its text: `--most-words` gives presage and trigrams only the beginning of a
long one, and says so. By default presage does not repeat a suggestion that was ignored within a
word, and Foreword does; here this is an option of the typist, the same for all, and `--both` types
in both ways.
"""

import argparse
import contextlib
import random
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

import foreword
import ngrams
import presage
from foreword.evaluation.keystrokes import (
    KeystrokeReport,
    SimulatedTypist,
    Suggests,
    Tally,
    simulate,
)
from foreword.evaluation.suggester import Suggester
from foreword.folder.installed import find_folder
from foreword.folder.store import folder_bytes
from foreword.text.corpus import chat_source, find_sources
from messages import messages_of

TURN = 25
"""Messages that a predictor types in a row."""
PRESAGE_SUGGESTIONS = 40
"""What the typist may ask for at most, those passed over included."""
TRIGRAM_WORDS = 40_000
DATABASE = "presage.db"
BOOTSTRAPS = 2000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="a model folder, or an installed model's name")
    parser.add_argument("texts", nargs="+", metavar="text", help="messages of another source")
    parser.add_argument("--training", nargs="+", help="the model's; default: the carried chats")
    parser.add_argument("--most-words", type=int, help="that the others are trained on")
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--slots", type=int, default=3)
    parser.add_argument("--against", nargs="*", default=["presage", "trigrams"])
    parser.add_argument("--both", action="store_true", help="typed without repeats, too")
    parser.add_argument("--work", type=Path, help="where presage's database is kept")
    arguments = parser.parse_args()
    sources = find_sources(arguments.training) if arguments.training else [chat_source("train")]
    training = [piece.text for source in sources for piece in source.read()]
    messages = {
        text: drawn(text, training, arguments.messages, arguments.seed) for text in arguments.texts
    }
    if arguments.most_words is not None:
        training = beginning(training, arguments.most_words)
    with contextlib.ExitStack() as stack:
        work = arguments.work or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        model = foreword.load(arguments.model)
        predictors: dict[str, Suggests] = {
            "foreword": Suggester(model),
            "foreword with phrases": Suggester(model, phrase_slots=arguments.slots),
        }
        sizes = dict.fromkeys(predictors, folder_size(arguments.model))
        if "presage" in arguments.against:
            learned = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "presage"
            predictors["presage"] = presage_of(training, work, learned)
            sizes["presage"] = (work / DATABASE).stat().st_size / 1e6
        if "trigrams" in arguments.against:
            trigrams = ngrams.Ngrams(training, TRIGRAM_WORDS)
            predictors["trigrams"], sizes["trigrams"] = trigrams, trigrams.size / 1e6
        for text, typed in messages.items():
            print(f"\n{len(typed)} messages of {text.rpartition('/')[2]}, seed {arguments.seed}")
            for repeats in (True, False) if arguments.both else (True,):
                typist = SimulatedTypist(slots=arguments.slots, repeats=repeats)
                show(by_turns(predictors, typed, typist), sizes)


def beginning(lines: list[str], most_words: int) -> list[str]:
    """The first lines of a text, of about so many words in all."""
    ends = np.cumsum([len(line.split()) for line in lines])
    kept = lines[: int(np.searchsorted(ends, most_words)) + 1]
    words = f"{ends[len(kept) - 1]:,} of {ends[-1]:,}"
    print(f"the others are trained on the first {words} words")
    return kept


def drawn(name: str, training: list[str], count: int, seed: int) -> list[str]:
    """Messages that nobody has trained on."""
    known = {line.strip().casefold() for line in training}
    fresh = [message for message in messages_of(name) if message.casefold() not in known]
    return random.Random(seed).sample(fresh, min(count, len(fresh)))


def presage_of(training: list[str], work: Path, learned: Path) -> presage.Presage:
    """Presage, trained into `work` unless that was done before."""
    database = work / DATABASE
    if not database.exists():
        work.mkdir(exist_ok=True)
        presage.train(presage.lines_of(work / "training.txt", training), database)
    return presage.Presage(database, learned, PRESAGE_SUGGESTIONS)


def folder_size(folder: Path) -> float:
    """MB of a model folder, or of an installed model."""
    return folder_bytes(find_folder(folder)) / 1e6


def by_turns(
    predictors: dict[str, Suggests], messages: list[str], typist: SimulatedTypist
) -> dict[str, KeystrokeReport]:
    """Each predictor's report over all messages."""
    turns = [messages[i : i + TURN] for i in range(0, len(messages), TURN)]
    parts: dict[str, list[KeystrokeReport]] = {name: [] for name in predictors}
    for turn in turns:
        for name, predictor in predictors.items():
            parts[name].append(simulate(predictor, turn, typist))
    return {name: joined(reports) for name, reports in parts.items()}


def joined(parts: list[KeystrokeReport]) -> KeystrokeReport:
    characters = sum(part.tally.characters for part in parts)
    ceiling = sum(part.ceiling * part.tally.characters for part in parts) / characters
    return KeystrokeReport(
        parts[0].typist,
        sum((part.tally for part in parts), Tally()),
        ceiling,
        parts[0].learned,
        tuple(second for part in parts for second in part.seconds),
        tuple(tally for part in parts for tally in part.by_message),
    )


def show(reports: dict[str, KeystrokeReport], sizes: dict[str, float]) -> None:
    first = next(iter(reports.values()))
    print(f"\n{first.typist.assumptions()}; ceiling {first.ceiling:.1%}")
    print("| predictor | savings | top 1 | top 3 | MRR | before first letter | MB | µs | p99 |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, report in reports.items():
        r = report.record()
        print(
            f"| {name} | {r['keystroke_savings']:.1%} | {r['top1']:.1%} | {r['top3']:.1%} | "
            f"{r['mean_reciprocal_rank']:.3f} | {r['words_before_first_letter']:.1%} | "
            f"{sizes[name]:.1f} | {r['median_microseconds']:.0f} | {r['p99_microseconds']:.0f} |"
        )
    for name in list(reports)[1:]:
        low, high = np.quantile(
            list(differences(first.by_message, reports[name].by_message)), (0.025, 0.975)
        )
        points = 100 * (first.tally.savings - reports[name].tally.savings)
        print(
            f"foreword - {name}: {points:.1f} points (95 % of bootstraps {100 * low:.1f} to "
            f"{100 * high:.1f}); size 1/{sizes[name] / sizes['foreword']:.1f}; time "
            f"1/{np.median(reports[name].seconds) / np.median(first.seconds):.1f}"
        )


def differences(one: Sequence[Tally], other: Sequence[Tally]) -> Iterator[float]:
    """Savings of one less the other's, over messages drawn again and again."""
    counts = np.array([(a.characters, b.keys - a.keys) for a, b in zip(one, other, strict=True)])
    generator = np.random.default_rng(0)
    for _ in range(BOOTSTRAPS):
        characters, keys = counts[generator.integers(len(counts), size=len(counts))].sum(axis=0)
        yield keys / characters


if __name__ == "__main__":
    main()
