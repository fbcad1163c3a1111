"""The personal layer: the cost of learning and of an opinion, and their gain.

    make demo
    python benchmarks/personal.py --model build/demo --text PATH

Seconds to learn 5 MB (the carried chats, which are real messages), microseconds an opinion, the
file's size. Then the gain on a person's text: the first half is learned, and the second predicted,
word by word, by the network alone, by the mixture, and by the mixture that learns each line after
it was predicted. Perplexity is over the words that the network knows, hits over all
words, without regard to case.
"""

import argparse
import json
import math
import random
import statistics
import tempfile
import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import foreword
from foreword.predictor import personal
from foreword.predictor.layer import Opinion
from foreword.predictor.personal import Personal
from foreword.predictor.predictor import HIDDEN, Predictor
from foreword.text.corpus import chat_source, find_sources
from foreword.text.tokenizer import UNK_ID

LEARNED_CHARACTERS = 5_000_000
LETTERS = (0, 1, 2)
"""Typed of a word when it is predicted."""
SLOTS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--model", type=Path, required=True, help="a model folder")
    parser.add_argument("--text", help="a person's text; without it, chats of strangers")
    parser.add_argument("--words", type=int, default=3000, help="of the second half, predicted")
    parser.add_argument("--learn", type=int, default=1_000_000, help="of the text, characters")
    parser.add_argument("--gain", action="store_true", help="measure the gain alone")
    options = parser.parse_args()
    predictor = foreword.load(options.model)
    texts = find_sources([options.text]) if options.text else [chat_source("valid")]
    text = "\n".join(piece.text for one in texts for piece in one.read())[: options.learn]
    with tempfile.TemporaryDirectory() as folder:
        figures = {
            "costs": {} if options.gain else costs(predictor, Path(folder)),
            "gain": gain(predictor, text, options.words, Path(folder)),
        }
    print(json.dumps(figures, indent=2))


def costs(predictor: Predictor, folder: Path) -> dict[str, object]:
    text = "\n".join(piece.text for piece in chat_source("train").read())[:LEARNED_CHARACTERS]
    seconds, of_a_core = [], []
    for number in range(5):
        with personal.open(folder / f"cost-{number}", predictor.tokenizer, create=True) as layer:
            began = time.process_time()
            seconds.append(timed(lambda layer=layer: layer.learn(text)))
            of_a_core.append(time.process_time() - began)
    with personal.open(folder / "weighed", predictor.tokenizer, create=True) as layer:
        weighed = timed(lambda: layer.learn(text, personal.network_of(predictor)))
    began = time.perf_counter()
    with personal.open(folder / "cost-0", predictor.tokenizer) as layer:
        opened = time.perf_counter() - began
        line = timed(lambda: layer.learn("See you at the station tomorrow, then."))
        return {
            "learning 5 MB, s (five times)": sorted(round(s, 2) for s in seconds),
            "of which a core's": sorted(round(s, 2) for s in of_a_core),
            "the same, weighed against the network, s": round(weighed, 2),
            "opening that file, s": round(opened, 3),
            "learning one more line, s": round(line, 3),
            "file, MB": round((folder / "cost-0").stat().st_size / 1e6, 2),
            "microseconds an opinion, median and 99 %": opinions(layer, text),
        }


