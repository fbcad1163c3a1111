"""The cost of a keystroke without the network: Python's share, slips, long texts.

`python benchmarks/keystroke.py DIR` needs a model folder. A stub repeats the network's first
answers, so that only reading, looking up, spelling and spacing are timed. Prints microseconds for
each call.
"""

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import foreword
from foreword.predictor.predictor import Predictor
from foreword.predictor.typist import Typist

SENTENCES = [
    "I would like to know what you think about that",
    "how are you doing today? i have been working",
    "What is your favourite movie? I don't watch many",
]
CALLS = 20


class Stub:
    """Answers the same questions again without computing."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.known: dict[Any, Any] = {}

    def best(self, state: Any, k: int, words: Any = None, hidden: Any = ()) -> Any:
        key = (id(state), k, None if words is None else (len(words), int(words[0])))
        if key not in self.known:
            self.known[key] = self.engine.best(state, k, words, hidden)
        return self.known[key]

    def advance(self, state: Any, word: int) -> Any:
        key = (id(state), word)
        if key not in self.known:
            self.known[key] = (self.engine.advance(state, word), state)
        return self.known[key][0]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)


def keystrokes(typist: Typist) -> dict[str, list[float]]:
    """Seconds of each keystroke, the median of its calls, by its kind."""
    medians: dict[str, list[float]] = {"letter": [], "first letter": [], "space": []}
    for sentence in SENTENCES:
        for end in range(1, len(sentence) + 1):
            text, before = sentence[:end], sentence[: end - 1]
            times = []
            for _ in range(CALLS):
                typist.suggest(before)
                started = time.perf_counter()
                typist.suggest(text)
                times.append(time.perf_counter() - started)
            is_letter = text[-1].isalpha()
            first = before[-1:] in ("", " ")
            kind = ("first letter" if first else "letter") if is_letter else "space"
            medians[kind].append(statistics.median(times))
    return medians


def timed(call: Callable[[], object], calls: int = CALLS) -> float:
    """Median seconds of a call."""
    times = []
    for _ in range(calls):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main(folder: Path) -> None:
    model = foreword.load(folder)
    print(f"{model.config.model.name}, {model.config.model.hidden_size} units", end=", ")
    print(f"{model.tokenizer.vocab_size:,} words")
    rows(model, "network")
    stubbed = Predictor(model.folder)
    stubbed._engine = Stub(stubbed._engine)  # type: ignore[assignment]
    rows(stubbed, "stub")
    for typed in ("wo", "wou", "woul", "shuold"):
        context = f"I think you {typed}"
        exact, tolerant = model.typist(), model.typist(tolerant=True)
        a, b = (timed(partial(t.suggest, context)) for t in (exact, tolerant))
        print(f"slips, {typed!r}: {a * 1e6:.0f} us exact, {b * 1e6:.0f} us tolerant")
    long = "I would like to know. " * 1000
    typist = model.typist()
    print(f"22,000 characters: first {timed(lambda: model.suggest(long), 3) * 1e3:.0f} ms", end="")
    typist.suggest(long)
    print(f", a letter more {timed(lambda: typist.suggest(long + 'w')) * 1e6:.0f} us")
    for name, text in (("one word", "a" * 10_000_000), ("marks", "!?" * 5_000_000)):
        print(f"10 MB of {name}: {timed(partial(model.suggest, text), 3) * 1e3:.0f} ms")


def rows(model: Predictor, name: str) -> None:
    for kind, times in keystrokes(model.typist()).items():
        micro = sorted(t * 1e6 for t in times)
        p99 = micro[int(len(micro) * 0.99)]
        print(f"{name}, {kind}: median {statistics.median(micro):.1f} us, p99 {p99:.1f} us")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
