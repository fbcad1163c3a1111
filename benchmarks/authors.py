"""How many keys a personal layer saves people that learns each message after it is sent.

    python benchmarks/authors.py MODEL [--text NAME ...]

The people are those who wrote most in the carried chats' part for testing; each begins with an
empty layer and types their messages in the order of time. The everyday model was trained on other
chats of the same people, and so knows how they write; other people gain more. A text of another
kind (`--text`, as `messages.py` has it) is typed as one person's, in its order.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import foreword
from foreword.evaluation.keystrokes import SimulatedTypist, Tally, simulate
from foreword.evaluation.suggester import LearningSuggester, Suggester
from foreword.predictor import personal
from foreword.predictor.predictor import Predictor
from foreword.text.corpus import messages_by_sender
from keystrokes import differences
from messages import messages_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("model", help="a model folder, or an installed model's name")
    parser.add_argument("--split", choices=["valid", "test"], default="test")
    parser.add_argument("--authors", type=int, default=6, help="of the chats")
    parser.add_argument("--messages", type=int, default=200, help="of each, the first")
    parser.add_argument("--text", nargs="*", default=[], help="typed as one person's")
    arguments = parser.parse_args()
    model = foreword.load(arguments.model)
    chats = messages_by_sender(arguments.split)
    busiest = sorted(chats, key=lambda name: -len(chats[name]))[: arguments.authors]
    texts = {f"author {number}": chats[name] for number, name in enumerate(busiest, 1)}
    texts |= {name.rpartition("/")[2]: messages_of(name) for name in arguments.text}
    print(f"typist: {SimulatedTypist().assumptions()}")
    print("| who | words | alone | learning | its second half, alone | learning | gain, 95 % |")
    print("|---|---|---|---|---|---|---|")
    gains = []
    for name, messages in texts.items():
        without, learning = typed(model, messages[: arguments.messages])
        low, high = np.quantile(list(differences(learning, without)), (0.025, 0.975))
        row = [savings(part) for part in (without, learning)]
        later = [savings(part[len(part) // 2 :]) for part in (without, learning)]
        gains.append(row[1] - row[0])
        words = sum(tally.words for tally in without)
        figures = " | ".join(f"{share:.1%}" for share in (*row, *later))
        between = f"{100 * low:.1f} to {100 * high:.1f}"
        print(f"| {name} | {words:,} | {figures} | {between} |", flush=True)
    people = gains[: len(busiest)]
    if people:
        print(
            f"\n{len(people)} authors of chats gain {100 * np.mean(people):.2f} points on average"
        )


def typed(model: Predictor, messages: Sequence[str]) -> tuple[tuple[Tally, ...], tuple[Tally, ...]]:
    """Each message's tally, without a layer and with one that learns as it goes."""
    without = simulate(Suggester(model), messages)
    with (
        tempfile.TemporaryDirectory() as empty,
        personal.open(Path(empty) / "personal", model.tokenizer, create=True) as layer,
    ):
        learning = simulate(LearningSuggester(model, layer), messages, learn=True)
    return without.by_message, learning.by_message


def savings(tallies: Sequence[Tally]) -> float:
    return sum(tallies, Tally()).savings


if __name__ == "__main__":
    main()