def timed(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def opinions(layer: Personal, text: str) -> dict[str, list[float]]:
    lines = random.Random(1).sample(
        [line.split() for line in text.split("\n") if line.strip()], 3000
    )
    figures = {}
    for letters in LETTERS:
        taken = []
        for line in lines:
            at = random.Random(len(line)).randrange(len(line))
            context, prefix = ["\n", *line[:at]], line[at][:letters]
            taken.append(timed(lambda c=context, p=prefix: layer.opinion(c, p)))
        cuts = statistics.quantiles(taken, n=100)
        figures[f"{letters} letters"] = [round(1e6 * cuts[49], 1), round(1e6 * cuts[98], 1)]
    return figures


@dataclass
class Score:
    """What one way of predicting was worth."""

    nats: float = 0.0
    words: int = 0
    hits: dict[int, int] = field(default_factory=lambda: dict.fromkeys(LETTERS, 0))
    tried: dict[int, int] = field(default_factory=lambda: dict.fromkeys(LETTERS, 0))

    def document(self) -> dict[str, float]:
        rates = {
            f"top-{SLOTS} hits, {n} letters, %": round(
                100 * self.hits[n] / max(1, self.tried[n]), 2
            )
            for n in LETTERS
        }
        return {"perplexity": round(math.exp(self.nats / max(1, self.words)), 2), **rates}


class Beginnings:
    """The vocabulary's words by their first letters, in any case."""

    def __init__(self, words: Sequence[str]) -> None:
        order = sorted((word.casefold(), i) for i, word in enumerate(words) if i not in HIDDEN)
        self._folds, self._ids = [fold for fold, _ in order], np.array([i for _, i in order])

    def ids(self, prefix: str) -> np.ndarray:
        fold = prefix.casefold()
        low = bisect_left(self._folds, fold)
        return self._ids[low : bisect_left(self._folds, fold + "\U0010ffff", low)]


def gain(predictor: Predictor, text: str, words: int, folder: Path) -> dict[str, object]:
    lines = text.split("\n")
    half = len(lines) // 2
    network = personal.network_of(predictor)
    scores = {name: Score() for name in ("network", "learned", "as it goes")}
    beginnings = Beginnings(predictor.tokenizer.words)
    layers = {}
    for name in ("learned", "as it goes"):
        layers[name] = personal.open(folder / f"gain-{name}", predictor.tokenizer, create=True)
        learned = layers[name].learn("\n".join(lines[:half]), network)
    for line in lines[half:]:
        spoken = [word.text for word in predictor.tokenizer.split(line)]
        predict(predictor, beginnings, layers, spoken, scores)
        layers["as it goes"].learn(line, network)
        if scores["network"].tried[0] >= words:
            break
    weights = layers["as it goes"]._held.memory.weights
    return {
        "words learned before": learned.words,
        "refused": learned.refused,
        "words predicted": scores["network"].tried[0],
        "of them known to the network": scores["network"].words,
        **{name: score.document() for name, score in scores.items()},
        "weights": [round(weights.of(part), 3) for part in range(len(weights.seen))],
        "words that weighed": [round(n) for n in weights.seen],
    }


def predict(
    predictor: Predictor,
    beginnings: Beginnings,
    layers: dict[str, Personal],
    words: Sequence[str],
    scores: dict[str, Score],
) -> None:
    state, vocabulary = predictor.start(), predictor.tokenizer.words
    for position, word in enumerate(words):
        shares = predictor.probabilities(state)
        index = predictor.tokenizer.id_of(word)
        context = ["\n", *words[:position]]
        for letters in LETTERS:
            if len(word) <= letters:
                continue
            begun = beginnings.ids(word[:letters])
            for name, score in scores.items():
                opinion = Opinion(0.0, {})
                if name != "network":
                    opinion = layers[name].opinion(context, word[:letters])
                own = shares
                if opinion.factors is not None:
                    own = shares * opinion.factors.over(predictor.lexicon)[0]
                    own /= own.sum()
                total = max(float(own[begun].sum()), 1e-30) if letters else 1.0
                likeliest = begun[np.argsort(-own[begun])[:300]]
                mixed: dict[str, float] = {}
                others = {predictor.tokenizer.id_of(w) for w in opinion.words} - {*HIDDEN}
                for i in {*likeliest.tolist(), *others}:
                    fold = vocabulary[i].casefold()
                    share = (1 - opinion.weight) * float(own[i]) / total
                    mixed[fold] = mixed.get(fold, 0.0) + share
                for w, p in opinion.words.items():
                    fold = w.casefold()
                    mixed[fold] = mixed.get(fold, 0.0) + opinion.weight * p
                best = sorted(mixed, key=mixed.__getitem__)[-SLOTS:]
                score.tried[letters] += 1
                score.hits[letters] += word.casefold() in best
                if letters == 0 and index != UNK_ID:
                    known = (1 - opinion.weight) * float(own[index])
                    score.nats -= math.log(known + opinion.weight * opinion.words.get(word, 0.0))
                    score.words += 1
        state = predictor.advance(state, word)


if __name__ == "__main__":
    main()
