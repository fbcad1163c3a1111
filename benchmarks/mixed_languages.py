"""Keys saved, and time taken, by two models in one list, on texts of one language and of both.

    python benchmarks/mixed_languages.py MODEL OTHER TEXT OTHER_TEXT [MIXED ...]

TEXT is in the language of MODEL and OTHER_TEXT in that of OTHER, a message a line; neither model
was trained on them. Two further texts are made of them: messages of a line of each, and messages
that change the language in the middle. MIXED are files of messages that mix both.

Beside each model alone and `MixedTypist`, two other mixtures type: one of equal weights, and one
whose weights follow the probabilities that the networks gave to the words. Then keystrokes are
timed: the models alone and `MixedTypist` type each message in turns. All run on one thread, whose
processor time counts, so that other programs on the machine matter little.
"""

import argparse
import math
import random
import statistics
import time
from functools import lru_cache, partial

import numpy as np

import foreword
from foreword.evaluation.keystrokes import SimulatedTypist, Suggests
from foreword.evaluation.suggester import Suggester
from foreword.predictor.mixed_typist import SWITCH, MixedTypist, Weights
from foreword.predictor.predictor import Predictor
from foreword.predictor.reading import A_LETTER
from foreword.predictor.typist import Typist
from foreword.text.tokenizer import UNK_ID
from keystrokes import by_turns
from messages import messages_of

CONTEXTS = 4096
"""The number of contexts whose probabilities are cached."""


class EqualWeights(MixedTypist):
    """A mixture that does not look at the words."""

    def __init__(self, models: list[Predictor]) -> None:
        super().__init__(models)
        self._compiled = None  # the core has weights of its own

    def weights(self, text: str, *, complete: bool | None = None) -> Weights:
        """Return equal weights."""
        del text, complete
        return (0.5, 0.5)


class WeighedByNetworks(MixedTypist):
    """A mixture whose weights follow how well the networks foretold the words."""

    def __init__(self, models: list[Predictor]) -> None:
        super().__init__(models)
        self._compiled = None
        self.foretell = [lru_cache(CONTEXTS)(partial(foretold, model)) for model in models]

    def weights(self, text: str, *, complete: bool | None = None) -> Weights:
        """Return the weights by the fixed share."""
        weights, start = (0.5, 0.5), 0
        for piece in text.split():
            start = text.index(piece, start)
            is_open = start + len(piece) == len(text) and complete is not False
            told = [foretell(text[:start], piece, is_open) for foretell in self.foretell]
            start += len(piece)
            if any(is_known for _, is_known in told):
                products = [w * share for w, (share, _) in zip(weights, told, strict=True)]
                weights = (products[0] / sum(products), products[1] / sum(products))
                if not is_open:
                    weights = tuple((1 - SWITCH) * weight + SWITCH / 2 for weight in weights)
        return weights


@lru_cache(CONTEXTS)
def probabilities(model: Predictor, text: str) -> np.ndarray:
    """P(next word | text), (V,)."""
    return model.probabilities(model.read(text)).astype(np.float64)


def foretold(model: Predictor, before: str, piece: str, is_open: bool) -> tuple[float, bool]:
    """P(a piece without spaces | text before it), and whether its words are known."""
    total, known = 1.0, []
    for word in model.tokenizer.split(piece):
        if not any(map(str.isalpha, word.text)):
            continue
        shares = probabilities(model, before + piece[: word.start])
        if is_open and word.end == len(piece):
            ids, _ = model.lexicon.begun(model.lexicon.fold(word.text))
        else:
            ids = model.lexicon.readings(word.text)
        known.append(len(ids) > 0)
        spelled = float(shares[UNK_ID]) * A_LETTER ** len(word.text)
        total *= float(shares[ids].sum()) or spelled
    return max(total, 1e-300), bool(known) and all(known)


