"""How many keys a personal layer saves people after 200 of their messages.

    python benchmarks/authors.py MODEL [--skip 20] [--oracle 6] [--text NAME ...]

The people are those who wrote most in the carried chats' parts for validation and testing, in the
order of time. An empty layer learns the first messages of each, one by one, and helps to type the
next ones, which it also learns, each after it was sent. The everyday model was trained on other
chats of the same people, and so knows how they write; other people gain more. A text of another
kind (`--text`, as `messages.py` has it) is typed as one person's, in its order. Settings of the
layer are chosen on other people than those who are reported (`--skip`).

The oracle tells what the first messages are worth at best: the whole network is trained on them,
and types the next ones with the layer. For each person, the learning rate and the number of passes,
none included, are chosen on the very messages that are measured.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

import foreword
from foreword.evaluation.keystrokes import (
    SimulatedTypist,
    Tally,
    readable_message,
    simulate,
    words_of,
)
from foreword.evaluation.suggester import LearningSuggester, Suggester
from foreword.models.build import from_folder, weights_of
from foreword.predictor import personal
from foreword.predictor.predictor import Predictor
from foreword.text.corpus import messages_by_sender
from foreword.text.tokenizer import EOS_ID
from keystrokes import differences
from messages import messages_of

RATES, PASSES, LINES = (3e-4, 1e-3), (1, 2), 8
"""Of the oracle: Adam's learning rates, the passes after which it types, and lines a step."""
DRAWS = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("model", help="a model folder, or an installed model's name")
    parser.add_argument("--people", type=int, default=20, help="of the chats")
    parser.add_argument("--skip", type=int, default=0, help="of those who wrote most")
    parser.add_argument("--learned", type=int, default=200, help="messages of each, the first")
    parser.add_argument("--typed", type=int, default=60, help="messages of each, after these")
    parser.add_argument("--oracle", type=int, default=0, help="for the first so many people")
    parser.add_argument("--text", nargs="*", default=[], help="typed as one person's")
    arguments = parser.parse_args()
    model = foreword.load(arguments.model)
    chats = messages_by_sender("valid", "test")
    busiest = sorted(chats, key=lambda name: (-len(chats[name]), name))
    people = busiest[arguments.skip : arguments.skip + arguments.people]
    texts = {f"person {n}": chats[name] for n, name in enumerate(people, arguments.skip + 1)}
    texts |= {name.rpartition("/")[2]: messages_of(name) for name in arguments.text}
    print(f"typist: {SimulatedTypist().assumptions()}")
    print("| who | messages learned | typed | words | alone | layer | gain, 95 % | oracle |")
    print("|---|---|---|---|---|---|---|---|")
    rows = []
    for number, (name, messages) in enumerate(texts.items()):
        messages = [m for m in messages if words_of(readable_message(m))]
        before, after = messages[: arguments.learned], messages[arguments.learned :]
        after = after[: arguments.typed]
        without = simulate(Suggester(model), after).by_message
        layered = with_layer(model, before, after)
        low, high = np.quantile(list(differences(layered, without)), (0.025, 0.975))
        row = [savings(without), savings(layered)]
        if number < arguments.oracle:
            row.append(max(row[1], *oracle(model, before, after)))
        rows.append(row)
        figures = [f"{share:.1%}" for share in row]
        figures.insert(2, f"{100 * low:.1f} to {100 * high:.1f}")
        words = sum(tally.words for tally in without)
        print(
            f"| {name} | {len(before)} | {len(after)} | {words:,} | {' | '.join(figures)} |",
            flush=True,
        )
    if people:
        of_people = rows[: len(people)]
        gains = [row[1] - row[0] for row in of_people]
        alone = interval([row[0] for row in of_people])
        print(f"\n{len(gains)} people save {alone} % alone, and gain {interval(gains)} points")
        if tried := [row for row in of_people if len(row) > 2]:
            ours, best = ([row[k] - row[0] for row in tried] for k in (1, 2))
            print(f"of {len(tried)}: the layer {interval(ours)}, the oracle {interval(best)}")


def with_layer(
    model: Predictor, learned: Sequence[str], messages: Sequence[str]
) -> tuple[Tally, ...]:
    """Each message's tally with a layer that has learned some, and learns each as it is sent."""
    with (
        tempfile.TemporaryDirectory() as empty,
        personal.open(Path(empty) / "personal", model.tokenizer, create=True) as layer,
    ):
        suggester = LearningSuggester(model, layer)
        for message in learned:
            suggester.learn(message)
        return simulate(suggester, messages, learn=True).by_message


def oracle(model: Predictor, learned: Sequence[str], messages: Sequence[str]) -> Iterator[float]:
    """Yield the savings by networks trained on what the layer has learned, with the layer."""
    for rate in RATES:
        for tuned in trained(model, learned, rate):
            yield savings(with_layer(tuned, learned, messages))


def trained(model: Predictor, messages: Sequence[str], rate: float) -> Iterator[Predictor]:
    """Yield the model after each number of `PASSES` over some messages, at one learning rate."""
    network = from_folder(model.folder)
    optimiser = torch.optim.Adam(network.parameters(), lr=rate, betas=(0.9, 0.99))
    lines = [torch.tensor([EOS_ID, *model.tokenizer.encode(m), EOS_ID]) for m in messages]
    order = torch.Generator().manual_seed(0)
    for number in range(1, max(PASSES) + 1):
        for rows in torch.randperm(len(lines), generator=order).split(LINES):
            # The -1 after a line's end has no loss, and is read as <unk>.
            ids = torch.nn.utils.rnn.pad_sequence([lines[i] for i in rows], padding_value=-1)
            logits, _ = network(ids[:-1].clamp(min=0), network.start(len(rows)))
            optimiser.zero_grad()
            F.cross_entropy(logits.flatten(0, 1), ids[1:].flatten(), ignore_index=-1).backward()
            optimiser.step()
        if number in PASSES:
            yield Predictor(replace(model.folder, weights=weights_of(network)))


def savings(tallies: Sequence[Tally]) -> float:
    return sum(tallies, Tally()).savings


def interval(shares: Sequence[float]) -> str:
    """The mean of shares in percent, and where 95 % of such means of people drawn again lie."""
    generator = np.random.default_rng(0)
    means = 100 * generator.choice(shares, (DRAWS, len(shares))).mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return f"{100 * np.mean(shares):.2f} ({low:.2f} to {high:.2f})"


if __name__ == "__main__":
    main()
