"""The time of a keystroke through `Typist.suggest`, in the core and in Python.

`python benchmarks/keystroke.py MODEL` needs a model folder or the name of an installed model. Both
ways take turns, and run the same network in C++. Prints microseconds for each call: for new words
and letters, slips and long texts.
"""

import statistics
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial

import foreword
from foreword.predictor.predictor import Predictor
from foreword.predictor.typist import Typist

SENTENCES = [
    "I would like to know what you think about that",
    "how are you doing today? i have been working",
    "What is your favourite movie? I don't watch many",
]
CALLS = 20


Kind = tuple[str, str]
"""A way and a kind of keystroke."""


def keystrokes(typists: Mapping[str, Typist]) -> dict[Kind, list[float]]:
    """Seconds of each keystroke, the median of its calls, by the way and the kind."""
    medians: dict[Kind, list[float]] = {}
    for sentence in SENTENCES:
        for end in range(1, len(sentence) + 1):
            text, before = sentence[:end], sentence[: end - 1]
            is_letter = text[-1].isalpha()
            first = before[-1:] in ("", " ")
            kind = ("first letter" if first else "letter") if is_letter else "space"
            for way, typist in typists.items():
                times = []
                for _ in range(CALLS):
                    typist.suggest(before)
                    started = time.perf_counter()
                    typist.suggest(text)
                    times.append(time.perf_counter() - started)
                medians.setdefault((way, kind), []).append(statistics.median(times))
    return medians


def timed(call: Callable[[], object], calls: int = CALLS) -> float:
    """Median seconds of a call."""
    times = []
    for _ in range(calls):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main(name: str) -> None:
    model, readable = foreword.load(name), foreword.load(name)
    print(f"{model.config.model.name}, {model.config.model.hidden_size} units", end=", ")
    print(f"{model.tokenizer.vocab_size:,} words")
    readable.compiled_reader = None
    ways = {"core": model, "Python": readable}
    first = {way: timed(partial(predictor.suggest, "I "), 1) for way, predictor in ways.items()}
    for way, seconds in first.items():
        print(f"{way}, the first suggestion, which sorts the words: {seconds * 1e3:.1f} ms")
    medians = keystrokes({way: predictor.typist() for way, predictor in ways.items()})
    for (way, kind), times in sorted(medians.items()):
        micro = sorted(t * 1e6 for t in times)
        p99 = micro[int(len(micro) * 0.99)]
        print(f"{way}, {kind}: median {statistics.median(micro):.1f} us, p99 {p99:.1f} us")
    for way, predictor in ways.items():
        others(way, predictor)


def others(way: str, model: Predictor) -> None:
    """Print the times of slips and of long texts."""
    for typed in ("wo", "wou", "woul", "shuold"):
        context = f"I think you {typed}"
        exact, tolerant = model.typist(), model.typist(tolerant=True)
        a, b = (timed(partial(t.suggest, context)) for t in (exact, tolerant))
        print(f"{way}, slips, {typed!r}: {a * 1e6:.0f} us exact, {b * 1e6:.0f} us tolerant")
    long = "I would like to know. " * 1000
    typist = model.typist()
    milliseconds = timed(lambda: model.suggest(long), 3) * 1e3
    print(f"{way}, 22,000 characters: first {milliseconds:.0f} ms", end="")
    typist.suggest(long)
    print(f", a letter more {timed(lambda: typist.suggest(long + 'w')) * 1e6:.0f} us")
    for name, text in (("one word", "a" * 10_000_000), ("marks", "!?" * 5_000_000)):
        milliseconds = timed(partial(model.suggest, text), 3) * 1e3
        print(f"{way}, 10 MB of {name}: {milliseconds:.0f} ms")


if __name__ == "__main__":
    main(sys.argv[1])