def changing(first: str, second: str) -> str:
    """The first half of one message and the second half of another."""
    one, two = first.split(), second.split()
    return " ".join(one[: math.ceil(len(one) / 2)] + two[len(two) // 2 :])


def texts_of(text: str, other: str, mixed: list[str], drawn: slice) -> dict[str, list[str]]:
    """The messages of each kind, by its name."""
    firsts, seconds = messages_of(text)[drawn], messages_of(other)[drawn]
    order = random.Random(1)
    pairs = [order.sample(pair, 2) for pair in zip(firsts, seconds, strict=False)]
    return {
        text: firsts,
        other: seconds,
        "a line of each": [" ".join(pair) for pair in pairs],
        "changing within": [changing(*pair) for pair in pairs],
        **{name: messages_of(name) for name in mixed},
    }


def savings(models: list[Predictor], names: list[str], texts: dict[str, list[str]]) -> None:
    """Print the keys saved by each predictor on each text."""
    predictors: dict[str, Suggests] = {
        **{name: Suggester(model) for name, model in zip(names, models, strict=True)},
        "equal weights": Suggester(EqualWeights(models)),
        "weights by the networks": Suggester(WeighedByNetworks(models)),
        "MixedTypist": Suggester(MixedTypist(models)),
    }
    for text, messages in texts.items():
        print(f"\n{len(messages)} messages, {text.rpartition('/')[2]}: keystroke savings")
        for name, report in by_turns(predictors, messages, SimulatedTypist()).items():
            print(f"  {name:24} {report.tally.savings:6.1%}", flush=True)


def typed(typist: Typist | MixedTypist, message: str) -> list[float]:
    """The seconds of each keystroke of a message."""
    typist.forget()
    seconds = []
    for end in range(1, len(message) + 1):
        began = time.thread_time()
        typist.suggest(message[:end])
        seconds.append(time.thread_time() - began)
    return seconds


def times(models: list[Predictor], names: list[str], texts: dict[str, list[str]]) -> None:
    """Print how long keystrokes take, beside each model alone."""
    mixed = MixedTypist(models)
    alone = {name: model.typist() for name, model in zip(names, models, strict=True)}
    typists: dict[str, Typist | MixedTypist] = {**alone, "MixedTypist": mixed}
    for text, messages in texts.items():
        keys: dict[str, list[list[float]]] = {name: [] for name in typists}
        for message in messages:
            for name in random.Random(message).sample(list(typists), len(typists)):
                keys[name].append(typed(typists[name], message))
        print(f"\n{len(messages)} messages, {text.rpartition('/')[2]}: microseconds a keystroke")
        for name in typists:
            seconds = [second for message in keys[name] for second in message]
            line = f"mean {statistics.mean(seconds) * 1e6:5.0f}"
            line += f", median {statistics.median(seconds) * 1e6:5.0f}"
            if name in alone:
                both = zip(keys["MixedTypist"], keys[name], strict=True)
                ratio = statistics.median(sum(a) / sum(b) for a, b in both)
                line += f"; MixedTypist takes {ratio:.2f} times as long for the median message"
            print(f"  {name:24} {line}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs=2, metavar="model")
    parser.add_argument("texts", nargs=2, metavar="text")
    parser.add_argument("mixed", nargs="*", help="files of messages that mix both languages")
    parser.add_argument("--messages", type=int, default=100, help="of each text")
    parser.add_argument("--skip", type=int, default=0, help="this many first messages")
    parser.add_argument("--timed", type=int, default=40, help="messages of each text")
    arguments = parser.parse_args()
    models = [foreword.load(name, threads=1) for name in arguments.models]
    names = [name.rstrip("/").rpartition("/")[2] for name in arguments.models]
    if names[0] == names[1]:  # the model folders of two packages
        names = arguments.models
    drawn = slice(arguments.skip, arguments.skip + arguments.messages)
    texts = texts_of(*arguments.texts, arguments.mixed, drawn)
    savings(models, names, texts)
    times(models, names, {name: messages[: arguments.timed] for name, messages in texts.items()})


if __name__ == "__main__":
    main()
